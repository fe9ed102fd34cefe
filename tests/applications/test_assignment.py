"""What nobody takes is given to the least loaded who may judge it; a registrar gives it to another; nobody gets what is not theirs."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.applications import AssignmentDue, ReviewClaimed
from contracts.roles import Role
from services.applications.domain import assignment, drafting, review
from services.applications.domain.application import SYSTEM, Application, Recommendation
from services.applications.domain.assignment import Load
from services.applications.domain.errors.review import AlreadyRecommended, ConflictOfInterest, NotAReviewer
from services.applications.domain.facts import StaffMember
from services.applications.domain.states import Move
from services.applications.usecases import telling
from tests.applications import people
from tests.applications.conftest import Hands, known_reviewers
from tests.applications.planting import plant, waiting
from tests.applications.test_domain import RULES, TERMS
from tests.support import Component, Signer, eventually

AT = people.NOW
LONG_AGO = datetime(1970, 1, 5, tzinfo=UTC)
"""Before whatever other tests leave in the same list."""


def reviewer(*, specialty: str = people.CARDIOLOGY, role: Role = Role.REVIEWER, ogrn: str | None = None) -> StaffMember:
    return StaffMember(uuid4(), 1, frozenset({role}), frozenset({specialty}), ogrn)


def queued(**changed: Any) -> Application:
    return waiting(AT + timedelta(days=5), **changed)


def test_whoever_may_not_judge_it_or_let_it_lie_is_not_given_it() -> None:
    good, spoke, lay, gave_back = (reviewer() for _ in range(4))
    application = queued(recommendations=(Recommendation(spoke.id, "reject", (), "", AT),))
    held = review.claim(application, lay, at=AT, terms=TERMS)
    back = review.release(review.claim(review.lapse(held, at=AT), gave_back, at=AT, terms=TERMS), gave_back.id, at=AT)
    others = [reviewer(specialty="31.08.49"), reviewer(role=Role.REGISTRAR), reviewer(ogrn=people.ogrn())]
    assert back.left_by == (lay.id, gave_back.id)
    assert assignment.eligible(back, [spoke, lay, gave_back, good, *others]) == [good]
    assert assignment.eligible(held, [lay, good]) == [good], "not to who holds it"
    assert assignment.eligible(back, [spoke, lay, gave_back, *others]) == [lay], "there is nobody else"
    assert assignment.eligible(back, [spoke, gave_back, *others]) == [], "who gave it back had a reason"
    assert assignment.candidates(back, [spoke, lay, gave_back, good, *others]) == [lay, gave_back, good], "a registrar may name them"
    loads = [Load(one, count, None, assignment.left_how(back, one)) for one, count in ((gave_back, 0), (lay, 1), (good, 9))]
    assert [one.member for one in sorted(loads)] == [good, lay, gave_back]


def test_only_those_are_called_who_may_take_the_next_step() -> None:
    good, other, colleague = reviewer(), reviewer(specialty="31.08.49"), reviewer(ogrn=people.ogrn())
    registrar, close = reviewer(role=Role.REGISTRAR), reviewer(role=Role.REGISTRAR, ogrn=people.ogrn())
    both = replace(reviewer(), roles=frozenset({Role.REVIEWER, Role.REGISTRAR}))
    staff, application = [good, other, colleague, registrar, close, both], queued()
    assert assignment.called(application, staff) == tuple(sorted((good.id, both.id)))
    held = review.claim(application, both, at=AT, terms=TERMS)
    spoken = review.recommend(held, both.id, "approve", (), "", at=AT, terms=TERMS)
    assert assignment.called(spoken, staff) == (registrar.id,), "not who spoke"
    assert assignment.called(drafting.withdraw(held, "", at=AT), staff) == ()


def test_what_is_taken_from_its_holder_is_told_with_who_that_was() -> None:
    first, second = reviewer(), reviewer()
    held = review.claim(queued(), first, at=AT, terms=TERMS)
    given = assignment.assign(held, second, by=SYSTEM, at=AT, terms=TERMS)
    withdrawn, lapsed = drafting.withdraw(held, "", at=AT), review.lapse(held, at=AT)
    assert telling.news(given, RULES, read=held).model_dump()["former_reviewer_id"] == first.id
    assert telling.news(withdrawn, RULES, read=held).model_dump()["reviewer_id"] == first.id
    assert telling.news(drafting.withdraw(lapsed, "", at=AT), RULES, read=lapsed).model_dump()["reviewer_id"] is None
    freed = (lapsed, review.leave(held, at=AT), review.release(held, first.id, at=AT))
    told = [telling.news(one, RULES, read=held).model_dump() for one in freed]
    assert [(one["reviewer_id"], one["is_lapsed"]) for one in told] == [(first.id, True), (first.id, False), (first.id, False)]


def test_the_least_loaded_comes_first_then_whoever_waited_longest() -> None:
    busy, fresh, early, late = (reviewer() for _ in range(4))
    loads = [Load(busy, 3, None), Load(late, 1, AT), Load(early, 1, AT - timedelta(days=1)), Load(fresh, 1, None)]
    assert [one.member for one in sorted(loads)] == [fresh, early, late, busy]


def test_assigning_takes_it_from_its_holder_and_is_a_move_of_the_table() -> None:
    first, second = reviewer(), reviewer()
    held = review.claim(queued(), first, at=AT, terms=TERMS)
    moved = assignment.assign(held, second, by=SYSTEM, at=AT, terms=TERMS)
    assert moved.claim is not None
    assert (moved.claim.reviewer_id, moved.claim.due_at, moved.history[-1].move) == (second.id, TERMS.claim_due(AT), Move.ASSIGN)
    assert assignment.assign(moved, second, by=SYSTEM, at=AT, terms=TERMS) is moved
    spoken = review.recommend(moved, second.id, "approve", (), "", at=AT, terms=TERMS)
    for application, member, error in (
        (held, reviewer(specialty="31.08.49"), NotAReviewer),
        (held, reviewer(role=Role.REGISTRAR), NotAReviewer),
        (held, reviewer(ogrn=people.ogrn()), ConflictOfInterest),
        (held, replace(second, id=held.applicant_id), ConflictOfInterest),
        (spoken, first, AlreadyRecommended),
    ):
        with pytest.raises(error):
            assignment.assign(application, member, by=SYSTEM, at=AT, terms=TERMS)


@pytest.mark.parametrize(
    ("begun", "given"),
    [
        ("2026-04-14T09:00", "2026-04-14T13:00"),
        ("2026-04-16T20:30", "2026-04-17T00:30"),
        ("2026-04-17T18:00", "2026-04-19T22:00"),  # a Friday that ends in Moscow at 21:00 UTC; Monday begins on Sunday, 21:00
        ("2026-04-17T20:00", "2026-04-20T00:00"),
        ("2026-04-18T12:00", "2026-04-20T01:00"),  # a Saturday
    ],
)
def test_only_hours_of_working_days_count(begun: str, given: str) -> None:
    at, expected = (datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (begun, given))
    assert TERMS.assignment_at(at) == expected


@pytest.fixture
async def specialists(service: Component, signer: Signer) -> AsyncIterator[list[Hands]]:
    """Three reviewers of a specialty that only these tests know."""
    yield await known_reviewers(service, signer, 3, SPECIALTY)
    await service.database["staff_members"].update_many({"specialty_codes": SPECIALTY}, {"$set": {"specialty_codes": []}})


SPECIALTY = "31.08.67"


async def holders(service: Component, planted: list[Application]) -> dict[UUID, UUID | None]:
    rows = service.database["applications"].find({"_id": {"$in": [one.id for one in planted]}}, {"claimed_by": 1})
    return {row["_id"]: row["claimed_by"] async for row in rows}


async def test_nine_that_fall_due_at_once_are_spread_evenly_over_three(service: Component, specialists: list[Hands]) -> None:
    planted = [queued(specialty_code=SPECIALTY) for _ in range(9)]
    await plant(service, *planted)
    await asyncio.gather(*(service.publish(due(one)) for one in planted))

    async def all_given() -> Counter[UUID | None]:
        held = Counter((await holders(service, planted)).values())
        assert None not in held
        return held

    assert await eventually(all_given, timeout=20) == {one.id: 3 for one in specialists}

    async def all_told() -> list[ReviewClaimed]:  # an event leaves after the change it tells of
        told = [event for event in service.tap.all(ReviewClaimed) if event.application_id in {one.id for one in planted}]
        assert len(told) >= len(planted)
        return told

    told = await eventually(all_told)
    assert {event.is_assigned for event in told} == {True}
    assert len(told) == len(planted)


def due(application: Application) -> AssignmentDue:
    return AssignmentDue(occurred_at=AT, application_id=application.id)


async def test_a_registrar_reassigns_and_the_former_holder_can_do_nothing_more(
    service: Component, registrar: Hands, specialists: list[Hands]
) -> None:
    [application] = planted = [queued(specialty_code=SPECIALTY, review_due_at=LONG_AGO)]
    await plant(service, application)
    first, second, third = specialists
    path = f"/reviews/{application.id}"
    await first.ok("PUT", f"{path}/claim")
    row = (await registrar.ok("GET", "/registry/reviews?limit=1"))["items"][0]
    assert (row["application_id"], row["reviewer_id"]) == (str(application.id), str(first.id)), "the most overdue of all"
    candidates = (await registrar.ok("GET", f"/registry/reviews/{application.id}/candidates"))["items"]
    assert {one["reviewer_id"] for one in candidates} == {str(second.id), str(third.id)}, "who holds it is no candidate"
    await registrar.ok("PUT", f"{path}/assignment", {"reviewer_id": str(second.id)})
    claimed = await service.tap.next(ReviewClaimed, where=lambda one: one.application_id == application.id and one.is_assigned)
    assert (claimed.reviewer_id, claimed.former_reviewer_id) == (second.id, first.id)
    for method, place, body in (("GET", path, None), ("PUT", f"{path}/checklist", {"answers": []}), ("DELETE", f"{path}/claim", None)):
        assert (await first.judge(method, place, body)).status_code == 404, (method, place)
    await second.ok("GET", path)
    await second.ok("DELETE", f"{path}/claim")
    await registrar.ok("PUT", f"{path}/assignment", {"reviewer_id": None})
    given = (await holders(service, planted))[application.id]
    assert given in {first.id, third.id}, "not to who gave it back"
    for one in sorted((first, third), key=lambda one: one.id != given):
        if one.id != given:
            await one.ok("PUT", f"{path}/claim")
        await one.ok("DELETE", f"{path}/claim")
    refused = await registrar.call("PUT", f"{path}/assignment", {"reviewer_id": None})
    assert (refused.status_code, refused.json()["code"]) == (409, "no-reviewer"), "everybody gave it back"
    candidates = (await registrar.ok("GET", f"/registry/reviews/{application.id}/candidates"))["items"]
    assert {one["reviewer_id"]: one["left"] for one in candidates} == {str(one.id): "gave-back" for one in specialists}
    await registrar.ok("PUT", f"{path}/assignment", {"reviewer_id": candidates[0]["reviewer_id"]})
    for wrong, status, code in ((uuid4(), 422, "not-a-reviewer"), (registrar.id, 422, "not-a-reviewer")):
        refused = await registrar.call("PUT", f"{path}/assignment", {"reviewer_id": str(wrong)})
        assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_the_timer_of_the_queue_runs_while_it_waits_and_starts_again_when_nobody_may(
    service: Component, signer: Signer, specialists: list[Hands]
) -> None:
    application = queued(specialty_code="31.08.42")  # nobody's
    await plant(service, application)
    timer = {"_id": f"assign:{application.id}"}
    await service.publish(due(application))
    await eventually(lambda: service.database["timers"].find_one(timer))
    [neurologist] = await known_reviewers(service, signer, 1, "31.08.42")
    await neurologist.ok("PUT", f"/reviews/{application.id}/claim")
    assert await service.database["timers"].find_one(timer) is None, "claimed: nothing to give"
    await neurologist.ok("DELETE", f"/reviews/{application.id}/claim")
    assert await service.database["timers"].find_one(timer) is not None
