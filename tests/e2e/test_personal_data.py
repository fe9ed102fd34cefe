"""No personal data in clear: not on the broker, not in any store, not in any log, not in any span."""

from typing import Any

import pytest
from pymongo import AsyncMongoClient

from deploy.journey.people import Person, invent_person
from deploy.local.personas import Persona
from tests.e2e.collector import Collector
from tests.e2e.conftest import Running
from tests.e2e.leaks import Leak, Secret, as_bytes, leaks, secrets_of
from tests.e2e.walk import Walked
from tests.support import eventually

Places = list[tuple[str, bytes]]
PLANTED = "planted.personal-data.v1"


def of_person(person: Person) -> list[Secret]:
    return secrets_of(
        {name: getattr(person, name) for name in ("surname", "given_name", "email", "phone", "snils", "passport_series", "passport_number")}
    )


def of_staff(persona: Persona) -> list[Secret]:
    surname, given_name, _ = persona.name.split()
    return secrets_of({"surname": surname, "given_name": given_name, "email": persona.identifier, "phone": persona.phone})


async def stored(running: Running) -> Places:
    """Every document of every collection of every service, outbox, inbox, timers and dead letters included."""
    places: Places = []
    for service, (url, database_name) in running.store_urls().items():
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, uuidRepresentation="standard")
        async with client:
            database = client[database_name]
            for name in await database.list_collection_names():
                async for document in database[name].find({}):
                    places.append((f"{service}.{name}", as_bytes(document)))
    return places


def logged(running: Running) -> Places:
    return [(f"log {file.name}", file.read_bytes()) for file in running.stack.logs.rglob("*") if file.is_file()]


async def search(running: Running, collector: Collector, secrets: list[Secret]) -> list[Leak]:
    spans = [("span", raw) for raw in collector.raw]
    places = [*running.tap.messages, *await running.tap.archive(), *await stored(running), *logged(running), *spans]
    kinds = {where.split()[0].partition(".")[2] or where.split()[0] for where, _ in places}
    assert {"outbox", "inbox", "message", "log", "span"} <= kinds
    return leaks(places, secrets)


@pytest.mark.usefixtures("walked")
async def test_nothing_of_the_journey_shows_personal_data(walked: Walked, running: Running, collector: Collector) -> None:
    staff = [secret for persona in running.personas if "@" in persona.identifier for secret in of_staff(persona)]
    people = [secret for person in (walked.person, walked.renamed, walked.stranger) for secret in of_person(person)]
    assert await search(running, collector, [*people, *staff]) == []


@pytest.mark.usefixtures("walked")
async def test_the_search_finds_what_is_planted(running: Running, collector: Collector) -> None:
    planted = invent_person("e2e planted", today=running.clock.now().date())
    await running.tap.publish(PLANTED, f'{{"email": "{planted.email}"}}'.encode())
    (running.stack.logs / "planted.log").write_text(f'{{"event": "who", "name": "{planted.surname.upper()}"}}\n')
    url, database_name = running.store_urls()["support"]
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url)
    async with client:
        letters = client[database_name]["dead_letters"]
        await letters.insert_one({"_id": "planted", "state": "discarded", "body": planted.snils.encode()})
        try:

            async def tapped() -> bool:
                return any(where == f"message {PLANTED}" for where, _ in running.tap.messages)

            await eventually(tapped)
            found = {(leak.where, leak.kind) for leak in await search(running, collector, of_person(planted))}
        finally:
            await letters.delete_one({"_id": "planted"})
            (running.stack.logs / "planted.log").unlink()
    assert found >= {(f"message {PLANTED}", "email"), ("log planted.log", "surname"), ("support.dead_letters", "snils")}
