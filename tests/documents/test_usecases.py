"""What documents does, on fakes: receiving, replacing, checking, delays, locks, reading."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from chassis.errors import DomainError, Unavailable
from chassis.objects import UploadCut
from chassis.paging import PageRequest
from chassis.testing import FakeBegin, FrozenClock
from chassis.transaction import AlreadyHandled
from contracts.access import PersonalDataRead
from contracts.applications import (
    ApplicationRejected,
    ApplicationSubmitted,
    ApprovalRecommended,
    CertificateIssued,
    InformationProvided,
    InformationRequested,
    ReviewClaimed,
    ReviewReleased,
)
from contracts.documents import (
    CheckRequested,
    CheckTermReached,
    DocumentAccepted,
    DocumentDelayed,
    DocumentReceived,
    DocumentRejected,
    DocumentType,
    UploadTermReached,
)
from contracts.roles import Role
from services.documents.domain.documents import Document, State
from services.documents.domain.errors import (
    DocumentLocked,
    DocumentNotFound,
    FileEmpty,
    FileNotAccepted,
    FileTooLarge,
    LengthMissing,
    MediaTypeNotAllowed,
    StaleDocument,
    TooManyDocuments,
    TooManyFiles,
    UploadInterrupted,
    UploadSuperseded,
)
from services.documents.domain.findings import Finding, FindingCode
from services.documents.domain.holds import Reader
from services.documents.domain.rules import MEGABYTE
from services.documents.usecases import UseCases
from services.documents.usecases.access import Access
from services.documents.usecases.checks import Checks
from services.documents.usecases.holds import Holds
from services.documents.usecases.uploads import Announced, UploadLimits, Uploads
from tests.documents.fakes import FakeDocumentRepository, FakeFiles, FakeHoldRepository, FakeInspector
from tests.support import eventually

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
    holds: FakeHoldRepository = field(default_factory=FakeHoldRepository)
    files: FakeFiles = field(default_factory=FakeFiles)
    inspector: FakeInspector = field(default_factory=FakeInspector)
    silence: timedelta = timedelta(seconds=5)

    @property
    def usecases(self) -> UseCases:
        term = timedelta(minutes=5)
        limits = UploadLimits(
            documents_per_owner=3,
            files_per_document=3,
            longest=timedelta(seconds=5),
            silence=self.silence,
            term=timedelta(minutes=15),
            check_term=term,
        )
        return UseCases(
            uploads=Uploads(self.begin, self.documents, self.holds, self.files, self.clock.now, limits),
            checks=Checks(self.begin, self.documents, self.files, self.inspector, self.clock.now, term),
            access=Access(self.begin, self.documents, self.holds, self.files, self.clock.now),
            holds=Holds(self.begin, self.holds),
        )

    async def upload(self, content: bytes = CONTENT, owner_id: UUID = OWNER) -> Document:
        return await self.usecases.uploads.add(DocumentType.DIPLOMA, announced(len(content)), chunks(content), owner_id=owner_id)

    async def replace(self, document: Document, content: bytes = b"%PDF-1.7 better") -> Document:
        return await self.usecases.uploads.replace(
            document.id, announced(len(content)), chunks(content), owner_id=OWNER, expected_version=document.version
        )

    async def check(self) -> None:
        await self.usecases.checks.check(self.begin.events(DocumentReceived)[-1])

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


@pytest.fixture
def house() -> House:
    return House()


def names(event: ApplicationSubmitted, version: int) -> dict[str, object]:
    return {
        "application_id": event.application_id,
        "applicant_id": event.applicant_id,
        "number": event.number,
        "occurred_at": event.occurred_at,
        "version": version,
    }


class TestReceiving:
    async def test_a_received_file_is_stored_told_and_awaits_its_check(self, house: House) -> None:
        document = await house.upload()
        file = document.file()
        assert document.state is State.CHECKING
        assert house.files.stored == {file.object_key: CONTENT}
        assert file.object_key.startswith(f"{OWNER}/{document.id}/")
        told = house.begin.events(DocumentReceived)
        assert [(one.document_id, one.file_version, one.version, one.sha256) for one in told] == [(document.id, 1, 1, file.sha256)]
        assert [type(event) for _, event in house.begin.scheduled.values()] == [CheckTermReached]

    @pytest.mark.parametrize(
        ("what", "refusal"),
        [
            (announced(size_bytes=None), LengthMissing),
            (announced(size_bytes=5 * MEGABYTE + 1), FileTooLarge),
            (announced(size_bytes=0), FileEmpty),
            (announced(media_type="image/png"), MediaTypeNotAllowed),
            (announced(media_type=None), MediaTypeNotAllowed),
        ],
    )
    async def test_what_cannot_be_accepted_is_refused_before_a_byte_is_read(
        self, house: House, what: Announced, refusal: type[DomainError]
    ) -> None:
        read: list[bytes] = []

        async def watched() -> AsyncIterator[bytes]:
            read.append(b"")
            yield b""

        with pytest.raises(refusal) as raised:
            await house.usecases.uploads.add(DocumentType.DIPLOMA, what, watched(), owner_id=OWNER)
        assert "Диплом" in raised.value.detail
        assert (read, house.documents.stored, house.begin.scheduled) == ([], {}, {})

    async def test_while_bytes_come_the_document_says_receiving(self, house: House) -> None:
        async def there() -> list[State]:
            return [one.state for one in house.documents.stored.values()]

        async def watched() -> AsyncIterator[bytes]:
            yield CONTENT[:5]
            assert await eventually(there) == [State.RECEIVING]
            yield CONTENT[5:]

        document = await house.usecases.uploads.add(DocumentType.DIPLOMA, announced(), watched(), owner_id=OWNER)
        assert document.state is State.CHECKING

    async def test_no_object_appears_before_its_row_and_a_refused_row_ends_the_upload(self, house: House) -> None:
        for number in range(3):
            await house.upload(b"%PDF-" + str(number).encode())
        kept = dict(house.files.stored)
        with pytest.raises(TooManyDocuments):
            await house.upload(CONTENT)
        assert house.files.stored == kept

    async def test_an_upload_cut_half_way_leaves_nothing_and_can_be_repeated(self, house: House) -> None:
        with pytest.raises(UploadCut):
            await house.usecases.uploads.add(DocumentType.DIPLOMA, announced(), chunks(CONTENT[:7]), owner_id=OWNER)
        assert (house.documents.stored, house.files.stored, house.begin.published) == ({}, {}, [])
        assert (await house.upload()).state is State.CHECKING

    async def test_a_cut_replacement_leaves_the_document_as_it_was_with_the_same_version(self, house: House) -> None:
        before = await house.accepted()
        with pytest.raises(UploadCut):
            await house.usecases.uploads.replace(before.id, announced(999), chunks(), owner_id=OWNER, expected_version=before.version)
        assert house.documents.stored[before.id] == before
        assert (await house.replace(before)).file().number == 2

    async def test_an_upload_that_falls_silent_ends(self) -> None:
        house = House(silence=SHORT)

        async def silent() -> AsyncIterator[bytes]:
            yield CONTENT[:5]
            await never()

        with pytest.raises(UploadInterrupted):
            await house.usecases.uploads.add(DocumentType.DIPLOMA, announced(), silent(), owner_id=OWNER)
        assert house.documents.stored == {}

    async def test_a_store_that_is_down_leaves_nothing(self, house: House) -> None:
        house.files.is_down.append(True)
        with pytest.raises(Unavailable):
            await house.upload()
        assert (house.documents.stored, house.begin.published) == ({}, [])

    async def test_a_process_that_died_meanwhile_is_cleaned_up_after_by_the_timer(self, house: House) -> None:
        reached = await stale_upload(house)
        house.clock.move(timedelta(minutes=15))
        assert house.begin.due(house.clock.now()) == [reached]
        await house.usecases.uploads.end_of_term(reached)
        assert (house.documents.stored, house.files.stored) == ({}, {})
        with pytest.raises(AlreadyHandled):
            await house.usecases.uploads.end_of_term(reached)

    async def test_a_newer_attempt_supersedes_one_that_hangs(self, house: House) -> None:
        before = await house.accepted()

        async def overtaken() -> AsyncIterator[bytes]:
            yield b"%PDF-1.7 first"
            await house.replace(before)

        with pytest.raises(UploadSuperseded):
            await house.usecases.uploads.replace(before.id, announced(14), overtaken(), owner_id=OWNER, expected_version=before.version)
        document = house.documents.stored[before.id]
        assert [file.number for file in document.files] == [1, 2]
        assert sorted(house.files.stored) == sorted(file.object_key for file in document.files)

    async def test_documents_and_files_have_a_limit(self, house: House) -> None:
        document = await house.accepted()
        for attempt in (b"%PDF-2", b"%PDF-3"):
            document = await house.replace(document, attempt)
        with pytest.raises(TooManyFiles):
            await house.replace(document, b"%PDF-4")
        await house.upload()
        await house.upload()
        with pytest.raises(TooManyDocuments):
            await house.upload()


async def never() -> None:

    await asyncio.Event().wait()


async def stale_upload(house: House) -> UploadTermReached:
    """An upload whose process died: the row and the bytes are there, nothing else."""
    kept: list[tuple[dict[UUID, Document], dict[str, tuple[datetime, object]]]] = []

    async def expected() -> bool:
        return bool(house.begin.scheduled)

    async def watched() -> AsyncIterator[bytes]:
        yield CONTENT
        await eventually(expected)
        kept.append((dict(house.documents.stored), dict(house.begin.scheduled)))
        raise UploadInterrupted.of()

    with pytest.raises(UploadInterrupted):
        await house.usecases.uploads.add(DocumentType.DIPLOMA, announced(), watched(), owner_id=OWNER)
    house.documents.stored.update(kept[0][0])
    document = next(iter(house.documents.stored.values()))
    assert document.upload is not None
    house.files.stored[document.upload.object_key] = CONTENT
    reached = next(event for _, event in house.begin.scheduled.values())
    assert isinstance(reached, UploadTermReached)
    return reached.model_copy(update={"occurred_at": house.clock.now() + timedelta(minutes=15)})


class TestTwins:
    async def test_the_same_bytes_are_named_and_stored_once(self, house: House) -> None:
        first = await house.upload()
        second = await house.upload()
        twin = second.file().twin
        assert twin is not None
        assert (twin.document_id, twin.file_version) == (first.id, 1)
        assert second.file().object_key == first.file().object_key
        (reached,) = [event for event in house.begin.due(house.clock.now()) if isinstance(event, UploadTermReached)]
        await house.usecases.uploads.end_of_term(reached)
        assert list(house.files.stored) == [first.file().object_key]

    async def test_a_refused_copy_is_named_but_its_bytes_are_not_reused(self, house: House) -> None:
        first = await house.upload()
        house.inspector.problems.append(Finding(FindingCode.PDF_DAMAGED))
        await house.check()
        second = await house.upload()
        assert second.file().twin is not None
        assert second.file().object_key != first.file().object_key

    async def test_another_persons_bytes_are_no_twin(self, house: House) -> None:
        await house.upload(owner_id=uuid4())
        assert (await house.upload()).file().twin is None


class TestReplacing:
    async def test_it_needs_the_version_that_was_seen(self, house: House) -> None:
        document = await house.accepted()
        with pytest.raises(StaleDocument):
            await house.usecases.uploads.replace(document.id, announced(), chunks(), owner_id=OWNER, expected_version=document.version - 1)

    async def test_a_stranger_finds_nothing(self, house: House) -> None:
        document = await house.accepted()
        with pytest.raises(DocumentNotFound):
            await house.usecases.uploads.replace(document.id, announced(), chunks(), owner_id=uuid4(), expected_version=document.version)

    async def test_it_is_closed_while_an_application_holds_the_document_and_open_for_flagged_ones(self, house: House) -> None:
        document = await house.accepted()
        holds = house.usecases.holds
        submitted = house.submitted(document.id)
        await holds.lock(submitted)
        with pytest.raises(DocumentLocked) as raised:
            await house.replace(document)
        assert raised.value.extra["application_ids"] == [str(submitted.application_id)]
        now = house.clock.now()
        await holds.unlock(
            InformationRequested(
                **names(submitted, 3), requested_by="reviewer", remarks=(), unlocked_document_ids=(document.id,), due_at=now
            )
        )
        document = await house.replace(document)
        await holds.lock(InformationProvided(**names(submitted, 4), reviewer_id=None, document_ids=(document.id,)))
        with pytest.raises(DocumentLocked):
            await house.replace(document, b"%PDF-3")
        await holds.free(ApplicationRejected(**names(submitted, 5), reasons=()))
        assert (await house.replace(document, b"%PDF-4")).file().number == 3

    async def test_a_lock_that_comes_during_the_upload_wins(self, house: House) -> None:
        before = await house.accepted()

        async def locked_meanwhile() -> AsyncIterator[bytes]:
            yield b"%PDF-1.7 new"
            await house.usecases.holds.lock(house.submitted(before.id))

        with pytest.raises(DocumentLocked):
            await house.usecases.uploads.replace(
                before.id, announced(12), locked_meanwhile(), owner_id=OWNER, expected_version=before.version
            )
        assert house.documents.stored[before.id] == before
        assert list(house.files.stored) == [before.file().object_key]


class TestChecking:
    async def test_a_clean_file_is_accepted_and_told(self, house: House) -> None:
        document = await house.accepted()
        assert document.state is State.ACCEPTED
        (told,) = house.begin.events(DocumentAccepted)
        assert (told.document_id, told.file_version, told.version) == (document.id, 1, 2)
        assert house.begin.scheduled == {}

    async def test_a_bad_file_is_rejected_with_every_code(self, house: House) -> None:
        house.inspector.problems.extend([Finding(FindingCode.PDF_ENCRYPTED), Finding(FindingCode.PDF_DAMAGED)])
        document = await house.accepted()
        assert document.state is State.REJECTED
        assert [told.codes for told in house.begin.events(DocumentRejected)] == [("pdf-encrypted", "pdf-damaged")]

    async def test_bytes_that_changed_in_the_store_are_noticed(self, house: House) -> None:
        document = await house.upload()
        house.files.stored[document.file().object_key] = b"%PDF-1.7 tampered"
        await house.check()
        assert [told.codes for told in house.begin.events(DocumentRejected)] == [("stored-bytes-differ",)]

    async def test_a_repeated_message_changes_nothing(self, house: House) -> None:
        document = await house.accepted()
        with pytest.raises(AlreadyHandled):
            await house.check()
        assert house.documents.stored[document.id] == document
        assert len(house.inspector.seen) == 1

    async def test_the_verdict_of_a_replaced_file_is_kept_but_not_told(self, house: House) -> None:
        document = await house.upload()
        await house.replace(document)
        first = house.begin.events(DocumentReceived)[0]
        await house.usecases.checks.check(first)
        assert house.begin.events(DocumentAccepted) == []
        stored = house.documents.stored[document.id]
        assert [file.state for file in stored.files] == [State.ACCEPTED, State.CHECKING]

    async def test_a_stuck_check_is_told_once_and_asked_for_again_with_growing_patience(self, house: House) -> None:
        document = await house.upload()
        waits = []
        for _ in range(3):
            ((due_at, _),) = house.begin.scheduled.values()
            waits.append(due_at - house.clock.now())
            house.clock.move(due_at - house.clock.now())
            (reached,) = house.begin.due(house.clock.now())
            assert isinstance(reached, CheckTermReached)
            await house.usecases.checks.end_of_term(reached)
        assert waits == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)]
        assert house.documents.stored[document.id].state is State.DELAYED
        assert [told.version for told in house.begin.events(DocumentDelayed)] == [2]
        assert [asked.attempt for asked in house.begin.events(CheckRequested)] == [2, 3, 4]
        await house.usecases.checks.check(house.begin.events(CheckRequested)[-1])
        assert house.documents.stored[document.id].state is State.ACCEPTED
        assert house.begin.scheduled == {}

    async def test_the_term_of_a_finished_check_changes_nothing(self, house: House) -> None:
        document = await house.upload()
        ((_, reached),) = house.begin.scheduled.values()
        await house.check()
        assert isinstance(reached, CheckTermReached)
        await house.usecases.checks.end_of_term(reached)
        assert house.documents.stored[document.id].state is State.ACCEPTED
        assert house.begin.events(DocumentDelayed) == []


class TestReading:
    async def test_the_owner_reads_without_a_trace_and_with_a_link_that_hides_the_name(self, house: House) -> None:
        document = await house.accepted()
        me = Reader(OWNER, frozenset({Role.PRACTITIONER}))
        assert (await house.usecases.access.read(document.id, me)).document == document
        link = await house.usecases.access.link(document.id, None, me)
        assert link.url.endswith("?name=diploma-1.pdf")
        assert link.expires_at == house.clock.now() + timedelta(minutes=5)
        assert house.begin.events(PersonalDataRead) == []

    async def test_there_is_no_link_before_the_verdict(self, house: House) -> None:
        document = await house.upload()
        with pytest.raises(FileNotAccepted):
            await house.usecases.access.link(document.id, None, Reader(OWNER, frozenset({Role.PRACTITIONER})))

    async def test_strangers_find_nothing(self, house: House) -> None:
        document = await house.accepted()
        for role in Role:
            stranger = Reader(uuid4(), frozenset({role}))
            with pytest.raises(DocumentNotFound):
                await house.usecases.access.read(document.id, stranger)
            with pytest.raises(DocumentNotFound):
                await house.usecases.access.link(document.id, None, stranger)

    async def test_the_reviewer_reads_while_holding_the_application_and_each_look_is_told(self, house: House) -> None:
        document = await house.accepted()
        reviewer = Reader(uuid4(), frozenset({Role.REVIEWER}), "10.0.0.7")
        submitted = house.submitted(document.id)
        await house.usecases.holds.lock(submitted)
        await house.usecases.holds.give_to_reviewer(
            ReviewClaimed(**names(submitted, 3), reviewer_id=reviewer.id, document_ids=(document.id,))
        )
        await house.usecases.access.read(document.id, reviewer)
        await house.usecases.access.link(document.id, 1, reviewer)
        told = house.begin.events(PersonalDataRead)
        assert [(one.reader_id, one.reader_role, one.subject_id, one.record, one.purpose, one.address) for one in told] == [
            (reviewer.id, Role.REVIEWER, OWNER, f"document:{document.id}", "review", "10.0.0.7")
        ] * 2
        await house.usecases.holds.take_from_reviewer(ReviewReleased(**names(submitted, 4), reviewer_id=reviewer.id))
        with pytest.raises(DocumentNotFound):
            await house.usecases.access.read(document.id, reviewer)

    async def test_registrars_read_from_recommendation_to_certificate(self, house: House) -> None:
        document = await house.accepted()
        registrar = Reader(uuid4(), frozenset({Role.REGISTRAR}))
        submitted = house.submitted(document.id)
        now = house.clock.now()
        await house.usecases.holds.give_to_registrars(
            ApprovalRecommended(**names(submitted, 4), reviewer_id=uuid4(), document_ids=(document.id,), due_at=now)
        )
        await house.usecases.access.read(document.id, registrar)
        assert [one.purpose for one in house.begin.events(PersonalDataRead)] == ["registration"]
        await house.usecases.holds.conclude(
            CertificateIssued(**names(submitted, 6), certificate_id=uuid4(), certificate_number="1", valid_until=now)
        )
        with pytest.raises(DocumentNotFound):
            await house.usecases.access.read(document.id, registrar)

    async def test_pages_follow_each_other_and_tell_locks(self, house: House) -> None:
        made = []
        for number in range(3):
            made.append((await house.upload(b"%PDF-" + str(number).encode())).id)
            house.clock.move(timedelta(minutes=1))
        await house.usecases.holds.lock(house.submitted(made[2]))
        first, cursor = await house.usecases.access.list_own(OWNER, document_type=None, page=PageRequest(2))
        second, end = await house.usecases.access.list_own(OWNER, document_type=None, page=PageRequest(2, cursor))
        assert [view.document.id for view in first + second] == made[::-1]
        assert [bool(view.locked_by) for view in first + second] == [True, False, False]
        assert end is None
