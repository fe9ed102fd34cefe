"""Rows of the outbox and of the timers: an event made ready to be published, before its transaction commits.

Body, headers and trace context are made here and not when publishing, so nothing can fail to serialise later and the
trace of the click goes on behind the outbox.
"""

import json
import time
from datetime import datetime
from uuid import uuid4

from opentelemetry import propagate

from chassis.context import current_cause
from chassis.mongo import ASCENDING, Database, Document, IndexModel, prepare_collection
from chassis.settings import ServiceSettings
from contracts.base import Event
from contracts.envelope import headers_of
from contracts.sealed import KeyRing

OUTBOX = "outbox"
INBOX = "inbox"
TIMERS = "timers"
ERASED = "erased_people"
LEASES = "leases"
_DAY_SECONDS = 86_400


def outbox_row(event: Event, key_ring: KeyRing, *, service: str, index: int) -> Document:
    """The row of an event. `index` orders the events of one transaction."""
    cause = current_cause.get()
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    causation_id = cause.causation_id if cause else None
    return {
        "_id": str(event.event_id),
        "stream": event.stream,
        "version": event.version,
        "index": index,
        "type": event.type,
        "body": event.to_wire(key_ring),
        "headers": headers_of(event, causation_id=causation_id, service=service),
        "correlation_id": cause.correlation_id if cause else str(event.event_id),
        "trace": carrier,
        "state": "pending",
        "attempts": 0,
        "created_ms": time.time_ns() // 1_000_000,
    }


def timer_row(key: str, due_at: datetime, event: Event, key_ring: KeyRing, *, service: str) -> Document:
    """The row of an event that is to be published at `due_at`; a later row of the same key replaces it."""
    return {"_id": key, "due_at": due_at, "token": str(uuid4()), "row": outbox_row(event, key_ring, service=service, index=0)}


def outbox_row_of_timer(timer: Document, now: datetime) -> Document:
    """The outbox row of a due timer; the event occurs when the timer fires, its id stays, so a second firing is a duplicate."""
    row: Document = timer["row"]
    body = json.loads(row["body"]) | {"occurred_at": now.isoformat()}
    return row | {
        "body": json.dumps(body, ensure_ascii=False).encode(),
        "headers": row["headers"] | {"ce-time": now.isoformat()},
        "created_ms": time.time_ns() // 1_000_000,
    }


def _longest_way_seconds(settings: ServiceSettings) -> int:
    """How late an event may still come: what the inbox no longer recognises is replayed by nobody, whatever the ladder takes."""
    ladder_seconds = settings.outage_hours * 3600 + sum(settings.retry_delays_seconds)
    return max(settings.inbox_keep_days * _DAY_SECONDS, int(ladder_seconds))


async def prepare_outbox(database: Database, settings: ServiceSettings) -> None:
    """Collections of the messaging mechanisms, before the first transaction needs them."""
    # whole and not partial indexes: the embedded store reads by no partial one, and the rows that wait are the first in these
    by_age = IndexModel([("state", ASCENDING), ("created_ms", ASCENDING), ("index", ASCENDING)], name="by_age")
    by_stream = IndexModel([("state", ASCENDING), ("stream", ASCENDING), ("version", ASCENDING), ("index", ASCENDING)], name="by_stream")
    published = IndexModel([("published_at", ASCENDING)], name="kept", expireAfterSeconds=settings.outbox_keep_days * _DAY_SECONDS)
    handled = IndexModel([("at", ASCENDING)], name="kept", expireAfterSeconds=settings.inbox_keep_days * _DAY_SECONDS)
    due = IndexModel([("due_at", ASCENDING)], name="due")
    await prepare_collection(database, OUTBOX, indexes=[by_age, by_stream, published])
    await prepare_collection(database, INBOX, indexes=[handled])
    forgotten = IndexModel([("at", ASCENDING)], name="kept", expireAfterSeconds=_longest_way_seconds(settings))
    await prepare_collection(database, ERASED, indexes=[forgotten])
    await prepare_collection(database, TIMERS, indexes=[due])
    await prepare_collection(database, LEASES)
