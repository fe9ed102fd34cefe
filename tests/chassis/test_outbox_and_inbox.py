"""What was committed is published, in order, once it was committed; what is delivered twice happens once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import aio_pika
import pytest

from chassis.dead_letters import DeadLetters
from chassis.errors import Invalid
from chassis.objects import StoreUnavailable
from contracts.support import TicketAnswered, TicketTermReached
from tests.chassis.probe import NotNow, Probe, probe_in, probing
from tests.support import Infra, eventually, service_environment


@pytest.fixture(scope="module")
async def probe(infra: Infra) -> AsyncIterator[Probe]:
    async with probing(infra) as running:
        yield running


def term(ticket_id: UUID | None = None) -> TicketTermReached:
    return TicketTermReached(occurred_at=datetime.now(UTC), ticket_id=ticket_id or uuid4())


async def test_a_committed_event_is_published_with_its_envelope(probe: Probe) -> None:
    ticket_id = uuid4()
    await probe.usecases.answer(ticket_id)
    event = await probe.component.tap.next(TicketAnswered, where=lambda found: found.ticket_id == ticket_id)
    row = await eventually(lambda: probe.component.database["outbox"].find_one({"_id": str(event.event_id), "state": "published"}))
    assert event.version == 1
    assert row["headers"]["ce-id"] == str(event.event_id)
    assert row["headers"]["ce-source"] == "/medkabinet/support"


async def test_an_aborted_transaction_publishes_nothing(probe: Probe) -> None:
    ticket_id = uuid4()
    with pytest.raises(NotNow):
        await probe.usecases.answer(ticket_id, text="abort")
    assert await probe.component.database["outbox"].count_documents({"stream": f"ticket_id:{ticket_id}"}) == 0


async def test_the_events_of_an_aggregate_are_published_in_order(probe: Probe) -> None:
    ticket_id = uuid4()
    for _ in range(30):
        await probe.usecases.answer(ticket_id)
    seen = [(await probe.component.tap.next(TicketAnswered, where=lambda e: e.ticket_id == ticket_id)).version for _ in range(30)]
    assert seen == list(range(1, 31))


async def test_writers_in_conflict_all_succeed_one_after_another(probe: Probe) -> None:
    ticket_id = uuid4()
    versions = await asyncio.gather(*(probe.usecases.answer(ticket_id) for _ in range(6)))
    assert sorted(versions) == [1, 2, 3, 4, 5, 6]


async def test_begin_outside_of_an_atomic_method_is_a_mistake(probe: Probe) -> None:
    with pytest.raises(RuntimeError, match="@atomic"):
        probe.usecases.begin()


async def test_an_event_delivered_three_times_has_one_effect(probe: Probe) -> None:
    event, last = term(), term()
    for _ in range(3):
        await probe.component.publish(event)
    await probe.component.publish(last)
    await eventually(lambda: probe.count(last.ticket_id))
    assert await probe.count(event.ticket_id) == 1


async def test_a_failure_that_may_pass_is_retried_up_the_ladder(probe: Probe) -> None:
    event = term()
    probe.usecases.failures[event.ticket_id] = KeyError("for now")
    await probe.component.publish(event)
    await eventually(lambda: _at_least(probe, event.ticket_id, runs=2))
    del probe.usecases.failures[event.ticket_id]
    assert await eventually(lambda: probe.count(event.ticket_id)) == 1
    assert not await probe.letter(event)


async def _at_least(probe: Probe, key: UUID, *, runs: int) -> bool:
    return probe.usecases.runs.get(key, 0) >= runs


async def test_a_poison_message_is_tried_on_every_step_and_then_kept(probe: Probe) -> None:
    event, good = term(), term()
    probe.usecases.failures[event.ticket_id] = KeyError("always")
    await probe.component.publish(event)
    await probe.component.publish(good)
    assert await eventually(lambda: probe.count(good.ticket_id)) == 1
    letter = await eventually(lambda: probe.letter(event))
    assert probe.usecases.runs[event.ticket_id] == 3
    assert letter["queue"] == "support.support.ticket-term-reached.v1"
    assert letter["error"] == "KeyError"
    assert letter["attempts"] == 2


async def test_a_permanent_failure_is_kept_at_once_and_replayed_once_mended(probe: Probe) -> None:
    event = term()
    probe.usecases.failures[event.ticket_id] = Invalid("Не годится.")
    await probe.component.publish(event)
    letter = await eventually(lambda: probe.letter(event))
    assert probe.usecases.runs[event.ticket_id] == 1
    del probe.usecases.failures[event.ticket_id]
    letters = DeadLetters(probe.chassis.database, probe.chassis.clock)
    for _ in range(2):
        await letters.replay(letter["_id"], probe.chassis.publisher, by="test")
    last = term()
    await probe.component.publish(last)
    await eventually(lambda: probe.count(last.ticket_id))
    assert await eventually(lambda: probe.count(event.ticket_id)) == 1
    assert (await letters.show(letter["_id"]))["state"] == "replayed"


MALFORMED = [
    b"", b"null", b"[]", b'"text"', b"{", b"\xff\xfe", b"{}", b'{"event_id": 1}', b'{"occurred_at": NaN}', b'{"ticket_id": "\xed\xa0\x80"}',
    b"[" * 20_000, b'{"event_id": "' + b"9" * 100_000 + b'"}', b"\x00" * 64,
]  # fmt: skip


async def test_a_message_waits_for_a_server_that_is_away_however_long_the_ladder(probe: Probe) -> None:
    event = term()
    probe.usecases.failures[event.ticket_id] = StoreUnavailable()
    await probe.component.publish(event)
    await eventually(lambda: _at_least(probe, event.ticket_id, runs=6))
    del probe.usecases.failures[event.ticket_id]
    assert await eventually(lambda: probe.count(event.ticket_id)) == 1
    assert not await probe.letter(event)


async def test_a_message_does_not_wait_for_a_server_for_ever(infra: Infra) -> None:
    async with probing(infra, SUPPORT_OUTAGE_HOURS="0.0001") as probe:
        event = term()
        probe.usecases.failures[event.ticket_id] = StoreUnavailable()
        await probe.component.publish(event)
        letter = await eventually(lambda: probe.letter(event))
        assert letter["error"] == "file-store-unavailable"


async def test_without_a_ladder_a_message_for_an_absent_server_is_kept_for_replay(infra: Infra) -> None:
    async with probing(infra, SUPPORT_RETRY_DELAYS_SECONDS="[]") as probe:
        event = term()
        probe.usecases.failures[event.ticket_id] = StoreUnavailable()
        await probe.component.publish(event)
        letter = await eventually(lambda: probe.letter(event))
        assert (letter["error"], letter["attempts"]) == ("file-store-unavailable", 0)


async def test_malformed_messages_end_in_the_dead_letters_and_stop_nobody(probe: Probe) -> None:
    before = await probe.dead()
    connection = await aio_pika.connect(probe.component.amqp_url)
    channel = await connection.channel()
    good = [term() for _ in range(10)]
    for number in range(39):
        message = aio_pika.Message(MALFORMED[number % 13], message_id=str(uuid4()), type=None if number % 2 else TicketTermReached.type)
        await channel.default_exchange.publish(message, "support.support.ticket-term-reached.v1")
    for event in good:
        await probe.component.publish(event)
    await connection.close()
    for event in good:
        assert await eventually(partial(probe.count, event.ticket_id)) == 1
    await eventually(lambda: _dead_is(probe, before + 39))


async def _dead_is(probe: Probe, expected: int) -> bool:
    return await probe.dead() == expected


async def test_an_event_of_another_type_in_the_wrong_queue_is_a_dead_letter(probe: Probe) -> None:
    before = await probe.dead()
    wrong = TicketAnswered(occurred_at=datetime.now(UTC), ticket_id=uuid4(), number="1", requester_id=uuid4())
    connection = await aio_pika.connect(probe.component.amqp_url)
    channel = await connection.channel()
    message = aio_pika.Message(wrong.to_wire(probe.component.key_ring), message_id=str(wrong.event_id), type=wrong.type)
    await channel.default_exchange.publish(message, "support.support.ticket-term-reached.v1")
    await connection.close()
    assert await eventually(lambda: _dead_is(probe, before + 1))


async def test_a_timer_fires_when_it_is_due_and_not_before(probe: Probe) -> None:
    event = term()
    await probe.usecases.plan("later", probe.chassis.clock.now() + timedelta(days=2), event)
    probe.component.clock.move(timedelta(days=2, seconds=1))
    assert await eventually(lambda: probe.count(event.ticket_id)) == 1
    assert await probe.component.database["timers"].count_documents({"_id": "later"}) == 0


async def test_a_replaced_timer_fires_once_and_a_cancelled_one_never(probe: Probe) -> None:
    replaced, replacing, cancelled = term(), term(), term()
    due = probe.chassis.clock.now() + timedelta(hours=1)
    await probe.usecases.plan("one", due, replaced)
    await probe.usecases.plan("one", due, replacing)
    await probe.usecases.plan("two", due, cancelled)
    await probe.usecases.forget("two")
    probe.component.clock.move(timedelta(hours=2))
    assert await eventually(lambda: probe.count(replacing.ticket_id)) == 1
    assert [await probe.count(replaced.ticket_id), await probe.count(cancelled.ticket_id)] == [0, 0]


async def test_two_replicas_share_the_work_and_one_of_them_relays(infra: Infra) -> None:
    async with service_environment(infra, "support") as env, probe_in(env) as one, probe_in(env) as two:
        tickets = [uuid4() for _ in range(10)]
        for number, ticket_id in enumerate(tickets):
            await (one, two)[number % 2].usecases.answer(ticket_id)
        await eventually(lambda: _published(one, 10))
        seen = [await one.component.tap.next(TicketAnswered) for _ in tickets]
        assert {event.ticket_id for event in seen} == set(tickets)
        lease = await one.component.database["leases"].find_one({"_id": "outbox"})
        assert lease is not None
        assert lease["owner"] in {one.chassis.relay.lease.owner, two.chassis.relay.lease.owner}


async def _published(probe: Probe, number: int) -> bool:
    return await probe.component.database["outbox"].count_documents({"state": "published"}) == number
