"""Applications in the store."""

from services.applications.repository.applications.queries import COLLECTION, WORKPLACES
from services.applications.repository.applications.store import ApplicationRepository

__all__ = ["COLLECTION", "WORKPLACES", "ApplicationRepository"]
