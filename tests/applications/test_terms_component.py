"""Terms as time passes, on real timers and the sandbox clock. The clock is everybody's, so this service is one of its own."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from contracts.applications import CertificateExpiring, CertificateIssued, DeadlineMissed, DeadlineNear, DeadlineStillMissed, ReviewReleased
from contracts.roles import Role
from services.applications.main import create_app
from services.applications.settings import Settings
from tests.applications import people
from tests.applications.conftest import Applicant, Hands, known_registrar
from tests.support import Component, Infra, Signer, component, eventually, service_environment


@pytest.fixture
async def service(infra: Infra) -> AsyncIterator[Component]:
    async with service_environment(infra, "applications") as env, component(create_app, Settings, env) as running:
        yield running


def move_to(service: Component, moment: datetime) -> None:
    service.clock.move(moment - service.clock.now() + timedelta(minutes=1))


async def test_reminders_missed_terms_lapsed_claims_and_expiry_come_in_time(service: Component, signer: Signer) -> None:
    applicant = await Applicant(service, signer, uuid4(), Role.PRACTITIONER).become_known()
    reviewer = Hands(service, signer, uuid4(), Role.REVIEWER)
    other, colleague = uuid4(), uuid4()
    await service.publish(people.reviewer(other, "31.08.49"))
    await service.publish(people.reviewer(colleague, workplace_ogrn=people.ogrn()))
    await service.publish(people.reviewer(reviewer.id))
    await eventually(lambda: service.database["staff_members"].find_one({"_id": reviewer.id}))
    application = await applicant.under_review()
    await reviewer.ok("PUT", f"/reviews/{application['id']}/claim")

    due_at = datetime.fromisoformat(application["terms"][0]["due_at"])
    move_to(service, due_at - timedelta(days=2))
    released = await applicant.told(ReviewReleased)
    assert (released.reviewer_id, released.is_lapsed) == (reviewer.id, True)
    near = await applicant.told(DeadlineNear)
    assert (near.term, near.responsible) == ("review", "reviewer")
    move_to(service, due_at)
    missed = await applicant.told(DeadlineMissed)
    assert (missed.term, missed.due_at, near.due_at) == ("review", due_at, due_at)
    assert (missed.responsible_id, missed.called_ids) == (None, (reviewer.id,)), "neither another specialty nor a colleague"
    assert (await applicant.get(application["id"]))["is_overdue"]
    for step in (2, 3):
        service.clock.move(timedelta(days=5))
        still = await applicant.told(DeadlineStillMissed)
        assert (still.term, still.due_at, still.step) == ("review", due_at, step)
        assert still.responsible_id in {None, reviewer.id}, "who let it lie may have been given it again: there is nobody else"

    await reviewer.ok("PUT", f"/reviews/{application['id']}/claim")
    await reviewer.examine(application["id"])
    await reviewer.judged("POST", f"/reviews/{application['id']}/recommendation", {"decision": "approve", "comment": ""})
    registrar = await known_registrar(service, signer)
    await registrar.judged("POST", f"/registry/{application['id']}/decision", {"decision": "approve", "comment": ""})
    await applicant.told(CertificateIssued)
    service.clock.move(timedelta(days=30))
    assert [event.term for event in service.tap.all(DeadlineMissed)] == ["review"]  # terms that were met stay silent
    assert len(service.tap.all(DeadlineStillMissed)) == 2
    service.clock.move(timedelta(days=5 * 366))
    days = [(await service.tap.next(CertificateExpiring)).days_left for _ in range(4)]
    assert sorted(days) == [0, 7, 30, 90]
