"""`medkabinet dead`: messages that could not be processed, on a real store and broker."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
from pymongo.asynchronous.collection import AsyncCollection
from typer.testing import CliRunner, Result

from contracts.access import PersonalDataRead
from contracts.roles import Role
from contracts.sealed import KeyRing
from deploy.cli import operators
from deploy.cli.bodies import SEALED, readable
from deploy.cli.main import app
from tests.support import Infra, eventually, service_environment

QUEUE = "identity.access.personal-data-read.v1"
KEYS = KeyRing.from_json(json.dumps({"active": "k", "keys": {"k": base64.urlsafe_b64encode(bytes(32)).decode()}}))


@dataclass
class Dead:
    letters: AsyncCollection[dict[str, Any]]
    queue: aio_pika.abc.AbstractQueue

    async def put(self, body: bytes = b'{"some": "thing"}') -> str:
        event_id = str(uuid4())
        letter = {
            "_id": f"{event_id}:digest:0",
            "queue": QUEUE,
            "type": PersonalDataRead.type,
            "properties": {
                "message_id": event_id,
                "correlation_id": "c1",
                "content_type": "application/json",
                "type": PersonalDataRead.type,
            },
            "headers": {"ce-id": event_id, "x-attempt": 3},
            "body": body,
            "error": "SomethingWrong",
            "attempts": 3,
            "state": "open",
            "at": datetime.now(UTC),
        }
        await self.letters.insert_one(letter)
        return str(letter["_id"])

    async def open_are(self, count: int) -> bool:
        return await self.letters.count_documents({"state": "open"}) == count

    async def run(self, *arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, ["dead", *arguments, "--service", "identity"])


@pytest.fixture
async def dead(infra: Infra, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Dead]:
    async with service_environment(infra, "identity") as env, infra.mongo() as store:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        async with await aio_pika.connect(env["IDENTITY_AMQP_URL"]) as connection:
            queue = await (await connection.channel()).declare_queue(QUEUE, durable=True)
            yield Dead(store[env["IDENTITY_MONGO_DATABASE"]]["dead_letters"], queue)


async def test_an_open_letter_is_listed(dead: Dead) -> None:
    letter_id = await dead.put()
    listed = await dead.run("list")
    assert listed.exit_code == 0, listed.stderr
    assert "open, 1" in listed.stdout
    assert letter_id[:8] in listed.stdout
    assert "open, 0" not in listed.stdout


async def test_a_replayed_letter_is_in_its_queue_under_its_own_id(dead: Dead) -> None:
    letter_id = await dead.put()
    answer = await dead.run("replay", letter_id, "--by", "operator")
    assert answer.exit_code == 0, answer.stderr
    message = await dead.queue.get(no_ack=True)
    assert message.message_id == letter_id.partition(":")[0]
    assert message.headers["x-replayed-by"] == "operator"
    assert "x-attempt" not in message.headers
    letter = await dead.letters.find_one({"_id": letter_id})
    assert letter is not None
    assert (letter["state"], letter["by"]) == ("replayed", "operator")


async def test_all_open_letters_are_replayed_at_once(dead: Dead) -> None:
    for _ in range(3):
        await dead.put()
    answer = await dead.run("replay", "--all")
    assert answer.exit_code == 0, answer.stderr
    assert await dead.letters.count_documents({"state": "replayed"}) == 3
    for _ in range(3):
        await dead.queue.get(no_ack=True)


async def test_a_letter_that_fails_again_is_not_replayed_for_ever(dead: Dead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators, "PAGE", 2)
    for _ in range(3):
        await dead.put()

    async def park_again(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        await dead.put(message.body)

    tag = await dead.queue.consume(park_again, no_ack=True)
    answer = await dead.run("replay", "--all")
    assert answer.exit_code == 0, answer.stderr
    assert answer.stdout.count("отправлено") == 3
    assert await dead.letters.count_documents({"state": "replayed"}) == 3
    await eventually(lambda: dead.open_are(3))
    await dead.queue.cancel(tag)


async def test_a_discarded_letter_keeps_its_reason(dead: Dead) -> None:
    letter_id = await dead.put()
    answer = await dead.run("discard", letter_id, "--reason", "a test")
    assert answer.exit_code == 0, answer.stderr
    letter = await dead.letters.find_one({"_id": letter_id})
    assert letter is not None
    assert (letter["state"], letter["reason"]) == ("discarded", "a test")


async def test_an_unknown_letter_is_named(dead: Dead) -> None:
    answer = await dead.run("show", "nothing")
    assert answer.exit_code == 1
    assert "nothing" in answer.stderr


async def test_what_is_sealed_stays_sealed_on_the_screen(dead: Dead) -> None:
    letter_id = await dead.put(an_event().to_wire(KEYS))
    shown = await dead.run("show", letter_id)
    assert shown.exit_code == 0, shown.stderr
    assert SEALED in shown.stdout
    assert "192.0.2.7" not in shown.stdout
    assert "eyJ" not in shown.stdout


async def test_an_unknown_service_is_named() -> None:
    answer = await asyncio.to_thread(CliRunner().invoke, app, ["dead", "list", "--service", "nobody"])
    assert answer.exit_code == 1
    assert "Нет сервиса «nobody»" in answer.stderr


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[1]", b"null", b"{", b"[" * 100_000, b'{"type": "x"}'])
def test_a_body_that_is_no_event_is_only_measured(body: bytes) -> None:
    assert readable("no.such-event.v1", body).startswith("не событие")


def test_a_sealed_field_in_clear_is_not_shown() -> None:
    assert "192.0.2.7" not in readable(PersonalDataRead.type, b'{"address": "192.0.2.7"}')


def test_an_unknown_field_is_not_shown() -> None:
    assert "secret" not in readable(PersonalDataRead.type, b'{"surname": "secret"}')


def an_event() -> PersonalDataRead:
    return PersonalDataRead(
        occurred_at=datetime.now(UTC),
        reader_id=uuid4(),
        reader_role=Role.REVIEWER,
        subject_id=uuid4(),
        service="applications",
        record="application:1",
        purpose="review",
        address="192.0.2.7",
    )
