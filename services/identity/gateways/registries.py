"""The state registries: one port each, with time-out, retry and circuit breaker. An answer is match, mismatch(fields) or unavailable."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import stamina
import structlog
from pydantic import BaseModel, ValidationError

from chassis.breaker import CircuitBreaker
from services.identity.domain.people import Person
from services.identity.domain.verification import Answer, Registry, RegistryAnswer, WrongField

log = structlog.get_logger()

Fields = dict[str, Any]


class _WrongFieldIn(BaseModel):
    field: str
    code: str


class _CheckIn(BaseModel):
    outcome: Literal["match", "mismatch"]
    fields: list[_WrongFieldIn] = []


class RegistryDown(Exception):
    """The registry did not answer, or not with an answer."""


def _bearer(person: Person) -> Fields:
    born = person.profile.birth_date.isoformat() if person.profile else None
    return {"surname": person.surname, "given_name": person.given_name, "patronymic": person.patronymic, "birth_date": born}


def _passport(person: Person) -> Fields:
    passport = person.passport
    if passport is None:
        return _bearer(person)
    return _bearer(person) | {
        "passport_series": passport.series,
        "passport_number": passport.number,
        "passport_issued_on": passport.issued_on.isoformat(),
        "passport_issued_by": passport.issued_by,
    }


def _snils(person: Person) -> Fields:
    return _bearer(person) | {"snils": person.numbers.snils if person.numbers else None}


def _inn(person: Person) -> Fields:
    return _bearer(person) | {"inn": person.numbers.inn if person.numbers else None}


def _diplomas(person: Person) -> Fields:
    profile = person.profile
    if profile is None:
        return _bearer(person)
    stated = {"diploma_number": profile.diploma_number, "qualification": profile.qualification, "specialty_code": profile.specialty_code}
    return _bearer(person) | stated


def _licences(person: Person) -> Fields:
    if person.profile is None:
        return _bearer(person)
    licence = person.profile.licence
    until = licence.valid_until.isoformat() if licence.valid_until else None
    stated = {"series": licence.series, "number": licence.number, "holder": licence.holder, "valid_until": until}
    return _bearer(person) | {
        "licence": stated | {"valid_from": licence.valid_from.isoformat()},
        "organisation": person.profile.workplace.organisation,
        "ogrn": person.profile.workplace.ogrn,
    }


def _training(person: Person) -> Fields:
    return _snils(person) | {"training_hours": person.profile.training_hours if person.profile else 0}


def _employment(person: Person) -> Fields:
    if person.profile is None:
        return _snils(person)
    employments = [
        {
            "organisation": employment.organisation,
            "position": employment.position,
            "started_on": employment.started_on.isoformat(),
            "ended_on": employment.ended_on.isoformat() if employment.ended_on else None,
        }
        for employment in person.profile.employments
    ]
    workplace = {"organisation": person.profile.workplace.organisation, "ogrn": person.profile.workplace.ogrn}
    return _snils(person) | {"workplace": workplace, "employments": employments}


ASKED: Mapping[Registry, Callable[[Person], Fields]] = {
    Registry.PASSPORT: _passport,
    Registry.SNILS: _snils,
    Registry.INN: _inn,
    Registry.DIPLOMAS: _diplomas,
    Registry.LICENCES: _licences,
    Registry.TRAINING: _training,
    Registry.EMPLOYMENT: _employment,
}
"""What each registry is asked about: no more than it knows."""


def asked_of(person: Person) -> tuple[Registry, ...]:
    """The registries that know something about the person."""
    return tuple(name for name in Registry if name is not Registry.INN or (person.numbers is not None and person.numbers.inn is not None))


def concerned(before: Person, after: Person) -> frozenset[Registry]:
    """The registries that would be asked something else than before."""
    return frozenset(name for name, ask in ASKED.items() if ask(before) != ask(after))


def asks_about(name: Registry, person: Person, field: str) -> bool:
    """Whether the registry is asked about the field; nested fields are named by their path."""
    known: Any = ASKED[name](person)
    for part in field.split("."):
        if isinstance(known, list):
            known = {str(index): item for index, item in enumerate(known)}
        if not isinstance(known, dict) or part not in known:
            return False
        known = known[part]
    return True


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one registry is waited for."""

    timeout_seconds: float
    tries: int
    retry_wait_seconds: float


@dataclass(frozen=True, slots=True)
class RegistryPort:
    """One registry."""

    name: Registry
    url: str
    http: httpx.AsyncClient
    patience: Patience
    breaker: CircuitBreaker

    async def check(self, person: Person) -> RegistryAnswer:
        """Compare what the person stated with the registry. Never raises for what the registry does."""
        if self.breaker.busy_seconds() is not None:
            return RegistryAnswer(Answer.UNAVAILABLE)
        try:
            with self.breaker.attempt(RegistryDown):
                return await self._ask(ASKED[self.name](person))
        except RegistryDown as down:
            log.warning("registry-unavailable", registry=str(self.name), reason=str(down))
            return RegistryAnswer(Answer.UNAVAILABLE)

    async def _ask(self, fields: Fields) -> RegistryAnswer:
        wait = self.patience.retry_wait_seconds
        retrying = stamina.retry_context(
            on=RegistryDown, attempts=self.patience.tries, wait_initial=wait, wait_jitter=wait, wait_max=wait * 8
        )
        async for attempt in retrying:
            with attempt:
                return await self._ask_once(fields)
        raise AssertionError("stamina returns or raises")

    async def _ask_once(self, fields: Fields) -> RegistryAnswer:
        try:
            async with asyncio.timeout(self.patience.timeout_seconds):
                response = await self.http.post(self.url, json=fields)
            response.raise_for_status()
            found = _CheckIn.model_validate_json(response.content)
        except httpx.HTTPStatusError as error:
            raise RegistryDown(f"status {error.response.status_code}") from error
        except (httpx.HTTPError, TimeoutError, ValidationError) as error:
            raise RegistryDown(type(error).__name__) from None
        if found.outcome == "match":
            return RegistryAnswer(Answer.MATCH)
        wrong = tuple(WrongField(item.field, item.code) for item in found.fields)
        return RegistryAnswer(Answer.MISMATCH, wrong or (WrongField(str(self.name), "does-not-match"),))


class Registries:
    """All ports; they are asked at the same time."""

    def __init__(self, ports: Mapping[Registry, RegistryPort]) -> None:
        self._ports = ports

    async def check(self, person: Person, names: tuple[Registry, ...]) -> dict[Registry, RegistryAnswer]:
        """The answers of the named registries."""
        answers = await asyncio.gather(*(self._ports[name].check(person) for name in names))
        return dict(zip(names, answers, strict=True))


def registry_ports(
    base_url: str,
    own_urls: Mapping[str, str],
    *,
    http: httpx.AsyncClient,
    patience: Patience,
    breaker: Callable[[], CircuitBreaker],
) -> Registries:
    """One port per registry at `<base URL>/<registry>/checks`."""
    return Registries(
        {
            name: RegistryPort(name, f"{own_urls.get(name, base_url).rstrip('/')}/{name}/checks", http, patience, breaker())
            for name in Registry
        }
    )
