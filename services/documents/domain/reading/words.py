"""Words as they were read, and the tokens that are compared: one spelling for what people, fonts and scanners write in several."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Self

SURE, CORROBORATED = 85.0, 60.0
"""From this confidence on a word that was recognised may contradict the profile, a number already from the lower one on if every further
look gave the same; below it, it may only agree."""
_MOST_TOKENS = 10_000
"""That are compared: ten pages of small print have no more, and letters among digits make many of one word."""
NUMBER_SIGN = "#"
"""How № is written here, which Unicode would make two Latin letters."""
_WORD = re.compile(r"[^\W\d_]+|\d+|#")
_NUMBER_SHAPED = re.compile(r"(?=\S*\d)[\dОOЗБIL|В/\\-]+")
_DASHES = re.compile(r"[\u2010-\u2015\u2212\u00ad]")
_CYRILLIC = re.compile(r"[А-Я]")
_LATIN_TWINS = str.maketrans("ABCEHKMOPTXY", "АВСЕНКМОРТХУ")
_DIGIT_TWINS = str.maketrans({"О": "0", "O": "0", "З": "3", "Б": "6", "I": "1", "L": "1", "|": "1", "В": "8"})
_SOFT_HYPHEN = "\u00ad"


class Source(StrEnum):
    """Where the words of a reading come from."""

    TEXT_LAYER = "text-layer"
    RECOGNISED = "recognised"


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a page; `line` numbers the lines of the page, `confidence` is 0 to 100 and 100 in a text layer."""

    text: str
    line: int
    confidence: float = 100.0
    again: tuple[str, ...] = ()
    """What further looks at a number gave, as many for each number."""

    @property
    def is_sure(self) -> bool:
        """Whether it may contradict."""
        return self.confidence >= SURE or (self.confidence >= CORROBORATED and self._is_corroborated)

    @property
    def _is_corroborated(self) -> bool:
        return bool(self.again) and {_digits(look) for look in self.again} == {_digits(self.text)}


@dataclass(frozen=True, slots=True)
class Page:
    """The words of one page in reading order."""

    words: tuple[Word, ...]

    @classmethod
    def of(cls, words: Iterable[tuple[str, int, float, Sequence[str]]]) -> Self:
        """From words as they are sent and stored: text, line, confidence, further looks."""
        return cls(tuple(Word(text, line, confidence, tuple(again)) for text, line, confidence, again in words))


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read of a file."""

    source: Source
    pages: tuple[Page, ...]
    unread: int = 0
    """Further pages that were not read: only the first ones are."""

    @property
    def is_empty(self) -> bool:
        """Whether no word could be read."""
        return not any(page.words for page in self.pages)

    @property
    def is_exact(self) -> bool:
        """Whether every letter is the one that was written."""
        return self.source is Source.TEXT_LAYER

    def looks(self) -> list[list["Token"]]:
        """Everything that is compared, in order, once for each look that was taken at its numbers; places count tokens over all pages."""
        most = max((len(word.again) for page in self.pages for word in page.words), default=0)
        return [list(islice(_tokens(self.pages, look), _MOST_TOKENS)) for look in range(most + 1)]


NOTHING = Reading(Source.RECOGNISED, ())


@dataclass(frozen=True, slots=True)
class Token:
    """A normalised run of letters or of digits. `row` numbers the lines of the whole document."""

    text: str
    place: int
    row: int
    is_sure: bool
    """Whether it may contradict."""

    @property
    def is_number(self) -> bool:
        """Digits and nothing else."""
        return self.text.isdigit()


def normalised(text: str) -> str:
    """Upper case, Ё as Е, one kind of dash, Latin letters that look Cyrillic made so within Cyrillic words."""
    plain = (
        _DASHES.sub("-", unicodedata.normalize("NFKC", text.replace("№", NUMBER_SIGN)).replace(_SOFT_HYPHEN, "")).upper().replace("Ё", "Е")
    )
    return plain.translate(_LATIN_TWINS) if _CYRILLIC.search(plain) else plain


def _digits(text: str) -> str:
    return "".join(part for part in _parts(text) if part.isdigit())


def _tokens(pages: tuple[Page, ...], look: int) -> Iterator[Token]:
    place = first_row = 0
    for page in pages:
        divided: Word | None = None
        for word in page.words:
            row, is_sure = first_row + word.line, word.is_sure
            for text in _parts(word.again[look - 1] if look and word.again else word.text):
                yield Token(text, place, row, is_sure)
                place += 1
            joined = None if divided is None else _joined(divided, word)
            if joined is not None:
                yield Token(joined, place - 1, row, is_sure)
            divided = word
        first_row += 1 + max((word.line for word in page.words), default=0)


def _parts(text: str) -> list[str]:
    """Letters and digits apart; letters that stand for digits in a number are digits."""
    plain = normalised(text)
    found: list[str] = []
    for piece in re.split(r"[\s.,;:()«»\"']+", plain):
        numeric = piece.translate(_DIGIT_TWINS) if _NUMBER_SHAPED.fullmatch(piece) else piece
        found += _WORD.findall(numeric)
    return found


def _joined(word: Word, following: Word) -> str | None:
    """A word divided at the end of its line, whole: the division may also be the dash of a double name, so its halves are tokens too."""
    text = normalised(word.text)
    if following.line == word.line or not text.endswith("-"):
        return None
    halves = _parts(text), _parts(following.text)
    return halves[0][-1] + halves[1][0] if all(halves) else None
