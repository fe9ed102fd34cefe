"""QR codes of portal confirmations: found however they are turned, and followed to the portal alone."""

import io

import numpy as np
import pytest
import segno
from PIL import Image, ImageFilter

from services.documents.gateways.sandbox import codes
from services.documents.gateways.sandbox.measures import Gray

HOSTS = ("www.gosuslugi.ru", "gosuslugi.ru")
RIGHT = "https://www.gosuslugi.ru/confirmation/1234567"
FOREIGN = "https://www.gosuslugi.ru.example.com/confirmation/1234567"


def code(text: str, scale: int = 6) -> Image.Image:
    content = io.BytesIO()
    segno.make(text, error="m").save(content, kind="png", scale=scale, border=4)
    return Image.open(content).convert("L")


def page(*pictures: Image.Image, turn: float = 0) -> Gray:
    sheet = Image.new("L", (1240, 1754), 255)
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (300, 200 + 600 * number))
    return np.asarray(sheet.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor=255))


def found(*texts: str) -> list[str]:
    return [problem["code"] for problem in codes.problems(texts, HOSTS)]


def test_a_code_is_read() -> None:
    assert codes.texts(page(code(RIGHT))) == (RIGHT,)


def test_two_codes_are_read() -> None:
    assert sorted(codes.texts(page(code(RIGHT), code(FOREIGN)))) == sorted((RIGHT, FOREIGN))


def test_a_page_without_a_code_has_none() -> None:
    assert codes.texts(page()) == ()


@pytest.mark.parametrize("turn", [7, 45, 90, 133, 180, 270])
def test_a_turned_page_is_read(turn: float) -> None:
    assert codes.texts(page(code(RIGHT), turn=turn)) == (RIGHT,)


@pytest.mark.parametrize("scale", [1, 2, 15])
def test_small_and_large_codes_are_read(scale: int) -> None:
    assert codes.texts(page(code(RIGHT, scale))) == (RIGHT,)


def test_a_photographed_code_is_read() -> None:
    chance = np.random.default_rng(1)
    blurred = Image.fromarray(page(code(RIGHT), turn=3)).filter(ImageFilter.GaussianBlur(1.5))
    noisy = np.asarray(blurred, dtype=np.int16) + chance.normal(0, 12, blurred.size[::-1]).astype(np.int16)
    assert codes.texts(noisy.clip(0, 255).astype(np.uint8)) == (RIGHT,)


def test_a_code_that_is_half_covered_is_not_there() -> None:
    covered = page(code(RIGHT)).copy()
    covered[200:500, 300:420] = 255
    assert codes.texts(covered) == ()


def test_a_page_that_is_a_view_of_another_picture_is_read() -> None:
    wide = np.stack([page(code(RIGHT))] * 3, axis=-1)
    assert codes.texts(wide[..., 0]) == (RIGHT,)


@pytest.mark.parametrize(
    "text",
    [
        RIGHT,
        "https://gosuslugi.ru/a",
        "HTTPS://WWW.GOSUSLUGI.RU/A",
        "https://www.gosuslugi.ru:443/",
        " https://www.gosuslugi.ru/a\n",
        "https://www.gosuslugi.ru?a=https://example.com",
    ],
)
def test_an_address_of_the_portal_leads_there(text: str) -> None:
    assert codes.leads_to(text, HOSTS)


@pytest.mark.parametrize(
    "text",
    [
        FOREIGN,
        "http://www.gosuslugi.ru/confirmation/1234567",
        "https://example.com/www.gosuslugi.ru",
        "https://www.gosuslugi.ru@example.com/",
        "https://example.com\\@www.gosuslugi.ru/",
        "https://user:password@www.gosuslugi.ru/",
        "https://www.gosuslugi.ru:8443/",
        "https://www.gosuslugi.ru:port/",
        "https://www.gоsuslugi.ru/",
        "https://[www.gosuslugi.ru/",
        "//www.gosuslugi.ru/",
        "javascript:location='https://www.gosuslugi.ru'",
        "www.gosuslugi.ru",
        "Иванов Пётр Сергеевич",
        "",
    ],
)
def test_anything_else_does_not(text: str) -> None:
    assert not codes.leads_to(text, HOSTS)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [((RIGHT,), []), ((RIGHT, RIGHT), []), ((), ["code-missing"]), ((FOREIGN,), ["code-foreign"]), ((RIGHT, FOREIGN), ["code-foreign"])],
)
def test_every_code_has_to_be_the_portal_s(texts: tuple[str, ...], expected: list[str]) -> None:
    assert found(*texts) == expected
