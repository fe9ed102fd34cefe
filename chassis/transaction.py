"""One transaction per request or message: the change, its events (outbox), its duplicate guard (inbox) and its timers."""

import asyncio
import contextlib
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial, wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar
from uuid import UUID

from pymongo.errors import BulkWriteError, ConnectionFailure, PyMongoError

from chassis import idempotency
from chassis.clock import machine_now
from chassis.mongo import (
    Client,
    Collection,
    Database,
    DeleteOne,
    Document,
    DuplicateKeyError,
    InsertOne,
    ReplaceOne,
    Session,
)
from chassis.outbox import ERASED, INBOX, OUTBOX, TIMERS, outbox_row, timer_row
from contracts.base import Event
from contracts.sealed import KeyRing

P = ParamSpec("P")
R = TypeVar("R")


class AlreadyHandled(Exception):
    """The inbox holds this event: its effects are committed."""


class Overtaken(PyMongoError):
    """Somebody wrote what was read before the transaction began. The use-case runs again, as after any write conflict."""

    def __init__(self) -> None:
        super().__init__("overtaken by another writer", error_labels=["TransientTransactionError"])


class Transaction(Protocol):
    """What a use-case may do besides reading and writing: tell and plan, both only if the transaction commits."""

    @property
    def session(self) -> Session:
        """To be passed to every read and write that belongs to the transaction."""
        ...

    async def publish(self, event: Event) -> None:
        """Publish once committed."""
        ...

    async def schedule(self, key: str, due_at: datetime, event: Event) -> None:
        """Publish at `due_at`; replaces what was scheduled under the same key."""
        ...

    async def cancel(self, key: str) -> None:
        """Forget what was scheduled under the key, if anything."""
        ...

    async def cancel_all(self, prefix: str) -> None:
        """Forget everything scheduled under keys that begin with `prefix`."""
        ...

    async def forget(self, person_id: UUID) -> None:
        """Let events about the person pass by from now on: a late one must not bring back what was removed."""
        ...


class Begin(Protocol):
    """Opens a transaction; commits when the block ends, aborts when it raises."""

    conflict_retries: int

    def __call__(self, *, handling: Event | None = None, is_last: bool = True) -> AbstractAsyncContextManager[Transaction]:
        """`handling` names the consumed event: raises `AlreadyHandled` if its effects are committed already.

        A request that opens several transactions says `is_last=False` for all but the last, because the answer that an
        Idempotency-Key replays is stored with the last one.
        """
        ...


@dataclass(slots=True)
class MongoTransaction:
    """A transaction of the store. Events and timers are collected and written together, just before the commit."""

    session: Session
    database: Database
    key_ring: KeyRing
    service: str
    _rows: list[Document] = field(default_factory=list)
    _timers: list[ReplaceOne[Document] | DeleteOne] = field(default_factory=list)

    async def publish(self, event: Event) -> None:
        """Make the outbox row; it is written with the others."""
        self._rows.append(outbox_row(event, self.key_ring, service=self.service, index=len(self._rows)))

    async def schedule(self, key: str, due_at: datetime, event: Event) -> None:
        """Make the timer row; it is written with the others."""
        self._timers.append(ReplaceOne({"_id": key}, timer_row(key, due_at, event, self.key_ring, service=self.service), upsert=True))

    async def cancel(self, key: str) -> None:
        """Delete the timer row together with the other changes."""
        self._timers.append(DeleteOne({"_id": key}))

    async def cancel_all(self, prefix: str) -> None:
        """Delete timer rows at once, those planned in this transaction included."""
        await self._write_timers()
        await self.database[TIMERS].delete_many({"_id": {"$regex": f"^{re.escape(prefix)}"}}, session=self.session)

    async def forget(self, person_id: UUID) -> None:
        """Keep nothing but the id, for as long as an event may still be on its way."""
        kept = {"$setOnInsert": {"at": machine_now()}}
        await self.database[ERASED].update_one({"_id": person_id}, kept, upsert=True, session=self.session)

    @property
    def has_events(self) -> bool:
        """Whether the relay has something to do after the commit."""
        return bool(self._rows)

    async def remember(self, event: Event) -> None:
        """The inbox row, before any effect. Raises `AlreadyHandled`, also for what is about a person this service forgot."""
        row = {"_id": str(event.event_id), "type": event.type, "stream": event.stream, "version": event.version, "at": machine_now()}
        try:
            await self.database[INBOX].insert_one(row, session=self.session)
        except DuplicateKeyError:
            raise AlreadyHandled(str(event.event_id)) from None
        person_id = event.about_id
        if person_id is not None and await self.database[ERASED].find_one({"_id": person_id}, {"_id": 1}, session=self.session):
            raise AlreadyHandled(str(event.event_id))

    async def flush(self) -> None:
        """Write what was collected."""
        await self._write_timers()
        if self._rows:
            await self.database[OUTBOX].insert_many(self._rows, session=self.session)

    async def _write_timers(self) -> None:
        if self._timers:
            await self.database[TIMERS].bulk_write(self._timers, ordered=True, session=self.session)
            self._timers.clear()


async def write_guarded(tx: Transaction, rows: Collection, writes: Sequence[ReplaceOne[Document] | InsertOne[Document]]) -> None:
    """Several writes in one round trip, each an upsert that names the version which was read. Raises `Overtaken`.

    A row that somebody else wrote since does not fit, and its insertion meets the row that is there.
    """
    try:
        await rows.bulk_write(writes, ordered=True, session=tx.session)
    except BulkWriteError as error:
        if {found["code"] for found in error.details["writeErrors"]} <= _LOST:
            raise Overtaken from None
        raise


def upserted(document: Document | None) -> Document:
    """What an upsert hands back. Raises `Overtaken` where that is nothing, as of two at the same moment in the embedded store."""
    if document is None:
        raise Overtaken
    return document


_LOST = {11000, 112}
"""A duplicate key, a write conflict."""
_attempt: ContextVar[int | None] = ContextVar("_attempt", default=None)
"""Which run of an atomic method this is, from 0; None outside of one."""


def may_begin() -> None:
    """Raises `RuntimeError` outside of a method marked `@atomic`."""
    if _attempt.get() is None:
        raise RuntimeError("begin() is called by methods marked @atomic only: a write conflict must be able to run them again")


@dataclass(slots=True)
class MongoBegin:
    """Transactions of one service's database. `on_commit` is told whether events wait in the outbox.

    Messages take turns, `messages_at_once` of them, and who lost a conflict tries again one by one: of a backlog about one record
    all but one would lose, each time. People's requests never wait for messages.
    """

    service: str
    client: Client
    database: Database
    key_ring: KeyRing
    conflict_retries: int
    commit_timeout_seconds: float
    on_commit: Callable[[], None]
    answers: idempotency.Answers
    messages_at_once: int
    _turns: asyncio.Semaphore = field(init=False)
    _losers: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.messages_at_once)

    def __call__(self, *, handling: Event | None = None, is_last: bool = True) -> AbstractAsyncContextManager[Transaction]:
        """See `Begin`."""
        may_begin()
        return self._open(None, is_last=is_last) if handling is None else self._in_turn(handling, is_last=is_last)

    @asynccontextmanager
    async def _in_turn(self, handling: Event, *, is_last: bool) -> AsyncIterator[Transaction]:
        async with self._losers if _attempt.get() else self._turns, self._open(handling, is_last=is_last) as tx:
            yield tx

    @asynccontextmanager
    async def _open(self, handling: Event | None, *, is_last: bool) -> AsyncIterator[Transaction]:
        request = idempotency.current_request.get()
        if request is not None:
            await request.settle()
        session = self.client.start_session()
        is_held = False
        try:
            await session.start_transaction()
            tx = MongoTransaction(session, self.database, self.key_ring, self.service)
            if handling is not None:
                await tx.remember(handling)
            if request is not None:
                await (self.answers.claim if is_last else self.answers.replay_if_answered)(request, session)
            yield tx
            await tx.flush()
            if request is not None and is_last:
                request.hold(partial(self._finish, tx, request))
                is_held = True
            else:
                await self._commit(tx)
        finally:
            if not is_held:
                await _close(session)

    async def _finish(
        self, tx: MongoTransaction, request: idempotency.KeyedRequest, answer: idempotency.Answer | None, *, commits: bool
    ) -> None:
        try:
            if commits:
                await self.answers.keep(request, answer, tx.session)
                await self._commit(tx)
        finally:
            await _close(tx.session)

    async def _commit(self, tx: MongoTransaction) -> None:
        async with asyncio.timeout(self.commit_timeout_seconds):
            while True:
                try:
                    await tx.session.commit_transaction()
                    break
                except PyMongoError as error:
                    if not error.has_error_label("UnknownTransactionCommitResult"):
                        raise
                    await asyncio.sleep(_backoff(0))
        if tx.has_events:
            self.on_commit()


async def _close(session: Session) -> None:
    if session.in_transaction:
        with contextlib.suppress(ConnectionFailure):  # the server ends it by itself when its lifetime is over
            await session.abort_transaction()
    await session.end_session()


class HasBegin(Protocol):
    """A use-case class."""

    @property
    def begin(self) -> Begin:
        """Opens transactions."""
        ...


Self_ = TypeVar("Self_", bound=HasBegin)


def atomic(method: Callable[Concatenate[Self_, P], Awaitable[R]]) -> Callable[Concatenate[Self_, P], Awaitable[R]]:
    """Run a use-case again, in a new transaction, when it lost a write conflict.

    What the method does before or outside its transaction must bear repetition. A lost connection is tried once more;
    never when the commit's outcome is unknown.
    """

    @wraps(method)
    async def run(self: Self_, /, *args: P.args, **kwargs: P.kwargs) -> R:
        attempt = 0
        token = _attempt.set(attempt)
        try:
            while True:
                try:
                    return await method(self, *args, **kwargs)
                except PyMongoError as error:
                    limit = 1 if isinstance(error, ConnectionFailure) else self.begin.conflict_retries
                    if attempt >= limit or not _is_repeatable(error):
                        raise
                await asyncio.sleep(_backoff(attempt))
                attempt += 1
                _attempt.set(attempt)
        finally:
            _attempt.reset(token)

    return run


@dataclass(frozen=True, slots=True)
class _Marking:
    begin: Begin

    @atomic
    async def mark(self, event: Event) -> None:
        async with self.begin(handling=event):
            """Only the inbox row."""


async def mark_handled(begin: Begin, event: Event) -> None:
    """Note in the inbox that the event is dealt with, where that took no transaction: there was nothing to do, or no row to change."""
    await _Marking(begin).mark(event)


def _is_repeatable(error: PyMongoError) -> bool:
    return error.has_error_label("TransientTransactionError") and not error.has_error_label("UnknownTransactionCommitResult")


def _backoff(attempt: int) -> float:
    return float(min(0.5, 0.01 * 2**attempt)) * (0.5 + random.random())  # noqa: S311 - jitter, not a secret
