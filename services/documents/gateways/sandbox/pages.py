"""The pages of a file, whatever its format: how many, how they look, how finely they were scanned, and what text they carry.

PDFium is not safe for threads: it lives in the one thread of a child.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pypdfium2 as pdfium
from PIL import Image, ImageOps
from pypdfium2 import raw

from .measures import Gray
from .opening import FORMATS, PDF

_POINTS_PER_INCH = 72
_MOST_PIXELS = 16_000_000
"""Of a page that is drawn: an A4 page at 300 dpi has 9 million."""
_COVERS = 0.5
"""Of the page at least: then a picture is the page, and not on it."""
_NESTED = 3
"""So deep are pictures looked for in groups of groups."""
_SIXTEEN_BITS = 257
_REDUCIBLE = {"L", "RGB", "RGBA", "LA", "CMYK"}
"""Modes of pictures that can be made smaller before they change their mode."""
_FINEST_DPI = 300
"""Of a page that is drawn for people."""
_NARROWEST, _WIDEST = 2.0, 12.0
"""Inches of the short side of what is laid on a scanner: a card, A3."""


class Pages(Protocol):
    """Pages are numbered from 0. `paper` is the width in inches of the short side of the paper a page is supposed to be."""

    @property
    def count(self) -> int:
        """How many there are."""

    def gray(self, number: int, dpi: float, paper: float) -> Gray:
        """In greys, at so many dots per inch of the paper; a scan is not enlarged."""

    def placed_dpi(self, number: int, paper: float) -> float | None:
        """Of the scan that the page is; None for a page that is drawn and has no resolution."""

    def picture(self, number: int, longest: int) -> Image.Image:
        """As people see it, upright, in RGB, its long side not longer than so many pixels."""

    def claimed_dpi(self, number: int) -> float | None:
        """What a picture says of itself, if that makes a sheet of paper: good for nothing but to guess how large its letters are."""

    def text_layer(self, number: int) -> str:
        """The text that can be selected; a scan has none."""


@contextmanager
def opened(content: bytes, media_type: str) -> Iterator[Pages]:
    """The pages of a file that is known to open."""
    if media_type == PDF:
        pdf = pdfium.PdfDocument(content)
        try:
            yield _Pdf(pdf)
        finally:
            pdf.close()
    else:
        with Image.open(io.BytesIO(content), formats=[FORMATS[media_type]]) as image:
            yield _Picture(image)


@dataclass(frozen=True, slots=True)
class _Picture:
    """The dpi that a picture claims is nobody's measurement: the paper's size decides."""

    image: Image.Image

    @property
    def count(self) -> int:
        return 1

    def placed_dpi(self, number: int, paper: float) -> float | None:  # noqa: ARG002 - there is one page
        return min(self.image.size) / paper

    def claimed_dpi(self, number: int) -> float | None:  # noqa: ARG002 - there is one page
        claimed = float(self.image.info.get("dpi", (0, 0))[0])
        return claimed if claimed > 0 and _NARROWEST <= min(self.image.size) / claimed <= _WIDEST else None

    def gray(self, number: int, dpi: float, paper: float) -> Gray:
        own = self.placed_dpi(number, paper)
        return np.asarray(ImageOps.exif_transpose(reduced(self.image, 1.0 if own is None else dpi / own)))

    def picture(self, number: int, longest: int) -> Image.Image:  # noqa: ARG002 - there is one page
        upright = ImageOps.exif_transpose(_on_paper(_coarse(self.image, int(max(self.image.size) / longest))))
        upright.thumbnail((longest, longest))
        return upright

    def text_layer(self, number: int) -> str:  # noqa: ARG002 - there is one page
        return ""


def reduced(image: Image.Image, share: float) -> Image.Image:
    """In greys, with such a share of its width and height; never enlarged."""
    width, height = image.size
    gray = _in_gray(_coarse(image, int(1 / share) if share > 0 else 1))
    wanted = (max(1, round(width * share)), max(1, round(height * share)))
    if share < 1 and wanted != gray.size:
        gray = gray.resize(wanted, Image.Resampling.BOX)
    return gray


def _coarse(image: Image.Image, whole: int) -> Image.Image:
    """So many times smaller while it has its colours: no second large picture is made."""
    return image.reduce(whole) if whole > 1 and image.mode in _REDUCIBLE else image


def _in_gray(image: Image.Image) -> Image.Image:
    return image if image.mode == "L" else _on_paper(image).convert("L")


def _on_paper(image: Image.Image) -> Image.Image:
    """In RGB on white paper, where the picture lets it show through."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).clip(0, 65_535) // _SIXTEEN_BITS).astype(np.uint8)).convert("RGB")
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        layered = image.convert("RGBA")
        paper = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(paper, layered).convert("RGB")
    return image.convert("RGB")


@dataclass(frozen=True, slots=True)
class _Pdf:
    pdf: Any

    @property
    def count(self) -> int:
        return len(self.pdf)

    def placed_dpi(self, number: int, paper: float) -> float | None:
        """Programs that make one point of each pixel place a scan on a sheet of metres: no paper is wider than it can be."""
        with _page(self.pdf, number) as page:
            scan = _scan(page)
            return None if scan is None else min(scan.pixels) / min(scan.inches, paper)

    def claimed_dpi(self, number: int) -> float | None:  # noqa: ARG002 - where it is placed says more
        return None

    def gray(self, number: int, dpi: float, paper: float) -> Gray:
        own = self.placed_dpi(number, paper)
        with _page(self.pdf, number) as page:
            width, height = page.get_size()
            inches = min(width, height) / _POINTS_PER_INCH
            scale = min(dpi, own or dpi) / _POINTS_PER_INCH * min(1.0, paper / inches)
            scale = min(scale, (_MOST_PIXELS / (width * height)) ** 0.5)
            drawn = page.render(scale=scale, grayscale=True, may_draw_forms=False)
            return np.asarray(drawn.to_numpy()).reshape(drawn.height, drawn.width)

    def picture(self, number: int, longest: int) -> Image.Image:
        with _page(self.pdf, number) as page:
            scale = min(longest / max(page.get_size()), _FINEST_DPI / _POINTS_PER_INCH)
            drawn: Image.Image = page.render(scale=scale, may_draw_forms=False, rev_byteorder=True).to_pil()
            return drawn.convert("RGB")

    def text_layer(self, number: int) -> str:
        with _page(self.pdf, number) as page:
            layer = page.get_textpage()
            try:
                return str(layer.get_text_bounded())
            finally:
                layer.close()


@dataclass(frozen=True, slots=True)
class _Scan:
    pixels: tuple[int, int]
    inches: float
    """Of its short side on the page."""


@contextmanager
def _page(pdf: Any, number: int) -> Iterator[Any]:
    page = pdf[number]
    try:
        yield page
    finally:
        page.close()


def _scan(page: Any) -> _Scan | None:
    """The finest of the pictures that are the page: scanners lay fine letters over a coarse background."""
    width, height = page.get_size()
    found = []
    for placed in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_NESTED):
        left, bottom, right, top = placed.get_bounds()
        if (right - left) * (top - bottom) >= _COVERS * width * height:
            found.append(_Scan(placed.get_px_size(), min(right - left, top - bottom) / _POINTS_PER_INCH))
    return max(found, key=lambda scan: min(scan.pixels) / scan.inches, default=None)
