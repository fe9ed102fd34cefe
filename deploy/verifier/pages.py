"""QR codes on pages and pictures."""

import io
from collections.abc import Iterator

import pypdfium2
import zxingcpp
from PIL import Image

from deploy.verifier.codes import Outcome, Refused

PDF_BEGIN = b"%PDF-"
_DPI = (150, 300)
"""A coarse look finds clean codes at once; the finer one is for scans."""
_PAGES = 3
_LARGEST_SIDE_POINTS = 2_000
_LARGEST_PIXELS = 60_000_000
_LARGEST_SIDE_PIXELS = 65_535
"""More the reader of codes does not take."""


def code_of_page(content: bytes) -> str:
    """The text of the one QR code on a PDF's first pages or on a picture. Raises `Refused`."""
    for image in _images(content):
        codes = [code.text for code in zxingcpp.read_barcodes(image) if code.format == zxingcpp.BarcodeFormat.QRCode]
        if len(codes) > 1:  # whoever looks at the page does not see which one counts
            raise Refused(Outcome.ALTERED)
        if codes:
            return str(codes[0])
    raise Refused(Outcome.NO_CODE)


def _images(content: bytes) -> Iterator[Image.Image]:
    if content.startswith(PDF_BEGIN):
        yield from _pages(content)
        return
    try:
        with Image.open(io.BytesIO(content)) as picture:
            if picture.width * picture.height > _LARGEST_PIXELS or max(picture.size) > _LARGEST_SIDE_PIXELS:
                raise Refused(Outcome.UNREADABLE)
            yield picture.convert("L")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # a syntax error is Pillow's of a broken PNG
        raise error if isinstance(error, Refused) else Refused(Outcome.UNREADABLE) from None


def _pages(content: bytes) -> Iterator[Image.Image]:
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        raise Refused(Outcome.UNREADABLE) from None
    with document:
        for dpi in _DPI:
            for number in range(min(len(document), _PAGES)):
                try:
                    page = document[number]
                    if max(page.get_size()) > _LARGEST_SIDE_POINTS:
                        raise Refused(Outcome.UNREADABLE)
                    yield page.render(scale=dpi / 72, grayscale=True).to_pil()
                except pypdfium2.PdfiumError:
                    raise Refused(Outcome.UNREADABLE) from None
