"""Who gets an application nobody took: the least loaded reviewer of the specialty who may judge it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from contracts.roles import Role
from services.applications.domain.application import Actor, Application, Claim, Desk
from services.applications.domain.errors.review import ConflictOfInterest, NotAReviewer
from services.applications.domain.facts import StaffMember
from services.applications.domain.independence import is_close, may_decide, may_hold, may_judge
from services.applications.domain.review import in_review
from services.applications.domain.states import Move
from services.applications.domain.terms import Terms

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Left(StrEnum):
    """How a reviewer parted from an application they held; the order is that in which they are thought of again."""

    LAPSED = "lapsed"
    """They kept silent until the claim ended, or could not judge it for a while."""
    GAVE_BACK = "gave-back"
    """By their own wish."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much a reviewer holds, when they were last given something, and how they left the application in question, if they held it."""

    member: StaffMember
    held: int
    given_at: datetime | None
    left: Left | None = None

    def __lt__(self, other: "Load") -> bool:
        return self._weight() < other._weight()

    def _weight(self) -> tuple[int, int, datetime, UUID]:
        return (None, *Left).index(self.left), self.held, self.given_at or _LONG_AGO, self.member.id


def candidates(application: Application, staff: Iterable[StaffMember]) -> list[StaffMember]:
    """Whoever may judge the application and does not hold it: a registrar may name any of them."""
    holder_id = application.claim.reviewer_id if application.claim else None
    return [one for one in staff if may_judge(application, one) and one.id != holder_id]


def eligible(application: Application, staff: Iterable[StaffMember]) -> list[StaffMember]:
    """Whoever may be given the application unasked: who never left it; where there is nobody else, who let it lie.

    Never who gave it back: they may have had a reason that the service does not know.
    """
    how = [(one, left_how(application, one)) for one in candidates(application, staff)]
    fresh = [one for one, left in how if left is None]
    return fresh or [one for one, left in how if left is Left.LAPSED]


def left_how(application: Application, member: StaffMember) -> Left | None:
    """How they left it; None for who never did. Who gave it back once is not given it again, whatever came later."""
    if any(step.move is Move.RELEASE and step.by.id == member.id for step in application.history):
        return Left.GAVE_BACK
    return Left.LAPSED if member.id in application.left_by else None


def called(application: Application, staff: Iterable[StaffMember]) -> tuple[UUID, ...]:
    """Whoever may take the next step of an application that nobody in person holds, in the order of ids; nobody where it is not staff's."""
    may_act = {Desk.REVIEWER: may_judge, Desk.SECOND_REVIEWER: may_judge, Desk.REGISTRAR: may_decide}.get(application.desk)
    return () if may_act is None else tuple(sorted(one.id for one in staff if may_act(application, one)))


def assign(application: Application, member: StaffMember, *, by: Actor, at: datetime, terms: Terms) -> Application:
    """The application in the hands of this reviewer, whoever held it; nothing changes if they hold it already.

    Raises `NotAReviewer`, `ConflictOfInterest`, `AlreadyRecommended`, `IllegalMove`.
    """
    in_review(application, Move.ASSIGN)
    if not may_hold(application, member):
        raise NotAReviewer("Назначить можно эксперта этой специальности. Выберите другого или оставьте выбор системе.")
    if is_close(application, member):
        raise ConflictOfInterest("Этот эксперт — коллега заявителя, сам заявитель или уже высказался. Выберите другого.")
    if application.claim and application.claim.reviewer_id == member.id:
        return application
    return application.moved(Move.ASSIGN, by=by, at=at, claim=Claim(member.id, at, terms.claim_due(at)))


def registrar(registrar_id: UUID) -> Actor:
    """Who reassigns."""
    return Actor(registrar_id, Role.REGISTRAR)
