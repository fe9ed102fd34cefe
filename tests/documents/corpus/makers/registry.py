"""Where the makers are kept by their names, and the page most of them begin with."""

import io
from collections.abc import Callable
from typing import Any

import typst
from PIL import Image

MAKERS: dict[str, Callable[[], bytes]] = {}


def maker(make: Callable[[], bytes]) -> Callable[[], bytes]:
    MAKERS[make.__name__] = make
    return make


def named(name: str, make: Callable[[], bytes]) -> None:
    MAKERS[name] = make


def scan() -> Image.Image:
    """A good one of A5, 300 dpi, in greys."""
    page = typst.compile(PAPER, format="png", ppi=300)
    return Image.open(io.BytesIO(page)).convert("L")


PAPER = b"#set page(width: 210mm, height: 148mm)\n#set text(size: 12pt)\n" + b"Diploma of a specialist, series 100000 number 7654321. " * 30


def kept(image: Image.Image, format_name: str, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, format_name, **options)
    return target.getvalue()
