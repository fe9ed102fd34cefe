"""The pages of files, whatever the format, as the sandbox sees them."""

import io

import numpy as np
import pikepdf
import pytest
import typst
from pikepdf import Dictionary, Name
from PIL import Image

from services.documents.gateways.sandbox import pages
from services.documents.gateways.sandbox.opening import JPEG, PDF, PNG
from tests.documents import samples

A5_SHORT = 148 / 25.4
LETTERS = b"#set page(width: 210mm, height: 148mm)\n#set text(size: 14pt)\nDiploma 1234567\n#pagebreak()\nsecond"


def scan_pdf(pixels: tuple[int, int], points: tuple[float, float], placed: float = 1.0) -> bytes:
    """A PDF whose page is one JPEG that covers so much of its width and height."""
    jpeg = io.BytesIO()
    Image.linear_gradient("L").resize(pixels).save(jpeg, "JPEG")
    made = pikepdf.new()
    width, height = points
    made.add_blank_page(page_size=points)
    image = pikepdf.Stream(
        made,
        jpeg.getvalue(),
        Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=pixels[0],
            Height=pixels[1],
            ColorSpace=Name.DeviceGray,
            BitsPerComponent=8,
            Filter=Name.DCTDecode,
        ),
    )
    made.pages[0].Resources = Dictionary(XObject=Dictionary(Scan=image))
    made.pages[0].Contents = pikepdf.Stream(made, f"q {width * placed} 0 0 {height * placed} 0 0 cm /Scan Do Q".encode())
    return samples.saved(made)


@pytest.mark.parametrize(
    ("content", "dpi"),
    [
        pytest.param(scan_pdf((1240, 874), (595, 420)), 150, id="A5 at its size"),
        pytest.param(scan_pdf((1240, 874), (1240, 874)), 150, id="a point for each pixel"),
        pytest.param(scan_pdf((1240, 874), (297.5, 210)), 300, id="half the size"),
        pytest.param(scan_pdf((1240, 874), (595, 420), placed=0.5), None, id="a picture on a page"),
        pytest.param(typst.compile(LETTERS), None, id="letters"),
    ],
)
def test_a_scan_is_as_fine_as_its_pixels_on_the_paper(content: bytes, dpi: float | None) -> None:
    with pages.opened(content, PDF) as opened:
        assert opened.placed_dpi(0, A5_SHORT) == (None if dpi is None else pytest.approx(dpi, rel=0.01))


def test_pages_are_drawn_at_the_size_of_the_paper_and_scans_not_enlarged() -> None:
    with pages.opened(scan_pdf((1240, 874), (1240, 874)), PDF) as opened:
        assert opened.count == 1
        assert opened.gray(0, 75, A5_SHORT).shape == pytest.approx((437, 620), abs=2)
        assert opened.gray(0, 600, A5_SHORT).shape == pytest.approx((874, 1240), abs=3)
    with pages.opened(typst.compile(LETTERS), PDF) as opened:
        assert opened.count == 2
        assert opened.gray(0, 150, A5_SHORT).shape == pytest.approx((874, 1240), abs=2)


def test_a_page_of_any_shape_is_drawn_in_bounded_memory() -> None:
    made = pikepdf.new()
    made.add_blank_page(page_size=(14_400, 72))
    with pages.opened(samples.saved(made), PDF) as opened:
        assert opened.gray(0, 100_000, A5_SHORT).size <= 16_100_000


def test_the_text_that_can_be_selected_is_given_page_by_page() -> None:
    with pages.opened(typst.compile(LETTERS), PDF) as opened:
        assert [opened.text_layer(number).strip() for number in range(2)] == ["Diploma 1234567", "second"]
    with pages.opened(samples.jpeg(), JPEG) as opened:
        assert opened.text_layer(0) == ""


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_picture_has_its_greys_in_every_mode(mode: str) -> None:
    gray = np.full((300, 400), 204, dtype=np.uint8)
    gray[100:200] = 0
    image = Image.fromarray(gray.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(gray).convert(mode)
    assert image.mode == mode
    kept = io.BytesIO()
    image.save(kept, "PNG")
    with pages.opened(kept.getvalue(), PNG) as opened:
        page = opened.gray(0, 150, 300 / 150)
        assert page.shape == (300, 400)
        assert page[110:190].max() == 0
        assert page[:90].mean() == pytest.approx(204, abs=2)
        assert opened.gray(0, 75, 300 / 150).shape == (150, 200)


def test_what_shows_through_is_white_paper() -> None:
    kept = io.BytesIO()
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(kept, "PNG")
    with pages.opened(kept.getvalue(), PNG) as opened:
        assert opened.gray(0, 150, 2).min() == 255


def test_a_colour_separated_jpeg_is_not_inside_out() -> None:
    kept = io.BytesIO()
    Image.new("RGB", (300, 300), (250, 250, 250)).convert("CMYK").save(kept, "JPEG")
    with pages.opened(kept.getvalue(), JPEG) as opened:
        assert opened.gray(0, 150, 2).min() > 240


@pytest.mark.parametrize(("orientation", "turn"), [(3, 180), (6, 270), (8, 90)])
@pytest.mark.parametrize("dpi", [60, 120])
def test_a_photo_is_seen_as_the_camera_was_held(orientation: int, turn: int, dpi: float) -> None:
    held = Image.linear_gradient("L").resize((600, 900))
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = io.BytesIO()
    held.rotate(-turn, expand=True).save(photo, "JPEG", exif=exif, quality=95)
    with pages.opened(photo.getvalue(), JPEG) as opened:
        seen = opened.gray(0, dpi, 5.0)
    wanted = np.asarray(held.resize((int(5 * dpi), int(7.5 * dpi)), Image.Resampling.BOX), dtype=np.int16)
    assert seen.shape == wanted.shape
    assert np.abs(seen - wanted).max() < 8
