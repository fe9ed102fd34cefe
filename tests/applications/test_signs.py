"""What a text may be made of, and that papers can show all of it."""

import json
import re
import sys
import unicodedata
from collections.abc import Iterator

import pytest
import typst
from pydantic import TypeAdapter, ValidationError

from services.applications.domain.signs import legible
from services.applications.schemas.bodies import Line, Needed, Text

LINE, TEXT = TypeAdapter(Line), TypeAdapter(Text)
EVERY = [chr(code) for code in range(sys.maxunicode + 1)]
UNPRINTABLE = "😀王\u0007\ufffe\u202e"
_PAGE = b"""#let values = json(bytes(sys.inputs.values))
#set text(font: "Libertinus Serif", lang: "ru")
#for one in values [#box(one) #box(strong(one)) ]"""


def shown(*texts: str) -> bytes:
    inputs = {"values": json.dumps(texts)}
    return typst.compile(_PAGE, ignore_system_fonts=True, sys_inputs=inputs, format="pdf", pdf_standards=["a-2b"])


def test_papers_show_every_sign_that_is_not_replaced_with_any_accent() -> None:
    signs = [sign for sign in EVERY if legible(sign) == sign]
    assert len(signs) > 2_000
    accents = [sign for sign in signs if unicodedata.category(sign).startswith("M")]
    assert len(accents) > 100
    accented = (sign + accents[place % len(accents)] for place, sign in enumerate(signs))
    assert shown(*signs, *(legible(text) for text in accented)).startswith(b"%PDF")
    with pytest.raises(typst.TypstError, match="could not be displayed"):
        shown("😀")


def test_what_papers_cannot_show_is_seen_as_a_square() -> None:
    assert legible("Лебедянинский😀") == "Лебедянинский□"
    assert legible("и\u0306од\r\nа\rб\tв") == "йод\nа\nб\tв"
    assert legible({"a": (UNPRINTABLE, 5, None, True), "b": [["\ud83d"]]}) == {"a": ["□□□□□", 5, None, True], "b": [["□"]]}


def test_papers_show_every_sign_of_a_line() -> None:
    pattern = re.compile(LINE.json_schema()["pattern"])
    accepted = [sign for sign in EVERY if pattern.search(f"a{sign}b")]
    assert {*map(legible, accepted)} == {unicodedata.normalize("NFC", sign) for sign in accepted}
    assert set("АЯаяЁёҐґӘәҢңʼ№«»—-0123456789§½²") <= {*accepted}
    assert not [sign for sign in accepted if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}]


@pytest.mark.parametrize("sign", ["😀", "王", "\ufffe", "א", "\u0483", "\ue000"])
def test_a_line_has_no_sign_that_papers_do_not_show_and_the_answer_names_it(sign: str) -> None:
    with pytest.raises(ValidationError, match=f"«{sign}» .U.{ord(sign):04X}|невидимые знаки"):
        LINE.validate_python(f"Вымыш{sign}ленникова")


def test_a_line_is_composed() -> None:
    assert LINE.validate_python(" Чаи\u0306кина ") == "Чайкина"
    with pytest.raises(ValidationError, match=r"«ἀ» .U.1F00"):
        LINE.validate_python("α\u0313")


def _unseen() -> Iterator[str]:
    for sign in EVERY:
        is_no_character = ord(sign) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(sign) <= 0xFDEF
        if is_no_character or unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            yield sign


def test_a_text_has_no_sign_that_is_not_seen_but_line_ends_and_tabs() -> None:
    pattern = re.compile(TEXT.json_schema()["pattern"])
    refused = {sign for sign in _unseen() if not _is_accepted(sign)}
    assert {*_unseen()} - refused == {"\t", "\n", "\r"}
    assert {sign for sign in _unseen() if not pattern.search(f"a{sign}b")} | {
        sign for sign in EVERY if "\ud800" <= sign <= "\udfff"
    } == refused


def _is_accepted(sign: str) -> bool:
    try:
        TEXT.validate_python(f"a{sign}b")
    except ValidationError:
        return False
    return True


def test_a_text_is_composed_with_line_ends_of_one_kind() -> None:
    assert TEXT.validate_python(" и\u0306од 王😀\r\nб\rв\n") == "йод 王😀\nб\nв"


@pytest.mark.parametrize("nothing", ["", " \n\t\u00a0", "\u200b", "\u3164", "\u2800"])
def test_a_text_that_shows_nothing_is_none(nothing: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Needed).validate_python(nothing)
