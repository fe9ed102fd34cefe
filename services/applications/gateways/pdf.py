"""PDFs from typst templates. Values travel as data, never as markup; the same values give the same bytes."""

import asyncio
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import segno
import typst

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Printer:
    """Renders in a thread; fonts are those inside typst, so every machine prints alike."""

    public_url: str

    def verification_url(self, certificate_number: str) -> str:
        """Where anybody may verify a certificate."""
        return f"{self.public_url.rstrip('/')}/verify/{certificate_number}"

    async def electronic_document(self, values: Mapping[str, Any], *, made_at: datetime) -> bytes:
        """Everything handed in, with the checksums of the documents."""
        return await self._render("electronic_document.typ", {"values": json.dumps(values, ensure_ascii=False)}, made_at)

    async def certificate(self, values: Mapping[str, Any], *, number: str, made_at: datetime) -> bytes:
        """The certificate with the QR code of its verification page."""
        address = self.verification_url(number)
        inputs = {"values": json.dumps({**values, "address": address}, ensure_ascii=False), "qr": _qr_svg(address)}
        return await self._render("certificate.typ", inputs, made_at)

    async def table(self, values: Mapping[str, Any], *, made_at: datetime) -> bytes:
        """A table of the history."""
        return await self._render("history.typ", {"values": json.dumps(values, ensure_ascii=False)}, made_at)

    async def _render(self, template: str, inputs: dict[str, str], made_at: datetime) -> bytes:
        return await asyncio.to_thread(_compile, template, inputs, made_at)


def _compile(template: str, inputs: dict[str, str], made_at: datetime) -> bytes:
    rendered = typst.compile(
        str(_TEMPLATES / template),
        root=str(_TEMPLATES),
        ignore_system_fonts=True,
        sys_inputs=inputs,
        format="pdf",
        pdf_standards=["a-2b"],
        timestamp=int(made_at.timestamp()),
    )
    return bytes(rendered)


def _qr_svg(address: str) -> str:
    buffer = io.BytesIO()
    segno.make(address, error="m", micro=False).save(buffer, kind="svg", border=4, scale=4)
    return buffer.getvalue().decode()
