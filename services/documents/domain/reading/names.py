"""People's names in the forms documents use: any case, initials, either spelling of a double surname."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from pytrovich.enums import Case, Gender, NamePart
from pytrovich.maker import PetrovichDeclinationMaker
from rapidfuzz.distance import Levenshtein

from services.documents.domain.reading.words import Token, normalised

_NEAR = 7
"""Tokens within which the parts of one name stand: labels of a form may stand between."""
_LETTERS_PER_ERROR = 6
_SHORTEST_WITH_ERROR = 5
_CASES = (Case.GENITIVE, Case.DATIVE, Case.ACCUSATIVE, Case.INSTRUMENTAL, Case.PREPOSITIONAL)
_PATRONYMIC_ENDS = tuple(
    stem + end
    for stem, ends in (("ВИЧ", ("", "А", "У", "ЕМ", "Е")), ("ВН", ("А", "Ы", "Е", "У", "ОЙ")), ("ИЧН", ("А", "Ы", "Е")))
    for end in ends
)
_NO_NAMES = frozenset({"ФАМИЛИЯ", "ИМЯ", "ОТЧЕСТВО", "ДАТА", "РОЖДЕНИЯ", "ВЫДАНО", "ВЫДАН", "ГРАЖДАНИН", "ЧТО", "ТОМ", "О"})
_OFFICES = ("РЕКТОР", "РУКОВОДИТ", "ДИРЕКТОР", "ПРЕДСЕДАТ", "СЕКРЕТАР", "НАЧАЛЬНИК", "ДЕКАН", "УПОЛНОМОЧ", "РЕГИСТРАТОР", "ЗАМЕСТИТ")
"""Who signs a document is not whom it is about."""
_maker = PetrovichDeclinationMaker()


@dataclass(frozen=True, slots=True)
class PersonName:
    """Somebody's name as the profile has it."""

    surname: str
    given_name: str
    patronymic: str | None = None


@dataclass(frozen=True, slots=True)
class NamesFound:
    """Which parts of a name stand together in the document; `is_contrary` if another full name does, read surely."""

    surname: bool
    rest: bool
    is_contrary: bool

    @property
    def is_whole(self) -> bool:
        """The name is there."""
        return self.surname and self.rest


def find_name(tokens: Sequence[Token], name: PersonName, *, is_exact: bool) -> NamesFound:
    """Look for the name. Initials do for given name and patronymic where the surname is there."""
    surnames = _places(tokens, _parts(name.surname, NamePart.LASTNAME), is_exact=is_exact)
    given = _places(tokens, _parts(name.given_name, NamePart.FIRSTNAME), is_exact=is_exact)
    patronymics = _places(tokens, _parts(name.patronymic, NamePart.MIDDLENAME), is_exact=is_exact) if name.patronymic else None
    initials = list(_initials(tokens, name))
    rest = _together(given, patronymics) if patronymics is not None else given
    if _together(surnames, sorted((*rest, *initials))):
        return NamesFound(surname=True, rest=True, is_contrary=False)
    return NamesFound(surname=bool(surnames), rest=bool(rest), is_contrary=any(_full_names(tokens)))


def _parts(name: str, kind: NamePart) -> list[frozenset[str]]:
    """The forms of each part of a name of several."""
    return [_forms(part, kind) for part in normalised(name).replace("-", " ").split()]


@cache
def _forms(part: str, kind: NamePart) -> frozenset[str]:
    """The part in all cases, of either gender: which is meant is not asked."""
    genders = (Gender.MALE, Gender.FEMALE)
    return frozenset({part, *(normalised(_maker.make(kind, gender, case, part.capitalize())) for case in _CASES for gender in genders)})


def _places(tokens: Sequence[Token], parts: Sequence[frozenset[str]], *, is_exact: bool) -> list[int]:
    """Where the parts stand one after another."""
    words = [token for token in tokens if not token.is_number]
    return [
        words[start].place
        for start in range(len(words) - len(parts) + 1)
        if all(_fits(words[start + number].text, forms, is_exact=is_exact) for number, forms in enumerate(parts))
    ]


def _fits(text: str, forms: frozenset[str], *, is_exact: bool) -> bool:
    if is_exact or text in forms:
        return text in forms
    return any(Levenshtein.distance(text, form, score_cutoff=_errors(form)) <= _errors(form) for form in forms)


def _errors(form: str) -> int:
    """How many letters recognition may get wrong."""
    return 0 if len(form) < _SHORTEST_WITH_ERROR else max(1, len(form) // _LETTERS_PER_ERROR)


def _together(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """Those of the first near which one of the second stands; the second in their order."""
    return [one for one in first if bisect_left(second, one - _NEAR) < bisect_right(second, one + _NEAR)]


def _initials(tokens: Sequence[Token], name: PersonName) -> Iterator[int]:
    """Places of «И. П.» for this given name and patronymic."""
    letters = [normalised(part)[0] for part in (name.given_name, name.patronymic) if part]
    for start in range(len(tokens) - len(letters) + 1):
        if [token.text for token in tokens[start : start + len(letters)]] == letters:
            yield tokens[start].place


def _full_names(tokens: Sequence[Token]) -> Iterator[int]:
    """Places of full names that were read surely: a patronymic with two words of names before it, not on the line of an office."""
    signed = {token.row for token in tokens if token.text.startswith(_OFFICES)}
    for number, token in enumerate(tokens):
        if token.is_sure and token.row not in signed and token.text.endswith(_PATRONYMIC_ENDS) and len(token.text) > _LETTERS_PER_ERROR:
            before = [one for one in tokens[max(0, number - 4) : number] if one.text not in _NO_NAMES]
            if len(before) >= 2 and all(one.is_sure and one.text.isalpha() and len(one.text) > 1 for one in before[-2:]):  # noqa: PLR2004
                yield token.place
