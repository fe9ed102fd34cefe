"""AP-11 and AP-16: who must act is reminded, what is missed is escalated, and how it all goes is told in figures."""

from calendar import monthrange
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.applications import DeadlineMissed, DeadlineNear, DeadlineStillMissed, EscalationDue, TermReached
from contracts.roles import Role
from services.notifications.domain import KINDS
from services.notifications.usecases.rules import rules_of
from tests.applications import people
from tests.applications.conftest import Applicant, Hands
from tests.applications.planting import plant, waiting
from tests.support import Component, Signer, eventually

RARE = "31.08.45"


def reached(application: dict[str, Any], moment: str, due_at: datetime) -> TermReached:
    """What the timer of the review tells."""
    application_id = UUID(application["id"])
    return TermReached(occurred_at=people.NOW, application_id=application_id, term="review", moment=moment, due_at=due_at)


def escalation(application: dict[str, Any], due_at: datetime, step: int) -> EscalationDue:
    """What the timer of a missed review tells."""
    return EscalationDue(occurred_at=people.NOW, application_id=UUID(application["id"]), term="review", due_at=due_at, step=step)


async def test_who_must_act_is_reminded_two_days_before_and_what_stays_missed_is_escalated_until_it_is_met(
    service: Component, applicant: Applicant, reviewers: list[Hands]
) -> None:
    application = await applicant.under_review()
    await reviewers[0].ok("PUT", f"/reviews/{application['id']}/claim")
    due_at = datetime.fromisoformat(application["terms"][0]["due_at"])

    async def timers() -> dict[str, datetime]:
        rows = service.database["timers"].find({"_id": {"$regex": f"^term:{application['id']}:review:"}})
        return {row["_id"].rpartition(":")[2]: row["due_at"] async for row in rows}

    assert await timers() == {"reminder": due_at - timedelta(days=2), "due": due_at}
    await service.publish(reached(application, "reminder", due_at - timedelta(days=1)))  # of a term that was moved since
    await service.publish(reached(application, "reminder", due_at))
    near = await applicant.told(DeadlineNear)
    assert (near.responsible, near.responsible_id, near.due_at) == ("reviewer", reviewers[0].id, due_at)

    await service.publish(reached(application, "due", due_at))
    missed = await applicant.told(DeadlineMissed)
    told = {rule.kind for rule in rules_of(missed)}
    assert told == {"deadline-missed", "review-deadline-missed", "deadline-escalated"}
    link = KINDS["deadline-missed"].link.format_map({"number": missed.number})
    assert link == f"/support/tickets/new?application_number={application['number']}"

    async def escalates() -> bool:
        return "escalation" in await timers()

    for step in (2, 3):
        await eventually(escalates)
        await service.publish(escalation(application, due_at, step))
        assert (await applicant.told(DeadlineStillMissed)).step == step
    await reviewers[0].ok("POST", f"/reviews/{application['id']}/requests", {"remarks": [REMARK]})
    assert await timers() == {}, "the clock of the review stands still"
    late = escalation(application, due_at, 4)
    await service.publish(late)
    await eventually(lambda: service.database["inbox"].find_one({"_id": str(late.event_id)}))
    assert [event.step for event in service.tap.all(DeadlineStillMissed) if event.applicant_id == applicant.id] == [2, 3]


REMARK = {"code": "contact-data-wrong", "pointer": "/professional/workplace/address", "comment": "Укажите корпус."}


async def test_queues_and_terms_are_told_to_registrars_and_administrators_without_what_concerns_few(
    service: Component, signer: Signer, registrar: Hands, applicant: Applicant
) -> None:
    now = service.clock.now()
    overdue = [waiting(now - timedelta(days=1), specialty_code=RARE, submitted_at=now - timedelta(hours=2)) for _ in range(5)]
    await plant(service, *overdue, waiting(now + timedelta(days=1), specialty_code=RARE, submitted_at=now - timedelta(hours=9)))
    told = await registrar.ok("GET", f"/figures?specialty={RARE}")
    today = service.app.state.usecases.terms.local_date(now)
    assert (told["last"], told["specialty_code"]) == (today.replace(day=monthrange(today.year, today.month)[1]).isoformat(), RARE)
    (queue,) = told["queues"]
    assert (queue["waiting"]["words"], queue["held"]["words"]) == ("около 5", "0")
    assert queue["median_wait_seconds"]["value"] == pytest.approx(2 * 3600, abs=120)
    assert queue["longest_wait_seconds"]["value"] == pytest.approx(9 * 3600, abs=120)
    (review,) = (term for term in told["terms"] if term["term"] == "review")
    assert (review["missed"]["value"], review["near"]) == (5, {"value": None, "words": "меньше 5"})

    administrator = Hands(service, signer, uuid4(), Role.ADMINISTRATOR)
    assert (await administrator.call("GET", f"/figures/exports?specialty={RARE}")).headers["content-type"].startswith("text/csv")
    assert (await applicant.call("GET", "/figures")).json()["code"] == "role-missing"
