"""Dates as documents write them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.documents.domain.reading.words import Token

_MONTHS = {
    stem: number for number, stem in enumerate(("ЯНВ", "ФЕВ", "МАР", "АПР", "МА", "ИЮН", "ИЮЛ", "АВГ", "СЕН", "ОКТ", "НОЯ", "ДЕК"), 1)
}
_FULL_YEAR, _CENTURY_FROM = 4, 30
_WHOLE = re.compile(r"(\d{2})(\d{2})(\d{4})")


@dataclass(frozen=True, slots=True)
class DateRead:
    """A date with the place of its first token and the least confidence of its parts."""

    day: date
    place: int
    row: int
    is_sure: bool


def dates(tokens: Sequence[Token]) -> list[DateRead]:
    """Every date, in whatever form: 12.03.1985, 12/03/85, «12» марта 1985 г."""
    return list(_dates(tokens))


def _dates(tokens: Sequence[Token]) -> Iterator[DateRead]:
    for start, token in enumerate(tokens):
        if not token.is_number:
            continue
        whole = _WHOLE.fullmatch(token.text)  # the points between were not seen
        if whole is not None and (day := _day(*whole.groups())) is not None:
            yield DateRead(day, token.place, token.row, token.is_sure)
        parts = tokens[start : start + 3]
        if len(parts) == 3 and (day := _day(*(part.text for part in parts))) is not None:  # noqa: PLR2004 - day, month, year
            yield DateRead(day, token.place, token.row, all(part.is_sure for part in parts))


def _day(day: str, month: str, year: str) -> date | None:
    number = int(month) if month.isdigit() and len(month) <= 2 else _month(month)  # noqa: PLR2004 - digits of a month
    if number is None or len(day) > 2 or not year.isdigit() or len(year) not in {2, _FULL_YEAR}:  # noqa: PLR2004 - digits of a day
        return None
    years = int(year) if len(year) == _FULL_YEAR else int(year) + (1900 if int(year) >= _CENTURY_FROM else 2000)
    try:
        return date(years, number, int(day))
    except ValueError:
        return None


def _month(word: str) -> int | None:
    if word.isdigit():
        return None
    return next((number for stem, number in _MONTHS.items() if word.startswith(stem)), None)
