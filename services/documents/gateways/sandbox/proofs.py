"""What a document proves of itself: the portal's code on its pages, the electronic signature in its bytes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from . import codes, opening, pages
from .opening import Problem

Asked: TypeAlias = dict[str, Any]

_PAPER_INCHES = 8.27
"""A4."""
_DRAWN_DPI, _FINEST_DPI = 300, 600


def code(content: bytes, media_type: str, asked: Asked) -> Iterator[Problem]:
    """The QR codes of the first pages."""
    with pages.opened(content, media_type) as opened:
        shown = range(min(opened.count, asked["code_pages"]))
        found = [text for number in shown for text in codes.texts(opened.gray(number, _dpi(opened, number), _PAPER_INCHES))]
    yield from codes.problems(found, asked["hosts"])


def _dpi(opened: pages.Pages, number: int) -> float:
    return min(opened.placed_dpi(number, _PAPER_INCHES) or _DRAWN_DPI, _FINEST_DPI)


def signature(content: bytes, media_type: str, asked: Asked) -> Iterator[Problem]:
    """The electronic signatures of a PDF. What verifies them is loaded for signed files alone: it takes a second."""
    if media_type != opening.PDF:
        return
    if not asked["is_signed"]:
        if asked["is_needed"] and not _is_scanned(content):
            yield {"code": "signature-missing"}
        return
    from . import signatures  # noqa: PLC0415

    folder = asked["roots"]
    found = signatures.standing(content, lambda: signatures.roots_in(Path(folder)) if folder else [])
    yield from signatures.problems(found, is_needed=asked["is_needed"] and not _is_scanned(content))


def _is_scanned(content: bytes) -> bool:
    """Whether each page is a picture of paper."""
    with pages.opened(content, opening.PDF) as opened:
        return all(opened.placed_dpi(number, _PAPER_INCHES) is not None for number in range(opened.count))
