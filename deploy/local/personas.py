"""Invented people with accounts, made through the product's own doors: one command and every role can be tried."""

import asyncio
import fcntl
import json
import os
import sys
from collections.abc import Awaitable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from deploy.journey.gateway import Caller, Refused
from deploy.journey.outside import Outside
from deploy.journey.people import SPECIALTY, Person, invent_person, invent_staff
from deploy.journey.practitioner import Practitioner
from deploy.journey.staff import Administrator, member_of_staff
from deploy.journey.waiting import StillWaiting
from deploy.local.development_secrets import load_or_invent
from deploy.local.servers import PROJECT
from deploy.local.settings import LocalSettings

STAFF = (
    ("Эксперт", ("reviewer",), (SPECIALTY,)),
    ("Второй эксперт", ("reviewer",), (SPECIALTY,)),
    ("Регистратор", ("registrar",), ()),
    ("Сотрудник поддержки", ("support-agent",), ()),
    ("Аудитор", ("auditor",), ()),
)
PRACTITIONERS = ("Врач", "Второй врач")


class PersonasFailed(RuntimeError):
    """The personas could not be made; the message says at which step."""


@dataclass(frozen=True)
class Persona:
    """Somebody to sign in as. Codes come to the simulators' page."""

    title: str
    name: str
    identifier: str
    password: str
    phone: str


def personas_file(data_dir: Path) -> Path:
    """Where the personas of a stack are kept."""
    return data_dir / "personas.json"


def known_personas(data_dir: Path) -> list[Persona]:
    """The personas made before; empty when there are none yet."""
    file = personas_file(data_dir)
    return [Persona(**fields) for fields in json.loads(file.read_text())] if file.exists() else []


async def ensure_personas(settings: LocalSettings, identity_environment: Mapping[str, str]) -> list[Persona]:
    """The personas of a running stack, made if there are none. Raises `PersonasFailed`; a second call takes up where the first ended.

    Whoever asks while another process makes them waits for that one.
    """
    with (settings.data_dir / "personas.lock").open("a") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        return known_personas(settings.data_dir) or await _make_personas(settings, identity_environment)


async def _make_personas(settings: LocalSettings, identity_environment: Mapping[str, str]) -> list[Persona]:
    seed = load_or_invent(settings.data_dir / "secrets")["PERSONAS_SEED"]
    begun = settings.data_dir / "personas.begun"
    cast = _Cast(settings, seed, identity_environment, is_resumed=begun.exists())
    begun.touch()
    try:
        made = await cast.make()
    except (Refused, StillWaiting, httpx.HTTPError) as error:
        raise PersonasFailed(f"Не удалось завести учётные записи: {error}. Журналы: {settings.data_dir / 'logs'}") from error
    _write(personas_file(settings.data_dir), made)
    begun.unlink()
    return made


@dataclass(frozen=True)
class _Cast:
    """Makes the personas of a seed: the same people each time, so that an interrupted attempt can be repeated."""

    settings: LocalSettings
    seed: str
    identity_environment: Mapping[str, str]
    is_resumed: bool

    async def make(self) -> list[Persona]:
        """Everybody; staff and practitioners at the same time."""
        gateway = f"http://127.0.0.1:{self.settings.gateway_port}"
        async with (
            httpx.AsyncClient(base_url=gateway, timeout=30) as http,
            httpx.AsyncClient(base_url=self.settings.simulators_url) as phones,
        ):
            outside = Outside(phones)
            staff, *practitioners = await asyncio.gather(
                self._make_staff(http, outside),
                *(self._make_practitioner(title, http, outside) for title in PRACTITIONERS),
            )
        return [persona for group in (*practitioners, staff) for persona in group]

    async def _make_staff(self, http: httpx.AsyncClient, outside: Outside) -> list[Persona]:
        """The first administrator through identity's own use-case, the others by the administrator over HTTP."""
        first = invent_staff(f"{self.seed} administrator", ("administrator",))
        if not self.is_resumed:
            await add_first_administrator(first, self.identity_environment)
        administrator = member_of_staff(Administrator, first, Caller(http), outside)
        try:
            await administrator.sign_in()
        except Refused:
            if not self.is_resumed:
                raise
            await add_first_administrator(first, self.identity_environment)
            await administrator.sign_in()
        made = [_staff_persona("Администратор", first)]
        for title, roles, specialty_codes in STAFF:
            body = invent_staff(f"{self.seed} {title}", roles, specialty_codes=specialty_codes)
            await self._once(administrator.add_staff(body))
            made.append(_staff_persona(title, body))
        await administrator.sign_out()
        return made

    async def _once(self, adding: Awaitable[Any]) -> None:
        try:
            await adding
        except Refused as refused:
            if not (self.is_resumed and refused.status == httpx.codes.CONFLICT):
                raise

    async def _make_practitioner(self, title: str, http: httpx.AsyncClient, outside: Outside) -> list[Persona]:
        person = invent_person(f"{self.seed} {title}", today=datetime.now(UTC).date())
        practitioner = Practitioner.of(person, Caller(http), outside)
        if not (self.is_resumed and await _has_account(practitioner)):
            await practitioner.register()
            await practitioner.sign_in()
        await practitioner.verified()
        await practitioner.sign_out()
        return [_practitioner_persona(title, person)]


async def _has_account(practitioner: Practitioner) -> bool:
    try:
        await practitioner.sign_in()
    except Refused:
        return False
    return True


async def add_first_administrator(body: Mapping[str, Any], identity_environment: Mapping[str, str]) -> None:
    """`medkabinet staff add` in a process of its own, with identity's environment."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli", "staff", "add", "--from-stdin"),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), **identity_environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(json.dumps(body).encode())
    if process.returncode != 0:
        raise PersonasFailed(f"medkabinet staff add завершилась с кодом {process.returncode}: {said.decode(errors='replace').strip()}")


def _staff_persona(title: str, body: Mapping[str, Any]) -> Persona:
    return Persona(title, f"{body['surname']} {body['given_name']} {body['patronymic']}", body["email"], body["password"], body["phone"])


def _practitioner_persona(title: str, person: Person) -> Persona:
    return Persona(title, person.full_name, person.licence["number"], person.password, person.phone)


def _write(file: Path, personas: list[Persona]) -> None:
    fresh = file.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
        json.dump([asdict(persona) for persona in personas], written, ensure_ascii=False, indent=2)
    fresh.replace(file)
