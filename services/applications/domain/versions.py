"""Rows that hold from one day to another."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Versioned:
    """Where a row comes from and on which days it holds; the last day is included, None is open."""

    source: str
    valid_from: date
    valid_until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it is in force."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)
