"""Whether the document says what the profile says, field by field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from rapidfuzz import fuzz

from contracts.identity import ProfileFacts
from services.documents.domain.reading.dates import dates
from services.documents.domain.reading.names import PersonName, find_name
from services.documents.domain.reading.numbers import digits_of, has_number, has_other_number, looks_alike
from services.documents.domain.reading.words import NUMBER_SIGN, Reading, Token, normalised

_SAME_ORGANISATION = 85.0
"""Of rapidfuzz's token set ratio, 0 to 100."""
_BIRTH = "РОЖД"
_BIRTH_NEAR = 6
_EMPLOYERS = ("РАБОТОДАТЕЛ", "ЛИЦЕНЗИАТ")
_FORMS_OF_COMPANIES = frozenset({"ООО", "АО", "ПАО", "ЗАО", "ОАО", "ГБУЗ", "ГАУЗ", "ФГБУ", "МБУЗ", "ГУЗ", "ФГАУ", "АНО", "ИП"})


class Field(StrEnum):
    """What of a profile may stand in a document."""

    NAME = "name"
    BIRTH_DATE = "birth-date"
    PASSPORT = "passport"
    SNILS = "snils"
    DIPLOMA = "diploma-number"
    LICENCE = "licence-number"
    WORKPLACE = "workplace"
    LICENSEE = "licensee"
    """Who holds the licence: the person by name, or the workplace."""

    def of(self, facts: ProfileFacts) -> "Field":
        """What stands for it in the profile."""
        if self is not Field.LICENSEE:
            return self
        return Field.NAME if facts.licence.holder == "person" else Field.WORKPLACE


class Agreement(StrEnum):
    """`DIFFERS` is said only where something else was read surely."""

    AGREES = "agrees"
    SURNAME_DIFFERS = "surname-differs"
    DIFFERS = "differs"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came out for one field."""

    field: Field
    agreement: Agreement


def compare(reading: Reading, facts: ProfileFacts, fields: Sequence[Field]) -> list[Comparison]:
    """Each of these fields once, in this order, as what stands for it in the profile."""
    looks = reading.looks()
    standing = dict.fromkeys(field.of(facts) for field in fields)
    return [Comparison(field, _best([_COMPARE[field](tokens, facts, reading.is_exact) for tokens in looks])) for field in standing]


def _best(looks: Sequence[Agreement]) -> Agreement:
    """One look is enough to agree; it takes all of them to contradict."""
    if Agreement.AGREES in looks:
        return Agreement.AGREES
    return looks[0] if len(set(looks)) == 1 else Agreement.UNREADABLE


def _name(tokens: Sequence[Token], facts: ProfileFacts, is_exact: bool) -> Agreement:  # noqa: FBT001 - one shape for all fields
    name = PersonName(facts.surname, facts.given_name, facts.patronymic)
    found = find_name(tokens, name, is_exact=is_exact)
    if found.is_whole:
        return Agreement.AGREES
    if not found.is_contrary:
        return Agreement.UNREADABLE
    return Agreement.SURNAME_DIFFERS if found.rest else Agreement.DIFFERS


def _birth_date(tokens: Sequence[Token], facts: ProfileFacts, is_exact: bool) -> Agreement:  # noqa: FBT001 - see `_name`
    found = dates(tokens)
    if any(one.day == facts.birth_date for one in found):
        return Agreement.AGREES
    born = {token.place + step for token in tokens if token.text.startswith(_BIRTH) for step in range(1, _BIRTH_NEAR + 1)}
    others = [one for one in found if one.is_sure and one.place in born]
    is_contrary = bool(others) and (is_exact or not any(looks_alike(f"{one.day:%d%m%Y}", f"{facts.birth_date:%d%m%Y}") for one in others))
    return Agreement.DIFFERS if is_contrary else Agreement.UNREADABLE


def _number(value: Callable[[ProfileFacts], str], *labels: str) -> Callable[[Sequence[Token], ProfileFacts, bool], Agreement]:
    def compared(tokens: Sequence[Token], facts: ProfileFacts, is_exact: bool) -> Agreement:  # noqa: FBT001 - see `_name`
        sought = value(facts)
        if not digits_of(sought):
            return Agreement.UNREADABLE
        if has_number(tokens, sought):
            return Agreement.AGREES
        is_contrary = has_other_number(tokens, sought, frozenset(labels), is_exact=is_exact)
        return Agreement.DIFFERS if is_contrary else Agreement.UNREADABLE

    return compared


def _workplace(tokens: Sequence[Token], facts: ProfileFacts, _: bool) -> Agreement:  # noqa: FBT001 - see `_name`
    sought = _meaning(normalised(facts.workplace.organisation).replace("«", " ").replace("»", " ").split())
    text = " ".join(token.text for token in tokens)
    if fuzz.partial_token_set_ratio(sought, text) >= _SAME_ORGANISATION and _all_there(sought, text):
        return Agreement.AGREES
    return Agreement.DIFFERS if _names_another(tokens, sought) else Agreement.UNREADABLE


def _names_another(tokens: Sequence[Token], sought: str) -> bool:
    """Whether an organisation is surely named where the workplace should be, and shares no word with it."""
    labelled = {token.row for token in tokens if token.text.startswith(_EMPLOYERS)}
    labelled |= {one.row for one, after in pairwise(tokens) if one.text == "МЕСТО" and after.text.startswith("РАБОТ")}
    named = [token.text for token in tokens if token.row in labelled | {row + 1 for row in labelled} and token.is_sure]
    shared = any(fuzz.ratio(word, one) >= _SAME_ORGANISATION for word in sought.split() if word.isalpha() for one in named)
    return not shared and any(word in _FORMS_OF_COMPANIES for word in named)


def _meaning(words: Sequence[str]) -> str:
    """Without the form of the company, which documents write out or shorten."""
    return " ".join(word for word in words if word not in _FORMS_OF_COMPANIES)


def _all_there(sought: str, text: str) -> bool:
    """Every word of the name stands in the text, give or take letters that were recognised wrongly."""
    words = text.split()
    return all(
        any(fuzz.ratio(word, one) >= _SAME_ORGANISATION for one in words) for word in sought.replace("-", " ").split() if word.isalpha()
    )


_COMPARE: Mapping[Field, Callable[[Sequence[Token], ProfileFacts, bool], Agreement]] = {
    Field.NAME: _name,
    Field.BIRTH_DATE: _birth_date,
    Field.PASSPORT: _number(lambda facts: facts.passport_series + facts.passport_number, "ПАСПОРТ", "СЕРИ", "НОМЕР"),
    Field.SNILS: _number(lambda facts: facts.snils, "СНИЛС", "СТРАХОВ", "НОМЕР"),
    Field.DIPLOMA: _number(lambda facts: facts.diploma_number, "ДИПЛОМ", "СЕРИ", "НОМЕР", NUMBER_SIGN),
    Field.LICENCE: _number(lambda facts: facts.licence.number, "ЛИЦЕНЗ", "НОМЕР", NUMBER_SIGN),
    Field.WORKPLACE: _workplace,
}
