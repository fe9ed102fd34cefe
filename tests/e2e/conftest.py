"""One stack for all journeys, one walk through it, a tap on its broker and a collector of its spans.

They end with the folder: a stack that nobody uses takes a quarter of a processor from the tests that follow.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from chassis.clock import SandboxClock
from deploy.demo.stage import staff_played_by
from deploy.journey.gateway import Caller
from deploy.journey.outside import Outside
from deploy.journey.people import invent_person
from deploy.journey.practitioner import Practitioner
from deploy.journey.staff import Registrar, Reviewer, SupportAgent
from deploy.local.personas import Persona, ensure_personas
from deploy.local.settings import SERVICES
from deploy.local.stack import Stack
from tests.e2e.collector import Collector, running_collector
from tests.e2e.tap import BrokerTap, broker_tap
from tests.e2e.walk import Walked, walk
from tests.identity.conftest import QUICK_HASHES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of the folder waits for the stack and the walk."""
    for item in items:
        if "/e2e/" in item.path.as_posix():
            item.add_marker(pytest.mark.timeout(300))


@dataclass
class Running:
    """The stack as a client and an operator see it."""

    stack: Stack
    http: httpx.AsyncClient
    outside: Outside
    tap: BrokerTap
    personas: list[Persona]

    @property
    def clock(self) -> SandboxClock:
        return SandboxClock(self.stack.clock_file)

    def store_urls(self) -> dict[str, tuple[str, str]]:
        """Service to address and name of its database."""
        names = {service: service.upper() for service in SERVICES}
        environments = self.stack.environments
        return {
            service: (environments[service][f"{name}_MONGO_URL"], environments[service][f"{name}_MONGO_DATABASE"])
            for service, name in names.items()
        }


@pytest.fixture(scope="package")
async def collector() -> AsyncIterator[Collector]:
    async with running_collector() as collector:
        yield collector


@pytest.fixture(scope="package")
async def running(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    environment = {"OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"} | QUICK_HASHES
    async with Stack(tmp_path_factory.mktemp("stack"), environment=environment) as stack:
        amqp_url = stack.environments["identity"]["IDENTITY_AMQP_URL"]
        async with (
            broker_tap(amqp_url) as tap,
            httpx.AsyncClient(base_url=stack.url, timeout=30) as http,
            httpx.AsyncClient(base_url=stack.simulators_url) as outside_http,
        ):
            personas = await ensure_personas(stack.settings, stack.environments["identity"])
            yield Running(stack, http, Outside(outside_http), tap, personas)


@pytest.fixture(scope="package")
async def walked(running: Running) -> Walked:
    """The journey, walked once."""
    http, outside, personas = running.http, running.outside, running.personas
    today = running.clock.now().date()
    person, other = invent_person("e2e walk", today=today), invent_person("e2e renamed", today=today)
    return await walk(
        Walked(
            practitioner=Practitioner.of(person, Caller(http), outside),
            reviewer=staff_played_by(Reviewer, personas, "Эксперт", Caller(http), outside, running.clock),
            registrar=staff_played_by(Registrar, personas, "Регистратор", Caller(http), outside, running.clock),
            agent=staff_played_by(SupportAgent, personas, "Сотрудник поддержки", Caller(http), outside, running.clock),
            renamed=person.changed(surname=other.surname, given_name=other.given_name, phone=other.phone, email=other.email),
            stranger=invent_person("e2e portal", today=today),
            http=http,
            outside=outside,
        )
    )


@pytest.fixture
async def practitioner(walked: Walked) -> Practitioner:
    """The one who walked, signed in: a test that moved the clock ended the session."""
    if not await walked.practitioner.is_signed_in():
        await walked.practitioner.sign_in()
    return walked.practitioner
