"""AP-1, AP-6 and AP-10: the hand table by the domain; on a service with a moved clock a day waited for a file, and rules that change."""

import tomllib
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from contracts.applications import ApplicationRejected, DeadlineMissed
from contracts.roles import Role
from services.applications.domain.rulebook import FILES
from services.applications.domain.terms import Terms
from services.applications.gateways import production_calendar
from services.applications.gateways.rulebook import PACKAGED
from services.applications.main import create_app
from services.applications.settings import Settings
from tests.applications import people
from tests.applications.conftest import Applicant
from tests.applications.test_terms import NUMBERS
from tests.support import Component, Infra, Signer, component, eventually, service_environment

TABLE = tomllib.loads((Path(__file__).parent / "calendar.toml").read_text(encoding="utf-8"))
ROWS: list[dict[str, date]] = [*TABLE["row"], *TABLE["further"]]
MOSCOW = ZoneInfo("Europe/Moscow")
TERMS = Terms(NUMBERS, production_calendar(), MOSCOW)
NOON, LAST_SECOND = time(12), time(23, 59, 59)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["begun"]))
def test_the_domain_counts_as_the_table_does(row: dict[str, date]) -> None:
    for at in (time(0, 0, 1), NOON, LAST_SECOND):
        begun = datetime.combine(row["begun"], at, MOSCOW)
        for days in (1, 5, 7, 10):
            if last := row.get(f"day_{days}"):
                assert TERMS.working_days_after(begun, days) == end_of(last)
                assert TERMS.working_days_between(begun, end_of(last)) == days


def test_a_certificate_of_the_29th_of_february_ends_on_the_28th() -> None:
    assert TERMS.certificate_until(datetime.combine(date(2024, 2, 29), NOON, MOSCOW)) == end_of(date(2029, 2, 28))


def end_of(day: date) -> datetime:
    return datetime.combine(day, LAST_SECOND, MOSCOW)


CHANGE = date(2026, 6, 1)


def changed_rules(folder: Path) -> Path:
    """The rules of the package, but from `CHANGE` on the periodic kind asks for more experience than anybody has."""
    for name in FILES:
        (folder / name).write_text((PACKAGED / name).read_text())
    kinds = (folder / "kinds.toml").read_text()
    periodic = kinds[kinds.rindex("[[row]]") :]
    assert 'kind = "periodic"' in periodic
    ended = f"{periodic}valid_until = {CHANGE - timedelta(days=1)}\n"
    begun = periodic.replace("minimum_experience_months = 36", f"minimum_experience_months = 900\nvalid_from = {CHANGE}")
    (folder / "kinds.toml").write_text(kinds.replace(periodic, f"{ended}\n{begun}"))
    return folder


@pytest.fixture(scope="module")
async def service(infra: Infra, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Component]:
    """The clock is everybody's, so this service is one of its own."""
    folder = str(changed_rules(tmp_path_factory.mktemp("rules")))
    async with (
        service_environment(infra, "applications", APPLICATIONS_RULES_FOLDER=folder) as env,
        component(create_app, Settings, env) as running,
    ):
        yield running


def move_to(service: Component, moment: datetime) -> None:
    service.clock.move(moment - service.clock.now())


async def test_ap_6_a_verdict_that_does_not_come_is_told_as_missed_after_24_hours_whatever_the_day(
    service: Component, signer: Signer
) -> None:
    handed_in_at = datetime.combine(date(2025, 12, 31), NOON, MOSCOW)
    move_to(service, handed_in_at)
    applicant = await Applicant(service, signer, uuid4(), Role.PRACTITIONER).become_known()
    licence = applicant.documents["licence"]
    await service.publish(people.received(applicant.id, "licence", licence, file_version=2))
    await eventually(lambda: service.database["known_documents"].find_one({"_id": licence, "verdict": "pending"}))
    submitted = await applicant.submit(await applicant.draft_with(applicant.documents))
    (term,) = submitted["terms"]
    due_at = datetime.fromisoformat(term["due_at"])
    assert term["term"] == "automatic-check"
    assert timedelta(0) <= due_at - handed_in_at - timedelta(hours=24) < timedelta(minutes=1)
    move_to(service, due_at + timedelta(seconds=2))
    missed = await applicant.told(DeadlineMissed)
    assert (missed.term, missed.responsible) == ("automatic-check", "system")
    assert abs(missed.due_at - due_at) < timedelta(seconds=1)
    await service.publish(people.accepted(applicant.id, "licence", licence, file_version=2))
    await applicant.reach(submitted["id"], "under-review")


async def test_ap_1_what_is_handed_in_is_judged_by_the_rules_of_that_day(service: Component, signer: Signer) -> None:
    """Confirmed under the old minimum and handed in on the day of the new one: refused by that day's rules; a day before it is taken."""
    move_to(service, datetime.combine(CHANGE - timedelta(days=1), NOON, MOSCOW))
    early, late = [await Applicant(service, signer, uuid4(), Role.PRACTITIONER).become_known() for _ in range(2)]
    confirmed = [await one.confirm(await one.draft("periodic")) for one in (early, late)]
    await early.reach((await early.hand_in(confirmed[0]))["id"], "under-review")
    move_to(service, datetime.combine(CHANGE, NOON, MOSCOW))
    await late.reach((await late.hand_in(confirmed[1]))["id"], "rejected")
    told = await late.told(ApplicationRejected)
    assert [(one.code, one.pointer) for one in told.reasons] == [("experience-below-minimum", "/professional/employments")]
    assert told.may_resubmit
