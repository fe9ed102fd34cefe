"""The stores of documents."""

from services.documents.repository.documents import DocumentRepository
from services.documents.repository.holds import HoldRepository

__all__ = ["DocumentRepository", "HoldRepository"]
