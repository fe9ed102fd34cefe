"""Repositories, gateways and use-cases of both processes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from chassis.app import Chassis
from services.documents.gateways import Files, Inspector, Limits
from services.documents.gateways.clamd import Scanner
from services.documents.repository import DocumentRepository, HoldRepository
from services.documents.settings import Settings
from services.documents.usecases import UseCases, WorkerUseCases
from services.documents.usecases.access import Access
from services.documents.usecases.checks.run import Checks
from services.documents.usecases.checks.terms import CheckTerms
from services.documents.usecases.exports import Exports
from services.documents.usecases.holds import Holds
from services.documents.usecases.removals import Removals
from services.documents.usecases.uploads import UploadLimits, Uploads


@dataclass(frozen=True, slots=True)
class Stores:
    """Where documents keeps things."""

    documents: DocumentRepository
    holds: HoldRepository
    files: Files

    def prepare(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """What makes collections and the bucket; both processes do, whoever starts first."""
        return [self.documents.prepare, self.holds.prepare, self.files.prepare]


def stores_of(chassis: Chassis, settings: Settings) -> Stores:
    """The stores of these settings."""
    return Stores(
        DocumentRepository(chassis.database, chassis.cipher),
        HoldRepository(chassis.database),
        Files(chassis.objects, settings.bucket, timedelta(seconds=settings.link_seconds)),
    )


def usecases_of(chassis: Chassis, settings: Settings, stores: Stores) -> UseCases:
    """What the service does."""
    begin, now = chassis.begin, chassis.clock.now
    documents, holds, files = stores.documents, stores.holds, stores.files
    return UseCases(
        uploads=Uploads(begin, documents, holds, files, now, _upload_limits(settings)),
        check_terms=CheckTerms(begin, documents, now, timedelta(seconds=settings.check_term_seconds)),
        access=Access(begin, documents, holds, files, now),
        holds=Holds(begin, holds),
        exports=Exports(begin, documents, now),
        removals=Removals(begin, documents, holds, files, now, 2 * timedelta(seconds=settings.upload_term_seconds)),
    )


def worker_usecases_of(chassis: Chassis, settings: Settings, stores: Stores) -> WorkerUseCases:
    """What the worker does."""
    scanner = Scanner(settings.clamd_host, settings.clamd_port, settings.clamd_seconds)
    inspector = Inspector(_inspection_limits(settings), settings.check_seconds)
    checks = Checks(chassis.begin, stores.documents, stores.files, scanner, inspector, chassis.clock.now, settings.checks_at_once)
    return WorkerUseCases(checks)


def _upload_limits(settings: Settings) -> UploadLimits:
    return UploadLimits(
        documents_per_owner=settings.documents_per_owner,
        documents_per_registrant=settings.documents_per_registrant,
        files_per_document=settings.files_per_document,
        longest=timedelta(seconds=settings.upload_seconds),
        silence=timedelta(seconds=settings.upload_silence_seconds),
        term=timedelta(seconds=settings.upload_term_seconds),
        check_term=timedelta(seconds=settings.check_term_seconds),
    )


def _inspection_limits(settings: Settings) -> Limits:
    return Limits(
        cpu_seconds=settings.check_cpu_seconds,
        memory_bytes=settings.check_memory_bytes,
        pages=settings.pdf_pages_max,
        objects=settings.pdf_objects_max,
        pixels=settings.image_pixels_max,
    )
