"""`python -m services.identity.main` serves identity."""

from chassis.app import serve
from services.identity.main import create_app
from services.identity.settings import Settings

if __name__ == "__main__":
    serve("identity", create_app, Settings)
