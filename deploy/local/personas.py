"""Invented people with accounts, made through the product's own doors: one command and every role can be tried."""

import asyncio
import fcntl
import json
import os
import sys
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from chassis.clock import SandboxClock
from deploy.journey.authenticator import AuthenticatorApp
from deploy.journey.gateway import Caller, Refused
from deploy.journey.outside import Outside
from deploy.journey.people import SPECIALTY, Person, invent_person, invent_staff
from deploy.journey.practitioner import Practitioner
from deploy.journey.staff import Administrator, AnyStaff, StaffMember, member_of_staff
from deploy.journey.waiting import StillWaiting
from deploy.local.development_secrets import load_or_invent
from deploy.local.environments import clock_file
from deploy.local.servers import PROJECT
from deploy.local.settings import LocalSettings

STAFF = (
    ("Эксперт", ("reviewer",), (SPECIALTY,)),
    ("Второй эксперт", ("reviewer",), (SPECIALTY,)),
    ("Третий эксперт", ("reviewer",), (SPECIALTY,)),
    ("Четвёртый эксперт", ("reviewer",), (SPECIALTY,)),
    ("Регистратор", ("registrar",), ()),
    ("Второй регистратор", ("registrar",), ()),
    ("Сотрудник поддержки", ("support-agent",), ()),
    ("Аудитор", ("auditor",), ()),
)
"""Two experts refuse, another judges the appeal, another reviews anew; a registrar whose refusal fell does not decide again."""
PRACTITIONERS = ("Врач", "Второй врач")
ADMINISTRATOR = "Администратор"
_BEGUN = "personas.begun"


class PersonasFailed(RuntimeError):
    """The personas could not be made; the message says at which step."""


@dataclass(frozen=True)
class Persona:
    """Somebody to sign in as. Codes come to the simulators' page; those of staff are shown by an app with the secret."""

    title: str
    name: str
    identifier: str
    password: str
    phone: str
    totp_secret: str | None = None


def personas_file(data_dir: Path) -> Path:
    """Where the personas of a stack are kept."""
    return data_dir / "personas.json"


def known_personas(data_dir: Path) -> list[Persona]:
    """The personas made before; empty when there are none yet."""
    file = personas_file(data_dir)
    return [Persona(**fields) for fields in json.loads(file.read_text())] if file.exists() else []


@dataclass(frozen=True)
class _Secrets:
    """Secrets of apps by identifier, written down before they count: an interrupted attempt can be taken up again."""

    file: Path

    def known(self, identifier: str) -> str | None:
        """None before the app was begun."""
        return self._read().get(identifier)

    def keep(self, identifier: str, secret: str) -> None:
        """Replaces what was kept."""
        _write_private(self.file, self._read() | {identifier: secret})

    def _read(self) -> dict[str, str]:
        text = self.file.read_text() if self.file.exists() else ""
        return dict(json.loads(text)) if text else {}


async def ensure_personas(settings: LocalSettings, identity_environment: Mapping[str, str]) -> list[Persona]:
    """The personas of a running stack, made if there are none. Raises `PersonasFailed`; a second call takes up where the first ended.

    Whoever asks while another process makes them waits for that one.
    """
    with (settings.data_dir / "personas.lock").open("a") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        known = known_personas(settings.data_dir)
        if not lacking(known):
            return known
        if known:  # made before there were as many, or before staff needed an app: whoever has none is asked to set one up
            kept = {persona.identifier: persona.totp_secret for persona in known if persona.totp_secret is not None}
            _write_private(settings.data_dir / _BEGUN, kept)
        return await _make_personas(settings, identity_environment)


def lacking(known: Iterable[Persona]) -> set[str]:
    """Titles of those who are not made yet, or cannot sign in as staff now do."""
    complete = {persona.title for persona in known if persona.title in PRACTITIONERS or persona.totp_secret is not None}
    return {ADMINISTRATOR, *PRACTITIONERS, *(title for title, _, _ in STAFF)} - complete


async def _make_personas(settings: LocalSettings, identity_environment: Mapping[str, str]) -> list[Persona]:
    seed = load_or_invent(settings.data_dir / "secrets")["PERSONAS_SEED"]
    begun = settings.data_dir / _BEGUN
    cast = _Cast(settings, seed, identity_environment, _Secrets(begun), is_resumed=begun.exists())
    if not begun.exists():
        _write_private(begun, {})
    try:
        made = await cast.make()
    except (Refused, StillWaiting, httpx.HTTPError) as error:
        raise PersonasFailed(f"Не удалось завести учётные записи: {error}. Журналы: {settings.data_dir / 'logs'}") from error
    _write_private(personas_file(settings.data_dir), [asdict(persona) for persona in made])
    begun.unlink()
    return made


@dataclass(frozen=True)
class _Cast:
    """Makes the personas of a seed: the same people each time, so that an interrupted attempt can be repeated."""

    settings: LocalSettings
    seed: str
    identity_environment: Mapping[str, str]
    secrets: _Secrets
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
        administrator = self._member(Administrator, first, http, outside)
        try:
            await self._signed_in(administrator)
        except Refused:
            if not self.is_resumed:
                raise
            await add_first_administrator(first, self.identity_environment)
            await administrator.sign_in()
        made = {ADMINISTRATOR: first}
        for title, roles, specialty_codes in STAFF:
            made[title] = invent_staff(f"{self.seed} {title}", roles, specialty_codes=specialty_codes)
            await self._once(administrator.add_staff(made[title]))
        await administrator.sign_out()
        await asyncio.gather(*(self._enrol(body, http, outside) for body in list(made.values())[1:]))
        return [_staff_persona(title, body, self.secrets.known(body["email"])) for title, body in made.items()]

    def _member(self, role: type[AnyStaff], body: Mapping[str, Any], http: httpx.AsyncClient, outside: Outside) -> AnyStaff:
        now, secret = SandboxClock(clock_file(self.settings)).now, self.secrets.known(body["email"])
        app = None if secret is None else AuthenticatorApp(secret, now)
        keep = partial(self.secrets.keep, body["email"])
        return member_of_staff(role, dict(body), Caller(http), outside, now=now, app=app, keep=keep)

    async def _enrol(self, body: Mapping[str, Any], http: httpx.AsyncClient, outside: Outside) -> None:
        """A member sets the password, and the first sign-in sets up an app; where one was begun, the password is set already."""
        member = self._member(StaffMember, body, http, outside)
        if member.app is None:
            await member.set_password()
        await self._signed_in(member)
        await member.sign_out()

    async def _signed_in(self, member: StaffMember) -> None:
        """A secret may have been kept and never confirmed; then the member still signs in by SMS."""
        try:
            await member.sign_in()
        except Refused:
            if member.app is None:
                raise
            member.app = None
            await member.sign_in()

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


def _staff_persona(title: str, body: Mapping[str, Any], totp_secret: str | None) -> Persona:
    name = f"{body['surname']} {body['given_name']} {body['patronymic']}"
    return Persona(title, name, body["email"], body["password"], body["phone"], totp_secret)


def _practitioner_persona(title: str, person: Person) -> Persona:
    return Persona(title, person.full_name, person.licence["number"], person.password, person.phone)


def _write_private(file: Path, content: Any) -> None:
    fresh = file.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
        json.dump(content, written, ensure_ascii=False, indent=2)
    fresh.replace(file)
