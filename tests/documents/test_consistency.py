"""What was read of a file is compared with the profile whenever there is one: at the check, and later without the file."""

from dataclasses import replace
from uuid import UUID

import pytest

from contracts.documents import CheckRequested, DocumentAccepted, DocumentRejected, DocumentType
from contracts.identity import PersonErased, ProfileFacts, ProfileVerified
from services.documents.domain.checks import Outcome, Step, StepResult
from services.documents.domain.documents import Document, State
from services.documents.domain.reading import Page, Reading, Source, Word
from services.documents.gateways.failures import LookCut
from services.documents.gateways.inspector import Room
from tests.documents.house import OWNER, House
from tests.documents.test_profiles import NOW, changed, facts


def read(*lines: str) -> Reading:
    words = (Word(word, number) for number, line in enumerate(lines) for word in line.split())
    return Reading(Source.TEXT_LAYER, (Page(tuple(words)),))


OWN = read("Вымышленникова Алёна Тестовна", "ДИПЛОМ № ВСГ 1234567")
SOMEBODY_ELSES = read("Новофамильная Мария Петровна", "ДИПЛОМ № ВСГ 1234567")


def verified(version: int = 1, **changes: object) -> ProfileVerified:
    told = ProfileFacts.model_validate(facts().model_dump() | changes)
    return ProfileVerified(occurred_at=NOW, version=version, practitioner_id=OWNER, facts=told)


async def uploaded(house: House, reading: Reading) -> Document:
    house.inspector.readings.append(reading)
    return await house.accepted()


async def follow(house: House) -> list[CheckRequested]:
    """Make the checks that were asked for since the last time."""
    asked, house.begin.published[:] = house.begin.events(CheckRequested), []
    for one in asked:
        await house.worker.checks.check(one)
    return asked


def consistency_of(house: House) -> Outcome:
    (case,) = house.cases.stored.values()
    return case.results[Step.CONSISTENCY].outcome


async def test_a_document_that_says_what_the_profile_says_is_accepted(house: House) -> None:
    await house.usecases.profiles.confirm(verified())
    document = await uploaded(house, OWN)
    assert (document.file().state, document.file().warnings) == (State.ACCEPTED, ())
    assert consistency_of(house) is Outcome.PASSED


async def test_a_document_about_somebody_else_is_refused_by_the_field(house: House) -> None:
    await house.usecases.profiles.confirm(verified())
    await uploaded(house, SOMEBODY_ELSES)
    assert [told.codes for told in house.begin.events(DocumentRejected)] == [("name-differs",)]
    assert consistency_of(house) is Outcome.FAILED


async def test_a_file_waits_for_the_profile_accepted_and_is_judged_then_without_being_read_again(house: House) -> None:
    document = await uploaded(house, SOMEBODY_ELSES)
    assert [finding.code.value for finding in document.file().warnings] == ["profile-not-verified"]
    assert (document.file().state, consistency_of(house)) == (State.ACCEPTED, Outcome.WAITING)
    house.begin.published.clear()
    await house.usecases.profiles.confirm(verified())
    (asked,) = await follow(house)
    assert (asked.document_id, asked.file_version, asked.steps, asked.reason) == (document.id, 1, ("consistency",), "profile")
    assert [told.codes for told in house.begin.events(DocumentRejected)] == [("name-differs",)]
    assert (len(house.files.read_keys), len(house.scanner.seen)) == (1, 1)


async def test_one_who_was_right_all_along_is_not_told_twice(house: House) -> None:
    await uploaded(house, OWN)
    await house.usecases.profiles.confirm(verified())
    await follow(house)
    (told,) = house.begin.events(DocumentAccepted)
    assert (told.was_accepted, told.warnings) == (True, ())


async def test_a_profile_that_changed_has_its_documents_compared_anew_and_a_correction_too(house: House) -> None:
    await house.usecases.profiles.confirm(verified())
    document = await uploaded(house, OWN)
    house.begin.published.clear()
    await house.usecases.profiles.change(changed(OWNER, 2))
    assert await follow(house) == []
    await house.usecases.profiles.confirm(verified(3, surname="Новофамильная", given_name="Мария"))
    await follow(house)
    assert house.documents.stored[document.id].state is State.REJECTED
    await house.usecases.profiles.confirm(verified(4))
    await follow(house)
    assert house.documents.stored[document.id].state is State.ACCEPTED
    assert [told.was_accepted for told in house.begin.events(DocumentAccepted)] == [False]
    assert len(house.files.read_keys) == 1


async def test_what_an_application_holds_keeps_its_verdict_and_its_reviewer_is_told(house: House) -> None:
    await house.usecases.profiles.confirm(verified())
    document = await uploaded(house, OWN)
    await house.usecases.holds.lock(house.submitted(document.id))
    house.begin.published.clear()
    await house.usecases.profiles.confirm(verified(2, diploma_number="ВСГ 7654321"))
    await follow(house)
    file = house.documents.stored[document.id].file()
    assert (file.state, [finding.code.value for finding in file.warnings]) == (State.ACCEPTED, ["diploma-number-differs"])


async def test_older_news_asks_for_nothing_and_repeated_news_asks_once(house: House) -> None:
    await uploaded(house, OWN)
    house.begin.published.clear()
    await house.usecases.profiles.confirm(verified(2))
    assert len(await follow(house)) == 1
    await house.usecases.profiles.confirm(verified(1))
    assert await follow(house) == []


async def test_a_file_refused_for_something_else_is_left_alone(house: House) -> None:
    document = await house.accepted()
    refused = house.documents.stored[document.id].decide(1, (Step.OPENS.in_vain,), at=NOW)
    house.documents.stored[document.id] = refused
    house.begin.published.clear()
    await house.usecases.profiles.confirm(verified())
    assert house.begin.events(CheckRequested) == []


async def test_a_file_over_which_reading_never_ends_is_for_the_reviewer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(*_: object) -> None:
        raise LookCut("долго", retry_after_seconds=1)

    monkeypatch.setattr(type(house.inspector), "read", endless)
    document = await house.upload()
    for _ in range(2):
        with pytest.raises(LookCut):
            await house.check()
    await house.check()
    file = house.documents.stored[document.id].file()
    assert (file.state, [finding.code.value for finding in file.warnings]) == (State.ACCEPTED, ["text-unreadable"])


async def test_a_file_that_is_read_again_is_compared_again(house: House) -> None:
    await house.usecases.profiles.confirm(verified())
    document = await uploaded(house, OWN)
    house.inspector.readings.append(SOMEBODY_ELSES)
    await house.worker.rechecks.ask(document.id, None, {Step.TEXT})
    await follow(house)
    assert house.documents.stored[document.id].state is State.REJECTED


async def test_what_was_read_goes_with_its_owner(house: House) -> None:
    await uploaded(house, OWN)
    assert list(house.readings.stored.values()) == [OWN]
    await house.usecases.removals.remove_erased(PersonErased(occurred_at=NOW, person_id=OWNER))
    assert house.readings.stored == {}


class TestOutdated:
    async def outdated(self, house: House) -> UUID:
        """A document that was judged by the rules before the present ones."""
        await house.usecases.profiles.confirm(verified())
        document = await uploaded(house, OWN)
        case = house.cases.stored[document.file().upload_id]
        known: dict[Step, StepResult] = {step: result for step, result in case.results.items() if step not in {Step.TEXT, Step.CONSISTENCY}}
        house.cases.stored[case.upload_id] = replace(case, results=known, rules_version=0)
        house.begin.published.clear()
        return document.id

    async def asked(self, house: House, limit: int = 10) -> int:
        parts = [part async for part in house.worker.rechecks.ask_outdated(limit=limit)]
        return parts[-1].asked if parts else 0

    async def test_files_judged_by_older_rules_are_judged_by_the_present_ones_once(self, house: House) -> None:
        document_id = await self.outdated(house)
        assert (await house.worker.rechecks.outdated(), await self.asked(house)) == (1, 1)
        house.inspector.readings.append(SOMEBODY_ELSES)
        (asked,) = await follow(house)
        assert (asked.steps, asked.reason) == (("text", "consistency"), "rules")
        assert house.documents.stored[document_id].state is State.REJECTED
        assert (len(house.scanner.seen), await house.worker.rechecks.outdated(), await self.asked(house)) == (1, 0, 0)

    async def test_what_cannot_come_to_anything_else_is_not_asked_for(self, house: House) -> None:
        document_id = await self.outdated(house)
        await house.replace(house.documents.stored[document_id])
        assert await self.asked(house) == 0

    async def test_no_more_are_asked_for_than_wanted(self, house: House) -> None:
        for _ in range(2):
            await self.outdated(house)
            for upload_id, case in house.cases.stored.items():
                house.cases.stored[upload_id] = replace(case, rules_version=0)
        assert await self.asked(house, limit=1) == 1


async def test_the_room_is_asked_for_text_only_where_it_is_compared(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: object, room: Room) -> None:
        raise AssertionError(room)

    monkeypatch.setattr(type(house.inspector), "read", never)
    supporting = await house.upload(document_type=DocumentType.SUPPORTING)
    await house.check()
    assert house.documents.stored[supporting.id].state is State.ACCEPTED
