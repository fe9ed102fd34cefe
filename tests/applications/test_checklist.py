"""The checklist: rows by kind, answers one by one, approval when the required ones are in order, the protocol shows them after it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.applications.domain import checklist, disclosure, erasure
from services.applications.domain.application import Application, ChecklistAnswer, Request
from services.applications.domain.errors.review import ChecklistIncomplete, NotClaimed, UnknownChecklistItem
from services.applications.domain.proposals import propose
from services.applications.domain.review import claim, release
from services.applications.domain.rules import ChecklistItem, Kind
from services.applications.domain.states import State
from tests.applications import people
from tests.applications.conftest import Applicant, Hands
from tests.applications.planting import FORM, waiting
from tests.applications.test_domain import TERMS, staff
from tests.applications.test_proposals import FACTS, changed

AT = people.NOW
REVIEWER = staff()
ITEMS = tuple(
    ChecklistItem(
        source="",
        valid_from=AT.date(),
        code=code,
        title=code.title(),
        kinds=tuple(Kind),
        is_required=is_required,
        may_be_inapplicable=may_be_inapplicable,
    )
    for code, is_required, may_be_inapplicable in (("identity", True, False), ("education", True, True), ("corrections", False, True))
)
ASKED = Request("reviewer", REVIEWER.id, (), AT, AT, 3, FORM, ())
HELD = claim(waiting(AT + timedelta(days=5)), REVIEWER, at=AT, terms=TERMS)


def answered(*answers: ChecklistAnswer) -> Any:
    return checklist.answer(HELD, REVIEWER.id, answers, ITEMS, at=AT + timedelta(days=1), terms=TERMS)


def yes(*codes: str) -> tuple[ChecklistAnswer, ...]:
    return tuple(ChecklistAnswer(code, "yes") for code in codes)


def test_later_answers_replace_earlier_ones_and_the_claim_begins_anew() -> None:
    once = answered(*yes("identity"))
    again = checklist.answer(once, REVIEWER.id, yes("education"), ITEMS, at=AT + timedelta(days=1), terms=TERMS)
    assert [one.answers for one in again.checklists] == [yes("education")]
    assert (once.version, again.version, again.history) == (HELD.version + 1, HELD.version + 2, HELD.history)
    assert once.claim.due_at == TERMS.claim_due(AT + timedelta(days=1)) > HELD.claim.due_at  # type: ignore[union-attr]


def test_another_reviewer_and_another_round_keep_their_own() -> None:
    other = staff()
    free = release(answered(*yes("identity")), REVIEWER.id, at=AT)
    both = checklist.answer(claim(free, other, at=AT, terms=TERMS), other.id, yes("education"), ITEMS, at=AT, terms=TERMS)
    assert {one.reviewer_id: one.answers for one in both.checklists} == {REVIEWER.id: yes("identity"), other.id: yes("education")}
    assert checklist.given_by(replace(both, round=2), REVIEWER.id) is None


CHANGES: dict[str, Callable[[Application], Application]] = {
    "an answer": lambda one: replace(one, requests=(replace(ASKED, answered_at=AT),)),
    "another profile": lambda one: propose(one, FACTS, changed(surname="Замужняя"), profile_version=2, at=AT),
    "a profile that changes back": lambda one: propose(
        propose(one, FACTS, changed(surname="Замужняя"), profile_version=2, at=AT),
        changed(surname="Замужняя"),
        FACTS,
        profile_version=3,
        at=AT,
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_found_before_a_change_counts_no_more_until_it_is_found_again(change: str) -> None:
    found = answered(*yes("identity", "education", "corrections"))
    other = CHANGES[change](found)
    with pytest.raises(ChecklistIncomplete) as refused:
        checklist.permits_approval(other, REVIEWER.id, ITEMS)
    assert {one.code for one in refused.value.errors} == {"answered-before-change"}
    assert len(refused.value.errors) == 2, "of the required rows"
    again = checklist.answer(other, REVIEWER.id, yes("identity", "education"), ITEMS, at=AT, terms=TERMS)
    checklist.permits_approval(again, REVIEWER.id, ITEMS)
    if change == "another profile":
        second = propose(again, changed(surname="Замужняя"), changed(surname="Девичья"), profile_version=3, at=AT)
        assert checklist.is_outdated(checklist.given_by(second, REVIEWER.id), second)


def test_a_request_without_an_answer_and_new_ways_to_reach_the_applicant_leave_the_answers_as_they_are() -> None:
    found = answered(*yes("identity", "education"))
    noted = propose(replace(found, requests=(ASKED,)), FACTS, changed(phone="+79990001199"), profile_version=2, at=AT)
    assert noted.version > found.version
    checklist.permits_approval(noted, REVIEWER.id, ITEMS)


@pytest.mark.parametrize(
    ("answers", "missing"),
    [
        ((), {"identity": "not-answered", "education": "not-answered"}),
        (yes("identity", "corrections"), {"education": "not-answered"}),
        ((*yes("identity"), ChecklistAnswer("education", "no", "Другая специальность")), {"education": "answered-no"}),
        ((*yes("identity"), ChecklistAnswer("education", "not-applicable", "Диплом иностранный")), {}),
        ((*yes("identity", "education"), ChecklistAnswer("corrections", "no", "Не исправлено")), {}),
    ],
)
def test_approval_needs_every_required_row(answers: tuple[ChecklistAnswer, ...], missing: dict[str, str]) -> None:
    application = answered(*answers)
    if not missing:
        return checklist.permits_approval(application, REVIEWER.id, ITEMS)
    with pytest.raises(ChecklistIncomplete) as refused:
        checklist.permits_approval(application, REVIEWER.id, ITEMS)
    assert {one.pointer.removeprefix("/checklist/"): one.code for one in refused.value.errors} == missing
    return None


@pytest.mark.parametrize(
    ("answers", "codes"),
    [
        (yes("licence"), ["unknown-item"]),
        (yes("identity", "identity"), ["repeated-item"]),
        ((ChecklistAnswer("identity", "no"), ChecklistAnswer("education", "not-applicable")), ["comment-missing", "comment-missing"]),
        ((ChecklistAnswer("identity", "not-applicable", "Паспорта нет"), *yes("education")), ["always-applicable"]),
    ],
)
def test_wrong_answers_are_named_row_by_row(answers: tuple[ChecklistAnswer, ...], codes: list[str]) -> None:
    with pytest.raises(UnknownChecklistItem) as refused:
        answered(*answers)
    assert [one.code for one in refused.value.errors] == codes


def test_a_row_that_concerns_everybody_permits_no_approval_though_it_was_once_answered_so() -> None:
    found = answered(*yes("education"), ChecklistAnswer("identity", "no", "Нет паспорта"))
    [given] = found.checklists
    lax = replace(given, answers=(*yes("education"), ChecklistAnswer("identity", "not-applicable", "Нет паспорта")))
    with pytest.raises(ChecklistIncomplete) as refused:
        checklist.permits_approval(replace(found, checklists=(lax,)), REVIEWER.id, ITEMS)
    assert [(one.pointer, one.code) for one in refused.value.errors] == [("/checklist/identity", "always-applicable")]


def test_only_the_holder_answers() -> None:
    with pytest.raises(NotClaimed):
        checklist.answer(HELD, staff().id, yes("identity"), ITEMS, at=AT, terms=TERMS)


def test_it_is_disclosed_with_the_decision_and_keeps_no_words_of_who_was_erased() -> None:
    application = answered(ChecklistAnswer("identity", "no", "Фамилия другая"))
    assert disclosure.disclosed(application).checklists == ()
    decided = replace(application, state=State.REJECTED)
    assert disclosure.disclosed(decided).checklists == application.checklists
    [kept] = erasure.anonymised(decided, at=AT).checklists
    assert kept.answers == (ChecklistAnswer("identity", "no"),)


async def test_an_approval_waits_for_the_checklist_and_the_protocol_shows_it_after_the_decision(
    applicant: Applicant, reviewers: list[Hands], registrar: Hands
) -> None:
    application_id, reviewer = (await applicant.under_review())["id"], reviewers[0]
    path, opinion = f"/reviews/{application_id}", {"decision": "approve", "comment": ""}
    await reviewer.ok("PUT", f"{path}/claim")
    rows = (await reviewer.ok("GET", path))["checklist"]["rows"]
    required = {row["code"] for row in rows if row["is_required"]}
    assert required == {"identity", "education", "licence"}  # of the primary kind
    refused = await reviewer.judge("POST", f"{path}/recommendation", opinion)
    assert (refused.status_code, refused.json()["code"]) == (409, "checklist-incomplete")
    assert {one["pointer"] for one in refused.json()["errors"]} == {f"/checklist/{code}" for code in required}
    wrong = await reviewer.judge("PUT", f"{path}/checklist", {"answers": [{"code": "experience", "result": "yes"}]})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown-checklist-item")
    assert (await reviewers[1].judge("PUT", f"{path}/checklist", {"answers": []})).status_code == 404

    await reviewer.examine(application_id)
    await reviewer.judged("POST", f"{path}/recommendation", opinion)
    protocol = f"/applications/{application_id}/protocol"
    assert (await applicant.ok("GET", protocol))["comments"] == []
    [seen] = (await registrar.ok("GET", f"/registry/{application_id}"))["opinions"]
    assert {row["code"]: row["result"] for row in seen["audit"]["rows"]} == {row["code"]: "yes" for row in rows}
    await registrar.judged("POST", f"/registry/{application_id}/decision", {"decision": "approve", "comment": ""})
    [shown] = (await applicant.ok("GET", protocol))["comments"]
    assert shown["audit"]["rows"] == seen["audit"]["rows"]
    assert shown["audit"]["rows"][0]["title"] == "Личные данные совпадают с документами"
    stored = await applicant.service.database["applications"].find_one({"_id": UUID(application_id)})
    assert stored is not None
    assert "checklists" not in stored, "what reviewers wrote is encrypted with the rest"
