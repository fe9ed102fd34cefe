"""Many certificates at once, as a spreadsheet writes them: `number;surname;purpose`."""

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chassis.errors import FieldError
from services.applications.domain.certificates import Certificate, Status
from services.applications.domain.errors.employer import (
    CsvEmpty,
    CsvNotUtf8,
    CsvRowsWrong,
    CsvTooManyRows,
    CsvUnreadable,
    CsvWithoutColumns,
)
from services.applications.domain.numbers import CERTIFICATE_PREFIX, is_number
from services.applications.domain.purposes import PurposeRule

COLUMNS = ("number", "surname", "purpose")
_LONGEST_CELL = 200
_ERRORS_TOLD = 100
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class RowOutcome(StrEnum):
    """What is said of one row."""

    VALID = "valid"
    NOT_YET = "not-yet"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    NOT_MATCHING = "not-matching"
    UNKNOWN = "unknown"
    NUMBER_WRONG = "number-wrong"


@dataclass(frozen=True, slots=True)
class Line:
    """One row; `place` is its line in the spreadsheet, the header being the first."""

    place: int
    number: str
    surname: str
    purpose: str
    """A code of the table of purposes."""

    @property
    def is_number_right(self) -> bool:
        """Whether its check digit fits."""
        return is_number(CERTIFICATE_PREFIX, self.number)


class _Purposes:
    """What stands for which code, and what people are told."""

    def __init__(self, purposes: Collection[PurposeRule]) -> None:
        self.codes = {name.casefold(): one.code for one in purposes for name in (one.code, one.title)}
        self.titles = ", ".join(f"«{one.title}»" for one in purposes)


def parsed(content: bytes, purposes: Collection[PurposeRule], *, rows_max: int) -> list[Line]:
    """All rows, or none; a purpose is named by code or title.

    Raises `CsvNotUtf8`, `CsvUnreadable`, `CsvWithoutColumns`, `CsvEmpty`, `CsvTooManyRows`, `CsvRowsWrong`.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CsvNotUtf8("Файл не в кодировке UTF-8. Сохраните его как «CSV UTF-8».") from None
    known = _Purposes(purposes)
    rows = _rows(text)
    _check_header(next(rows, (1, []))[1])
    lines: list[Line] = []
    wrong: list[FieldError] = []
    for place, cells in rows:
        if len(lines) + len(wrong) >= rows_max:
            raise CsvTooManyRows(f"В файле больше {rows_max} строк. Разделите его на несколько.", rows_max=rows_max)
        found = list(_faults(place, cells, known))
        wrong += found
        if not found:
            number, surname, purpose = (cell.strip() for cell in cells)
            lines.append(Line(place, number.upper(), surname, known.codes[purpose.casefold()]))
    if wrong:
        raise CsvRowsWrong("Исправьте названные строки: ни одна строка файла не проверена.", errors=wrong[:_ERRORS_TOLD])
    if not lines:
        raise CsvEmpty("В файле нет ни одной строки, кроме заголовка.")
    return lines


def outcome_of(line: Line, certificate: Certificate | None, now: datetime) -> RowOutcome:
    """Whether the certificate is this person's, and how it stands. Of a surname that does not fit nothing else is said."""
    if not line.is_number_right:
        return RowOutcome.NUMBER_WRONG
    if certificate is None or not certificate.holder_short_name:
        return RowOutcome.UNKNOWN
    if _same(line.surname) != _same(_surname(certificate.holder_short_name)):
        return RowOutcome.NOT_MATCHING
    return _OUTCOMES[certificate.status_at(now)]


_OUTCOMES = {status: RowOutcome(status.value) for status in Status}


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    place = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            raise CsvUnreadable(f"Строку {place + 1} не прочитать: проверьте кавычки и лишние знаки.", row=place + 1) from None
        if cells is None:
            return
        place += 1
        if cells:
            yield place, cells


def _check_header(cells: list[str]) -> None:
    if tuple(cell.strip().casefold() for cell in cells) != COLUMNS:
        raise CsvWithoutColumns(f"Первая строка файла - названия столбцов: {';'.join(COLUMNS)}.", columns=list(COLUMNS))


def _faults(place: int, cells: list[str], known: _Purposes) -> Iterator[FieldError]:
    if len(cells) != len(COLUMNS):
        yield FieldError(f"/{place}", "cells-wrong", f"В строке {place} должно быть столько значений, сколько столбцов: {len(COLUMNS)}.")
        return
    for column, cell in zip(COLUMNS, cells, strict=True):
        code, words = _fault(column, cell, known)
        if code:
            yield FieldError(f"/{place}/{column}", code, f"Строка {place}: {words}.")
            return


def _fault(column: str, cell: str, known: _Purposes) -> tuple[str, str]:
    if cell.startswith(_FORMULA):
        return "formula-cell", "значение начинается как формула"
    if len(cell) > _LONGEST_CELL:
        return "cell-too-long", f"значение длиннее {_LONGEST_CELL} знаков"
    if not cell.isprintable():
        return "control-character", "в значении есть непечатаемый знак"
    if not cell.strip():
        return f"{column}-missing", "не хватает значения"
    if column == "purpose" and cell.strip().casefold() not in known.codes:
        return "purpose-unknown", f"цель - одна из: {known.titles}"
    return "", ""


def _surname(short_name: str) -> str:
    return " ".join(word for word in short_name.split(" ") if word[1:] != ".")


def _same(name: str) -> str:
    return " ".join(name.casefold().replace("ё", "е").split())
