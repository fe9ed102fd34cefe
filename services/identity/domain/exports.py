"""The export of everything that is known of a person: which services answer, which parts are there, until when it can be downloaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from chassis.errors import Conflict, NotFound, TooManyRequests

SOURCES = ("identity", "applications", "documents", "notifications", "support")


class NoSuchExport(NotFound):
    """No export of this id for who is asking, or its time is over."""

    code = "no-such-data-export"


class ExportUnderWay(Conflict):
    """One is being collected; `export_id` names it."""

    code = "data-export-under-way"


class TooManyExports(TooManyRequests):
    """As many as a person may begin within an hour."""

    code = "too-many-data-exports"


class ExportNotReady(Conflict):
    """Parts are still on their way."""

    code = "data-export-not-ready"


@dataclass(frozen=True, slots=True)
class Part:
    """How many pieces a service's part has, and which are here."""

    count: int
    numbers: tuple[int, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return len(self.numbers) >= self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class DataExport:
    """One export of a person; `ready_at` is when every part was there, or when the wait for the rest ended."""

    id: UUID
    person_id: UUID
    requested_at: datetime
    expires_at: datetime
    parts: Mapping[str, Part]
    ready_at: datetime | None = None
    version: int = 0

    @property
    def missing(self) -> tuple[str, ...]:
        """Services whose part is not whole."""
        return tuple(name for name in SOURCES if name not in self.parts or not self.parts[name].is_whole)

    def with_piece(self, service: str, number: int, count: int) -> "DataExport":
        """One more piece; the same again changes nothing."""
        known = self.parts.get(service, Part(count))
        numbers = tuple(sorted({*known.numbers, number}))
        return replace(self, parts={**self.parts, service: Part(count, numbers)})

    def ready(self, at: datetime) -> "DataExport":
        """From now on it can be downloaded."""
        return replace(self, ready_at=self.ready_at or at)


def check_pace(requested_at: Sequence[datetime], at: datetime, *, an_hour: int) -> None:
    """Raises `TooManyExports` when it is too early for another; `requested_at` are the last ones, newest first."""
    if len(requested_at) >= an_hour:
        free_at = requested_at[an_hour - 1] + timedelta(hours=1)
        if at < free_at:
            wait = int((free_at - at).total_seconds()) + 1
            detail = f"Копию данных можно заказать не более {an_hour} раз в час. Скачайте готовую или закажите новую позже."
            raise TooManyExports(detail, retry_after_seconds=wait)
