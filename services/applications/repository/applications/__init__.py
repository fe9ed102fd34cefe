"""Applications in the store."""

from services.applications.repository.applications.queries import COLLECTION
from services.applications.repository.applications.store import ApplicationRepository

__all__ = ["COLLECTION", "ApplicationRepository"]
