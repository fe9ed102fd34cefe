"""Where time comes from. Nothing else in the system asks the machine what time it is."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


def machine_now() -> datetime:
    """The machine's own time, as precise as the store keeps moments, so that what is read again equals what was written.

    Used directly for records that the store ages by its clock; nothing a person sees depends on it.
    """
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Clock(Protocol):
    """The time as the system sees it."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return machine_now()


class SandboxClock:
    """Development's time machine: all processes share one file that says how far the clock was moved."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen_mtime_ns = -1
        self._offset = timedelta()

    def now(self) -> datetime:
        """The machine's time plus the offset of the file; a missing file is no offset."""
        return machine_now() + self.offset

    @property
    def offset(self) -> timedelta:
        """How far the clock is moved; the file is read again only when it changed."""
        try:
            mtime_ns = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return timedelta()
        if mtime_ns != self._seen_mtime_ns:
            self._offset = timedelta(seconds=json.loads(self._path.read_text())["offset_seconds"])
            self._seen_mtime_ns = mtime_ns
        return self._offset

    def move(self, delta: timedelta) -> None:
        """Move everybody's clock by `delta`; negative moves back. Replaces the file at once, so no reader sees half of it."""
        self._write(self.offset + timedelta(milliseconds=delta // timedelta(milliseconds=1)))

    def reset(self) -> None:
        """Back to the machine's time."""
        self._write(timedelta())

    def _write(self, offset: timedelta) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({"offset_seconds": offset.total_seconds()}))
        fresh.replace(self._path)
