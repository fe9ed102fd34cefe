"""Suspicious patterns in the access log: many refusals of one account, many people's records read by one, a device never seen before."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

_VERSION = re.compile(r"[\d._]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPolicy:
    """From when on it is suspicious."""

    refusals: int
    refusal_window: timedelta
    people: int
    reading_window: timedelta
    device_keep: timedelta
    devices: int


class Watched(StrEnum):
    """What is watched of somebody."""

    REFUSALS = "refusals"
    DEVICES = "devices"
    READING = "reading"

    def key_of(self, person_id: UUID | None) -> str:
        """The key of what was seen of a person."""
        return f"{self}:{person_id}"


def keys_of(person_id: UUID) -> Iterator[str]:
    """The keys of all that is watched of a person."""
    return (watched.key_of(person_id) for watched in Watched)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """Different things seen lately (moment, what), the latest last, and when somebody was told. `key` says of whom and of what kind."""

    key: str
    seen: tuple[tuple[datetime, str], ...] = ()
    told_at: datetime | None = None
    is_new: bool = True

    def added(self, what: str, at: datetime, *, window: timedelta, limit: int) -> "tuple[Recent, bool]":
        """With one more, and whether that makes `limit` different ones within the window; said once per window."""
        others = [pair for pair in self.seen if pair[1] != what and at - window < pair[0] < at + window]
        seen = (*others, (at, what))[-limit:]
        is_told = self.told_at is not None and abs(at - self.told_at) < window
        is_reached = len(seen) >= limit and not is_told
        return replace(self, seen=seen, told_at=at if is_reached else self.told_at, is_new=False), is_reached

    def used(self, device: str, at: datetime, *, keep: timedelta, limit: int) -> "tuple[Recent, bool]":
        """With a device used now, and whether it is one this person did not use lately. The very first one is not."""
        known = [pair for pair in self.seen if pair[0] > at - keep]
        others = [pair for pair in known if pair[1] != device]
        is_strange = not self.is_new and len(others) == len(known)
        return replace(self, seen=(*others, (at, device))[-limit:], is_new=False), is_strange


def device_family(user_agent: str | None) -> str:
    """What stays the same when a browser is updated: its name for itself without any number."""
    return _VERSION.sub("", user_agent or "")
