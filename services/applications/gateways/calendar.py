"""The Russian production calendar: the `holidays` library with its moved days; an official file wins over it."""

import tomllib
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from pathlib import Path

import holidays


def production_calendar(override: Path | None = None) -> Callable[[date], bool]:
    """Whether a day is a working day. ValueError when the override file is not what it should be."""
    days_off, working_days = _override(override) if override else (frozenset[date](), frozenset[date]())
    russia = holidays.country_holidays("RU")

    @lru_cache(maxsize=4096)
    def is_working_day(day: date) -> bool:
        if day in days_off:
            return False
        return day in working_days or bool(russia.is_working_day(day))

    return is_working_day


def _override(path: Path) -> tuple[frozenset[date], frozenset[date]]:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        days_off, working_days = (frozenset(map(_date, given.get(name, []))) for name in ("holidays", "working_days"))
    except (OSError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise ValueError(f"the calendar file {path} cannot be used: {error}") from error
    return days_off, working_days


def _date(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
