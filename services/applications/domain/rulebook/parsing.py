"""From the texts of `rules/` to a rulebook. Whoever edits a table hears of every mistake at once: file, row, field."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any

from contracts.documents import DocumentType
from services.applications.domain.dates import NAMES, DateRule
from services.applications.domain.form import DOCUMENTS, is_pointer
from services.applications.domain.grounds import Change, Ground
from services.applications.domain.purposes import PurposeRule
from services.applications.domain.reasons import Code, ReasonRule
from services.applications.domain.rulebook.book import NEXT, Rulebook, Table, Tables
from services.applications.domain.rules import ChecklistItem, DocumentRules, Kind, KindRules, SpecialtyRules, TermRule
from services.applications.domain.terms import TermNumbers
from services.applications.domain.versions import Versioned

Convert = Callable[[Any], Any]
"""From a TOML value to a value of the row. Raises `ValueError` that says what it should be."""


class RulesUnusable(ValueError):
    """The tables cannot be used; the text has one line for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the tables of rules cannot be used:\n" + "\n".join(problems))
        self.problems = tuple(problems)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("should be a text that is not empty")
    return value.strip()


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("should be a whole number, 0 or more")
    return value


def _length(value: Any) -> int | tuple[int, ...]:
    return tuple(_count(one) for one in value) if isinstance(value, list) and value else _count(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("should be true or false")  # noqa: TRY004 - a mistake in a file, named like the others
    return value


def _day(value: Any) -> date:
    if type(value) is not date:
        raise ValueError("should be a date like 2026-01-01")
    return value


def _place(value: Any) -> str:
    pointer, documents = _text(value), (DOCUMENTS, *(f"{DOCUMENTS}/{one}" for one in DocumentType))
    if pointer not in documents and not is_pointer(pointer):
        raise ValueError(f"{value!r} is no place of the form")
    return pointer


def _one_of(*known: str) -> Convert:
    def convert(value: Any) -> Any:
        found = [one for one in known if one == value]
        if not found:
            raise ValueError(f"{value!r} is not one of: {', '.join(known)}")
        return found[0]

    return convert


def _many(convert: Convert) -> Convert:
    def each(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError("should be a list")  # noqa: TRY004 - a mistake in a file, named like the others
        return tuple(convert(one) for one in value)

    return each


@dataclass(frozen=True, slots=True)
class _File:
    """How one file is read: the field that names a row, the fields, and the keys that must be there on every day."""

    name: str
    row: type[Versioned]
    key: str
    columns: Mapping[str, Convert]
    needed: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return f"{self.name}.toml"


_VERSION: Mapping[str, Convert] = {"source": _text, "valid_from": _day, "valid_until": _day}
_DOCUMENTS, _KINDS = _many(_one_of(*DocumentType)), _many(_one_of(*Kind))
_NUMBERS = tuple(one.name for one in fields(TermNumbers))
_FILES = (
    _File(
        "kinds",
        KindRules,
        "kind",
        {
            "kind": _one_of(*Kind),
            "title": _text,
            "documents": _DOCUMENTS,
            "minimum_experience_months": _count,
            "minimum_training_hours": _count,
        },
        tuple(Kind),
    ),
    _File("specialties", SpecialtyRules, "code", {"code": _text, "title": _text, "documents": _DOCUMENTS}),
    _File("documents", DocumentRules, "type", {"type": _one_of(*DocumentType)}),
    _File(
        "reasons",
        ReasonRule,
        "code",
        {
            "code": _one_of(*Code),
            "text": _text,
            "advice": _text,
            "is_curable": _flag,
            "places": _many(_place),
            "is_automatic": _flag,
            "may_resubmit": _flag,
            "needs_change": _flag,
        },
        tuple(Code),
    ),
    _File(
        "checklists",
        ChecklistItem,
        "code",
        {
            "code": _text,
            "title": _text,
            "kinds": _KINDS,
            "is_required": _flag,
            "may_be_inapplicable": _flag,
            "needs_changed_profile": _flag,
        },
    ),
    _File("grounds", Ground, "code", {"code": _text, "title": _text, "changes": _many(_one_of(*Change))}),
    _File("purposes", PurposeRule, "code", {"code": _text, "title": _text}),
    _File("dates", DateRule, "name", {"name": _one_of(*NAMES), "title": _text, "since": _day, "age": _count}, NAMES),
    _File(
        "terms",
        TermRule,
        "name",
        {"name": _one_of(*_NUMBERS), "title": _text, "unit": _one_of("hours", "days", "working-days", "years"), "length": _length},
        _NUMBERS,
    ),
)
FILES = tuple(file.path for file in _FILES)


def parse(texts: Mapping[str, str]) -> Rulebook:
    """The rulebook of the files' texts by name. Raises `RulesUnusable` with every mistake."""
    problems: list[str] = [f"{name}: no table has this name" for name in sorted(set(texts) - set(FILES))]
    tables = {file.name: _table(file, texts.get(file.path), problems) for file in _FILES}
    if not problems:
        problems += [*_unknown_documents(tables), *_wrong_lengths(tables["terms"])]
    if problems:
        raise RulesUnusable(problems)
    return Rulebook.of(Tables(**tables))


def _table(file: _File, text: str | None, problems: list[str]) -> Table[Any]:
    table: dict[Any, list[Any]] = {}
    for row in _rows(file, text, problems):
        table.setdefault(getattr(row, file.key), []).append(row)
    sorted_rows = {key: tuple(sorted(rows, key=lambda row: row.valid_from)) for key, rows in table.items()}
    problems += [f"{file.path}: {problem}" for problem in _breaks(file, sorted_rows)]
    if text is not None and sorted_rows:
        problems += [f"{file.path}: no row for {key}" for key in file.needed if key not in sorted_rows]
    return sorted_rows


def _rows(file: _File, text: str | None, problems: list[str]) -> Iterator[Versioned]:
    if text is None:
        problems.append(f"{file.path}: is missing")
        return
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{file.path}: is no TOML: {error}")
        return
    shared = {name: value for name, value in given.items() if name != "row"}
    listed = given.get("row")
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        problems.append(f"{file.path}: has no [[row]]")
        return
    problems += [f"{file.path}: {name}: unknown field" for name in shared if name not in _VERSION]
    for place, one in enumerate(listed, start=1):
        wrong, row = _row(file, {name: value for name, value in shared.items() if name in _VERSION} | one)
        problems += [f"{file.path}: row {place} ({one.get(file.key, '?')}): {problem}" for problem in wrong]
        if row is not None:
            yield row


def _row(file: _File, given: Mapping[str, Any]) -> tuple[list[str], Versioned | None]:
    columns, values, wrong = {**file.columns, **_VERSION}, {}, []
    for name, value in given.items():
        if name not in columns:
            wrong.append(f"{name}: unknown field")
            continue
        try:
            values[name] = columns[name](value)
        except ValueError as error:
            wrong.append(f"{name}: {error}")
    optional = {one.name for one in fields(file.row) if one.default is not MISSING}
    wrong += [f"{name}: is missing" for name in columns if name not in given and name not in optional]
    if not wrong and values.get("valid_until", values["valid_from"]) < values["valid_from"]:
        wrong.append("valid_until: is before valid_from")
    return wrong, None if wrong else file.row(**values)


def _breaks(file: _File, table: Table[Versioned]) -> Iterator[str]:
    """Days on which two versions of a row hold, or none of one that is always needed."""
    for key, versions in table.items():
        for one, other in pairwise(versions):
            if one.valid_until is None or one.valid_until >= other.valid_from:
                yield f"{key}: the version of {one.valid_from} overlaps that of {other.valid_from}; end it with valid_until"
            elif key in file.needed and one.valid_until + NEXT < other.valid_from:
                yield f"{key}: no version holds from {one.valid_until + NEXT} to {other.valid_from}"
        if key in file.needed and versions[-1].valid_until is not None:
            yield f"{key}: no version holds after {versions[-1].valid_until}"


def _wrong_lengths(table: Table[Any]) -> Iterator[str]:
    several = {one.name for one in fields(TermNumbers) if one.type is not int}
    for name, versions in table.items():
        if any(isinstance(row.length, tuple) is not (name in several) for row in versions):
            yield f"terms.toml: {name}: length: should be {'a list of whole numbers' if name in several else 'one whole number'}"


def _unknown_documents(tables: Mapping[str, Table[Any]]) -> Iterator[str]:
    known: set[StrEnum] = set(tables["documents"])
    for name in ("kinds", "specialties"):
        for key, versions in tables[name].items():
            for row in versions:
                yield from (f"{name}.toml: {key}: {one} is not in documents.toml" for one in row.documents if one not in known)
