"""Pictures of pages for people, and the PDF of a JPEG."""

import io
from typing import Any, TypeAlias

import img2pdf
import numpy as np
from PIL import Image

from . import pages

Asked: TypeAlias = dict[str, Any]

_A4 = (img2pdf.mm_to_pt(210), img2pdf.mm_to_pt(297))
_GLANCE = 400
"""Pixels of the long side of the copy that tells whether a page has colours."""
_COLOUR = 24
"""Between the channels of a pixel: below it grey, as paper is in the light of a lamp."""
_COLOURED = 0.0005
"""Share of a page: a seal has more."""
_GREYS = 16
_STEP = 255 // (_GREYS - 1)


def page_count(content: bytes, media_type: str, _: Asked) -> int:
    """How many pages the file has."""
    with pages.opened(content, media_type) as opened:
        return opened.count


def preview(content: bytes, media_type: str, asked: Asked) -> bytes:
    """A page as PNG, without what the file says of itself; pages without colours in sixteen greys, which is ten times less."""
    with pages.opened(content, media_type) as opened:
        picture = opened.picture(asked["page"] - 1, asked["longest"])
    saved = io.BytesIO()
    if _has_colours(picture):
        picture.save(saved, "PNG", compress_level=3)
    else:
        _in_greys(picture).save(saved, "PNG", bits=4, compress_level=6)
    return saved.getvalue()


def as_pdf(content: bytes, _media_type: str, _: Asked) -> bytes:
    """A JPEG on a sheet of A4, its very bytes unchanged; made again it is the same file. What phones put behind the picture stays out."""
    on_paper = img2pdf.get_layout_fun(pagesize=_A4, fit=img2pdf.FitMode.into, auto_orient=True)
    return bytes(img2pdf.convert(content, layout_fun=on_paper, rotation=img2pdf.Rotation.ifvalid, nodate=True, first_frame_only=True))


def _has_colours(picture: Image.Image) -> bool:
    small = picture.copy()
    small.thumbnail((_GLANCE, _GLANCE), Image.Resampling.BOX)
    channels = np.asarray(small, dtype=np.int16)
    return bool((channels.max(axis=2) - channels.min(axis=2) > _COLOUR).mean() > _COLOURED)


def _in_greys(picture: Image.Image) -> Image.Image:
    indexes = picture.convert("L").point([(value + _STEP // 2) // _STEP for value in range(256)])
    indexed = Image.frombytes("P", indexes.size, indexes.tobytes())
    indexed.putpalette([number * _STEP for number in range(_GREYS) for _ in range(3)])
    return indexed
