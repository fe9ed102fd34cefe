r"""Signs of texts: which a line of the form may have, which a text of several lines, and which official papers can show.

The classes are written so that Python and ECMAScript read them alike: the interface's document carries them as patterns.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

_LINE = (
    r"\u0020-\u007E\u00A0-\u00AC\u00AE-\u02FF\u1E00-\u1EFF"  # Latin
    r"\u0300-\u034E\u0350-\u036F"  # accents
    r"\u0370-\u0377\u037A-\u037F\u0384-\u038A\u038C\u038E-\u03A1\u03A3-\u03FF"  # Greek
    r"\u0400-\u0481\u048A-\u04FF"  # Cyrillic
    r"\u2002-\u200A\u2010-\u2027\u202F-\u203E"  # spaces, dashes, quotation marks
    r"\u2070\u2071\u2074-\u208E\u20A0-\u20BF\u2116\u2122\u2153-\u2184\u2212"  # raised and lowered digits, money, №, Roman numbers
)
_PAPER = (
    _LINE + r"\t\n\u0531-\u0556\u0561-\u0587\u05D0-\u05EA\u10D0-\u10FF"  # Armenian, Hebrew, Georgian
    r"\u2190-\u21FF\u2200-\u22FF\u25A0-\u25FF\u2639-\u2653\uFFFD"  # arrows, mathematics, figures
)
"""Every sign of it is in the fonts inside typst."""
_UNSEEN = (
    r"\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u00AD"  # control characters but line ends and tab
    r"\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891\u08E2\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB"  # format
    r"\u034F\u115F\u1160\u17B4\u17B5\u2800\u3164\uFFA0"  # empty by their look
    r"\uFDD0-\uFDEF\uFFFE\uFFFF"  # no characters
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
    + "".join(f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
)
LINE_PATTERN = rf"^[{_LINE}]*$"
TEXT_PATTERN = rf"^[^{_UNSEEN}]*$"
_NOT_OF_LINE, _NOT_OF_PAPER = re.compile(f"[^{_LINE}]"), re.compile(f"[^{_PAPER}]")
_NOT_OF_TEXT = re.compile(rf"[{_UNSEEN}\uD800-\uDFFF]")
"""Lone surrogates are no part of the pattern: not every reader of patterns knows them."""
_SUBSTITUTE = "\N{WHITE SQUARE}"


class WrongSign(ValueError):
    """A text has a sign it may not have. `detail` is Russian, for the person."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def line(text: str) -> str:
    """Composed, if all of it can be printed on official papers. Raises `WrongSign`."""
    for written in (text, tidy := unicodedata.normalize("NFC", text)):
        if found := _NOT_OF_LINE.search(written):
            raise WrongSign(_about_line(found[0]))
    return tidy


def lines(text: str) -> str:
    """Composed, with line ends of one kind, if all of it is seen. Raises `WrongSign`."""
    if found := _NOT_OF_TEXT.search(text):
        raise WrongSign(f"Уберите невидимый знак {_code(found[0])}.")
    return _composed(text)


def is_blank(text: str) -> bool:
    """Whether nothing of it is seen."""
    return not _NOT_OF_TEXT.sub("", text).strip()


def legible(value: Any) -> Any:
    """A value with what papers cannot show as white squares: wherever it came from, and however long ago, it prints."""
    if isinstance(value, str):
        return _NOT_OF_PAPER.sub(_SUBSTITUTE, _composed(value))
    if isinstance(value, Mapping):
        return {name: legible(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [legible(inner) for inner in value]
    return value


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def _about_line(sign: str) -> str:
    if sign in "\t\r\n" or _NOT_OF_TEXT.match(sign):
        return "Уберите переносы строк и невидимые знаки."
    return f"Уберите «{sign}» ({_code(sign)}): на бумагах печатаются буквы кириллицы, латиницы и греческие, цифры и знаки препинания."


def _code(sign: str) -> str:
    return f"U+{ord(sign):04X}"
