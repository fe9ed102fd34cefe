"""Help for whoever failed to sign in too often."""

from collections.abc import Iterator
from enum import StrEnum

from services.identity.domain.people import Person

_COUNTRY = "+7"


class UnlockReason(StrEnum):
    """Why failures are forgotten. A list and no free text: the access log keeps it for ever, and a sentence would name people."""

    PERSON_ASKED = "person-asked"
    OTHERS_TRIED = "others-tried"
    FACTOR_LOST = "factor-lost"


def typed_identifiers(person: Person) -> Iterator[str]:
    """What the person may have typed to sign in; a Russian phone also as people write it at home."""
    yield person.email
    yield person.phone
    if person.phone.startswith(_COUNTRY):
        number = person.phone.removeprefix(_COUNTRY)
        yield from (f"7{number}", f"8{number}", number)
    if person.numbers is not None:
        yield person.numbers.snils
        if person.numbers.inn is not None:
            yield person.numbers.inn
    if person.profile is not None:
        licence = person.profile.licence
        yield from (licence.number, f"{licence.series} {licence.number}")
