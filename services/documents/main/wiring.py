"""Repositories, gateways and use-cases of both processes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from chassis.app import Chassis
from services.documents.domain.retention import RetentionPolicy
from services.documents.gateways.clamd import Scanner
from services.documents.gateways.files import Files
from services.documents.gateways.inspector import Inspector, Limits, Lines, ReadingLimits, Trust
from services.documents.gateways.nursery import Nursery
from services.documents.gateways.quarantine import Quarantine
from services.documents.repository import (
    CheckRepository,
    DocumentRepository,
    HoldRepository,
    ProfileRepository,
    ReadingRepository,
    RenditionRepository,
    SweepRepository,
    Traces,
)
from services.documents.settings import Settings
from services.documents.usecases import UseCases, WorkerUseCases
from services.documents.usecases.access import Access
from services.documents.usecases.checks.consistency import Consistency
from services.documents.usecases.checks.demand import Rechecks
from services.documents.usecases.checks.run import CheckLimits, Checks
from services.documents.usecases.checks.steps import checks_of
from services.documents.usecases.checks.terms import CheckTerms
from services.documents.usecases.exports import Exports
from services.documents.usecases.holds import Holds
from services.documents.usecases.isolation import Isolation
from services.documents.usecases.profiles import Profiles
from services.documents.usecases.removals import Removals
from services.documents.usecases.rendering import Rendering
from services.documents.usecases.retention import Retention
from services.documents.usecases.sweeping import Sweeping, SweepMeters, SweepPolicy
from services.documents.usecases.uploads import UploadLimits, Uploads


@dataclass(frozen=True, slots=True)
class Stores:
    """Where documents keeps things."""

    documents: DocumentRepository
    checks: CheckRepository
    readings: ReadingRepository
    holds: HoldRepository
    profiles: ProfileRepository
    renditions: RenditionRepository
    sweeps: SweepRepository
    files: Files
    quarantine: Quarantine

    def prepare(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """What makes collections and buckets; both processes do, whoever starts first."""
        stores = (self.documents, self.checks, self.readings, self.holds, self.profiles, self.renditions, self.sweeps)
        return [store.prepare for store in (*stores, self.files, self.quarantine)]

    @property
    def traces(self) -> Traces:
        """What goes with documents."""
        return Traces((self.checks, self.readings))


def stores_of(chassis: Chassis, settings: Settings) -> Stores:
    """The stores of these settings."""
    return Stores(
        DocumentRepository(chassis.database, chassis.cipher),
        CheckRepository(chassis.database),
        ReadingRepository(chassis.database, chassis.cipher),
        HoldRepository(chassis.database),
        ProfileRepository(chassis.database, chassis.cipher),
        RenditionRepository(chassis.database),
        SweepRepository(chassis.database),
        Files(chassis.objects, settings.bucket, timedelta(seconds=settings.link_seconds)),
        Quarantine(chassis.objects, settings.quarantine_bucket, settings.bucket),
    )


def usecases_of(chassis: Chassis, settings: Settings, stores: Stores) -> UseCases:
    """What the service does."""
    begin, now = chassis.begin, chassis.clock.now
    documents, holds, profiles, files = stores.documents, stores.holds, stores.profiles, stores.files
    retention = Retention(begin, documents, stores.traces, stores.renditions, holds, files, now, _retention_policy(settings))
    second_look = 2 * timedelta(seconds=settings.upload_term_seconds)
    return UseCases(
        uploads=Uploads(begin, documents, holds, files, retention, now, _upload_limits(settings)),
        check_terms=CheckTerms(begin, documents, now, timedelta(seconds=settings.check_term_seconds)),
        access=Access(begin, documents, holds, stores.renditions, files, now),
        holds=Holds(begin, holds),
        exports=Exports(begin, documents, profiles, now),
        profiles=Profiles(begin, profiles, documents, now, settings.documents_per_owner),
        removals=Removals(begin, documents, stores.traces, stores.renditions, holds, profiles, files, stores.quarantine, now, second_look),
        retention=retention,
    )


def worker_usecases_of(chassis: Chassis, settings: Settings, stores: Stores, nursery: Nursery) -> WorkerUseCases:
    """What the worker does."""
    begin, now = chassis.begin, chassis.clock.now
    documents, files, quarantine = stores.documents, stores.files, stores.quarantine
    limits = _inspection_limits(settings)
    inspector = Inspector(nursery, limits, _lines(settings), settings.check_seconds, _trust(settings), _reading(settings))
    steps = checks_of(Scanner(settings.clamd_host, settings.clamd_port, settings.clamd_seconds), inspector)
    turns = asyncio.Semaphore(settings.checks_at_once)
    tries = CheckLimits(settings.check_cuts_max, settings.check_deaths_max)
    isolation = Isolation(begin, documents, files, quarantine, now, timedelta(days=settings.quarantine_days))
    consistency = Consistency(stores.readings, stores.profiles, now)
    meters = SweepMeters(chassis.telemetry.meters.meter)
    return WorkerUseCases(
        checks=Checks(begin, documents, stores.checks, stores.holds, files, isolation, inspector, steps, consistency, now, tries, turns),
        rechecks=Rechecks(begin, documents, stores.checks, now),
        isolation=isolation,
        rendering=Rendering(
            begin, documents, stores.renditions, files, inspector, turns, settings.preview_pages_max, settings.preview_pixels
        ),
        sweeping=Sweeping(begin, documents, stores.sweeps, files, quarantine, isolation, now, _sweep_policy(settings), meters),
    )


def _retention_policy(settings: Settings) -> RetentionPolicy:
    return RetentionPolicy(term=timedelta(days=settings.draft_retention_days), notice=timedelta(days=settings.draft_notice_days))


def _sweep_policy(settings: Settings) -> SweepPolicy:
    return SweepPolicy(
        documents=settings.sweep_documents,
        objects=settings.sweep_objects,
        orphan_age=timedelta(hours=settings.orphan_hours),
        quarantine_age=timedelta(days=settings.quarantine_days),
        hour=settings.sweep_hour,
        nights=settings.sweep_nights,
    )


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
        page_mm=settings.pdf_page_mm_max,
    )


def _lines(settings: Settings) -> Lines:
    return Lines(
        scan_dpi=settings.scan_dpi_min,
        sharpness=settings.scan_sharpness_min,
        ink=settings.scan_ink_min,
        measured_pages=settings.measured_pages_max,
    )


def _reading(settings: Settings) -> ReadingLimits:
    return ReadingLimits(pages=settings.ocr_pages_max, cpu_seconds=settings.ocr_cpu_seconds, wall_seconds=settings.ocr_seconds)


def _trust(settings: Settings) -> Trust:
    roots = settings.signature_roots
    return Trust(
        hosts=settings.portal_hosts, code_pages=settings.code_pages_max, roots=None if roots is None else str(roots.resolve(strict=True))
    )
