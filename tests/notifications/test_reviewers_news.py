"""What reviewers and registrars hear of applications: who must act is called, who lost one is told, and nobody else."""

from uuid import uuid4

import pytest

from contracts.applications import (
    AppealDecided,
    AppealReleased,
    ApplicationWithdrawn,
    ApprovalRecommended,
    DeadlineMissed,
    DeadlineNear,
    ReviewClaimed,
    ReviewReleased,
)
from contracts.base import Event
from contracts.roles import Role
from tests.notifications.events import NOW, NUMBER, contacts_changed
from tests.notifications.fakes import House

APPLICANT, HOLDER, OTHER, APPLICATION, APPEAL = (uuid4() for _ in range(5))
KNOWN = {"occurred_at": NOW, "application_id": APPLICATION, "applicant_id": APPLICANT, "number": NUMBER}


async def told(event: Event) -> dict[tuple[object, str], str]:
    """Of whom, what kind: which page, in a house in which somebody holds each role."""
    house = House()
    for role in Role:
        await house.usecases.change_contacts(contacts_changed(uuid4(), roles=(role,)))
    await house.usecases.announce(event)
    staff = {HOLDER, OTHER, *(person.id for person in house.recipients.people.values() if person.roles & {Role.REVIEWER, Role.REGISTRAR})}
    return {(one.recipient_id, one.kind): one.link for one in house.notices.stored.values() if one.recipient_id in staff}


@pytest.mark.parametrize(("event", "kinds"), [(DeadlineNear, "near"), (DeadlineMissed, "missed")])
async def test_terms_nobody_in_person_must_meet_are_told_to_those_who_may_and_not_to_a_role(event: type[DeadlineNear], kinds: str) -> None:
    for responsible, page in (("reviewer", "reviews"), ("registrar", "registry")):
        term = {"reviewer": "review", "registrar": "approval"}[responsible]
        known = KNOWN | {"due_at": NOW, "responsible": responsible, "term": term, "responsible_id": None}
        called = {(person, f"{term}-deadline-{kinds}"): f"/{page}/{APPLICATION}" for person in (HOLDER, OTHER)}
        assert await told(event(**known, called_ids=(HOLDER, OTHER))) == called
        assert await told(event(**known)) == {}
    appeal = {"appeal_id": APPEAL, "appeal_number": "MA-2026-00000017-4", "term": "appeal", "called_ids": (OTHER,)}
    near = event(**KNOWN, **appeal, due_at=NOW, responsible="reviewer", responsible_id=None)
    assert await told(near) == {(OTHER, f"appeal-deadline-{kinds}"): f"/reviews/appeals/{APPEAL}"}


async def test_registrars_are_called_as_soon_as_an_application_waits_for_a_decision() -> None:
    event = ApprovalRecommended(**KNOWN, version=7, reviewer_id=HOLDER, document_ids=(), due_at=NOW, registrar_ids=(OTHER,))
    assert await told(event) == {(OTHER, "approval-awaited"): f"/registry/{APPLICATION}"}


async def test_who_held_an_application_hears_that_it_is_theirs_no_more() -> None:
    known = KNOWN | {"version": 7}
    given = ReviewClaimed(**known, reviewer_id=OTHER, document_ids=(), is_assigned=True, former_reviewer_id=HOLDER)
    assert await told(given) == {(OTHER, "review-assigned"): f"/reviews/{APPLICATION}", (HOLDER, "review-reassigned"): "/reviews"}
    assert await told(ReviewReleased(**known, reviewer_id=HOLDER, is_lapsed=True)) == {(HOLDER, "claim-lapsed"): "/reviews"}
    assert await told(ReviewReleased(**known, reviewer_id=HOLDER)) == {}, "who gives it back knows"
    assert await told(ApplicationWithdrawn(**known, reviewer_id=HOLDER)) == {(HOLDER, "review-withdrawn"): "/reviews"}
    assert await told(ApplicationWithdrawn(**known)) == {}


async def test_who_held_an_appeal_hears_that_it_is_theirs_no_more() -> None:
    known = KNOWN | {"version": 9, "appeal_id": APPEAL, "appeal_number": "MA-2026-00000017-4"}
    decided = known | {"outcome": "withdrawn", "document_ids": ()}
    assert await told(AppealReleased(**known, reviewer_id=HOLDER, is_lapsed=True)) == {(HOLDER, "appeal-claim-lapsed"): "/reviews/appeals"}
    assert await told(AppealReleased(**known, reviewer_id=HOLDER)) == {}
    withdrawn = {(HOLDER, "appeal-review-withdrawn"): "/reviews/appeals"}
    assert await told(AppealDecided(**decided, former_reviewer_id=HOLDER)) == withdrawn
    assert await told(AppealDecided(**decided)) == {}
