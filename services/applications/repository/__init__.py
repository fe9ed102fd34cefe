"""Where applications keeps what it knows."""

from services.applications.repository.appeals import AppealRepository
from services.applications.repository.applications import ApplicationRepository
from services.applications.repository.certificates import CertificateRepository
from services.applications.repository.employers import EmployerRepository
from services.applications.repository.exports import ExportRepository
from services.applications.repository.facts import FactsRepository
from services.applications.repository.figures import FiguresRepository
from services.applications.repository.notes import NoteRepository
from services.applications.repository.numbers import NumberRepository
from services.applications.repository.shares import ShareRepository
from services.applications.repository.subscriptions import SubscriptionRepository
from services.applications.repository.verifications import VerificationRepository
from services.applications.repository.watch import WatchRepository

__all__ = [
    "AppealRepository",
    "ApplicationRepository",
    "CertificateRepository",
    "EmployerRepository",
    "ExportRepository",
    "FactsRepository",
    "FiguresRepository",
    "NoteRepository",
    "NumberRepository",
    "ShareRepository",
    "SubscriptionRepository",
    "VerificationRepository",
    "WatchRepository",
]
