"""The outside: PDF rendering, QR codes, the production calendar, the bucket of generated files."""

from services.applications.gateways.calendar import production_calendar
from services.applications.gateways.pages import verification_page
from services.applications.gateways.pdf import Printer
from services.applications.gateways.storage import FileStore

__all__ = ["FileStore", "Printer", "production_calendar", "verification_page"]
