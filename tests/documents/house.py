"""Documents built on fakes, and what tests of its use-cases do again and again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from opentelemetry.metrics import NoOpMeter

from chassis.testing import FakeBegin, FrozenClock
from contracts.applications import (
    ApplicationSubmitted,
)
from contracts.base import Event
from contracts.documents import (
    DocumentReceived,
    DocumentType,
)
from services.documents.domain.documents import Document
from services.documents.domain.retention import RetentionPolicy
from services.documents.repository import Traces
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
from services.documents.usecases.uploads import Announced, UploadLimits, Uploads
from tests.documents.fakes import (
    FakeCheckRepository,
    FakeDocumentRepository,
    FakeFiles,
    FakeHoldRepository,
    FakeInspector,
    FakeProfileRepository,
    FakeQuarantine,
    FakeReadingRepository,
    FakeRenditionRepository,
    FakeScanner,
    FakeSweepRepository,
)

CONTENT = b"%PDF-1.7 a diploma"
OWNER = uuid4()
SHORT = timedelta(milliseconds=50)


async def chunks(content: bytes = CONTENT) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 5):
        yield content[start : start + 5]


def announced(
    size_bytes: int | None = len(CONTENT), media_type: str | None = "application/pdf", file_name: str = "диплом.pdf"
) -> Announced:
    return Announced(file_name, media_type, size_bytes)


@dataclass
class House:
    begin: FakeBegin = field(default_factory=FakeBegin)
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(datetime(2026, 3, 2, 9, tzinfo=UTC)))
    documents: FakeDocumentRepository = field(default_factory=FakeDocumentRepository)
    cases: FakeCheckRepository = field(default_factory=FakeCheckRepository)
    holds: FakeHoldRepository = field(default_factory=FakeHoldRepository)
    profiles: FakeProfileRepository = field(default_factory=FakeProfileRepository)
    renditions: FakeRenditionRepository = field(default_factory=FakeRenditionRepository)
    readings: FakeReadingRepository = field(default_factory=FakeReadingRepository)
    files: FakeFiles = field(default_factory=FakeFiles)
    sweeps: FakeSweepRepository = field(default_factory=FakeSweepRepository)
    quarantine: FakeQuarantine = field(init=False)
    scanner: FakeScanner = field(default_factory=FakeScanner)
    inspector: FakeInspector = field(default_factory=FakeInspector)
    silence: timedelta = timedelta(seconds=5)

    def __post_init__(self) -> None:
        self.quarantine = FakeQuarantine(self.files)

    @property
    def traces(self) -> Traces:
        return Traces((self.cases, self.readings))

    @property
    def isolation(self) -> Isolation:
        return Isolation(self.begin, self.documents, self.files, self.quarantine, self.clock.now, timedelta(days=30))

    @property
    def retention(self) -> Retention:
        policy = RetentionPolicy(term=timedelta(days=90), notice=timedelta(days=14))
        return Retention(self.begin, self.documents, self.traces, self.renditions, self.holds, self.files, self.clock.now, policy)

    @property
    def timers(self) -> dict[str, tuple[datetime, Event]]:
        """What is planned for uploads and checks; the end of drafts' documents is planned besides."""
        return {key: timer for key, timer in self.begin.scheduled.items() if not key.startswith("retention:")}

    @property
    def sweeping(self) -> Sweeping:
        policy = SweepPolicy(documents=2, objects=2, orphan_age=timedelta(hours=1), quarantine_age=timedelta(days=30), hour=0, nights=7)
        meters = SweepMeters(NoOpMeter("tests"))
        return Sweeping(
            self.begin, self.documents, self.sweeps, self.files, self.quarantine, self.isolation, self.clock.now, policy, meters
        )

    @property
    def usecases(self) -> UseCases:
        term = timedelta(minutes=5)
        limits = UploadLimits(
            documents_per_owner=3,
            documents_per_registrant=2,
            files_per_document=3,
            longest=timedelta(seconds=5),
            silence=self.silence,
            term=timedelta(minutes=15),
            check_term=term,
        )
        return UseCases(
            uploads=Uploads(self.begin, self.documents, self.holds, self.files, self.retention, self.clock.now, limits),
            check_terms=CheckTerms(self.begin, self.documents, self.clock.now, term),
            access=Access(self.begin, self.documents, self.holds, self.renditions, self.files, self.clock.now),
            holds=Holds(self.begin, self.holds),
            retention=self.retention,
            exports=Exports(self.begin, self.documents, self.profiles, self.clock.now),
            profiles=Profiles(self.begin, self.profiles, self.documents, self.clock.now, 300),
            removals=Removals(
                self.begin,
                self.documents,
                self.traces,
                self.renditions,
                self.holds,
                self.profiles,
                self.files,
                self.quarantine,
                self.clock.now,
                timedelta(minutes=30),
            ),
        )

    @property
    def worker(self) -> WorkerUseCases:
        return WorkerUseCases(
            Checks(
                self.begin,
                self.documents,
                self.cases,
                self.holds,
                self.files,
                self.isolation,
                self.inspector,
                checks_of(self.scanner, self.inspector),
                Consistency(self.readings, self.profiles, self.clock.now),
                self.clock.now,
                CheckLimits(cuts=3, deaths=2),
                asyncio.Semaphore(1),
            ),
            Rechecks(self.begin, self.documents, self.cases, self.clock.now),
            self.isolation,
            Rendering(
                self.begin, self.documents, self.renditions, self.files, self.inspector, asyncio.Semaphore(1), pages_max=2, longest=800
            ),
            self.sweeping,
        )

    async def upload(
        self, content: bytes = CONTENT, owner_id: UUID = OWNER, document_type: DocumentType = DocumentType.DIPLOMA
    ) -> Document:
        return await self.usecases.uploads.add(document_type, announced(len(content)), chunks(content), owner_id=owner_id)

    async def replace(self, document: Document, content: bytes = b"%PDF-1.7 better") -> Document:
        return await self.usecases.uploads.replace(
            document.id, announced(len(content)), chunks(content), owner_id=OWNER, expected_version=document.version
        )

    async def check(self) -> None:
        await self.worker.checks.check(self.begin.events(DocumentReceived)[-1])

    async def accepted(self) -> Document:
        document = await self.upload()
        await self.check()
        return self.documents.stored[document.id]

    def submitted(self, *document_ids: UUID, version: int = 2) -> ApplicationSubmitted:
        now = self.clock.now()
        return ApplicationSubmitted(
            application_id=uuid4(),
            applicant_id=OWNER,
            number="MK-2026-00000001-1",
            version=version,
            occurred_at=now,
            kind="primary",
            specialty_code="1",
            document_ids=document_ids,
            snapshot_sha256="0",
            due_at=now,
        )


def names(event: ApplicationSubmitted, version: int) -> dict[str, object]:
    return {
        "application_id": event.application_id,
        "applicant_id": event.applicant_id,
        "number": event.number,
        "occurred_at": event.occurred_at,
        "version": version,
    }
