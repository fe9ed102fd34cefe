"""What employers ask about certificates for; the rows themselves are data in `rules/`."""

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.errors import FieldError
from services.applications.domain.errors.employer import PurposeUnknown
from services.applications.domain.versions import Versioned


@dataclass(frozen=True, slots=True)
class PurposeRule(Versioned):
    """What an employer may ask for. Codes and no free words: holders see the title, and nobody can write about somebody in it."""

    code: str
    title: str


def purpose_for(purposes: Mapping[str, PurposeRule], code: str) -> PurposeRule:
    """The row of a code. Raises `PurposeUnknown`."""
    found = purposes.get(code)
    if found is None:
        allowed = ", ".join(f"{one.code} ({one.title})" for one in purposes.values())
        wrong = FieldError("/purpose", "purpose-unknown", f"Допустимы: {allowed}.")
        raise PurposeUnknown("Такой цели нет. Назовите одну из допустимых.", errors=[wrong])
    return found
