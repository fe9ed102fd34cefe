"""The checklist: rows by kind, answers one by one, approval when the required ones are in order, the protocol shows them after it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.applications.domain import checklist, disclosure, erasure
from services.applications.domain.application import ChecklistAnswer
from services.applications.domain.errors.review import ChecklistIncomplete, NotClaimed, UnknownChecklistItem
from services.applications.domain.review import claim, release
from services.applications.domain.rules import ChecklistItem, Kind
from services.applications.domain.states import State
from tests.applications import people
from tests.applications.conftest import Applicant, Hands
from tests.applications.planting import waiting
from tests.applications.test_domain import TERMS, staff

AT = people.NOW
REVIEWER = staff()
ITEMS = tuple(
    ChecklistItem(source="", valid_from=AT.date(), code=code, title=code.title(), kinds=tuple(Kind), is_required=is_required)
    for code, is_required in (("identity", True), ("education", True), ("corrections", False))
)
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
    assert checklist.answers_of(both, REVIEWER.id, 2) == ()


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
    ],
)
def test_wrong_answers_are_named_row_by_row(answers: tuple[ChecklistAnswer, ...], codes: list[str]) -> None:
    with pytest.raises(UnknownChecklistItem) as refused:
        answered(*answers)
    assert [one.code for one in refused.value.errors] == codes


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
