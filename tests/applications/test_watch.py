"""The watchdog: each way to stall is found, told once a day and set going again; what goes on is left alone."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import yaml
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from typer.testing import CliRunner, Result

from chassis.lease import Lease
from contracts.applications import ApplicationStalled, CertificateIssued, ElectronicDocumentIssued
from contracts.roles import Role
from deploy.cli.applications_watch import TO_ADD, WORDS
from deploy.cli.main import app
from deploy.local.servers import PROJECT
from services.applications.domain.application import Desk
from services.applications.domain.facts import StaffMember
from services.applications.domain.states import State
from services.applications.domain.terms import Term
from services.applications.domain.watch import FOR_PEOPLE, Stall, Stalled, Surroundings, Watched, stall_of, untold_terms
from services.applications.usecases.watch import GAUGE, Watch, Watchdog
from tests.applications import people
from tests.applications.appealing import filed_appeal
from tests.applications.conftest import Applicant, Hands, known_registrar
from tests.support import Component, Signer, eventually

DUE_AT = people.NOW + timedelta(days=7)
DOCUMENT = uuid4()
HOSPITAL, THEIRS = people.ogrn(), people.ogrn("102770013300")
REVIEWER = StaffMember(uuid4(), 1, frozenset({Role.REVIEWER}), frozenset({people.CARDIOLOGY}), THEIRS)
GONE = StaffMember(uuid4(), 2, frozenset(), frozenset(), None)
REGISTRAR = StaffMember(uuid4(), 1, frozenset({Role.REGISTRAR}), frozenset(), THEIRS)
STAFF = {member.id: member for member in (REVIEWER, GONE, REGISTRAR)}


def watched(**changed: Any) -> Watched:
    """One that a reviewer holds."""
    held = Watched(
        id=uuid4(), applicant_id=uuid4(), number="MK-2026-00000017-4", version=7, state=State.UNDER_REVIEW, desk=Desk.REVIEWER,
        specialty_code=people.CARDIOLOGY, holder_id=REVIEWER.id, spoken_by=frozenset(), workplaces=frozenset({HOSPITAL}),
        document_ids=(DOCUMENT,),
        terms={Term.REVIEW: DUE_AT}, timers={(Term.REVIEW, "due"): DUE_AT},
    )  # fmt: skip
    return replace(held, **changed)


def submitted(**changed: Any) -> Watched:
    timed = {"terms": {Term.AUTOMATIC_CHECK: DUE_AT}, "timers": {(Term.AUTOMATIC_CHECK, "due"): DUE_AT}}
    return watched(**{"state": State.SUBMITTED, "desk": Desk.SYSTEM, "holder_id": None} | timed | changed)


@pytest.mark.parametrize(
    ("one", "undecided", "what"),
    [
        (watched(), (), None),
        (watched(holder_id=None), (), None),
        (watched(desk=Desk.REGISTRAR, holder_id=None), (), None),
        (watched(timers={(Term.REVIEW, "escalation"): DUE_AT + timedelta(days=2)}), (), None),
        (submitted(), (DOCUMENT,), None),
        (watched(state=State.INFORMATION_REQUESTED, desk=Desk.APPLICANT, holder_id=GONE.id), (), None),
        (watched(desk=Desk.NOBODY), (), Stall.NO_OWNER),
        (watched(holder_id=GONE.id), (), Stall.HOLDER_LEFT),
        (watched(holder_id=uuid4()), (), Stall.HOLDER_LEFT),
        (watched(holder_id=None, specialty_code="31.08.49"), (), Stall.NO_REVIEWER),
        (watched(holder_id=None, spoken_by=frozenset({REVIEWER.id})), (), Stall.NO_REVIEWER),
        (watched(holder_id=None, applicant_id=REVIEWER.id), (), Stall.NO_REVIEWER),
        (watched(workplaces=frozenset({HOSPITAL, THEIRS})), (), Stall.HOLDER_LEFT),
        (watched(holder_id=None, workplaces=frozenset({THEIRS})), (), Stall.NO_REVIEWER),
        (watched(state=State.APPEALED, holder_id=None, workplaces=frozenset({THEIRS})), (), Stall.NO_REVIEWER),
        (watched(desk=Desk.REGISTRAR, holder_id=None, spoken_by=frozenset({REGISTRAR.id})), (), Stall.NO_REGISTRAR),
        (watched(desk=Desk.REGISTRAR, holder_id=None, workplaces=frozenset({THEIRS})), (), Stall.NO_REGISTRAR),
        (watched(terms={}, timers={}), (), Stall.NO_TERM),
        (watched(timers={}), (), Stall.NO_TIMER),
        (watched(timers={(Term.REVIEW, "reminder"): DUE_AT - timedelta(days=2)}), (), Stall.NO_TIMER),
        (watched(timers={(Term.REVIEW, "due"): DUE_AT - timedelta(days=1)}), (), Stall.NO_TIMER),
        (submitted(), (), Stall.NO_STEP),
        (watched(state=State.APPROVED, desk=Desk.SYSTEM, terms={}), (), Stall.NO_STEP),
    ],
)
def test_what_lacks_an_owner_a_term_or_a_step_is_stalled(one: Watched, undecided: tuple[UUID, ...], what: Stall | None) -> None:
    assert stall_of(one, Surroundings(STAFF, frozenset(undecided))) is what


def test_a_term_of_another_end_than_its_timer_is_untold() -> None:
    running = {Term.REVIEW: DUE_AT, Term.CLAIM: DUE_AT}
    timers = {(Term.REVIEW, "due"): DUE_AT, (Term.CLAIM, "due"): DUE_AT - timedelta(hours=1)}
    assert untold_terms(watched(terms=running, timers=timers)) == (Term.CLAIM,)


def test_a_wait_goes_on_while_it_lacks_the_same_whatever_else_changes() -> None:
    first = Stalled(uuid4(), uuid4(), "MK-2026-00000017-4", 7, Stall.NO_REVIEWER, people.NOW, people.NOW.date())
    assert first.is_same(replace(first, version=8, seen_at=DUE_AT)), "a changed profile gives it no reviewer"
    assert not first.is_same(replace(first, what=Stall.NO_REGISTRAR))
    assert not first.over().is_same(first), "it went on in between"


def test_every_stall_has_words() -> None:
    assert set(WORDS) == set(Stall)
    assert set(TO_ADD) == FOR_PEOPLE


@pytest.fixture
def watch(service: Component) -> Watch:
    """The service's own, which tells at once."""
    running: Watch = service.app.state.usecases.watch
    return replace(running, policy=replace(running.policy, grace=timedelta()))


async def settled(applicant: Applicant) -> dict[str, Any]:
    """Under review, with nothing of it on its way that would write over what is planted."""
    application = await applicant.under_review()
    await applicant.told(ElectronicDocumentIssued)
    return application


async def seen(watch: Watch, application: Mapping[str, Any]) -> Stalled | None:
    return next((one for one in await watch.note() if str(one.application_id) == application["id"]), None)


async def plant(service: Component, application: Mapping[str, Any], **changed: Any) -> None:
    await service.database["applications"].update_one({"_id": UUID(application["id"])}, {"$set": changed})


async def test_each_planted_stall_is_found_and_nothing_else(
    service: Component, applicant: Applicant, reviewers: list[Hands], watch: Watch
) -> None:
    application = await settled(applicant)
    await reviewers[0].ok("PUT", f"/reviews/{application['id']}/claim")
    store = service.database["applications"]
    whole = await store.find_one({"_id": UUID(application["id"])})
    assert whole is not None
    assert await seen(watch, application) is None
    await store.update_one({"_id": whole["_id"]}, {"$unset": {"terms": True}})
    assert await seen(watch, application) is None, "written before terms were kept in clear"
    await service.publish(people.reviewer(colleague := uuid4(), "99.99.99", workplace_ogrn=people.ogrn()))
    await eventually(lambda: service.database["staff_members"].find_one({"_id": colleague}))
    everybody = [one["_id"] async for one in service.database["staff_members"].find({}, {"_id": True})]
    planted: dict[Stall, dict[str, Any]] = {
        Stall.NO_OWNER: {"desk": "nobody"},
        Stall.HOLDER_LEFT: {"claimed_by": uuid4()},
        Stall.NO_REVIEWER: {"claimed_by": None, "specialty_code": "99.99.99"},
        Stall.NO_REGISTRAR: {"claimed_by": None, "desk": "registrar", "spoken_by": everybody},
        Stall.NO_TERM: {"terms": {}},
        Stall.NO_TIMER: {"terms": whole["terms"] | {"review": DUE_AT}},
        Stall.NO_STEP: {"state": "submitted", "desk": "system"},
    }
    for what, changed in planted.items():
        await store.replace_one({"_id": whole["_id"]}, whole | changed)
        found = await seen(watch, application)
        assert found is not None
        assert found.what is what
    await store.replace_one({"_id": whole["_id"]}, whole)
    assert await seen(watch, application) is None


async def test_an_appeal_is_watched_in_place_of_the_application_it_is_about(
    service: Component, applicant: Applicant, reviewers: list[Hands], watch: Watch
) -> None:
    third = uuid4()  # who did not speak yet
    await service.publish(people.reviewer(third))
    await eventually(lambda: service.database["staff_members"].find_one({"_id": third}))
    appeal = await filed_appeal(applicant, reviewers)
    await applicant.told(ElectronicDocumentIssued)
    application = {"id": appeal["application_id"]}
    store, key = service.database["appeals"], {"_id": UUID(appeal["id"])}
    whole = await store.find_one(key)
    assert whole is not None
    assert await seen(watch, application) is None
    planted: dict[Stall, dict[str, Any]] = {
        Stall.NO_OWNER: {"state": "upheld"},
        Stall.HOLDER_LEFT: {"claimed_by": uuid4()},
        Stall.NO_TIMER: {"due_at": whole["due_at"] + timedelta(days=1)},
    }
    for what, changed in planted.items():
        await store.replace_one(key, whole | changed)
        found = await seen(watch, application)
        assert found is not None
        assert found.what is what
        assert await watch.push(found.application_id) is None
    await service.database["timers"].delete_one({"_id": f"appeal:{appeal['id']}:due"})
    await store.replace_one(key, whole | {"due_at": people.NOW})
    assert await seen(watch, application) is None, "missed and told"
    await store.replace_one(key, whole)


@pytest.mark.usefixtures("reviewers")
async def test_a_stall_is_told_once_a_day_after_its_grace_and_measured(service: Component, applicant: Applicant, watch: Watch) -> None:
    application = await settled(applicant)
    await plant(service, application, terms={})
    patient = replace(watch, policy=replace(watch.policy, grace=timedelta(hours=1)))
    await patient.round()
    first = await seen(watch, application)
    await watch.round()
    told = await applicant.told(ApplicationStalled)
    assert first is not None
    assert (told.what, told.number, told.since) == ("no-term", application["number"], first.seen_at)

    reader = InMemoryMetricReader()
    lease = Lease(service.app.state.chassis.database, f"watch-{applicant.id}", 10)
    dog = Watchdog(watch, lease, MeterProvider([reader], shutdown_on_exit=False).get_meter("tests"))
    running = asyncio.create_task(dog.run())
    try:
        assert (await eventually(lambda: _measured(reader)))["no-term"] >= 1
    finally:
        running.cancel()
    await plant(service, application, desk="nobody")  # another stall, the same day
    await watch.round()
    told_of = [event for event in service.tap.all(ApplicationStalled) if event.applicant_id == applicant.id]
    assert len(told_of) == 1


async def _measured(reader: InMemoryMetricReader) -> dict[str, float]:
    found = reader.get_metrics_data()
    assert found is not None
    [metric] = found.resource_metrics[0].scope_metrics[0].metrics
    assert metric.name == GAUGE
    counted = {str(point.attributes["what"]): point.value for point in metric.data.data_points}  # type: ignore[index, union-attr]
    assert set(counted) == {what.value for what in Stall}
    return counted


async def medkabinet(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["applications", *arguments])


async def test_what_stalls_is_listed_and_a_push_takes_the_step_it_lacks(
    service: Component,
    service_env: dict[str, str],
    signer: Signer,
    applicant: Applicant,
    reviewers: list[Hands],
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in service_env.items():
        monkeypatch.setenv(name, value)
    application = await settled(applicant)
    timers = service.database["timers"]
    own = {"_id": {"$regex": f"^term:{application['id']}:"}}
    assert "делать нечего" in (await medkabinet("push", application["id"])).stdout
    for wrong, words in ((str(uuid4()), "Поданного заявления с таким номером записи нет"), ("17", "Номер записи состоит из")):
        refused = await medkabinet("push", wrong)
        assert (refused.exit_code, words in refused.stderr) == (1, True), refused.output
    await plant(service, application, specialty_code="99.99.99")
    lonely = await medkabinet("push", application["id"])
    assert (lonely.exit_code, "Добавьте эксперта" in lonely.stdout) == (0, True), lonely.output
    await plant(service, application, specialty_code=people.CARDIOLOGY)
    await timers.delete_many(own)
    listed = await medkabinet("stalled", "--now")
    assert (listed.exit_code, application["number"] in listed.stdout) == (1, True), listed.output
    assert "об окончании срока" in (await medkabinet("push", application["id"])).stdout

    async def is_timed() -> bool:
        return await timers.count_documents(own) == 2

    await eventually(is_timed)
    assert await seen(watch, application) is None

    reviewer, registrar = reviewers[0], await known_registrar(service, signer)
    await reviewer.ok("PUT", f"/reviews/{application['id']}/claim")
    await service.database["staff_members"].update_one({"_id": reviewer.id}, {"$set": {"roles": []}})
    assert await watch.push(UUID(application["id"])) is Stall.HOLDER_LEFT

    async def is_free() -> bool:
        return await service.database["applications"].find_one({"_id": UUID(application["id"]), "claimed_by": None}) is not None

    await eventually(is_free)
    await reviewers[1].ok("PUT", f"/reviews/{application['id']}/claim")
    await reviewers[1].examine(application["id"])
    await reviewers[1].judged("POST", f"/reviews/{application['id']}/recommendation", {"decision": "approve", "comment": ""})
    await registrar.judged("POST", f"/registry/{application['id']}/decision", {"decision": "approve", "comment": ""})
    await applicant.told(CertificateIssued)
    assert await watch.push(UUID(application["id"])) is None


def test_the_alert_asks_for_the_gauge_by_its_name() -> None:
    rules = yaml.safe_load((PROJECT / "deploy/alerts/applications.rules.yml").read_text())
    asked = {rule["alert"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]}
    assert all(GAUGE.replace(".", "_") in expression for expression in asked.values())
    assert {"ApplicationStalled", "ApplicationWatchSilent"} <= set(asked)
