"""All versions of the rules, in the order of the days they begin on."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any, TypeVar

from services.applications.domain.rules import Rules, Titles
from services.applications.domain.versions import Versioned

Row = TypeVar("Row", bound=Versioned)
Table = Mapping[Any, tuple[Row, ...]]
"""The versions of each row by its key, earliest first."""
NEXT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tables:
    """Every row of every file."""

    kinds: Table[Any]
    specialties: Table[Any]
    documents: Table[Any]
    reasons: Table[Any]
    checklists: Table[Any]
    grounds: Table[Any]
    purposes: Table[Any]
    dates: Table[Any]
    terms: Table[Any]

    def all(self) -> dict[str, Table[Any]]:
        """The tables by name, in the order of their pages."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def complete(self) -> tuple[Table[Any], ...]:
        """The tables without which nothing is judged: on each day each of their rows must hold."""
        return (self.kinds, self.documents, self.reasons, self.dates, self.terms)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules by day. Before the first day all tables hold, the first version stands."""

    tables: Tables
    versions: tuple[tuple[date, Rules], ...]

    @classmethod
    def of(cls, tables: Tables) -> "Rulebook":
        """From valid tables."""
        named = (tables.kinds, tables.specialties, tables.documents, tables.grounds, tables.purposes)
        titles = Titles(*(_titles(table) for table in named))
        return cls(tables, tuple((day, _on(day, tables, titles)) for day in _beginnings(tables)))

    def on(self, day: date) -> Rules:
        """The rules of a day."""
        place = bisect_right(self.versions, day, key=lambda version: version[0])
        return self.versions[max(place - 1, 0)][1]


def _beginnings(tables: Tables) -> list[date]:
    first = max(versions[0].valid_from for table in tables.complete() for versions in table.values())
    rows = [row for table in tables.all().values() for versions in table.values() for row in versions]
    days = {row.valid_from for row in rows} | {row.valid_until + NEXT for row in rows if row.valid_until}
    return sorted({first} | {day for day in days if day > first})


def _on(day: date, tables: Tables, titles: Titles) -> Rules:
    return Rules(**{name: _holding(table, day) for name, table in tables.all().items()}, titles=titles)


def _holding(table: Table[Row], day: date) -> dict[Any, Row]:
    return {key: row for key, versions in table.items() for row in versions if row.holds_on(day)}


def _titles(table: Table[Any]) -> dict[Any, str]:
    return {key: versions[-1].title for key, versions in table.items()}
