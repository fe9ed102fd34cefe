"""Receiving and replacing, on fakes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from chassis.errors import DomainError, Unavailable
from chassis.objects import UploadCut
from chassis.transaction import AlreadyHandled
from contracts.applications import (
    AppealClaimed,
    AppealDecided,
    AppealFiled,
    ApplicationRejected,
    InformationProvided,
    InformationRequested,
)
from contracts.documents import (
    CheckTermReached,
    DocumentReceived,
    DocumentType,
    RetentionTermReached,
    UploadTermReached,
)
from services.documents.domain.documents import Document, State
from services.documents.domain.errors import (
    DocumentLocked,
    DocumentNotFound,
    FileEmpty,
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
from services.documents.domain.rules import MEGABYTE
from services.documents.usecases.uploads import Announced
from tests.documents.house import CONTENT, OWNER, SHORT, House, announced, chunks, names
from tests.support import eventually


class TestReceiving:
    async def test_a_received_file_is_stored_told_and_awaits_its_check(self, house: House) -> None:
        document = await house.upload()
        file = document.file()
        assert document.state is State.CHECKING
        assert house.files.stored == {file.object_key: CONTENT}
        assert file.object_key.startswith(f"{OWNER}/{document.id}/")
        told = house.begin.events(DocumentReceived)
        assert [(one.document_id, one.file_version, one.version, one.sha256) for one in told] == [(document.id, 1, 1, file.sha256)]
        assert [type(event) for _, event in house.begin.scheduled.values()] == [CheckTermReached, RetentionTermReached]

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

    async def test_an_appeal_closes_it_again_and_only_a_refusal_that_stays_opens_it(self, house: House) -> None:
        document = await house.accepted()
        holds, submitted, reviewer = house.usecases.holds, house.submitted(document.id), uuid4()
        await holds.lock(submitted)
        await holds.free(ApplicationRejected(**names(submitted, 3), reasons=()))
        document = await house.replace(document, b"%PDF-2")
        appeal = {"appeal_id": uuid4(), "appeal_number": "MA-2026-00000001-1", "document_ids": (document.id,)}
        await holds.lock(AppealFiled(**names(submitted, 4), **appeal, due_at=house.clock.now()))
        await holds.give_to_reviewer(AppealClaimed(**names(submitted, 5), **appeal, reviewer_id=reviewer))
        [hold] = await house.holds.holding(document.id)
        assert (hold.reviewer_id.value, hold.locked_document_ids) == (reviewer, (document.id,))
        for outcome, version in (("overturned", 6), ("upheld", 8)):
            with pytest.raises(DocumentLocked):
                await house.replace(document, b"%PDF-3")
            await holds.settle(AppealDecided(**names(submitted, version), **appeal, outcome=outcome))
            [hold] = await house.holds.holding(document.id)
            assert hold.reviewer_id.value is None
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
