"""Twins for tests of use-cases: they keep the promises of the real mechanisms, in memory."""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar, cast
from uuid import UUID

from chassis.mongo import Session
from chassis.transaction import AlreadyHandled, Transaction, may_begin
from contracts.base import Event

AnyEvent = TypeVar("AnyEvent", bound=Event)


@dataclass(slots=True)
class FrozenClock:
    """Time that passes only when told to."""

    moment: datetime

    def now(self) -> datetime:
        """The moment set."""
        return self.moment

    def move(self, delta: timedelta) -> None:
        """Let time pass."""
        self.moment += delta


@dataclass(slots=True)
class RecordingTransaction:
    """A transaction without a store: what was published and scheduled in it counts once it commits."""

    published: list[Event] = field(default_factory=list)
    timers: dict[str, tuple[datetime, Event] | None] = field(default_factory=dict)
    cancelled_prefixes: list[str] = field(default_factory=list)
    forgotten: set[UUID] = field(default_factory=set)

    @property
    def session(self) -> Session:
        """None: the fakes that take part ignore it."""
        return cast("Session", None)

    async def publish(self, event: Event) -> None:
        """Keep until commit."""
        self.published.append(event)

    async def schedule(self, key: str, due_at: datetime, event: Event) -> None:
        """Keep until commit."""
        self.timers[key] = (due_at, event)

    async def cancel(self, key: str) -> None:
        """Keep until commit."""
        self.timers[key] = None

    async def forget(self, person_id: UUID) -> None:
        """Keep until commit."""
        self.forgotten.add(person_id)

    async def cancel_all(self, prefix: str) -> None:
        """Keep until commit; what this transaction scheduled before is forgotten at once."""
        self.cancelled_prefixes.append(prefix)
        self.timers = {key: value for key, value in self.timers.items() if not key.startswith(prefix)}


@dataclass(slots=True)
class FakeBegin:
    """Commits to lists. An exception leaves no event, no timer and no inbox row behind; stores of fakes are not rolled back."""

    conflict_retries: int = 0
    published: list[Event] = field(default_factory=list)
    scheduled: dict[str, tuple[datetime, Event]] = field(default_factory=dict)
    handled: set[str] = field(default_factory=set)
    forgotten: set[UUID] = field(default_factory=set)

    def __call__(self, *, handling: Event | None = None, is_last: bool = True) -> AbstractAsyncContextManager[Transaction]:
        """As `chassis.transaction.Begin`."""
        del is_last
        may_begin()
        return self._open(handling)

    def events(self, event_class: type[AnyEvent]) -> list[AnyEvent]:
        """The published events of one class, in order."""
        return [event for event in self.published if isinstance(event, event_class)]

    def due(self, now: datetime) -> list[Event]:
        """Take out and return the events whose timers are due, earliest first, as the timer loop would publish them."""
        ripe = sorted((at, key) for key, (at, _) in self.scheduled.items() if at <= now)
        return [self.scheduled.pop(key)[1].model_copy(update={"occurred_at": now}) for _, key in ripe]

    @asynccontextmanager
    async def _open(self, handling: Event | None) -> AsyncIterator[Transaction]:
        if handling is not None and (str(handling.event_id) in self.handled or handling.about_id in self.forgotten):
            raise AlreadyHandled(str(handling.event_id))
        tx = RecordingTransaction()
        yield tx
        if handling is not None:
            self.handled.add(str(handling.event_id))
        self.published += tx.published
        self.forgotten |= tx.forgotten
        for prefix in tx.cancelled_prefixes:
            self.scheduled = {key: value for key, value in self.scheduled.items() if not re.match(re.escape(prefix), key)}
        for key, timer in tx.timers.items():
            if timer is None:
                self.scheduled.pop(key, None)
            else:
                self.scheduled[key] = timer
