"""Text recognition of a page, set straight and brought to the resolution the recogniser was made for."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from PIL import Image
from tesserocr import OEM, PSM, RIL, PyTessBaseAPI

from .pages import reduced

DPI = 300
Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom."""
_PROFILE_DPI = 75
_WIDEST_TURN, _COARSE, _FINE = 4.0, 0.5, 0.1
_LEAST_TURN = 0.3
"""Degrees that are left as they are: turning costs sharpness."""
_INK = 60
"""How much darker than the paper a pixel of a letter is."""


_NUMBER = re.compile(r"\d{3}")
_HEIGHTS = (20, 32)
"""Pixels of a digit at each further look. One size alone misses one number in twenty, these two with the first look one in sixty."""
_MARGIN = 0.35
"""Of the height of a word, kept around it."""


@dataclass(frozen=True, slots=True)
class Read:
    """A recognised word; lines are numbered down the page, confidence is 0 to 100.

    `again` is what further looks at a number alone gave, in which only digits and what divides them could be seen.
    """

    text: str
    line: int
    confidence: float
    again: tuple[str, ...] = ()


def recogniser(data: str, languages: str) -> PyTessBaseAPI:
    """A loaded model. `data` is the folder of the language files."""
    return PyTessBaseAPI(path=data, lang=languages, psm=PSM.AUTO, oem=OEM.LSTM_ONLY)


def recognised(api: PyTessBaseAPI, page: Image.Image, dpi: float) -> list[Read]:
    """The words of a page in greys, of so many dots per inch, in reading order."""
    upright = _upright(page, dpi)
    api.SetImage(upright)
    api.SetSourceResolution(DPI)
    api.Recognize()
    found = list(_words(api))
    with _digits_alone(api):
        return [
            replace(read, again=tuple(_again(api, upright, box, height) for height in _HEIGHTS)) if _NUMBER.search(read.text) else read
            for read, box in found
        ]


@contextmanager
def _digits_alone(api: PyTessBaseAPI) -> Iterator[None]:
    api.SetVariable("tessedit_char_whitelist", "0123456789-./")
    api.SetPageSegMode(PSM.SINGLE_LINE)
    try:
        yield
    finally:
        api.SetVariable("tessedit_char_whitelist", "")
        api.SetPageSegMode(PSM.AUTO)


def _again(api: PyTessBaseAPI, page: Image.Image, box: Box, height: int) -> str:
    left, top, right, bottom = box
    margin = round((bottom - top) * _MARGIN)
    word = page.crop((max(0, left - margin), max(0, top - margin), min(page.width, right + margin), min(page.height, bottom + margin)))
    share = height / max(1, bottom - top)
    api.SetImage(word.resize((max(1, round(word.width * share)), max(1, round(word.height * share))), Image.Resampling.BICUBIC))
    api.SetSourceResolution(DPI)
    return str(api.GetUTF8Text()).strip()


def _upright(page: Image.Image, dpi: float) -> Image.Image:
    """Set straight, at the recogniser's resolution, in one step each."""
    share = DPI / dpi
    sized = (
        page if abs(share - 1) < _FINE else page.resize((round(page.width * share), round(page.height * share)), Image.Resampling.BICUBIC)
    )
    turn = skew(page, dpi)
    if abs(turn) < _LEAST_TURN:
        return sized
    return sized.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor=_paper(sized))


def skew(page: Image.Image, dpi: float) -> float:
    """By how many degrees, counter-clockwise, to turn the page so that its lines are level."""
    ink = _ink(page, _PROFILE_DPI / dpi)
    rough = ink.reduce(2)
    coarse = max(np.arange(-_WIDEST_TURN, _WIDEST_TURN + _COARSE, _COARSE), key=lambda angle: _levelness(rough, angle))
    return float(max(np.arange(coarse - _COARSE, coarse + _COARSE + _FINE, _FINE), key=lambda angle: _levelness(ink, angle)))


def _ink(page: Image.Image, share: float) -> Image.Image:
    """What is written on the page, small, in white on black."""
    small = reduced(page, share)
    return Image.fromarray(((np.asarray(small, dtype=np.int16) < _paper(small) - _INK) * 255).astype(np.uint8))


def _levelness(ink: Image.Image, angle: float) -> float:
    """How much the rows differ: most where lines of text are level."""
    rows = np.asarray(ink.rotate(angle, Image.Resampling.BILINEAR), dtype=np.float32).sum(axis=1)
    return float(np.square(np.diff(rows)).sum())


def _paper(page: Image.Image) -> int:
    """The brightness of the paper."""
    return int(np.median(np.asarray(page)))


def _words(api: PyTessBaseAPI) -> Iterator[tuple[Read, Box]]:
    found, line = api.GetIterator(), -1
    if found is None:
        return
    while True:
        if found.IsAtBeginningOf(RIL.TEXTLINE):
            line += 1
        if not found.Empty(RIL.WORD) and (text := found.GetUTF8Text(RIL.WORD).strip()):
            yield Read(text, line, found.Confidence(RIL.WORD)), found.BoundingBox(RIL.WORD)
        if not found.Next(RIL.WORD):
            return
