"""Who plays in the demo and where: the gateway, the outside world, the clock, the folder for what is brought home."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx

from chassis.clock import SandboxClock
from deploy.demo.report import Report
from deploy.journey.authenticator import AuthenticatorApp
from deploy.journey.gateway import Caller
from deploy.journey.member import Member
from deploy.journey.outside import Outside
from deploy.journey.practitioner import Practitioner
from deploy.journey.staff import AnyStaff, Registrar, Reviewer, SupportAgent
from deploy.local.personas import Persona

AnyMember = TypeVar("AnyMember", bound=Member)


@dataclass(slots=True)
class Stage:
    """Everything the scenes share; `numbers` keeps what later scenes need from earlier ones."""

    http: httpx.AsyncClient
    outside: Outside
    clock: SandboxClock
    folder: Path
    report: Report
    practitioner: Practitioner
    reviewer: Reviewer
    registrar: Registrar
    agent: SupportAgent
    document_ids: dict[str, str] = field(default_factory=dict)
    application_id: str = ""
    application_number: str = ""
    certificate_number: str = ""

    def save(self, name: str, content: bytes) -> Path:
        """Put a file into the demo's folder."""
        file = self.folder / name
        file.write_bytes(content)
        return file

    def new_caller(self) -> Caller:
        """A visitor nobody knows."""
        return Caller(self.http)

    async def move_clock_to(self, moment: datetime) -> timedelta:
        """Move everybody's time forward to the moment; sessions end by that."""
        delta = moment - self.clock.now()
        if delta > timedelta():
            self.clock.move(delta)
        return delta

    async def sign_in_all(self, *members: Member) -> None:
        """Sign in whoever is named, at once."""
        await asyncio.gather(*(member.sign_in() for member in members))


def played_by(role: type[AnyMember], personas: Sequence[Persona], title: str, caller: Caller, outside: Outside) -> AnyMember:
    """The persona of that title in a role."""
    persona = next(persona for persona in personas if persona.title == title)
    return role(caller, outside, identifier=persona.identifier, password=persona.password, phone=persona.phone)


def staff_played_by(
    role: type[AnyStaff], personas: Sequence[Persona], title: str, caller: Caller, outside: Outside, clock: SandboxClock
) -> AnyStaff:
    """The persona of that title in a role of staff, with the persona's authenticator app."""
    member = played_by(role, personas, title, caller, outside)
    secret = next(persona.totp_secret for persona in personas if persona.title == title)
    member.now = clock.now
    member.app = None if secret is None else AuthenticatorApp(secret, clock.now)
    return member


def words(finding: dict[str, Any]) -> str:
    """A finding in one line: where, why, what to do."""
    return f"{finding['pointer']}: {finding['detail']} {finding.get('advice', '')}".strip()
