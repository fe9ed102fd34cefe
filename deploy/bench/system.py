"""The whole system with one practitioner who is ready to apply, for measurements from outside."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from chassis.clock import SystemClock
from deploy.demo.application import GOOD, KIND
from deploy.journey.gateway import Caller
from deploy.journey.outside import Outside
from deploy.journey.people import SPECIALTY, invent_person
from deploy.journey.practitioner import Practitioner
from deploy.local.stack import Stack


@dataclass(frozen=True, slots=True)
class System:
    """A running stack and somebody signed in."""

    stack: Stack
    practitioner: Practitioner
    document_ids: dict[str, str]

    def url_of(self, service: str) -> str:
        """The service's own address, behind the gateway."""
        return f"http://127.0.0.1:{self.stack.settings.port_of(service)}"

    async def confirmed_application(self) -> str:
        """A draft, filled, checked and confirmed."""
        practitioner = self.practitioner
        draft: dict[str, Any] = await practitioner.create_application(KIND, SPECIALTY)
        consent = {"personal_data": True, "accuracy": True}
        await practitioner.change(draft["id"], {"documents": self.document_ids, "consent": consent})
        await practitioner.clean(draft["id"])
        await practitioner.confirm(draft["id"])
        return str(draft["id"])


@asynccontextmanager
async def system(folder: Path, *, environment: dict[str, str] | None = None) -> AsyncIterator[System]:
    """Start everything, register, sign in, upload. `environment` is given to every service."""
    async with (
        Stack(folder, environment=environment) as stack,
        httpx.AsyncClient(base_url=stack.url, timeout=60) as http,
        httpx.AsyncClient(base_url=stack.simulators_url, timeout=30) as outside_http,
    ):
        person = invent_person(secrets.token_hex(8), today=SystemClock().now().date())
        practitioner = Practitioner.of(person, Caller(http), Outside(outside_http))
        await practitioner.register()
        await practitioner.sign_in()
        await practitioner.verified()
        document_ids = {}
        for document_type, make in GOOD.items():
            sent = await practitioner.upload(document_type, make(person))
            await practitioner.checked(sent["document_id"])
            document_ids[document_type] = sent["document_id"]
        yield System(stack, practitioner, document_ids)
