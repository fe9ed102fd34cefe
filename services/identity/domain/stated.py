"""Everything a practitioner states, as one value: how it is shown, changed by a merge patch, checked as a whole and compared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.identity.domain import fields as values
from services.identity.domain.fields import Findings, InvalidFields
from services.identity.domain.issue_dates import IssueRules
from services.identity.domain.registration import Employment, Licence, Numbers, Passport, Profile, Workplace

Json = Any
CONTACTS = frozenset({"/phone", "/email"})
"""Fields no registry knows: changing them alone asks nobody."""
_NAMES = ("surname", "given_name", "patronymic")
_REMOVABLE = frozenset({"/patronymic", "/inn", "/practice/licence/valid_until"})
_DAYS_OF_A_YEAR = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One version of a profile."""

    profile: Profile = field(repr=False)
    passport: Passport = field(repr=False)
    numbers: Numbers = field(repr=False)
    phone: str = field(repr=False)
    email: str = field(repr=False)

    def shown(self) -> dict[str, Json]:
        """As the owner sees it and as a merge patch addresses it; JSON values only."""
        practice = _json(self.profile)
        names = {name: practice.pop(name) for name in _NAMES}
        return names | {
            "phone": self.phone,
            "email": self.email,
            "snils": self.numbers.snils,
            "inn": self.numbers.inn,
            "passport": _json(self.passport),
            "practice": practice,
        }

    def patched(self, patch: Mapping[str, Json], *, rules: IssueRules, today: date) -> "Stated":
        """The profile after a merge patch (RFC 7396), by the rules of registration. Raises `InvalidFields` with everything wrong at once.

        Contacts alone are checked alone: what has become outdated since must not keep anybody from a new telephone.
        """
        findings = Findings()
        before = self.shown()
        after = _merged(before, patch, findings, "")
        stated = _stated(after)
        phone = findings.check("/phone", values.mobile, stated.phone)
        email = findings.check("/email", values.email, stated.email)
        stated = replace(stated, phone=phone, email=email)
        if {change.field for change in differences(before, after)} - CONTACTS:
            stated = _checked(stated, findings, rules, today)
        findings.raise_any()
        return stated


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after; `field` is a JSON pointer into what the owner sees."""

    field: str
    old: Json
    new: Json


def differences(before: Mapping[str, Json], after: Mapping[str, Json], at: str = "") -> tuple[FieldChange, ...]:
    """What differs, by pointer in order; lists are compared as a whole."""
    found: list[FieldChange] = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new, f"{at}/{name}")
        elif old != new:
            found.append(FieldChange(f"{at}/{name}", old, new))
    return tuple(found)


def experience_days(employments: tuple[Employment, ...], today: date) -> int:
    """Days worked until today, first and last day of each employment included; overlapping employments count once.

    Source: order of keeping work books, the day of dismissal is the last day of work.
    """
    days, covered = 0, date.min
    for begin, last in sorted((one.started_on, min(one.ended_on or today, today)) for one in employments):
        fresh, end = max(begin, covered), last + timedelta(days=1)
        if end > fresh:
            days += (end - fresh).days
            covered = end
    return days


def experience_years(employments: tuple[Employment, ...], today: date) -> int:
    """Whole years worked until today."""
    return int(experience_days(employments, today) / _DAYS_OF_A_YEAR)


def licence_over_at(licence: Licence, zone: ZoneInfo) -> datetime | None:
    """The first moment after the licence's last day; None when it has no end anybody will live to see."""
    until = licence.valid_until
    if until is None or until.year >= date.max.year:
        return None
    return datetime.combine(until + timedelta(days=1), time(), tzinfo=zone)


def _json(value: Any) -> Json:
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _json(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _merged(before: Mapping[str, Json], patch: Mapping[str, Json], findings: Findings, at: str) -> dict[str, Json]:
    merged = dict(before)
    for name, new in patch.items():
        pointer = f"{at}/{name}"
        if isinstance(new, Mapping) and isinstance(before.get(name), Mapping):
            merged[name] = _merged(before[name], new, findings, pointer)
        elif new is None and pointer not in _REMOVABLE:
            findings.add(pointer, "field-required", "Это поле нельзя оставить пустым.")
        else:
            merged[name] = new or None if pointer in _REMOVABLE else new
    return merged


def _stated(shown: Mapping[str, Json]) -> Stated:
    practice = dict(shown["practice"])
    names = {name: shown[name] for name in _NAMES}
    profile = Profile(
        **practice
        | names
        | {
            "birth_date": date.fromisoformat(practice["birth_date"]),
            "licence": _dated(Licence, practice["licence"], "valid_from", "valid_until"),
            "workplace": Workplace(**practice["workplace"]),
            "employments": tuple(_dated(Employment, one, "started_on", "ended_on") for one in practice["employments"]),
        }
    )
    return Stated(
        profile=profile,
        passport=_dated(Passport, shown["passport"], "issued_on"),
        numbers=Numbers(shown["snils"], shown["inn"]),
        phone=shown["phone"],
        email=shown["email"],
    )


def _dated(kind: Callable[..., Any], values: Mapping[str, Json], *dates: str) -> Any:
    days = {name: date.fromisoformat(values[name]) for name in dates if values.get(name) is not None}
    return kind(**dict(values) | days)


def _checked(stated: Stated, findings: Findings, rules: IssueRules, today: date) -> Stated:
    passport = (
        _gathered(findings, lambda: stated.passport.checked(today, rules.passport), lambda pointer: f"/passport{pointer}")
        or stated.passport
    )
    numbers = _gathered(findings, stated.numbers.checked, lambda pointer: pointer) or stated.numbers
    profile = _gathered(findings, lambda: stated.profile.checked(today, rules), _in_practice) or stated.profile
    findings.check("/passport/issued_on", lambda day: rules.passport.check(day, profile.birth_date, today), passport.issued_on)
    return replace(stated, passport=passport, numbers=numbers, profile=profile)


def _in_practice(pointer: str) -> str:
    return pointer if pointer.removeprefix("/") in _NAMES else f"/practice{pointer}"


def _gathered(findings: Findings, check: Callable[[], Any], place: Callable[[str], str]) -> Any:
    try:
        return check()
    except InvalidFields as invalid:
        for error in invalid.errors:
            findings.add(place(error.pointer), error.code, error.detail)
        return None
