"""Whether a certificate stands: what registrars changed since it was issued, each with who, when and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from services.applications.domain.errors.certificate import IllegalStanding
from services.applications.domain.grounds import Change


class Status(StrEnum):
    """What is said of a certificate at a moment."""

    VALID = "valid"
    NOT_YET = "not-yet"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


STATUS_TITLES: MappingProxyType[Status, str] = MappingProxyType(
    {
        Status.VALID: "Действует",
        Status.NOT_YET: "Ещё не действует",
        Status.EXPIRED: "Срок действия истёк",
        Status.SUSPENDED: "Действие приостановлено",
        Status.REVOKED: "Аннулирован",
    }
)


@dataclass(frozen=True, slots=True)
class StandingChange:
    """One recorded change."""

    kind: Change
    at: datetime
    by: UUID
    reason_code: str
    comment: str = ""


_AFTER: MappingProxyType[Change | None, frozenset[Change]] = MappingProxyType(
    {
        None: frozenset({Change.SUSPENDED, Change.REVOKED}),
        Change.SUSPENDED: frozenset({Change.REINSTATED, Change.REVOKED}),
        Change.REINSTATED: frozenset({Change.SUSPENDED, Change.REVOKED}),
        Change.REVOKED: frozenset(),
    }
)
"""What may follow what; a revocation is final."""

_REFUSED: MappingProxyType[Change, str] = MappingProxyType(
    {
        Change.SUSPENDED: "Приостановить можно только действующий сертификат: этот уже приостановлен.",
        Change.REINSTATED: "Возобновить можно только приостановленный сертификат: этот не приостановлен.",
        Change.REVOKED: "Сертификат уже аннулирован.",
    }
)


def last_change(changes: Sequence[StandingChange], *, at: datetime) -> Change | None:
    """What was done last until a moment; None where nothing was."""
    return next((change.kind for change in reversed(changes) if change.at <= at), None)


def next_change(changes: Sequence[StandingChange], wanted: StandingChange) -> tuple[StandingChange, ...]:
    """The changes with one more. Raises `IllegalStanding`."""
    last = changes[-1].kind if changes else None
    if wanted.kind not in _AFTER[last]:
        final = "Аннулирование окончательно: сертификат нельзя ни приостановить, ни возобновить."
        raise IllegalStanding(final if last is Change.REVOKED and wanted.kind is not Change.REVOKED else _REFUSED[wanted.kind])
    return (*changes, wanted)
