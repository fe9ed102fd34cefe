"""A repeated request gets the first one's answer, whatever happened in between."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from tests.chassis.probe import Probe, probing
from tests.support import Infra


@pytest.fixture(scope="module")
async def probe(infra: Infra) -> AsyncIterator[Probe]:
    async with probing(infra) as running:
        yield running


async def post(probe: Probe, key: str | None, **body: str) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return await probe.component.client.post("/answers", json=body, headers=headers)


async def test_a_repetition_gets_the_same_answer_and_changes_nothing(probe: Probe) -> None:
    ticket_id, key = str(uuid4()), str(uuid4())
    first = await post(probe, key, ticket_id=ticket_id)
    second = await post(probe, key, ticket_id=ticket_id)
    assert (first.status_code, first.json()) == (201, {"ticket_id": ticket_id, "version": 1})
    assert (second.status_code, second.json()) == (201, {"ticket_id": ticket_id, "version": 1})
    assert second.headers["idempotency-replayed"] == "true"
    assert (await post(probe, None, ticket_id=ticket_id)).json()["version"] == 2


async def test_the_same_request_at_the_same_moment_happens_once(probe: Probe) -> None:
    ticket_id, key = str(uuid4()), str(uuid4())
    answers = await asyncio.gather(*(post(probe, key, ticket_id=ticket_id) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["version"] for answer in answers} == {1}


async def test_a_key_is_for_one_request_only(probe: Probe) -> None:
    key = str(uuid4())
    await post(probe, key, ticket_id=str(uuid4()))
    other = await post(probe, key, ticket_id=str(uuid4()))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_refused_request_frees_its_key(probe: Probe) -> None:
    ticket_id, key = str(uuid4()), str(uuid4())
    refused = await post(probe, key, ticket_id=ticket_id, text="abort")
    assert (refused.status_code, refused.json()["code"]) == (409, "not-now")
    assert (await post(probe, key, ticket_id=ticket_id)).json()["version"] == 1


async def test_what_a_refused_request_had_committed_stays_committed(probe: Probe) -> None:
    ticket_id, key = str(uuid4()), str(uuid4())
    refused = await post(probe, key, ticket_id=ticket_id, text="refuse")
    assert (refused.status_code, refused.json()["code"]) == (422, "refused")
    assert (await post(probe, None, ticket_id=ticket_id)).json()["version"] == 2


async def test_a_malformed_key_is_named(probe: Probe) -> None:
    answer = await post(probe, "x" * 201, ticket_id=str(uuid4()))
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-malformed")


async def test_the_kept_answer_is_not_readable_in_the_store(probe: Probe) -> None:
    ticket_id, key = str(uuid4()), str(uuid4())
    await post(probe, key, ticket_id=ticket_id)
    records = await probe.component.database["idempotency_answers"].find().to_list(None)
    assert records
    assert ticket_id not in str(records)
    assert key not in str(records)
