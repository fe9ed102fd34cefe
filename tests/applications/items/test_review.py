"""AP-9 and AP-10 on real servers: the reviewers' desk, the registrar's, and both clocks over New Year and May of two years."""

import tomllib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from contracts.applications import ApprovalRecommended, CertificateIssued, DeadlineMissed, InformationProvided, ReviewClaimed
from contracts.roles import Role
from services.applications.main import create_app
from services.applications.settings import Settings
from tests.applications import people
from tests.applications.conftest import Applicant, Hands, known_registrar, known_reviewers
from tests.support import Component, Infra, Signer, component, eventually, service_environment

MOSCOW = ZoneInfo("Europe/Moscow")
ROWS = tomllib.loads((Path(__file__).parent / "calendar.toml").read_text(encoding="utf-8"))["row"]
REMARK = {"code": "contact-data-wrong", "pointer": "/professional/workplace/address", "comment": "Укажите корпус"}
APPROVE = {"decision": "approve", "comment": "Всё верно"}


async def test_ap_9_a_reviewer_takes_examines_asks_and_gets_the_answer_back_with_what_changed(
    service: Component, signer: Signer, applicant: Applicant, reviewers: list[Hands], registrar: Hands
) -> None:
    application_id = (await applicant.under_review())["id"]
    path, [first, second] = f"/reviews/{application_id}", reviewers
    await _is_hidden_from_a_colleague(service, signer, application_id)
    await first.ok("PUT", f"{path}/claim")
    assert (await second.call("PUT", f"{path}/claim")).json()["code"] == "already-claimed"
    await registrar.ok("PUT", f"{path}/assignment", {"reviewer_id": str(second.id)})
    told = await service.tap.next(ReviewClaimed, where=lambda one: one.application_id == UUID(application_id) and one.is_assigned)
    assert told.reviewer_id == second.id
    assert (await first.call("GET", path)).status_code == 404

    before = datetime.fromisoformat((await applicant.get(application_id))["terms"][0]["due_at"])
    await second.ok("POST", f"{path}/requests", {"remarks": [REMARK]})
    locked = {"comment": "", "changes": {"personal": {"surname": "Другая"}}}
    assert (await applicant.call("POST", f"/applications/{application_id}/answer", locked)).json()["code"] == "item-locked"
    changed = {"professional": {"workplace": {"address": "г. Примерск, ул. Первая, 1, корпус 2"}}}
    await applicant.ok("POST", f"/applications/{application_id}/answer", {"comment": "Корпус указан", "changes": changed})
    assert (await applicant.told(InformationProvided)).reviewer_id == second.id
    opened = await second.ok("GET", path)
    assert [one["pointer"] for one in opened["diff"]] == ["/professional/workplace/address"]
    assert opened["answer_comment"] == "Корпус указан"
    after = datetime.fromisoformat((await applicant.get(application_id))["terms"][0]["due_at"])
    assert service.app.state.usecases.terms.working_days_between(before, after) == 2, "the clarification adds two working days"

    assert (await second.judge("POST", f"{path}/recommendation", APPROVE)).json()["code"] == "checklist-incomplete"
    await second.examine(application_id)
    await second.judged("POST", f"{path}/recommendation", APPROVE)
    recommended = await applicant.told(ApprovalRecommended)
    assert recommended.reviewer_id == second.id
    assert registrar.id in recommended.registrar_ids or len(recommended.registrar_ids) == 200
    assert not {first.id, second.id} & set(recommended.registrar_ids)


async def _is_hidden_from_a_colleague(service: Component, signer: Signer, application_id: str) -> None:
    colleague = Hands(service, signer, uuid4(), Role.REVIEWER)
    await service.publish(people.reviewer(colleague.id, workplace_ogrn=people.ogrn()))
    await eventually(lambda: service.database["staff_members"].find_one({"_id": colleague.id}))
    assert application_id not in [row["application_id"] for row in (await colleague.ok("GET", "/reviews?limit=100"))["items"]]
    assert (await colleague.call("PUT", f"/reviews/{application_id}/claim")).json()["code"] == "conflict-of-interest"


@pytest.fixture(scope="module")
async def clocked(infra: Infra) -> AsyncIterator[Component]:
    """A service of its own: its clock is moved."""
    async with service_environment(infra, "applications") as env, component(create_app, Settings, env) as running:
        yield running


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["begun"]))
async def test_ap_10_terms_over_holidays_are_those_counted_by_hand(clocked: Component, signer: Signer, row: dict[str, date]) -> None:
    clocked.clock.move(datetime.combine(row["begun"], time(12), MOSCOW).astimezone(UTC) - clocked.clock.now())
    [reviewer], registrar = await known_reviewers(clocked, signer, 1), await known_registrar(clocked, signer)
    applicant = await Applicant(clocked, signer, uuid4(), Role.PRACTITIONER).become_known()
    application = await applicant.under_review()
    path = f"/reviews/{application['id']}"
    assert _terms(application) == {"review": _end(row["day_5"])}
    assert application["forecast_at"] == _end(row["day_7"])
    await reviewer.ok("PUT", f"{path}/claim")
    assert await _claim_due(clocked, application["id"]) == _end(row["day_1"])
    await reviewer.ok("POST", f"{path}/requests", {"remarks": [REMARK]})
    assert _terms(await applicant.get(application["id"])) == {"information": _end(row["day_10"])}
    await applicant.ok("POST", f"/applications/{application['id']}/answer", {"comment": "Верно", "changes": {}})
    await reviewer.examine(application["id"])
    await reviewer.judged("POST", f"{path}/recommendation", APPROVE)
    assert _terms(await applicant.get(application["id"])) == {"approval": _end(row["day_1"])}

    clocked.clock.move(datetime.fromisoformat(_end(row["day_1"])) - clocked.clock.now() + timedelta(minutes=1))
    missed = await applicant.told(DeadlineMissed)
    assert (missed.term, missed.responsible, missed.due_at) == ("approval", "registrar", datetime.fromisoformat(_end(row["day_1"])))
    late = await applicant.get(application["id"])
    assert late["is_overdue"]
    assert late["forecast_at"] >= _end(row["day_7"])
    assert [one["application_id"] for one in (await registrar.ok("GET", "/registry"))["items"]] == [application["id"]]
    await registrar.judged("POST", f"/registry/{application['id']}/decision", APPROVE)
    await applicant.told(CertificateIssued)
    certified = await applicant.reach(application["id"], "certified")
    assert (certified["terms"], certified["forecast_at"], (await registrar.ok("GET", "/registry"))["items"]) == ([], None, [])


def _end(day: date) -> str:
    """The last second of a day in Moscow, as it is shown."""
    return datetime.combine(day, time(23, 59, 59), MOSCOW).astimezone(UTC).isoformat().replace("+00:00", "Z")


def _terms(application: dict[str, Any]) -> dict[str, str]:
    return {term["term"]: term["due_at"] for term in application["terms"]}


async def _claim_due(service: Component, application_id: str) -> str:
    found = await service.database["applications"].find_one({"_id": UUID(application_id)}, {"claim": 1})
    assert found
    return str(found["claim"]["due_at"].isoformat()).replace("+00:00", "Z")
