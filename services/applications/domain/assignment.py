"""Who gets an application nobody took: the least loaded reviewer of the specialty who may judge it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
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


@dataclass(frozen=True, slots=True)
class Load:
    """How much a reviewer holds, and when they were last given something."""

    member: StaffMember
    held: int
    given_at: datetime | None

    def __lt__(self, other: "Load") -> bool:
        return self._weight() < other._weight()

    def _weight(self) -> tuple[int, datetime, UUID]:
        return self.held, self.given_at or _LONG_AGO, self.member.id


def eligible(application: Application, staff: Iterable[StaffMember]) -> list[StaffMember]:
    """Whoever may be given the application unasked: not who gave it back, or let it lie, before."""
    return [one for one in staff if may_judge(application, one) and not _had_it(application, one)]


def called(application: Application, staff: Iterable[StaffMember]) -> tuple[UUID, ...]:
    """Whoever may take the next step of an application that nobody in person holds, in the order of ids; nobody where it is not staff's."""
    may_act = {Desk.REVIEWER: may_judge, Desk.SECOND_REVIEWER: may_judge, Desk.REGISTRAR: may_decide}.get(application.desk)
    return () if may_act is None else tuple(sorted(one.id for one in staff if may_act(application, one)))


def _had_it(application: Application, member: StaffMember) -> bool:
    is_holder = application.claim is not None and application.claim.reviewer_id == member.id
    return is_holder or member.id in application.left_by


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
