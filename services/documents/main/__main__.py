"""`python -m services.documents.main` serves documents."""

from chassis.app import serve
from services.documents.main import create_app
from services.documents.settings import Settings

if __name__ == "__main__":
    serve("documents", create_app, Settings)
