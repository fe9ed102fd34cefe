"""Whether a file is what we take and opens whole: its format, and what is wrong with how it is made."""

import io
from collections.abc import Iterator
from typing import Any, TypeAlias

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image

from . import polyglots

Problem: TypeAlias = dict[str, Any]
Limits: TypeAlias = dict[str, int]

PDF, JPEG, PNG = polyglots.PDF, polyglots.JPEG, polyglots.PNG
_SIGNATURES = ((b"%PDF-", PDF), (b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG))
FORMATS = {JPEG: "JPEG", PNG: "PNG"}
"""Pillow's names of the pictures."""

_ACTIONS = {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/Rendition", "/Movie", "/RichMediaExecute", "/GoToE", "/SetOCGState"}
_SIDES, _MM_PER_POINT = 4, 25.4 / 72
_NAMING = ("/S", "/Type", "/Subtype")
_MP_ENTRIES, _MP_FRAME = 0xB002, "Multi-Frame"
"""Of a JPEG of several pictures: where each says what it is, and how Pillow calls those that are shown in turn."""
_ANNOTATIONS = {"/RichMedia", "/Screen", "/Movie", "/3D"}


def sniff(content: bytes) -> str | None:
    """The format by its first bytes; strict, since a file that is two formats at once is nobody's honest scan."""
    return next((media_type for signature, media_type in _SIGNATURES if content.startswith(signature)), None)


def problems(content: bytes, media_type: str | None, limits: Limits) -> Iterator[Problem]:
    """Everything that keeps the file from being opened safely; nothing for formats that are none of ours."""
    if media_type is not None and (other := polyglots.second_format(content, media_type)):
        yield {"code": "content-two-formats", "facts": {"other": other}}
    if media_type == PDF:
        yield from _pdf(content, limits)
    elif media_type is not None:
        yield from _image(content, FORMATS[media_type], limits)


def _pdf(content: bytes, limits: Limits) -> Iterator[Problem]:
    try:
        with pikepdf.open(io.BytesIO(content), attempt_recovery=False) as pdf:
            if pdf.is_encrypted:
                yield {"code": "pdf-encrypted"}
                return
            yield from _opened(pdf, limits)
    except pikepdf.PasswordError:
        yield {"code": "pdf-encrypted"}
    except (pikepdf.PikepdfError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        yield {"code": "pdf-damaged"}


def _opened(pdf: Any, limits: Limits) -> Iterator[Problem]:
    if len(pdf.objects) > limits["objects"]:
        yield {"code": "file-too-complex"}
        return
    pages = len(pdf.pages)
    if pages == 0:
        yield {"code": "pdf-without-pages"}
    if pages > limits["pages"]:
        yield {"code": "pdf-too-many-pages", "facts": {"pages": pages, "pages_max": limits["pages"]}}
        return
    if (number := _enormous(pdf, limits["page_mm"])) is not None:
        yield {"code": "pdf-page-too-large", "facts": {"page": number, "mm_max": limits["page_mm"]}}
    is_active, has_files = _search(pdf)
    if is_active:
        yield {"code": "pdf-active-content"}
    if has_files:
        yield {"code": "pdf-embedded-files"}
    if pdf.check_pdf_syntax():
        yield {"code": "pdf-damaged"}


def _enormous(pdf: Any, most_mm: int) -> int | None:
    """The first page with a side longer than that; viewers take a sheet of their own for a page that names none."""
    for number, page in enumerate(pdf.pages, start=1):
        sides = [float(side) for side in page.mediabox or ()]
        if len(sides) == _SIDES:
            left, bottom, right, top = sides
            longest = max(abs(right - left), abs(top - bottom)) * float(page.get("/UserUnit", 1))
            if longest * _MM_PER_POINT > most_mm:
                return number
    return None


def _search(pdf: Any) -> tuple[bool, bool]:
    """Whether anything in the file can run, and whether it carries other files. Sees every object, referenced or not."""
    is_active = has_files = False
    for keys, names in _dictionaries(pdf):
        is_active = (
            is_active or bool({"/JS", "/XFA", "/RichMediaContent"} & keys) or names["/S"] in _ACTIONS or names["/Subtype"] in _ANNOTATIONS
        )
        has_files = (
            has_files
            or bool({"/EF", "/EmbeddedFiles"} & keys)
            or names["/Type"] == "/EmbeddedFile"
            or names["/Subtype"] == "/FileAttachment"
        )
    return is_active, has_files


def _dictionaries(pdf: Any) -> Iterator[tuple[set[str], dict[str, str]]]:
    """Every dictionary: its keys and what its naming entries say. Containers with a number of their own come by themselves."""
    waiting = list(pdf.objects)
    while waiting:
        one = waiting.pop()
        entries = dict(one.stream_dict.items()) if isinstance(one, Stream) else dict(one.items()) if isinstance(one, Dictionary) else {}
        if entries:
            yield set(entries), {key: str(entries[key]) if isinstance(entries.get(key), Name) else "" for key in _NAMING}
        parts = one if isinstance(one, Array) else entries.values()
        waiting.extend(part for part in parts if isinstance(part, Array | Dictionary) and not part.is_indirect)


def _is_animated(image: Image.Image) -> bool:
    """Whether it shows several pictures in turn. What phones put behind a photo, previews and depth maps, nobody is shown."""
    if not getattr(image, "is_animated", False):
        return False
    entries = getattr(image, "mpinfo", {}).get(_MP_ENTRIES)
    return entries is None or any(entry["Attribute"]["MPType"].startswith(_MP_FRAME) for entry in entries)


def _image(content: bytes, format_name: str, limits: Limits) -> Iterator[Problem]:
    try:
        with Image.open(io.BytesIO(content), formats=[format_name]) as image:
            width, height = image.size
            if width * height > limits["pixels"]:
                yield {"code": "image-too-many-pixels", "facts": {"width": width, "height": height}}
                return
            if _is_animated(image):
                yield {"code": "image-animated"}
            image.load()
        with Image.open(io.BytesIO(content), formats=[format_name]) as image:
            image.verify()
    except (OSError, SyntaxError, ValueError, TypeError, IndexError, EOFError):
        yield {"code": "image-damaged"}
