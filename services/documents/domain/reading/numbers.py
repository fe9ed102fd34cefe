"""Numbers of documents: digits however they are grouped, and whether another of the same shape stands where this one should."""

import re
from collections.abc import Sequence
from itertools import groupby

from services.documents.domain.reading.dates import dates
from services.documents.domain.reading.words import Token

_DIGITS = re.compile(r"\D+")
_TAKEN_FOR = str.maketrans("5", "3")
"""In some fonts the recogniser sees a 5 in each 3, surely and at every size: all of two in a hundred wrong contradictions were this."""
_GROUPED_MOST = 5
"""Groups of digits a number may be written in."""


def digits_of(value: str) -> str:
    """The digits of a number as the profile has it."""
    return _DIGITS.sub("", value)


def has_number(tokens: Sequence[Token], value: str) -> bool:
    """Whether the number stands somewhere, in whatever groups."""
    sought = digits_of(value)
    return any(sought == "".join(token.text for token in run) for run in _runs(tokens))


def looks_alike(one: str, other: str) -> bool:
    """Whether recognition may have made one of the other."""
    return one.translate(_TAKEN_FOR) == other.translate(_TAKEN_FOR)


def has_other_number(tokens: Sequence[Token], value: str, labels: frozenset[str], *, is_exact: bool) -> bool:
    """Whether a line with one of the labels holds, read surely, a number as long as this one and different from it."""
    sought = digits_of(value)
    labelled = {token.row for token in tokens if any(token.text.startswith(label) for label in labels)}
    near = labelled | {row - 1 for row in labelled} | {row + 1 for row in labelled}
    dated = {place for read in dates(tokens) for place in range(read.place, read.place + 3)}
    candidates = [run for run in _runs(tokens) if run[0].row in near and all(token.is_sure and token.place not in dated for token in run)]
    others = {number for number in ("".join(token.text for token in run) for run in candidates) if len(number) == len(sought)}
    return bool(others) and not has_number(tokens, value) and (is_exact or not any(looks_alike(one, sought) for one in others))


def _runs(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """Neighbouring groups of digits of one line, in every way they may belong together."""
    found: list[Sequence[Token]] = []
    for (is_number, _), run in groupby(tokens, key=lambda token: (token.is_number, token.row)):
        group = list(run)
        if is_number:
            found += [
                group[start:end] for start in range(len(group)) for end in range(start + 1, min(len(group), start + _GROUPED_MOST) + 1)
            ]
    return found
