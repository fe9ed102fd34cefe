"""What the first pages of a file say: their text layer where they have one, else what is recognised on them."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from PIL import Image
from tesserocr import PyTessBaseAPI

from . import pages, reading
from .opening import Problem
from .reading import Read

Answer: TypeAlias = dict[str, Any]

_PAPER_INCHES = 8.27
"""A4, where a picture does not say how large it is. One of a smaller paper is then enlarged, which takes time and does little harm."""
_LETTERS = 20
"""A text layer of fewer says nothing of the page: programs put a number or a stamp's text over scans."""
_BADLY_READ = 60.0
"""Mean confidence below which a page is taken to be turned: upright ones have 90 and more, turned ones 10 to 35."""
_LONG = 4
"""Letters of the words whose confidence counts, where there are any: codes, seals and rulings are recognised as short ones."""
_HALF_TURN = 180
"""Degrees. The recogniser itself sets pages right that lie on one of their sides, all of 36: half a turn helps the other and those upside
down, and two more looks at every page that nobody can read are spared."""
_MOST_WORDS, _MOST_SIGNS = 5_000, 60
"""Of all pages together, and of one word: what is compared with a profile is short, and a hostile file is not."""
_TIME_SHARE = 0.5
"""Of the processor time allowed, after which no further page is begun: what was read so far is not to be lost."""


@dataclass(frozen=True, slots=True)
class PageRead:
    """The words of a page, whether letter by letter as they were written, and whether the page had to be turned for them."""

    words: Sequence[Read]
    is_exact: bool = False
    is_turned: bool = False

    @property
    def confidence(self) -> float:
        """Mean of the longer words, else of all; 0 without any."""
        counted = [word for word in self.words if sum(sign.isalpha() for sign in word.text) >= _LONG] or self.words
        return sum(word.confidence for word in counted) / len(counted) if counted else 0.0

    @property
    def is_readable(self) -> bool:
        """Whether what was read is likely to stand there."""
        return self.confidence >= _BADLY_READ


def read(api: PyTessBaseAPI, content: bytes, media_type: str, asked: dict[str, Any]) -> Answer:
    """The words, and what is to be said of how they could be read."""
    with pages.opened(content, media_type) as opened:
        until = time.process_time() + asked["cpu_seconds"] * _TIME_SHARE
        found = list(_pages(api, opened, asked["pages_read"], until))
        unread = opened.count - len(found)
    readable = [page if page.is_readable else PageRead(()) for page in found]
    return {
        "problems": list(_problems(readable)),
        "is_exact": all(page.is_exact for page in readable if page.words),
        "unread": unread,
        "pages": _shortened(readable),
    }


def _pages(api: PyTessBaseAPI, opened: pages.Pages, most: int, until: float) -> Iterator[PageRead]:
    for number in range(min(opened.count, most)):
        if number and time.process_time() > until:
            return
        yield page_read(api, opened, number)


def page_read(api: PyTessBaseAPI, opened: pages.Pages, number: int) -> PageRead:
    """One page, in whatever way it can be read."""
    scanned_dpi = opened.placed_dpi(number, _PAPER_INCHES)
    layer = opened.text_layer(number)
    if scanned_dpi is None and sum(sign.isalpha() for sign in layer) >= _LETTERS:
        words = [Read(word, line, 100.0) for line, row in enumerate(layer.splitlines()) for word in row.split()]
        return PageRead(words, is_exact=True)
    image, dpi = _image(opened, number, scanned_dpi)
    upright = PageRead(reading.recognised(api, image, dpi))
    if not upright.words or upright.is_readable:
        return upright
    turned = PageRead(reading.recognised(api, image.rotate(_HALF_TURN), dpi), is_turned=True)
    return turned if turned.is_readable else upright


def _image(opened: pages.Pages, number: int, scanned_dpi: float | None) -> tuple[Image.Image, float]:
    """The page as it is, or reduced to what is best recognised, with its dots per inch."""
    on_paper = scanned_dpi or reading.DPI
    own = opened.claimed_dpi(number) or on_paper
    share = min(1.0, reading.DPI / own)
    return Image.fromarray(np.ascontiguousarray(opened.gray(number, on_paper * share, _PAPER_INCHES))), own * share


def _problems(found: Sequence[PageRead]) -> Iterator[Problem]:
    if not any(page.words for page in found):
        yield {"code": "text-unreadable"}
    turned = next((number for number, page in enumerate(found, 1) if page.is_turned), None)
    if turned is not None:
        yield {"code": "page-rotated", "facts": {"page": turned}}


def _shortened(found: Sequence[PageRead]) -> list[list[Any]]:
    """Each word as a list of its text, line, confidence and further looks."""
    left, told = _MOST_WORDS, []
    for page in found:
        told.append([[word.text[:_MOST_SIGNS], word.line, word.confidence, word.again] for word in page.words[:left]])
        left -= len(told[-1])
    return told
