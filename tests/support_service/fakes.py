"""Twins of support's repositories, in memory."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.testing import FakeBegin, FrozenClock
from chassis.transaction import Transaction
from contracts.roles import Role
from services.support.domain import KnownApplication, StaleTicket, Ticket, TicketKind, TicketNotFound, TicketState
from services.support.repository import AgentRepository, ApplicationRepository, DeskPosition, OwnPosition, TicketRepository
from services.support.usecases import Terms, UseCases
from tests.support_service.events import NOW

T = TypeVar("T")


def _summary(ticket: Ticket) -> Ticket:
    return Ticket(**{name: getattr(ticket, name) for name in Ticket.__dataclass_fields__} | {"messages": ()})


class FakeTicketRepository(TicketRepository):
    def __init__(self) -> None:
        self.stored: dict[UUID, Ticket] = {}
        self.serials: dict[int, int] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def next_serial(self, year: int) -> int:
        self.serials[year] = self.serials.get(year, 0) + 1
        return self.serials[year]

    async def add(self, tx: Transaction, ticket: Ticket) -> None:
        self.stored[ticket.id] = ticket

    async def save(self, tx: Transaction, ticket: Ticket) -> None:
        held = self.stored.get(ticket.id)
        if held is None or held.version != ticket.version - 1:
            raise StaleTicket("stale")
        self.stored[ticket.id] = ticket

    async def get(self, ticket_id: UUID, *, requester_id: UUID | None = None, tx: Transaction | None = None) -> Ticket:
        found = self.stored.get(ticket_id)
        is_own = found is not None and found.requester_id == requester_id and found.kind is TicketKind.REQUEST
        if found is None or (requester_id is not None and not is_own):
            raise TicketNotFound("none")
        return found

    async def own(self, requester_id: UUID, *, after: OwnPosition | None, limit: int) -> list[Ticket]:
        found = [t for t in self.stored.values() if t.requester_id == requester_id and t.kind is TicketKind.REQUEST]
        found = [t for t in found if after is None or (t.opened_at, t.id) < after]
        return [_summary(t) for t in sorted(found, key=lambda t: (t.opened_at, t.id), reverse=True)[:limit]]

    async def desk(self, *, state: TicketState | None, owner_id: UUID | None, after: DeskPosition | None, limit: int) -> list[Ticket]:
        found = [
            t
            for t in self.stored.values()
            if t.is_closed is (state is TicketState.CLOSED)
            and state in {None, t.state}
            and owner_id in {None, t.owner_id}
            and (after is None or (not t.is_urgent, t.due_at, t.id) > (not after[0], *after[1:]))
        ]
        return [_summary(t) for t in sorted(found, key=lambda t: (not t.is_urgent, t.due_at, t.id))[:limit]]

    async def has_since(self, tx: Transaction, requester_id: UUID, since: datetime) -> bool:
        return any(t.requester_id == requester_id and t.kind is TicketKind.REQUEST and t.opened_at > since for t in self.stored.values())

    async def ids_of(self, requester_id: UUID, *, after: UUID | None, limit: int) -> list[UUID]:
        found = sorted(t.id for t in self.stored.values() if t.requester_id == requester_id)
        return [ticket_id for ticket_id in found if after is None or ticket_id > after][:limit]

    async def open_about(self, tx: Transaction, application_id: UUID, *, limit: int) -> list[Ticket]:
        return [t for t in self.stored.values() if t.application_id == application_id and not t.is_closed][:limit]

    async def held_by(self, tx: Transaction, owner_id: UUID, *, limit: int) -> list[Ticket]:
        return [t for t in self.stored.values() if t.owner_id == owner_id and not t.is_closed][:limit]

    async def undelivered(self, tx: Transaction, recipient_id: UUID) -> Ticket | None:
        wanted = (t for t in self.stored.values() if t.requester_id == recipient_id and t.kind is TicketKind.UNDELIVERED_NOTICE)
        return max((t for t in wanted if not t.is_closed), key=lambda t: (t.opened_at, t.id), default=None)


class FakeApplicationRepository(ApplicationRepository):
    def __init__(self) -> None:
        self.stored: dict[UUID, KnownApplication] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def remember(self, tx: Transaction, application: KnownApplication) -> None:
        held = self.stored.get(application.id)
        is_overdue = application.is_overdue or (held is not None and held.is_overdue)
        self.stored[application.id] = KnownApplication(application.id, application.number, application.applicant_id, is_overdue)

    async def forget(self, tx: Transaction, applicant_id: UUID) -> None:
        self.stored = {key: one for key, one in self.stored.items() if one.applicant_id != applicant_id}

    async def find(self, tx: Transaction, number: str, *, applicant_id: UUID) -> KnownApplication | None:
        return next((one for one in self.stored.values() if one.number == number and one.applicant_id == applicant_id), None)


class FakeAgentRepository(AgentRepository):
    def __init__(self) -> None:
        self.stored: dict[UUID, tuple[int, frozenset[Role]]] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def remember(self, tx: Transaction, agent_id: UUID, roles: frozenset[Role], version: int) -> None:
        if self.stored.get(agent_id, (0, None))[0] < version:
            self.stored[agent_id] = (version, roles)

    async def is_agent(self, tx: Transaction, agent_id: UUID) -> bool:
        return agent_id in self.stored and Role.SUPPORT_AGENT in self.stored[agent_id][1]


@dataclass
class House:
    """The use-cases with everything about them in memory."""

    clock: FrozenClock = field(default_factory=lambda: FrozenClock(NOW))
    begin: FakeBegin = field(default_factory=FakeBegin)
    tickets: FakeTicketRepository = field(default_factory=FakeTicketRepository)
    applications: FakeApplicationRepository = field(default_factory=FakeApplicationRepository)
    agents: FakeAgentRepository = field(default_factory=FakeAgentRepository)
    usecases: UseCases = field(init=False)

    def __post_init__(self) -> None:
        self.usecases = UseCases(
            begin=self.begin,
            tickets=self.tickets,
            applications=self.applications,
            agents=self.agents,
            terms=Terms(ticket=timedelta(hours=48), repeated_contact=timedelta(hours=24), message_limit=3, zone=ZoneInfo("Europe/Moscow")),
            now=self.clock.now,
        )
