"""What the simulators remember: a bounded log of everything that arrived, that readers may wait on."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import uuid4

from deploy.simulators.settings import SimulatorsSettings


def now() -> datetime:
    """The outside world's own time: it does not travel with the sandbox clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Something that reached the outside world."""

    id: str = field(default_factory=lambda: uuid4().hex)
    received_at: datetime = field(default_factory=now)


AnyArrival = TypeVar("AnyArrival", bound=Arrival)


class Log(Generic[AnyArrival]):
    """The newest arrivals, bounded by count and by size."""

    def __init__(self, keep: int, *, keep_bytes: int | None = None, size_of: Callable[[AnyArrival], int] = lambda _: 0) -> None:
        self._keep, self._keep_bytes, self._size_of = keep, keep_bytes, size_of
        self._arrivals: deque[AnyArrival] = deque()
        self._bytes = 0
        self._changed = asyncio.Condition()

    async def add(self, arrival: AnyArrival) -> None:
        """Remember it, forget the oldest beyond the bounds, wake whoever waits."""
        self._arrivals.append(arrival)
        self._bytes += self._size_of(arrival)
        while len(self._arrivals) > self._keep or (
            self._keep_bytes is not None and self._bytes > self._keep_bytes and len(self._arrivals) > 1
        ):
            self._bytes -= self._size_of(self._arrivals.popleft())
        async with self._changed:
            self._changed.notify_all()

    def newest_first(self) -> list[AnyArrival]:
        """Everything remembered."""
        return list(reversed(self._arrivals))

    def get(self, arrival_id: str) -> AnyArrival | None:
        """One arrival, or None when unknown or forgotten."""
        return next((arrival for arrival in self._arrivals if arrival.id == arrival_id), None)

    async def matching(
        self, wanted: Callable[[AnyArrival], bool], *, after: str | None = None, wait_seconds: float = 0
    ) -> list[AnyArrival]:
        """Arrivals that match, oldest first, only those later than `after`; waits up to `wait_seconds` for the first one."""
        try:
            async with asyncio.timeout(wait_seconds), self._changed:
                while not (found := self._matching_now(wanted, after)):
                    await self._changed.wait()
                return found
        except TimeoutError:
            return self._matching_now(wanted, after)

    def _matching_now(self, wanted: Callable[[AnyArrival], bool], after: str | None) -> list[AnyArrival]:
        arrivals = list(self._arrivals)
        seen = next((index for index, arrival in enumerate(arrivals) if arrival.id == after), -1) if after else -1
        return [arrival for arrival in arrivals[seen + 1 :] if wanted(arrival)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryCheck(Arrival):
    """One question to a state registry and what it answered."""

    registry: str
    fields: dict[str, object]
    outcome: str
    mismatches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessage(Arrival):
    """One SMS."""

    to: str
    text: str
    is_delivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file of a mail."""

    file_name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail(Arrival):
    """One e-mail as it arrived."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PushMessage(Arrival):
    """One push message; the body of real Web Push is encrypted for the browser, so it is shown as it came."""

    to: str
    title: str
    body: str


@dataclass(slots=True)
class ProviderMode:
    """How a provider behaves: `accept`, `refuse` (a final no) or `unavailable` (try later)."""

    mode: str = "accept"
    latency_seconds: float | None = None


class World:
    """Everything the simulators remember, for the routes and the page."""

    def __init__(self, settings: SimulatorsSettings) -> None:
        self.settings = settings
        self.checks: Log[RegistryCheck] = Log(settings.keep_messages)
        self.texts: Log[TextMessage] = Log(settings.keep_messages)
        self.pushes: Log[PushMessage] = Log(settings.keep_messages)
        self.mails: Log[Mail] = Log(settings.keep_messages, keep_bytes=settings.keep_mail_bytes, size_of=lambda mail: mail.size_bytes)
        self.sms_mode, self.mail_mode, self.push_mode = ProviderMode(), ProviderMode(), ProviderMode()

    async def take_time(self, latency_seconds: float | None) -> None:
        """Be as slow as told."""
        seconds = self.settings.latency_seconds if latency_seconds is None else latency_seconds
        if seconds:
            await asyncio.sleep(seconds)
