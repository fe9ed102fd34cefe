"""The stores of documents."""

from services.documents.repository.checks import CheckRepository
from services.documents.repository.documents import DocumentRepository
from services.documents.repository.holds import HoldRepository
from services.documents.repository.profiles import ProfileRepository
from services.documents.repository.readings import ReadingRepository
from services.documents.repository.renditions import RenditionRepository
from services.documents.repository.sweeps import SweepRepository
from services.documents.repository.traces import Traces

__all__ = [
    "CheckRepository",
    "DocumentRepository",
    "HoldRepository",
    "ProfileRepository",
    "ReadingRepository",
    "RenditionRepository",
    "SweepRepository",
    "Traces",
]
