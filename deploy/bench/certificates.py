"""Certificates: what printing and signing one costs beside the bare library calls, and how fast they are verified."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import typst

from chassis.app import Chassis
from chassis.settings import load_settings
from chassis.transaction import Begin, atomic
from deploy.bench.report import Figure, at_least
from deploy.bench.servers import servers
from services.applications.domain.certificates import Certificate
from services.applications.domain.certificates.payload import Statement
from services.applications.domain.numbers import CERTIFICATE_PREFIX, written
from services.applications.domain.rules import Kind
from services.applications.gateways import qr
from services.applications.main.stores import stores_of
from services.applications.main.wiring import usecases_of
from services.applications.settings import Settings
from services.applications.usecases import UseCases
from services.applications.usecases.base import certificate_folder
from services.applications.usecases.printing import certificate as certificate_values

CERTIFICATES = 200
VERIFICATIONS = 200
ROUNDS = 3
LINE = 0.6
_MOMENT = 1_780_000_000
_TEMPLATES = Path(qr.__file__).parent / "templates"


@dataclass(frozen=True)
class Desk:
    """The use-cases of applications without its doors, and one issued certificate."""

    usecases: UseCases
    issued: Certificate
    pdf: bytes

    @property
    def begin(self) -> Begin:
        """Opens transactions."""
        return self.usecases.begin

    @atomic
    async def store(self) -> None:
        """Put the certificate where it is verified."""
        async with self.begin() as tx:
            await self.usecases.certificates.add(tx, self.issued)


async def measure(folder: Path) -> list[Figure]:
    """Alternating rounds of making, best of each; then verifications one after another."""
    async with servers(folder, "applications") as stack, desk(stack.environments["applications"]) as ready:
        return [await _making(ready), *[await _verifying(ready, name, ask) for name, ask in _ways(ready).items()]]


async def _making(desk: Desk) -> Figure:
    """Every certificate is another one, on both sides: typst remembers what it made of the same values before."""
    ours, bare = [], []
    for turn in range(ROUNDS):
        fresh = [planned(turn * CERTIFICATES + serial) for serial in range(CERTIFICATES)]
        prepared = iter([inputs(desk.usecases, one) for one in fresh])
        own = iter(fresh)
        bare.append(await _rate(CERTIFICATES, lambda: asyncio.to_thread(by_hand, desk.usecases, next(prepared))))  # noqa: B023
        ours.append(await _rate(CERTIFICATES, lambda: _made(desk.usecases, next(own))))  # noqa: B023
    name = "certificates printed and signed (PAdES, signed QR), beside typst and a bare RSA signature"
    return at_least(name, max(ours), max(bare), LINE, "certificates/s")


def inputs(usecases: UseCases, one: Certificate) -> dict[str, str]:
    """What the page is made of, its code drawn beforehand."""
    values = certificate_values(one, usecases.rules_now(), usecases.terms)
    drawn = qr.qr_svg(usecases.printer.code_text(Statement.of(one, usecases.terms)))
    return {"values": json.dumps({**values, "address": "http://cabinet.example"}, ensure_ascii=False), "qr": drawn}


def by_hand(usecases: UseCases, inputs: dict[str, str]) -> None:
    """The page alone, and one signature over its bytes."""
    page = typst.compile(
        str(_TEMPLATES / "certificate.typ"),
        root=str(_TEMPLATES),
        ignore_system_fonts=True,
        sys_inputs=inputs,
        format="pdf",
        pdf_standards=["a-2b"],
        timestamp=_MOMENT,
    )
    usecases.signer.signer.sign(bytes(page))


def _ways(desk: Desk) -> dict[str, Callable[[], Awaitable[object]]]:
    proofs, statement = desk.usecases.proofs, Statement.of(desk.issued, desk.usecases.terms)
    code, altered = desk.usecases.printer.code_text(statement), desk.pdf[:-1] + b" "
    return {
        "by number": lambda: proofs.by_number(desk.issued.number, "10.1.2.3"),
        "by the text of the code": lambda: proofs.by_code(code, "10.1.2.3"),
        "by file": lambda: proofs.by_file(desk.pdf, "10.1.2.3"),
        "by an altered file": lambda: proofs.by_file(altered, "10.1.2.3"),
    }


async def _verifying(desk: Desk, name: str, ask: Callable[[], Awaitable[object]]) -> Figure:
    rate = await _rate(VERIFICATIONS, ask)
    bare = await _rate(VERIFICATIONS, lambda: desk.usecases.certificates.get_issued(desk.issued.number))
    return Figure(f"verifications {name}, noted for the holder", f"{rate:,.1f} /s", f"{bare:,.1f} look-ups/s", rate / bare)


async def _rate(times: int, once: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    for _ in range(times):
        await once()
    return times / (time.perf_counter() - began)


async def _made(usecases: UseCases, one: Certificate) -> bytes:
    """As `issue_certificate` does, without the store."""
    values, statement = certificate_values(one, usecases.rules_now(), usecases.terms), Statement.of(one, usecases.terms)
    printed = await usecases.printer.certificate(values, statement, made_at=one.issued_at)
    return await usecases.signer.signed(printed, at=one.issued_at)


def planned(serial: int = 0) -> Certificate:
    """One that is neither printed nor stored."""
    issued_at = datetime.now(UTC).replace(microsecond=0)
    return Certificate(
        id=uuid4(),
        version=1,
        number=written(CERTIFICATE_PREFIX, issued_at.year, serial + 1),
        application_id=uuid4(),
        application_number="MK-2026-00000001-2",
        holder_id=uuid4(),
        holder_name="Вымышленникова Алёна Тестовна",
        holder_short_name="Вымышленникова А. Т.",
        kind=Kind.PRIMARY,
        specialty_code="31.08.36",
        issued_at=issued_at,
        valid_until=issued_at + timedelta(days=1826),
    )


@asynccontextmanager
async def desk(environment: Mapping[str, str]) -> AsyncIterator[Desk]:
    """In that environment."""
    with patch.dict(os.environ, environment):
        settings = load_settings(Settings)
    chassis = Chassis("applications", settings)
    stores = stores_of(chassis, settings)
    try:
        for prepare in (chassis._prepare, *stores.prepare()):  # noqa: SLF001 - the collections, and no running service
            await prepare()
        usecases = usecases_of(chassis, settings, stores)
        await usecases.signer.prepare()
        first = planned()
        pdf = await _made(usecases, first)
        ready = Desk(usecases, first.issued(await usecases.files.put(f"{certificate_folder(first.id)}1.pdf", pdf)), pdf)
        await ready.store()
        yield ready
    finally:
        await chassis.close()
