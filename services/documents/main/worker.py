"""`python -m services.documents.main.worker` checks files, with the settings of documents; only its port is another."""

from chassis.app import serve
from services.documents.main import create_worker
from services.documents.settings import Settings

if __name__ == "__main__":
    serve("documents", create_worker, Settings)
