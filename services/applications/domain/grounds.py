"""Why a certificate's standing may be changed; the rows themselves are data in `rules/`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from chassis.errors import FieldError
from services.applications.domain.errors.review import UnknownReason
from services.applications.domain.versions import Versioned


class Change(StrEnum):
    """What a registrar may do to a certificate's standing."""

    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Ground(Versioned):
    """One ground. `title` is what the holder is told, `changes` what it allows."""

    code: str
    title: str
    changes: tuple[Change, ...]


def ground_for(grounds: Mapping[str, Ground], change: Change, code: str) -> Ground:
    """The row that allows the change. Raises `UnknownReason`."""
    found = grounds.get(code)
    if found is None or change not in found.changes:
        allowed = ", ".join(ground.code for ground in grounds.values() if change in ground.changes)
        wrong = FieldError("/reason_code", "unknown", f"Допустимы: {allowed}.")
        raise UnknownReason("Такого основания для этого действия нет.", errors=[wrong])
    return found
