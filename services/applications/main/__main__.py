"""`python -m services.applications.main` serves applications."""

from chassis.app import serve
from services.applications.main import create_app
from services.applications.settings import Settings

if __name__ == "__main__":
    serve("applications", create_app, Settings)
