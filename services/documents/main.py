"""Builds documents: settings, chassis, repositories, gateways, use-cases, application."""

from datetime import timedelta

from fastapi import FastAPI

from chassis.app import Chassis, serve
from services.documents import api, consumers
from services.documents.gateways import Files, Inspector, Limits
from services.documents.gateways.clamd import Scanner
from services.documents.repository import DocumentRepository, HoldRepository
from services.documents.settings import Settings
from services.documents.usecases import UseCases
from services.documents.usecases.access import Access
from services.documents.usecases.checks import Checks
from services.documents.usecases.exports import Exports
from services.documents.usecases.holds import Holds
from services.documents.usecases.removals import Removals
from services.documents.usecases.uploads import UploadLimits, Uploads


def create_app(settings: Settings) -> FastAPI:
    """The service, wired."""
    chassis = Chassis("documents", settings)
    documents = DocumentRepository(chassis.database, chassis.cipher)
    holds = HoldRepository(chassis.database)
    files = Files(chassis.objects, settings.bucket, timedelta(seconds=settings.link_seconds))
    check_term = timedelta(seconds=settings.check_term_seconds)
    now = chassis.clock.now
    usecases = UseCases(
        uploads=Uploads(chassis.begin, documents, holds, files, now, _upload_limits(settings, check_term)),
        checks=Checks(chassis.begin, documents, files, _scanner(settings), _inspector(settings), now, check_term),
        access=Access(chassis.begin, documents, holds, files, now),
        holds=Holds(chassis.begin, holds),
        exports=Exports(chassis.begin, documents, now),
        removals=Removals(chassis.begin, documents, holds, files, now, 2 * timedelta(seconds=settings.upload_term_seconds)),
    )
    return chassis.app(
        title="Medkabinet: документы",
        usecases=usecases,
        api_routers=[api.router],
        consumers_router=consumers.router,
        prepare=[documents.prepare, holds.prepare, files.prepare],
    )


def _upload_limits(settings: Settings, check_term: timedelta) -> UploadLimits:
    return UploadLimits(
        documents_per_owner=settings.documents_per_owner,
        documents_per_registrant=settings.documents_per_registrant,
        files_per_document=settings.files_per_document,
        longest=timedelta(seconds=settings.upload_seconds),
        silence=timedelta(seconds=settings.upload_silence_seconds),
        term=timedelta(seconds=settings.upload_term_seconds),
        check_term=check_term,
    )


def _scanner(settings: Settings) -> Scanner:
    return Scanner(settings.clamd_host, settings.clamd_port, settings.clamd_seconds)


def _inspector(settings: Settings) -> Inspector:
    limits = Limits(
        cpu_seconds=settings.check_cpu_seconds,
        memory_bytes=settings.check_memory_bytes,
        pages=settings.pdf_pages_max,
        objects=settings.pdf_objects_max,
        pixels=settings.image_pixels_max,
    )
    return Inspector(limits, settings.check_seconds, settings.checks_at_once)


if __name__ == "__main__":
    serve("documents", create_app, Settings)
