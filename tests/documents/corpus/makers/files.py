"""Makes the other kinds of files."""

import io
import zlib
from functools import cache, partial
from typing import Any

import pikepdf
import segno
import typst
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, ImageDraw, ImageFilter

from deploy.evaluation.scans import Truth, scan_of
from deploy.local.clamd import eicar
from tests.documents import samples, signing
from tests.documents.corpus.makers.registry import PAPER, kept, maker, named, scan

MEGABYTE = 1_048_576


@cache
def scans() -> dict[Truth, bytes]:
    """One of each."""
    return dict(scan_of(number, seed=1) for number in (0, 1, 3, 5, 7, 8, 9))


def scan_that_is(truth: Truth) -> bytes:
    return scans()[truth]


@cache
def of_size(size_bytes: int) -> bytes:
    """A whole PDF of exactly so many bytes; the rest of it is a stream that nothing draws."""
    filling, content = size_bytes, b""
    while len(content) != size_bytes:
        filling += (size_bytes - len(content)) if content else -4096
        made = pikepdf.open(io.BytesIO(samples.pdf()))
        made.Root.Filling = made.make_indirect(pikepdf.Stream(made, b"-" * filling))
        content = samples.saved(made, compress_streams=False)
    return content


def with_action(**action: Any) -> bytes:
    made = pikepdf.open(io.BytesIO(samples.pdf()))
    made.Root.OpenAction = Dictionary(Type=Name.Action, **action)
    return samples.saved(made)


def with_annotation(**annotation: Any) -> bytes:
    made = pikepdf.open(io.BytesIO(samples.pdf()))
    made.pages[0].Annots = Array([made.make_indirect(Dictionary(Type=Name.Annot, Rect=Array([0, 0, 9, 9]), **annotation))])
    return samples.saved(made)


def with_root(**entries: Any) -> bytes:
    made = pikepdf.open(io.BytesIO(samples.pdf()))
    for name, value in entries.items():
        made.Root[f"/{name}"] = value
    return samples.saved(made)


named("honest_pdf", samples.pdf)
named("honest_jpeg", samples.jpeg)
named("honest_png", samples.png)
named("typeset_pdf", lambda: bytes(typst.compile(PAPER)))
named("empty", lambda: b"")
named("exactly_5_mb", lambda: of_size(5 * MEGABYTE))
named("beyond_5_mb", lambda: of_size(5 * MEGABYTE + 1))
named("exactly_10_mb", lambda: of_size(10 * MEGABYTE))
named("beyond_10_mb", lambda: of_size(10 * MEGABYTE + 1))

named("program", lambda: b"MZ\x90\x00" + b"\x00" * 500)
named("web_page", lambda: b"<!DOCTYPE html><html><body>%PDF-1.4</body></html>")
named("archive", lambda: b"PK\x03\x04" + b"\x14\x00" * 200)
named("gif", lambda: kept(scan(), "GIF"))
named("webp", lambda: kept(scan().convert("RGB"), "WEBP"))
named("tiff", lambda: kept(scan(), "TIFF"))
named("bmp", lambda: kept(scan(), "BMP"))
named("heic", lambda: b"\x00\x00\x00\x18ftypheic" + b"\x00" * 500)
named("plain_text", lambda: "Диплом".encode() * 100)
named("rich_text", lambda: b"{\\rtf1\\ansi diploma}")
named("old_word", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500)
named("postscript", lambda: b"%!PS-Adobe-3.0\nshowpage\n")
named("junk_before_pdf", lambda: b"\n" * 1024 + samples.pdf())
named("utf_16_pdf", lambda: samples.pdf().decode("latin-1").encode("utf-16"))

named("cut_pdf", lambda: samples.half(samples.pdf()))
named("header_only", lambda: b"%PDF-1.7\n" + b"\x00garbage" * 500)
named("cut_stream", samples.pdf_with_cut_stream)
named("no_pages", samples.pdf_without_pages)
named("too_many_pages", lambda: samples.pdf(21))
named("password", samples.pdf_encrypted)
named("restrictions", lambda: samples.pdf_encrypted(user=""))
named("script_on_opening", samples.pdf_with_script)
named("launch", samples.pdf_with_launch)
named("link", samples.pdf_with_link)
named("submits_a_form", lambda: with_action(S=Name.SubmitForm, F=String("https://example.org")))
named("imports_data", lambda: with_action(S=Name.ImportData, F=String("x.fdf")))
named("goes_to_embedded", lambda: with_action(S=Name.GoToE, T=Dictionary(R=Name.C)))
named("rich_media", lambda: with_annotation(Subtype=Name.RichMedia))
named("movie", lambda: with_annotation(Subtype=Name.Movie))
named("three_dimensions", lambda: with_annotation(Subtype=Name("/3D")))
named("screen", lambda: with_annotation(Subtype=Name.Screen))
named("attachment_annotation", lambda: with_annotation(Subtype=Name.FileAttachment))
named("embedded_file", samples.pdf_with_embedded_file)
named("xfa_form", lambda: with_root(AcroForm=Dictionary(XFA=String("<xdp/>"), Fields=Array([]))))
named("flate_bomb", partial(samples.pdf_bomb, 512))
named("nested_flate_bomb", samples.pdf_nested_bomb)
named("object_bomb", samples.pdf_object_stream_bomb)


@maker
def script_in_widget() -> bytes:
    """A field of a form that runs something at every key."""
    made = pikepdf.open(io.BytesIO(samples.pdf()))
    action = Dictionary(S=Name.JavaScript, JS=String("1"))
    field = made.make_indirect(
        Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("x"), Rect=Array([0, 0, 9, 9]), AA=Dictionary(K=action))
    )
    made.Root.AcroForm = Dictionary(Fields=Array([field]))
    made.pages[0].Annots = Array([field])
    return samples.saved(made)


@maker
def broken_table() -> bytes:
    """The table of objects points into nowhere."""
    content = samples.pdf()
    at = content.rindex(b"startxref")
    return content[:at] + b"startxref\n999999\n%%EOF\n"


@maker
def recursive_pages() -> bytes:
    """A tree of pages that holds itself."""
    made = pikepdf.open(io.BytesIO(samples.pdf()))
    made.Root.Pages.Kids.append(made.Root.Pages)
    return samples.saved(made)


@maker
def self_drawing_form() -> bytes:
    """A drawing that draws itself."""
    made = pikepdf.open(io.BytesIO(samples.pdf()))
    form = made.make_indirect(pikepdf.Stream(made, b"/Self Do", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9])))
    form.Resources = Dictionary(XObject=Dictionary(Self=form))
    made.pages[0].Resources = Dictionary(XObject=Dictionary(Self=form))
    made.pages[0].Contents = pikepdf.Stream(made, made.pages[0].Contents.read_bytes() + b" /Self Do")
    return samples.saved(made)


@maker
def enormous_page() -> bytes:
    """200 inches wide, with something on it."""
    made = pikepdf.new()
    made.add_blank_page(page_size=(14_400, 14_400))
    made.pages[0].Contents = pikepdf.Stream(
        made, b"900 w " + b" ".join(b"2000 %d m 12000 %d l S" % (y, y) for y in range(2000, 12000, 2000))
    )
    return samples.saved(made)


@maker
def garbage_font() -> bytes:
    """A megabyte of nonsense for a font."""
    made = pikepdf.open(io.BytesIO(samples.pdf()))
    font = made.make_indirect(pikepdf.Stream(made, b"\x5a\xa5" * 500_000))
    descriptor = made.make_indirect(Dictionary(Type=Name.FontDescriptor, FontName=Name.X, Flags=4, FontFile2=font))
    made.pages[0].Resources = Dictionary(
        Font=Dictionary(X=Dictionary(Type=Name.Font, Subtype=Name.TrueType, BaseFont=Name.X, FontDescriptor=descriptor))
    )
    made.pages[0].Contents = pikepdf.Stream(made, made.pages[0].Contents.read_bytes() + b" BT /X 20 Tf 72 72 Td (text) Tj ET")
    return samples.saved(made)


@maker
def empty_pdf() -> bytes:
    """Pages with nothing on them."""
    made = pikepdf.new()
    for _ in range(3):
        made.add_blank_page()
    return samples.saved(made)


named("cut_jpeg", lambda: samples.half(samples.jpeg()))
named("cut_png", lambda: samples.half(samples.png()))
named("endless_png", lambda: samples.png()[:-12])
named("png_bomb_by_header", samples.png_bomb)
named("png_bomb_of_pixels", lambda: samples.png_full_of_pixels(5_000))
named("fewer_pixels_than_promised", lambda: samples.png_bomb(4000))
named("progressive_jpeg", lambda: kept(scan(), "JPEG", progressive=True))
named("colour_separated_jpeg", lambda: kept(scan().convert("CMYK"), "JPEG"))
named("palette_png", lambda: kept(scan().convert("P"), "PNG"))
named("transparent_png", lambda: kept(scan().convert("RGBA"), "PNG"))
named("black_and_white_png", lambda: kept(scan().convert("1"), "PNG"))
named("rotated_scan", lambda: kept(scan().rotate(90, expand=True), "JPEG"))
named("upside_down_scan", lambda: kept(scan().rotate(180), "JPEG"))
named("turned_by_2_degrees", lambda: kept(scan().rotate(2, Image.Resampling.BICUBIC, fillcolor=255), "JPEG"))
named("very_blurred", lambda: kept(scan().filter(ImageFilter.GaussianBlur(8)), "JPEG"))
named("scan_of_72_dpi", lambda: kept(scan().resize((595, 420)), "JPEG"))
named("white", lambda: kept(Image.new("L", (1240, 874), 255), "JPEG"))
named("black", lambda: kept(Image.new("L", (1240, 874), 0), "JPEG"))
named("tiny", lambda: kept(Image.new("L", (1, 1), 0), "PNG"))
for truth in Truth:
    named(f"scan_{truth.name.lower()}", partial(scan_that_is, truth))


@maker
def jpeg_bomb_by_header() -> bytes:
    """A header that promises 60,000 by 60,000 pixels."""
    content = bytearray(samples.jpeg())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = (60_000).to_bytes(2, "big") * 2
    return bytes(content)


def several() -> bytes:
    """A JPEG with a second picture behind it, as cameras and phones make them."""
    return kept(scan(), "MPO", save_all=True, append_images=[scan().resize((160, 120))])


named("photo_of_a_phone", lambda: several() + b"\0\0\0\x18ftypmp42" + b"\0" * 500)


@maker
def angles() -> bytes:
    """The first picture is said to be one of several of the same."""
    head, mark, rest = several().partition(b"MPF\0")
    primary, angle = (bytes(4) + kind.to_bytes(4, "little") for kind in (0x030000, 0x020003))
    return head + mark + rest.replace(primary, angle, 1)


@maker
def animated_png() -> bytes:
    """Two documents that take turns."""
    return kept(scan(), "PNG", save_all=True, append_images=[scan().rotate(180)], duration=500)


def scan_on_sheet(points: tuple[int, int]) -> bytes:
    """A scan as the page of a PDF."""
    made = pikepdf.new()
    made.add_blank_page(page_size=points)
    jpeg = samples.jpeg()
    about = Dictionary(
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=1240,
        Height=874,
        ColorSpace=Name.DeviceRGB,
        BitsPerComponent=8,
        Filter=Name.DCTDecode,
    )
    made.pages[0].Resources = Dictionary(XObject=Dictionary(Scan=pikepdf.Stream(made, jpeg, about)))
    made.pages[0].Contents = pikepdf.Stream(made, b"q %d 0 0 %d 0 0 cm /Scan Do Q" % points)
    return samples.saved(made)


named("page_of_metres", partial(scan_on_sheet, (13_000, 9_163)))


@maker
def empty_page_between() -> bytes:
    """The back of the first sheet."""
    made = pikepdf.open(io.BytesIO(samples.pdf(3)))
    made.pages[1].Contents = pikepdf.Stream(made, b"")
    return samples.saved(made)


@maker
def sixteen_bit_png() -> bytes:
    """Medical scanners make these."""
    import numpy as np  # noqa: PLC0415

    return kept(Image.fromarray(np.asarray(scan()).astype(np.uint16) * 257), "PNG")


@maker
def wrong_checksum_png() -> bytes:
    """One bit of the pixels changed on the way."""
    content = bytearray(samples.png())
    at = content.index(b"IDAT") + 40
    content[at] ^= 1
    return bytes(content)


@maker
def text_bomb_png() -> bytes:
    """A comment that unpacks to much more than a comment."""
    png = samples.png()
    body = b"Comment\0\0" + zlib.compress(b"a" * (64 * MEGABYTE), 9)
    chunk = len(body).to_bytes(4, "big") + b"zTXt" + body + zlib.crc32(b"zTXt" + body).to_bytes(4, "big")
    return png[:33] + chunk + png[33:]


def confirmation(*texts: str) -> bytes:
    """A screenshot with these codes."""
    page = Image.new("L", (1240, 1754), "white")
    ImageDraw.Draw(page).multiline_text((100, 100), "Account of the portal confirmed.\n" * 5, fill="black", font_size=32)
    for number, text in enumerate(texts):
        code = Image.open(io.BytesIO(kept_code(text))).convert("L")
        page.paste(code, (100 + 500 * number, 1000))
    return kept(page, "PNG")


def kept_code(text: str) -> bytes:
    target = io.BytesIO()
    segno.make(text, micro=False).save(target, kind="png", scale=8)
    return target.getvalue()


_RIGHT = "https://www.gosuslugi.ru/confirmation/1"
named("confirmation_of_the_portal", partial(confirmation, _RIGHT))
named("confirmation_without_a_code", confirmation)
named("confirmation_of_another_host", partial(confirmation, "https://www.gosuslugi.ru.example.com/confirmation/1"))
named("confirmation_without_tls", partial(confirmation, "http://www.gosuslugi.ru/confirmation/1"))
named("confirmation_with_two_codes", partial(confirmation, _RIGHT, "https://example.com"))


@maker
def signed() -> bytes:
    return signing.Holder.authority("Чужой центр", "rsa").person("p256").sign(samples.pdf())


@maker
def malware_in_a_stream() -> bytes:
    """Packed, as nobody reads it but a viewer."""
    made = pikepdf.open(io.BytesIO(samples.pdf()))
    made.Root.Filling = made.make_indirect(pikepdf.Stream(made, samples.packed(b"% " + eicar() + b"\n"), Filter=Name.FlateDecode))
    return samples.saved(made)


named("malware", eicar)
named("malware_behind_pdf", lambda: samples.pdf() + b"\n" + eicar())


@maker
def signed_by_the_authority() -> bytes:
    return authority().person("p256").sign(samples.pdf())


@cache
def authority() -> signing.Holder:
    """Whose signatures are trusted."""
    return signing.Holder.authority()


@maker
def signed_then_spoilt() -> bytes:
    return signing.changed_within(signing.Holder.authority().person("p256").sign(samples.pdf()))
