"""A repeated request gets the first one's answer, whatever happened in between."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from chassis.idempotency import Answer, IdempotencyMiddleware, current_request
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


async def test_a_body_of_the_same_length_is_another_request_whatever_its_media_type(probe: Probe) -> None:
    key = str(uuid4())
    headers = {"Idempotency-Key": key, "Content-Type": "application/vnd.answers+JSON"}
    bodies = [f'{{"ticket_id": "{uuid4()}"}}' for _ in range(2)]
    first, other = [await probe.component.client.post("/answers", content=body, headers=headers) for body in bodies]
    assert first.status_code == 201
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_request_that_breaks_down_never_happened(probe: Probe) -> None:
    ticket_id, key = str(uuid4()), str(uuid4())
    broken = await post(probe, key, ticket_id=ticket_id, text="break")
    assert (broken.status_code, broken.json()["code"]) == (500, "internal-error")
    assert (await post(probe, key, ticket_id=ticket_id)).json()["version"] == 1


async def test_an_answer_that_is_cut_short_is_neither_kept_nor_committed(probe: Probe) -> None:
    kept: list[tuple[Answer | None, bool]] = []

    async def finish(answer: Answer | None, *, commits: bool) -> None:
        kept.append((answer, commits))

    async def half_an_answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        request = current_request.get()
        assert request is not None
        request.hold(finish)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise asyncio.CancelledError

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Message) -> None:
        raise AssertionError("nothing may leave")

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"idempotency-key", b"k")]}
    with pytest.raises(asyncio.CancelledError):
        await IdempotencyMiddleware(half_an_answer)(scope, receive, send)
    assert kept == [(None, False)]
