"""Checking, delays, locks and reading, on fakes."""

from datetime import timedelta
from uuid import uuid4

import pytest

from chassis.paging import PageRequest
from chassis.transaction import AlreadyHandled
from contracts.access import PersonalDataRead
from contracts.applications import (
    ApprovalRecommended,
    CertificateIssued,
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
)
from contracts.roles import Role
from services.documents.domain.documents import State
from services.documents.domain.errors import (
    DocumentNotFound,
    FileNotAccepted,
)
from services.documents.domain.findings import Finding, FindingCode
from services.documents.domain.holds import Reader
from services.documents.domain.renditions import Wanted
from services.documents.domain.rules import ALL_TYPES
from tests.documents.house import OWNER, House, names


class TestChecking:
    async def test_a_clean_file_is_accepted_and_told(self, house: House) -> None:
        document = await house.accepted()
        assert document.state is State.ACCEPTED
        (told,) = house.begin.events(DocumentAccepted)
        assert (told.document_id, told.file_version, told.version) == (document.id, 1, 2)
        assert house.timers == {}

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
        await house.worker.checks.check(first)
        assert house.begin.events(DocumentAccepted) == []
        stored = house.documents.stored[document.id]
        assert [file.state for file in stored.files] == [State.ACCEPTED, State.CHECKING]

    async def test_a_stuck_check_is_told_once_and_asked_for_again_with_growing_patience(self, house: House) -> None:
        document = await house.upload()
        waits = []
        for _ in range(3):
            ((due_at, _),) = house.timers.values()
            waits.append(due_at - house.clock.now())
            house.clock.move(due_at - house.clock.now())
            (reached,) = house.begin.due(house.clock.now())
            assert isinstance(reached, CheckTermReached)
            await house.usecases.check_terms.end_of_term(reached)
        assert waits == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)]
        assert house.documents.stored[document.id].state is State.DELAYED
        assert [told.version for told in house.begin.events(DocumentDelayed)] == [2]
        assert [asked.attempt for asked in house.begin.events(CheckRequested)] == [2, 3, 4]
        await house.worker.checks.check(house.begin.events(CheckRequested)[-1])
        assert house.documents.stored[document.id].state is State.ACCEPTED
        assert house.timers == {}

    async def test_the_term_of_a_finished_check_changes_nothing(self, house: House) -> None:
        document = await house.upload()
        ((_, reached),) = house.timers.values()
        await house.check()
        assert isinstance(reached, CheckTermReached)
        await house.usecases.check_terms.end_of_term(reached)
        assert house.documents.stored[document.id].state is State.ACCEPTED
        assert house.begin.events(DocumentDelayed) == []


class TestReading:
    async def test_the_owner_reads_without_a_trace_and_with_a_link_that_hides_the_name(self, house: House) -> None:
        document = await house.accepted()
        me = Reader(OWNER, frozenset({Role.PRACTITIONER}))
        assert (await house.usecases.access.read(document.id, me)).document == document
        link = await house.usecases.access.link(document.id, Wanted(), me)
        assert link.url.endswith("?name=diploma-1.pdf")
        assert link.expires_at == house.clock.now() + timedelta(minutes=5)
        assert house.begin.events(PersonalDataRead) == []

    async def test_there_is_no_link_before_the_verdict(self, house: House) -> None:
        document = await house.upload()
        with pytest.raises(FileNotAccepted):
            await house.usecases.access.link(document.id, Wanted(), Reader(OWNER, frozenset({Role.PRACTITIONER})))

    async def test_strangers_find_nothing(self, house: House) -> None:
        document = await house.accepted()
        for role in Role:
            stranger = Reader(uuid4(), frozenset({role}))
            with pytest.raises(DocumentNotFound):
                await house.usecases.access.read(document.id, stranger)
            with pytest.raises(DocumentNotFound):
                await house.usecases.access.link(document.id, Wanted(), stranger)

    async def test_the_reviewer_reads_while_holding_the_application_and_each_look_is_told(self, house: House) -> None:
        document = await house.accepted()
        reviewer = Reader(uuid4(), frozenset({Role.REVIEWER}), "10.0.0.7")
        submitted = house.submitted(document.id)
        await house.usecases.holds.lock(submitted)
        await house.usecases.holds.give_to_reviewer(
            ReviewClaimed(**names(submitted, 3), reviewer_id=reviewer.id, document_ids=(document.id,))
        )
        await house.usecases.access.read(document.id, reviewer)
        await house.usecases.access.link(document.id, Wanted(1), reviewer)
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

    async def test_a_strangers_application_neither_locks_nor_opens_a_document(self, house: House) -> None:
        document = await house.accepted()
        reviewer = Reader(uuid4(), frozenset({Role.REVIEWER}))
        submitted = house.submitted(document.id).model_copy(update={"applicant_id": uuid4()})
        await house.usecases.holds.lock(submitted)
        await house.usecases.holds.give_to_reviewer(
            ReviewClaimed(
                **names(submitted, 3) | {"applicant_id": submitted.applicant_id}, reviewer_id=reviewer.id, document_ids=(document.id,)
            )
        )
        with pytest.raises(DocumentNotFound):
            await house.usecases.access.read(document.id, reviewer)
        mine = await house.usecases.access.read(document.id, Reader(OWNER, frozenset({Role.PRACTITIONER})))
        assert mine.locked_by == ()
        assert house.begin.events(PersonalDataRead) == []
        await house.replace(document)

    async def test_pages_follow_each_other_and_tell_locks(self, house: House) -> None:
        made = []
        for number in range(3):
            made.append((await house.upload(b"%PDF-" + str(number).encode())).id)
            house.clock.move(timedelta(minutes=1))
        await house.usecases.holds.lock(house.submitted(made[2]))
        first, cursor = await house.usecases.access.list_own(OWNER, types=ALL_TYPES, page=PageRequest(2))
        second, end = await house.usecases.access.list_own(OWNER, types=ALL_TYPES, page=PageRequest(2, cursor))
        assert [view.document.id for view in first + second] == made[::-1]
        assert [bool(view.locked_by) for view in first + second] == [True, False, False]
        assert end is None
