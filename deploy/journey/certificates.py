"""A certificate as a stranger meets it: the page of its PDF, the QR code on it, and what the service says of both."""

import io
from dataclasses import dataclass
from typing import Any

import pypdfium2
import zxingcpp
from PIL import Image

from deploy.journey.gateway import Caller


class NoCode(ValueError):
    """The page shows no readable QR code."""


@dataclass(frozen=True, slots=True)
class Page:
    """The first page of a PDF: what is written on it and what it looks like."""

    text: str
    image: Image.Image

    def png(self) -> bytes:
        """The page as a picture."""
        content = io.BytesIO()
        self.image.save(content, "PNG")
        return content.getvalue()

    def qr_text(self) -> str:
        """What the QR code says."""
        codes = [code.text for code in zxingcpp.read_barcodes(self.image)]
        if not codes:
            raise NoCode("на странице нет читаемого QR-кода")
        return str(codes[0])


def first_page(pdf: bytes, *, dpi: int = 150) -> Page:
    """Render the first page."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        page = document[0]
        return Page(page.get_textpage().get_text_range(), page.render(scale=dpi / 72).to_pil())
    finally:
        document.close()


async def verified_file(caller: Caller, pdf: bytes) -> dict[str, Any]:
    """What the service says of a PDF."""
    path, headers = "/api/applications/certificates/verifications/file", {"Content-Type": "application/pdf"}
    return dict((await caller.call("POST", path, content=pdf, headers=headers)).json())


async def verified_code(caller: Caller, text: str) -> dict[str, Any]:
    """What the service says of the text of a QR code."""
    return dict(await caller.post("/api/applications/certificates/verifications/code", {"code": text}))
