"""Files as people send them, good and bad, made on the spot."""

import io
import struct
import zlib
from functools import cache
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, ImageDraw


def saved(pdf: pikepdf.Pdf, **options: Any) -> bytes:
    target = io.BytesIO()
    pdf.save(target, **options)
    return target.getvalue()


_LINES = b"2 w " + b" ".join(b"72 %d m 540 %d l S" % (y, y) for y in range(72, 720, 24))
"""As a page of text has."""
_WORDS = b"BT /F1 12 Tf 72 730 Td (Nobody in particular is named on this page) Tj ET "


def _page(pages: int = 1) -> pikepdf.Pdf:
    pdf = pikepdf.new()
    for _ in range(pages):
        pdf.add_blank_page()
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        pdf.pages[-1].Resources = Dictionary(Font=Dictionary(F1=font))
        pdf.pages[-1].Contents = pikepdf.Stream(pdf, _WORDS + _LINES)
    return pdf


@cache
def pdf(pages: int = 1) -> bytes:
    return saved(_page(pages))


def pdf_without_pages() -> bytes:
    return saved(pikepdf.new())


def pdf_encrypted(user: str = "secret") -> bytes:
    return saved(_page(), encryption=pikepdf.Encryption(owner="owner", user=user))


def pdf_with_script() -> bytes:
    made = _page()
    made.Root.OpenAction = Dictionary(Type=Name.Action, S=Name.JavaScript, JS=String("app.alert(1)"))
    return saved(made, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def pdf_with_launch() -> bytes:
    made = _page()
    action = Dictionary(S=Name.Launch, F=String("cmd.exe"))
    made.pages[0].Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)])
    return saved(made)


def pdf_with_link() -> bytes:
    made = _page()
    action = Dictionary(S=Name.URI, URI=String("https://example.org"))
    made.pages[0].Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)])
    return saved(made)


def pdf_with_embedded_file() -> bytes:
    made = _page()
    made.attachments["letter.txt"] = b"hello"
    return saved(made)


def packed(content: bytes) -> bytes:
    """As streams of a PDF are."""
    return zlib.compress(content)


def pdf_with_cut_stream() -> bytes:
    made = pikepdf.new()
    made.add_blank_page()
    whole = packed(b"0 0 m 100 100 l S " * 500)
    made.pages[0].Contents = pikepdf.Stream(made, whole[: len(whole) // 2], Filter=Name.FlateDecode)
    return saved(made)


def pdf_bomb(megabytes: int = 4096) -> bytes:
    """A small file whose one stream unpacks, layer by layer, to gigabytes."""
    compressor = zlib.compressobj(9)
    body = b"".join(compressor.compress(b"\0" * 1_048_576) for _ in range(megabytes // 64)) + compressor.flush()
    made = pikepdf.new()
    made.add_blank_page()
    contents = [made.make_indirect(pikepdf.Stream(made, body, Filter=Name.FlateDecode)) for _ in range(64)]
    made.pages[0].Contents = Array(contents)
    return saved(made)


def _picture(width: int, height: int) -> Image.Image:
    """Lines of something like words."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for top in range(height // 10, height * 9 // 10, 24):
        for left in range(width // 10, width * 9 // 10, 9):
            draw.rectangle((left, top, left + 2, top + 11), fill="black")
    return image


@cache
def jpeg(width: int = 1240, height: int = 874) -> bytes:
    """A scan of A5 at 150 dpi, unless another size is wanted."""
    target = io.BytesIO()
    _picture(width, height).save(target, "JPEG")
    return target.getvalue()


@cache
def png(width: int = 1240, height: int = 874) -> bytes:
    """The same without losses."""
    target = io.BytesIO()
    _picture(width, height).save(target, "PNG")
    return target.getvalue()


def png_bomb(side: int = 50_000) -> bytes:
    """A valid header that promises billions of pixels, a few bytes behind it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def png_full_of_pixels(side: int) -> bytes:
    """Every pixel that it promises, in a hundredth of the bytes."""
    target = io.BytesIO()
    Image.new("RGB", (side, side), "white").save(target, "PNG", compress_level=9)
    return target.getvalue()


def pdf_nested_bomb() -> bytes:
    """A stream that is packed three times over."""
    body = packed(packed(packed(b"\0" * (64 << 20))))
    made = pikepdf.new()
    made.add_blank_page()
    made.pages[0].Contents = pikepdf.Stream(made, body, Filter=Array([Name.FlateDecode] * 3))
    return saved(made)


def pdf_object_stream_bomb(objects: int = 120_000) -> bytes:
    """Very many objects, packed into little."""
    made = _page()
    made.Root.Many = Array([made.make_indirect(Dictionary(A=number)) for number in range(objects)])
    return saved(made, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True)


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def padded(content: bytes, size_bytes: int) -> bytes:
    """The same PDF, with a comment that makes it exactly so large. Viewers and checks ignore what follows %%EOF."""
    filling = size_bytes - len(content) - 2
    assert filling > 0
    return content + b"\n%" + b"-" * filling
