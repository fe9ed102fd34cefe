"""`medkabinet outbox`: events that could not leave their service, on a real store.

What the relay makes of a decision: tests/chassis/test_relay.py.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from pymongo.asynchronous.collection import AsyncCollection
from typer.testing import CliRunner, Result

from contracts.support import TicketAnswered
from deploy.cli import operators
from deploy.cli.main import app
from tests.support import Infra, service_environment


@dataclass
class Outbox:
    rows: AsyncCollection[dict[str, Any]]

    async def put(self, state: str = "parked") -> str:
        row = {
            "_id": str(uuid4()),
            "stream": f"ticket_id:{uuid4()}",
            "version": 1,
            "index": 0,
            "type": TicketAnswered.type,
            "body": b'{"surname": "secret"}',
            "state": state,
            "attempts": 5,
            "last_error": "unroutable",
            "created_ms": 1_750_000_000_000,
        }
        await self.rows.insert_one(row)
        return str(row["_id"])

    async def get(self, row_id: str) -> dict[str, Any]:
        row = await self.rows.find_one({"_id": row_id})
        assert row is not None
        return row

    async def run(self, *arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, ["outbox", *arguments, "--service", "support"])


@pytest.fixture
async def outbox(infra: Infra, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outbox]:
    async with service_environment(infra, "support") as env, infra.mongo() as store:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        yield Outbox(store[env["SUPPORT_MONGO_DATABASE"]]["outbox"])


async def test_parked_events_are_listed_without_their_bodies(outbox: Outbox) -> None:
    row_id = await outbox.put()
    await outbox.put("pending")
    listed = await outbox.run("list")
    assert listed.exit_code == 0, listed.stderr
    assert "parked, 1" in listed.stdout
    assert row_id[:8] in listed.stdout
    assert "secret" not in listed.stdout
    assert "parked, 0" in (await outbox.run("list", "--after", row_id)).stdout


async def test_a_released_event_waits_for_its_first_attempt(outbox: Outbox) -> None:
    row_id, other = await outbox.put(), await outbox.put()
    answer = await outbox.run("release", row_id, "--by", "operator")
    assert answer.exit_code == 0, answer.stderr
    row = await outbox.get(row_id)
    assert (row["state"], row["attempts"], row["by"], row["body"]) == ("pending", 0, "operator", b'{"surname": "secret"}')
    assert (await outbox.get(other))["state"] == "parked"


async def test_all_parked_events_are_released_however_many_pages_they_fill(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators, "PAGE", 2)
    for _ in range(4):
        await outbox.put()
    answer = await outbox.run("release", "--all")
    assert answer.exit_code == 0, answer.stderr
    assert await outbox.rows.count_documents({"state": "pending", "attempts": 0}) == 4


async def test_a_skipped_event_is_kept_with_its_reason(outbox: Outbox) -> None:
    row_id = await outbox.put()
    answer = await outbox.run("skip", row_id, "--reason", "a test", "--by", "operator")
    assert answer.exit_code == 0, answer.stderr
    row = await outbox.get(row_id)
    assert (row["state"], row["reason"], row["by"]) == ("skipped", "a test", "operator")
    assert "a test" in (await outbox.run("list", "--state", "skipped")).stdout


@pytest.mark.parametrize("state", ["pending", "published"])
async def test_only_a_parked_event_can_be_decided_about(outbox: Outbox, state: str) -> None:
    row_id = await outbox.put(state)
    for command in (["release", row_id], ["skip", row_id, "--reason", "a test"]):
        answer = await outbox.run(*command)
        assert answer.exit_code == 1
        assert row_id in answer.stderr
    assert (await outbox.get(row_id))["state"] == state


async def test_without_a_choice_nothing_is_released(outbox: Outbox) -> None:
    row_id = await outbox.put()
    assert (await outbox.run("release")).exit_code == 1
    assert (await outbox.get(row_id))["state"] == "parked"
