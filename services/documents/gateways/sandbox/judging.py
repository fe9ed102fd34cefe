"""Whether the pages of a file can be read: fine enough, sharp enough, and not blank."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import measures, pages
from .opening import Problem

_MM_PER_INCH = 25.4
_NARROWEST_MM = 148
"""A5. Letters of a page that is taken for something narrower than it is would be too faint to count as ink."""

_WIDEST_MM = 210
"""A4: small papers are often scanned or copied on such a sheet, and reduced too far their letters run together."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Below these a page is refused. `paper_mm` is the short side of the paper; None: of any size, and only blankness matters."""

    paper_mm: int | None
    scan_dpi: float
    sharpness: float
    ink: float
    measured_pages: int


def problems(content: bytes, media_type: str, limits: dict[str, Any]) -> Iterator[Problem]:
    """Each kind of fault once, with the first page that has it. Only the first pages are looked at."""
    lines = Lines(**{name: limits[name] for name in Lines.__slots__})
    found: dict[str, Problem] = {}
    blank: list[int] = []
    with pages.opened(content, media_type) as opened:
        looked_at = min(opened.count, lines.measured_pages)
        for number in range(looked_at):
            if measures.ink(opened.gray(number, measures.DPI, _inches(max(lines.paper_mm or 0, _NARROWEST_MM)))) < lines.ink:
                blank.append(number + 1)
            elif lines.paper_mm is not None and (problem := _illegible(opened, number, lines, _inches(lines.paper_mm))):
                found.setdefault(problem["code"], problem)
    if blank:
        pages_named = ", ".join(map(str, blank))
        yield {"code": "page-blank"} if len(blank) == looked_at else {"code": "some-pages-blank", "facts": {"pages": pages_named}}
    yield from found.values()


def _illegible(opened: pages.Pages, number: int, lines: Lines, paper: float) -> Problem | None:
    """What is drawn, letter by letter, is as sharp as anybody wants."""
    dpi = opened.placed_dpi(number, paper)
    if dpi is None:
        return None
    if dpi < lines.scan_dpi:
        return {"code": "resolution-too-low", "facts": {"page": number + 1, "dpi": int(dpi), "dpi_min": int(lines.scan_dpi)}}
    is_sharp = any(_is_sharp(opened, number, lines, one) for one in (paper, _inches(_WIDEST_MM)))
    return None if is_sharp else {"code": "image-blurred", "facts": {"page": number + 1}}


def _is_sharp(opened: pages.Pages, number: int, lines: Lines, paper: float) -> bool:
    sharpness = measures.sharpness(opened.gray(number, measures.DPI, paper))
    return sharpness is None or sharpness >= lines.sharpness


def _inches(millimetres: float) -> float:
    return millimetres / _MM_PER_INCH
