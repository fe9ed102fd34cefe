"""A backlog about one thing: messages that write the same record must not spend the store's time on conflicts."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import aio_pika

from contracts.envelope import CONTENT_TYPE, headers_of
from contracts.support import TicketTermReached
from contracts.topology import EVENTS_EXCHANGE
from tests.chassis.probe import Probe, probing
from tests.support import Infra, eventually

BACKLOG = 200


async def test_a_backlog_about_one_record_is_worked_off_without_a_storm_of_conflicts(infra: Infra) -> None:
    ticket_id = uuid4()
    async with probing(infra, SUPPORT_PREFETCH="200") as probe:
        await _publish(probe, [TicketTermReached(occurred_at=datetime.now(UTC), ticket_id=ticket_id) for _ in range(BACKLOG)])

        async def is_done() -> bool:
            return await probe.count(ticket_id) == BACKLOG

        await eventually(is_done, timeout=60)
        assert probe.usecases.runs[ticket_id] <= 3 * BACKLOG
        assert await probe.dead() == 0


async def _publish(probe: Probe, events: list[TicketTermReached]) -> None:
    async with await aio_pika.connect(probe.component.amqp_url) as connection:
        exchange = await (await connection.channel()).get_exchange(EVENTS_EXCHANGE, ensure=False)
        messages = [
            aio_pika.Message(
                event.to_wire(probe.chassis.key_ring),
                message_id=str(event.event_id),
                type=event.type,
                correlation_id=str(event.event_id),
                timestamp=event.occurred_at,
                content_type=CONTENT_TYPE,
                headers=dict(headers_of(event, causation_id=None)),
            )
            for event in events
        ]
        await asyncio.gather(*(exchange.publish(message, TicketTermReached.type) for message in messages))
