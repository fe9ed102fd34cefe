"""The watchdog's rules: which open application would not go on by itself, and why.

They know no time. What is on its way, in the outbox or at a consumer, looks stalled for a moment; the watch looks again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from services.applications.domain.application import Desk
from services.applications.domain.facts import StaffMember
from services.applications.domain.independence import may_decide, may_judge
from services.applications.domain.states import State
from services.applications.domain.terms import Term

IN_PROGRESS = (State.SUBMITTED, State.UNDER_REVIEW, State.INFORMATION_REQUESTED, State.APPROVED)
"""States in which an application is handed in and open."""
WATCHED = (*IN_PROGRESS, State.APPEALED)
"""States in which somebody must act; of one that is appealed it is the appeal that is watched."""


_OVER = 0
"""No application has this version."""


class Stall(StrEnum):
    """What an application lacks to go on."""

    NO_OWNER = "no-owner"
    """Nobody must act."""
    HOLDER_LEFT = "holder-left"
    """Who holds it may judge it no more."""
    NO_REVIEWER = "no-reviewer"
    """Nobody who works here may claim it."""
    NO_REGISTRAR = "no-registrar"
    """Nobody who works here may decide on it."""
    NO_TERM = "no-term"
    """Whoever must act may take for ever."""
    NO_TIMER = "no-timer"
    """A term runs, and nothing will tell when it ends."""
    NO_STEP = "no-step"
    """The system has all it needs and does nothing."""


FOR_PEOPLE = frozenset({Stall.NO_REVIEWER, Stall.NO_REGISTRAR})
"""What no step of the service cures: an administrator has to add somebody."""


@dataclass(frozen=True, slots=True)
class Watched:
    """An application as the watch sees it; nothing personal but where its applicant works."""

    id: UUID
    applicant_id: UUID
    number: str
    version: int
    state: State
    desk: Desk
    specialty_code: str
    holder_id: UUID | None
    spoken_by: frozenset[UUID]
    workplaces: frozenset[str]
    document_ids: tuple[UUID, ...]
    terms: Mapping[Term, datetime]
    """When the running terms end."""
    timers: Mapping[tuple[Term, str], datetime]
    """When which moment of a term will be told."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else it takes to judge: everybody of staff, and documents whose verdict is still to come."""

    staff: Mapping[UUID, StaffMember]
    undecided: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Stalled:
    """A stall, since when it is seen (by the machine's clock), and the day on which administrators last heard of it."""

    application_id: UUID
    applicant_id: UUID
    number: str
    version: int
    what: Stall
    seen_at: datetime
    told_on: date | None = None

    def is_same(self, other: "Stalled") -> bool:
        """Whether it lacks the same as before: what changes of an application without giving it that does not begin its wait anew."""
        return (self.application_id, self.what) == (other.application_id, other.what) and not (self.is_over or other.is_over)

    @property
    def is_over(self) -> bool:
        """Whether it went on, and is kept for the day only."""
        return self.version == _OVER

    def over(self) -> "Stalled":
        """Gone on: should it stall again, its wait begins anew, and whoever was told today is not told twice."""
        return replace(self, version=_OVER)


def stall_of(one: Watched, around: Surroundings) -> Stall | None:
    """What keeps it from going on, the gravest first; None when somebody must act and will be called."""
    if one.desk is Desk.NOBODY:
        return Stall.NO_OWNER
    if one.state is State.APPROVED:  # the certificate follows at once; no term is set for that
        return Stall.NO_STEP
    if one.state in {State.UNDER_REVIEW, State.APPEALED} and (lacking := _lacks_judge(one, around.staff)):
        return lacking
    if not one.terms:
        return Stall.NO_TERM
    if untold_terms(one):
        return Stall.NO_TIMER
    is_ready = one.state is State.SUBMITTED and around.undecided.isdisjoint(one.document_ids)
    return Stall.NO_STEP if is_ready else None


def untold_terms(one: Watched) -> tuple[Term, ...]:
    """Terms that run and of whose end nothing will tell."""
    return tuple(term for term in one.terms if not _will_be_told(term, one))


def _lacks_judge(one: Watched, staff: Mapping[UUID, StaffMember]) -> Stall | None:
    if one.desk is Desk.REGISTRAR:
        return None if any(may_decide(one, member) for member in staff.values()) else Stall.NO_REGISTRAR
    if one.desk not in {Desk.REVIEWER, Desk.SECOND_REVIEWER}:
        return None
    if one.holder_id is not None:
        holder = staff.get(one.holder_id)
        return None if holder is not None and may_judge(one, holder) else Stall.HOLDER_LEFT
    return None if any(may_judge(one, member) for member in staff.values()) else Stall.NO_REVIEWER


def _will_be_told(term: Term, one: Watched) -> bool:
    """The end of the term, or, once that was told, the next escalation. A timer of another end is passed over when it fires."""
    return one.timers.get((term, "due")) == one.terms[term] or (term, "escalation") in one.timers
