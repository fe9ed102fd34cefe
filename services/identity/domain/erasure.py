"""Erasing a person: what the law makes us keep, for how long, and the steps from the request to the end."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.errors import Conflict, FieldError, Invalid, NotFound
from services.identity.domain.fields import years_later


class NoSuchErasure(NotFound):
    """No request of this id for who is asking."""

    code = "no-such-erasure-request"


class ErasureRequestedAlready(Conflict):
    """There is an open request; `request_id` names it."""

    code = "erasure-requested-already"


class ErasureOver(Conflict):
    """The request was carried out or cancelled before."""

    code = "erasure-over"


class PasswordRefused(Invalid):
    """The password is asked for again before everything is erased, and it is not this one."""

    code = "password-refused"

    def __init__(self) -> None:
        detail = "Пароль неверный. Введите пароль от кабинета."
        super().__init__(detail, errors=[FieldError("/password", self.code, detail)])


class Standing(StrEnum):
    """How an application that was handed in stands, as far as keeping it is concerned."""

    OPEN = "open"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    CERTIFIED = "certified"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the law makes us keep; `source` is what people are told as the ground."""

    application_years: int
    certificate_years: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One application that was handed in (`id`), and the certificate that came of it. `version` is the application's."""

    id: UUID
    person_id: UUID
    number: str
    version: int
    standing: Standing
    since: datetime
    valid_until: datetime | None = None

    def ends_at(self, retention: Retention) -> datetime | None:
        """Until when it is to be kept; None as long as it is open."""
        match self.standing:
            case Standing.OPEN:
                return None
            case Standing.CERTIFIED:
                return _years_after(self.valid_until or self.since, retention.certificate_years)
            case _:
                return _years_after(self.since, retention.application_years)

    def is_over(self, at: datetime, retention: Retention) -> bool:
        """Whether it holds nothing any more."""
        ends_at = self.ends_at(retention)
        return ends_at is not None and ends_at <= at


def _years_after(moment: datetime, years: int) -> datetime:
    return datetime.combine(years_later(moment.date(), years), moment.timetz())


class ErasureState(StrEnum):
    """Where a request stands."""

    COOLING_OFF = "cooling-off"
    HELD = "held"
    CANCELLED = "cancelled"
    DONE = "done"


OPEN_STATES = frozenset({ErasureState.COOLING_OFF, ErasureState.HELD})


@dataclass(frozen=True, slots=True)
class Ground:
    """Why something is still kept, and until when; None while the application is open."""

    standing: Standing
    number: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A person's request to be erased. `due_at` is None while an open application holds everything."""

    id: UUID
    person_id: UUID
    requested_at: datetime
    state: ErasureState
    due_at: datetime | None
    grounds: tuple[Ground, ...] = ()
    ended_at: datetime | None = None
    is_of_withdrawal: bool = False
    """Whether a withdrawn consent began it: giving that consent again ends it."""
    version: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it is still to be carried out."""
        return self.state in OPEN_STATES

    def planned(self, holds: Iterable[Hold], *, at: datetime, cooling_off: timedelta, retention: Retention) -> "Erasure":
        """When it is to be carried out: after the time to think it over, and not before the last hold ends."""
        lasting = [hold for hold in holds if not hold.is_over(at, retention)]
        grounds = tuple(Ground(hold.standing, hold.number, hold.ends_at(retention)) for hold in lasting)
        earliest = self.requested_at + cooling_off
        if not grounds:
            return replace(self, state=ErasureState.COOLING_OFF, due_at=earliest, grounds=())
        ends = [ground.until for ground in grounds]
        due_at = max([earliest, *(end for end in ends if end is not None)]) if None not in ends else None
        return replace(self, state=ErasureState.HELD, due_at=due_at, grounds=grounds)

    def is_due(self, at: datetime) -> bool:
        """Whether the time to think it over is past and nothing holds it."""
        return self.state is ErasureState.COOLING_OFF and self.due_at is not None and self.due_at <= at

    def cancelled(self, at: datetime) -> "Erasure":
        """The person thought better of it. Raises `ErasureOver`."""
        if not self.is_open:
            raise ErasureOver("Этот запрос уже исполнен или отменён.")
        return replace(self, state=ErasureState.CANCELLED, ended_at=at)

    def done(self, at: datetime) -> "Erasure":
        """Carried out."""
        return replace(self, state=ErasureState.DONE, ended_at=at, grounds=())
