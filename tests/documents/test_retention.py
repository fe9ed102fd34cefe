"""Drafts' documents go a while after their last use, and never without a word before; what was handed in stays."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from contracts.applications import DraftSaved
from contracts.documents import DocumentReceived, DocumentRemovalPlanned, DocumentRemoved, DocumentType, RetentionTermReached
from services.documents.domain.documents import Document, StoredBytes, object_key_of
from services.documents.domain.holds import DraftUse, Hold
from services.documents.domain.retention import Decision, Keep, LookAgain, Remove, RetentionPolicy, Tell, decide
from services.documents.domain.rules import RULES
from tests.documents.house import CONTENT, OWNER, House, announced, chunks
from tests.documents.test_repository import a_document, an_upload

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY = RetentionPolicy(term=timedelta(days=90), notice=timedelta(days=14))
DAY = timedelta(days=1)
DIPLOMA = DocumentType.DIPLOMA


def kept(document_type: DocumentType = DIPLOMA) -> Document:
    document = a_document(OWNER, document_type=document_type, at=NOW)
    assert document.upload is not None
    return document.finish(document.upload.id, StoredBytes(document.upload.object_key, 10, "0"), at=NOW)


def hold() -> Hold:
    return Hold(application_id=uuid4(), applicant_id=OWNER)


def decided(document: Document, *holds: Hold, days: int, told: int | None = None) -> Decision:
    return decide(document, holds, POLICY, at=NOW + days * DAY, told=None if told is None else NOW + told * DAY)


class TestDecisions:
    @pytest.mark.parametrize(
        ("days", "told", "expected"),
        [
            (0, None, LookAgain(NOW + 76 * DAY)),
            (75, None, LookAgain(NOW + 76 * DAY)),
            (76, None, Tell(NOW + 90 * DAY)),
            (80, None, Tell(NOW + 94 * DAY)),
            (300, None, Tell(NOW + 314 * DAY)),
            (80, 90, LookAgain(NOW + 90 * DAY, NOW + 90 * DAY)),
            (90, 90, Remove()),
            (95, 94, Remove()),
        ],
    )
    def test_nobody_loses_a_document_without_two_weeks_of_notice(self, days: int, told: int | None, expected: Decision) -> None:
        assert decided(kept(), days=days, told=told) == expected

    def test_work_on_a_draft_that_names_it_is_a_use(self) -> None:
        document = kept()
        drafts = [hold().save_draft(1, DraftUse((document.id,), NOW + day * DAY)) for day in (30, 10)]
        assert decided(document, *drafts, days=76) == LookAgain(NOW + 106 * DAY)
        assert decided(document, *drafts, days=90, told=90) == LookAgain(NOW + 106 * DAY), "what was told holds no longer"
        assert decided(document, *drafts, days=106) == Tell(NOW + 120 * DAY)

    def test_a_draft_that_names_it_no_longer_counts_for_nothing(self) -> None:
        document = kept()
        draft = hold().save_draft(1, DraftUse((document.id,), NOW + 30 * DAY)).save_draft(2, DraftUse((), NOW + 31 * DAY))
        assert decided(document, draft, days=76) == Tell(NOW + 90 * DAY)

    def test_another_file_and_an_upload_under_way_are_uses(self) -> None:
        begun = an_upload()
        assert decided(kept().receive(begun), days=1) == LookAgain(begun.started_at + 76 * DAY)

    def test_what_was_ever_handed_in_stays(self) -> None:
        document = kept()
        sent = hold().lock(2, [document.id])
        for application in (sent, sent.close(3, is_over=True), sent.close(3, is_over=False), sent.lock(4, [uuid4()])):
            assert decided(document, application, days=900, told=90) == Keep()

    def test_some_types_stay_with_their_person(self) -> None:
        stays = {one for one in DocumentType if decided(kept(one), days=900, told=90) == Keep()}
        assert stays == {DocumentType.PASSPORT, DocumentType.SNILS, DocumentType.APPEAL_ATTACHMENT, DocumentType.CHAT_ATTACHMENT}
        assert stays == {one for one, rule in RULES.items() if rule.is_kept_with_account}

    def test_news_of_a_draft_may_come_in_any_order(self) -> None:
        older, newer = DraftUse((uuid4(),), NOW), DraftUse((uuid4(),), NOW + DAY)
        one = hold()
        assert one.save_draft(1, older).save_draft(3, newer) == one.save_draft(3, newer).save_draft(1, older)


async def pass_time(house: House, days: int) -> None:
    """Let time pass, and let the timers of retention and what they publish be handled."""
    house.clock.move(days * DAY)
    while reached := [event for event in house.begin.due(house.clock.now()) if isinstance(event, RetentionTermReached)]:
        for event in reached:
            await house.usecases.retention.end_of_term(event)
    for removed in house.begin.events(DocumentRemoved):
        if str(removed.event_id) not in house.begin.handled:
            await house.usecases.retention.remove_objects(removed)


async def upload(house: House, document_type: DocumentType, content: bytes = CONTENT) -> Document:
    return await house.usecases.uploads.add(document_type, announced(len(content)), chunks(content), owner_id=OWNER)


def saved(house: House, *document_ids: UUID, version: int = 1) -> DraftSaved:
    return DraftSaved(occurred_at=house.clock.now(), version=version, application_id=uuid4(), applicant_id=OWNER, document_ids=document_ids)


class TestTheEnd:
    async def test_an_unused_document_is_announced_and_then_gone_with_its_bytes(self, house: House) -> None:
        document = await house.accepted()
        await pass_time(house, 75)
        assert house.begin.events(DocumentRemovalPlanned) == []
        await pass_time(house, 1)
        [told] = house.begin.events(DocumentRemovalPlanned)
        assert (told.document_id, told.remove_at) == (document.id, NOW + 90 * DAY)
        await pass_time(house, 13)
        assert document.id in house.documents.stored
        await pass_time(house, 1)
        assert house.cases.stored == {}
        [removed] = house.begin.events(DocumentRemoved)
        assert (removed.document_id, removed.owner_id, removed.version) == (document.id, OWNER, document.version + 1)
        assert (house.documents.stored, house.files.stored) == ({}, {})
        assert len(house.begin.events(DocumentRemovalPlanned)) == 1
        await house.worker.checks.check(house.begin.events(DocumentReceived)[0].model_copy(update={"event_id": uuid4()}))

    async def test_whoever_works_on_a_draft_again_keeps_its_documents(self, house: House) -> None:
        document = await house.accepted()
        for days in (76, 4):
            await pass_time(house, days)
        await house.usecases.holds.note_draft(saved(house, document.id))
        await pass_time(house, 75)
        assert document.id in house.documents.stored
        await pass_time(house, 1)
        assert [told.remove_at - NOW for told in house.begin.events(DocumentRemovalPlanned)] == [90 * DAY, 170 * DAY]

    async def test_another_file_begins_the_term_anew(self, house: House) -> None:
        document = await house.accepted()
        await pass_time(house, 50)
        await house.replace(document)
        await pass_time(house, 75)
        assert house.begin.events(DocumentRemovalPlanned) == []
        for days in (1, 14):
            await pass_time(house, days)
        assert house.documents.stored == {}

    async def test_a_document_handed_in_outlives_its_term(self, house: House) -> None:
        document = await house.accepted()
        await house.usecases.holds.lock(house.submitted(document.id))
        await pass_time(house, 900)
        assert document.id in house.documents.stored
        assert house.begin.scheduled == {}

    async def test_scans_of_the_person_have_no_term(self, house: House) -> None:
        await upload(house, DocumentType.PASSPORT)
        assert [key for key in house.begin.scheduled if key.startswith("retention:")] == []

    async def test_bytes_that_another_document_has_too_stay(self, house: House) -> None:
        first = await house.accepted()
        await pass_time(house, 50)
        second = await upload(house, DocumentType.LICENCE)
        assert second.file().object_key == first.file().object_key
        house.files.stored[f"{first.file().object_key}.pdf"] = b"made from it"
        stray = object_key_of(OWNER, first.id, uuid4())
        house.files.stored[stray] = b"an upload that ended unseen"
        await pass_time(house, 26)
        await pass_time(house, 14)
        assert list(house.documents.stored) == [second.id]
        assert stray not in house.files.stored
        assert {first.file().object_key, f"{first.file().object_key}.pdf"} <= set(house.files.stored)

    async def test_a_removal_cut_off_before_the_bytes_is_finished_by_its_event(self, house: House) -> None:
        document = await house.accepted()
        for days in (76, 14):
            house.clock.move(days * DAY)
            [reached] = house.begin.due(house.clock.now())
            assert isinstance(reached, RetentionTermReached)
            await house.usecases.retention.end_of_term(reached)
        assert list(house.files.stored) == [document.file().object_key]
        await pass_time(house, 0)
        assert house.files.stored == {}

    async def test_the_term_of_a_document_that_is_gone_does_nothing(self, house: House) -> None:
        await house.accepted()
        house.documents.stored.clear()
        await pass_time(house, 90)
        assert house.begin.events(DocumentRemovalPlanned) == []
