"""PDFs from typst templates. Values travel as data, never as markup; the same values give the same bytes."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import typst

from services.applications.domain.certificates.payload import Statement
from services.applications.domain.signs import legible
from services.applications.gateways.qr import qr_svg
from services.applications.gateways.signing.jws import CredentialKeys

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Printer:
    """Renders in a thread; fonts are those inside typst, so every machine prints alike."""

    public_url: str
    keys: CredentialKeys

    def document_url(self, document_id: UUID) -> str:
        """Where whoever may read a document opens it."""
        return f"{self.public_url.rstrip('/')}/documents/{document_id}"

    async def electronic_document(self, values: Mapping[str, Any], *, made_at: datetime) -> bytes:
        """Everything handed in, with the checksums of the documents."""
        return await self._render("electronic_document.typ", values, made_at)

    def code_text(self, statement: Statement) -> str:
        """What the QR code says: the verification page, and behind # (which no browser sends to a server) the signed statement."""
        return f"{verification_url(self.public_url, statement.number)}#{self.keys.sign(statement.encoded())}"

    async def certificate(self, values: Mapping[str, Any], statement: Statement, *, made_at: datetime) -> bytes:
        """The certificate with the QR code of its verification page."""
        address = verification_url(self.public_url, statement.number)
        return await self._render("certificate.typ", {**values, "address": address}, made_at, qr=qr_svg(self.code_text(statement)))

    async def appeal(self, values: Mapping[str, Any], *, made_at: datetime) -> bytes:
        """The packet of an appeal."""
        return await self._render("appeal.typ", values, made_at)

    async def table(self, values: Mapping[str, Any], *, made_at: datetime) -> bytes:
        """A table of the history."""
        return await self._render("history.typ", values, made_at)

    async def _render(self, template: str, values: Mapping[str, Any], made_at: datetime, **inputs: str) -> bytes:
        return await asyncio.to_thread(_compile, template, values, made_at, **inputs)


def verification_url(public_url: str, certificate_number: str) -> str:
    """Where anybody may verify a certificate."""
    return f"{public_url.rstrip('/')}/verify/{certificate_number}"


def _compile(template: str, values: Mapping[str, Any], made_at: datetime, **inputs: str) -> bytes:
    """PDF/A is refused for a single sign that no font has: what was let in once must print all the same."""
    rendered = typst.compile(
        str(_TEMPLATES / template),
        root=str(_TEMPLATES),
        ignore_system_fonts=True,
        sys_inputs={"values": json.dumps(legible(values), ensure_ascii=False), **inputs},
        format="pdf",
        pdf_standards=["a-2b"],
        timestamp=int(made_at.timestamp()),
    )
    return bytes(rendered)
