"""Twins of notifications' repositories and providers, in memory."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

import httpx

from chassis.breaker import CircuitBreaker
from chassis.testing import FakeBegin, FrozenClock
from chassis.transaction import Transaction
from contracts.roles import Role
from services.notifications.domain import (
    KINDS,
    Channel,
    Contacts,
    Delivery,
    DeliveryState,
    Notice,
    NoticeNotFound,
    Recipient,
    Retry,
    StaleRecord,
)
from services.notifications.gateways import Attachments, GuardedProvider, Message, Templates
from services.notifications.repository import DeliveryRepository, NoticeRepository, RecipientRepository
from services.notifications.usecases import Bell, Terms, UseCases
from tests.notifications.events import NOW

T = TypeVar("T")
_NOTHING = cast("Any", None)


class FakeRecipientRepository(RecipientRepository):
    def __init__(self) -> None:
        self.people: dict[UUID, Recipient] = {}
        self.known: dict[UUID, tuple[int, Contacts]] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def next_notice(self, tx: Transaction, recipient_id: UUID) -> Recipient:
        person = await self.find(recipient_id)
        self.people[recipient_id] = replace(person, sequence=person.sequence + 1)
        return self.people[recipient_id]

    async def change_contacts(self, tx: Transaction, recipient_id: UUID, contacts: Contacts, roles: frozenset[Role], version: int) -> bool:
        if self.known.get(recipient_id, (0, None))[0] >= version:
            return False
        self.known[recipient_id] = (version, contacts)
        self.people[recipient_id] = replace(await self.find(recipient_id), has_contacts=True, roles=roles)
        return True

    async def contacts(self, recipient_id: UUID) -> Contacts | None:
        return self.known[recipient_id][1] if recipient_id in self.known else None

    async def with_role(self, tx: Transaction, role: Role, *, limit: int) -> list[UUID]:
        return sorted(person.id for person in self.people.values() if role in person.roles)[:limit]

    async def find(self, recipient_id: UUID) -> Recipient:
        return self.people.get(recipient_id, Recipient(id=recipient_id))

    async def forget(self, tx: Transaction, recipient_id: UUID) -> None:
        self.people.pop(recipient_id, None)
        self.known.pop(recipient_id, None)

    async def save_preferences(self, tx: Transaction, recipient_id: UUID, preferences: Mapping[str, tuple[Channel, ...]]) -> None:
        self.people[recipient_id] = replace(await self.find(recipient_id), preferences=dict(preferences))


class FakeNoticeRepository(NoticeRepository):
    def __init__(self) -> None:
        self.stored: dict[UUID, Notice] = {}
        self.acts: dict[str, datetime] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def add(self, tx: Transaction, notice: Notice) -> None:
        self.stored[notice.id] = notice

    async def save(self, tx: Transaction, notice: Notice) -> None:
        held = self.stored.get(notice.id)
        if held is None or held.version != notice.version - 1:
            raise StaleRecord("stale")
        self.stored[notice.id] = notice

    async def forget(self, tx: Transaction, recipient_id: UUID) -> None:
        self.stored = {key: one for key, one in self.stored.items() if one.recipient_id != recipient_id}

    async def get(self, notice_id: UUID, *, recipient_id: UUID | None = None, tx: Transaction | None = None) -> Notice:
        found = self.stored.get(notice_id)
        if found is None or (recipient_id is not None and found.recipient_id != recipient_id):
            raise NoticeNotFound("none")
        return found

    def _of(self, recipient_id: UUID) -> list[Notice]:
        return sorted((n for n in self.stored.values() if n.recipient_id == recipient_id), key=lambda notice: notice.sequence)

    async def newest(self, recipient_id: UUID, *, before: int | None, is_unread: bool | None, limit: int) -> list[Notice]:
        found = [
            notice
            for notice in reversed(self._of(recipient_id))
            if (before is None or notice.sequence < before) and (is_unread is None or (notice.read_at is None) is is_unread)
        ]
        return found[:limit]

    async def after(self, recipient_id: UUID, sequence: int, *, limit: int) -> list[Notice]:
        return [notice for notice in self._of(recipient_id) if notice.sequence > sequence][:limit]

    async def awaiting(self, tx: Transaction, recipient_id: UUID, subject: str, *, before: datetime) -> list[Notice]:
        return [
            notice
            for notice in self._of(recipient_id)
            if notice.subject == subject and KINDS[notice.kind].awaits_act and notice.acted_at is None and notice.occurred_at < before
        ]

    async def has_later(self, tx: Transaction, recipient_id: UUID, kind: str, *, after: datetime) -> bool:
        return any(notice.kind == kind and notice.created_at > after for notice in self._of(recipient_id))

    async def last_act(self, tx: Transaction, subject: str) -> datetime | None:
        return self.acts.get(subject)

    async def record_act(self, tx: Transaction, subject: str, *, at: datetime) -> None:
        self.acts[subject] = max(at, self.acts.get(subject, at))

    async def inserted(self) -> AsyncIterator[Notice]:
        for notice in list(self.stored.values()):
            yield notice


class FakeDeliveryRepository(DeliveryRepository):
    def __init__(self) -> None:
        self.stored: dict[UUID, Delivery] = {}
        self.failures: dict[DeliveryState, list[Exception | None]] = {}
        """What the next writes of a state raise; with a `TimeoutError` the write has happened all the same."""

    async def prepare(self) -> None:
        """Nothing to make."""

    async def add(self, tx: Transaction, deliveries: list[Delivery]) -> None:
        self.stored |= {delivery.id: delivery for delivery in deliveries}

    async def save(self, tx: Transaction, delivery: Delivery) -> None:
        held = self.stored.get(delivery.id)
        if held is None or held.version != delivery.version - 1:
            raise StaleRecord("stale")
        failure = (self.failures.get(delivery.state) or [None]).pop(0)
        if failure is None or isinstance(failure, TimeoutError):
            self.stored[delivery.id] = delivery
        if failure is not None:
            raise failure

    async def forget(self, tx: Transaction, recipient_id: UUID) -> None:
        self.stored = {key: one for key, one in self.stored.items() if one.recipient_id != recipient_id}

    async def find(self, delivery_id: UUID, *, tx: Transaction | None = None) -> Delivery | None:
        return self.stored.get(delivery_id)

    async def waiting(self, tx: Transaction, recipient_id: UUID, *, limit: int) -> list[Delivery]:
        found = [d for d in self.stored.values() if d.recipient_id == recipient_id and d.state is DeliveryState.WAITING]
        return sorted(found, key=lambda delivery: delivery.created_at)[:limit]

    async def unsettled(self, tx: Transaction, notice_id: UUID, recipient_id: UUID) -> list[Delivery]:
        return [d for d in self.stored.values() if d.notice_id == notice_id and d.recipient_id == recipient_id and not d.is_final]


@dataclass
class FakeAttachments(Attachments):
    """Gives `body`, or raises what it is told to."""

    body: bytes | None = None
    failure: Exception | None = None

    async def fetch(self, link: str, *, sha256: str) -> bytes | None:
        if self.failure is not None:
            raise self.failure
        return self.body


@dataclass
class FakeProvider:
    """Takes messages, or raises what it is told to, after waiting for `gate`."""

    sent: list[Message] = field(default_factory=list)
    failure: Exception | None = None
    gate: asyncio.Event | None = None
    waiting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    """Released by each message that waits."""

    async def send(self, message: Message) -> None:
        if self.gate is not None:
            self.waiting.release()
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.sent.append(message)


RETRY = Retry(attempts=3, first=timedelta(seconds=10), factor=3, longest=timedelta(hours=1))
TERMS = Terms(
    delivery_lease=timedelta(seconds=60),
    delivery_expiry=timedelta(hours=72),
    notice_retry=RETRY,
    code_retry=Retry(attempts=20, first=timedelta(seconds=2), factor=2, longest=timedelta(seconds=30)),
    repeat_every=timedelta(hours=48),
    repeat_limit=5,
    stream_poll_seconds=20,
    stream_heartbeat_seconds=15,
)


@dataclass
class House:
    """The use-cases with everything about them in memory."""

    clock: FrozenClock = field(default_factory=lambda: FrozenClock(NOW))
    begin: FakeBegin = field(default_factory=FakeBegin)
    recipients: FakeRecipientRepository = field(default_factory=FakeRecipientRepository)
    notices: FakeNoticeRepository = field(default_factory=FakeNoticeRepository)
    deliveries: FakeDeliveryRepository = field(default_factory=FakeDeliveryRepository)
    mail: FakeProvider = field(default_factory=FakeProvider)
    sms: FakeProvider = field(default_factory=FakeProvider)
    attachments: FakeAttachments = field(default_factory=lambda: FakeAttachments(cast("httpx.AsyncClient", _NOTHING), 1))
    monotonic: list[float] = field(default_factory=lambda: [0.0])
    usecases: UseCases = field(init=False)

    def __post_init__(self) -> None:
        self.usecases = UseCases(
            begin=self.begin,
            recipients=self.recipients,
            notices=self.notices,
            deliveries=self.deliveries,
            templates=Templates(public_url="https://cabinet.example.org", time_zone="Europe/Moscow"),
            providers={Channel.EMAIL: self._guarded(self.mail), Channel.SMS: self._guarded(self.sms)},
            attachments=self.attachments,
            bell=Bell(limit=5),
            terms=TERMS,
            now=self.clock.now,
        )

    def _guarded(self, provider: FakeProvider) -> GuardedProvider:
        return GuardedProvider(provider, CircuitBreaker(3, 15, concurrency=2, monotonic=lambda: self.monotonic[0]))
