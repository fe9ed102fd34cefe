"""One behaviour of the stores, on the fakes and on the real ones."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.testing import FakeBegin
from contracts.roles import Role
from services.support.domain import (
    KnownApplication,
    Message,
    Side,
    StaleTicket,
    Ticket,
    TicketKind,
    TicketNotFound,
    TicketState,
    Topic,
    Urgency,
    ticket_number,
)
from services.support.repository import AgentRepository, ApplicationRepository, TicketRepository
from tests.support import Component
from tests.support.work import Work
from tests.support_service.events import NOW
from tests.support_service.fakes import FakeAgentRepository, FakeApplicationRepository, FakeTicketRepository


@dataclass(frozen=True)
class Stores:
    tickets: TicketRepository
    applications: ApplicationRepository
    agents: AgentRepository
    work: Work


@pytest.fixture(params=["fake", "real"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "fake":
        return Stores(FakeTicketRepository(), FakeApplicationRepository(), FakeAgentRepository(), Work(FakeBegin()))
    service: Component = request.getfixturevalue("service")
    usecases = service.app.state.usecases
    return Stores(usecases.tickets, usecases.applications, usecases.agents, Work(usecases.begin))


def a_ticket(**changes: Any) -> Ticket:
    requester_id = changes.pop("requester_id", uuid4())
    ticket = Ticket(
        id=uuid4(),
        number=f"T-{uuid4()}",
        kind=TicketKind.REQUEST,
        topic=Topic.DOCUMENTS,
        requester_id=requester_id,
        application_id=None,
        application_number=None,
        opened_at=NOW,
        due_at=NOW + timedelta(hours=48),
        messages=(Message(uuid4(), Side.REQUESTER, requester_id, NOW, "Файл не загружается"),),
    )
    return replace(ticket, **changes)


async def test_a_ticket_comes_back_as_it_was_kept_and_lists_hold_no_texts(stores: Stores) -> None:
    ticket = a_ticket(urgency=frozenset({Urgency.REPEATED_CONTACT}))
    await stores.work(partial(stores.tickets.add, ticket=ticket))
    assert await stores.tickets.get(ticket.id, requester_id=ticket.requester_id) == ticket
    assert await stores.tickets.own(ticket.requester_id, after=None, limit=5) == [replace(ticket, messages=())]


async def test_a_strangers_ticket_and_one_for_agents_only_are_not_found(stores: Stores) -> None:
    ticket, internal = a_ticket(), a_ticket(kind=TicketKind.UNDELIVERED_NOTICE)
    for one in (ticket, internal):
        await stores.work(partial(stores.tickets.add, ticket=one))
    for ticket_id, requester_id in ((ticket.id, uuid4()), (internal.id, internal.requester_id), (uuid4(), uuid4())):
        with pytest.raises(TicketNotFound):
            await stores.tickets.get(ticket_id, requester_id=requester_id)
    assert await stores.tickets.get(internal.id) == internal
    assert await stores.work(partial(stores.tickets.undelivered, recipient_id=internal.requester_id)) == internal
    newer = replace(internal, id=uuid4(), number=uuid4().hex, opened_at=internal.opened_at + timedelta(hours=1))
    await stores.work(partial(stores.tickets.add, ticket=newer))
    assert await stores.work(partial(stores.tickets.undelivered, recipient_id=internal.requester_id)) == newer


async def test_of_two_agents_who_take_a_ticket_at_once_one_is_told_it_changed(stores: Stores) -> None:
    ticket = a_ticket()
    await stores.work(partial(stores.tickets.add, ticket=ticket))
    takes = (stores.work(partial(stores.tickets.save, ticket=ticket.take(uuid4()))) for _ in range(2))
    outcomes = await asyncio.gather(*takes, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [StaleTicket]


async def test_serials_are_never_given_twice(stores: Stores) -> None:
    year = 3000 + uuid4().int % 10**6
    taken = [await stores.tickets.next_serial(year)]
    taken += await asyncio.gather(*(stores.tickets.next_serial(year) for _ in range(5)))
    assert sorted(taken) == [1, 2, 3, 4, 5, 6]


async def test_the_desk_shows_urgent_ones_first_then_by_term_page_by_page(stores: Stores) -> None:
    agent = uuid4()
    urgent = frozenset({Urgency.SIGN_IN_BLOCKED})
    made = [
        a_ticket(owner_id=agent, state=TicketState.ASSIGNED, due_at=NOW + timedelta(hours=hours), urgency=reasons)
        for hours, reasons in ((5, frozenset()), (1, frozenset()), (9, urgent), (1, frozenset()))
    ]
    for ticket in (*made, a_ticket(owner_id=agent, state=TicketState.CLOSED), a_ticket()):
        await stores.work(partial(stores.tickets.add, ticket=ticket))
    wanted = sorted(made, key=lambda ticket: (not ticket.is_urgent, ticket.due_at, ticket.id))
    seen: list[UUID] = []
    after = None
    while page := await stores.tickets.desk(state=TicketState.ASSIGNED, owner_id=agent, after=after, limit=2):
        seen += [ticket.id for ticket in page]
        after = (page[-1].is_urgent, page[-1].due_at, page[-1].id)
    assert seen == [ticket.id for ticket in wanted]
    assert len(await stores.tickets.desk(state=TicketState.CLOSED, owner_id=agent, after=None, limit=9)) == 1


async def test_own_tickets_are_paged_newest_first(stores: Stores) -> None:
    person = uuid4()
    made = [a_ticket(requester_id=person, opened_at=NOW + timedelta(hours=hours)) for hours in (0, 1, 1, 2)]
    for ticket in made:
        await stores.work(partial(stores.tickets.add, ticket=ticket))
    first = await stores.tickets.own(person, after=None, limit=2)
    rest = await stores.tickets.own(person, after=(first[-1].opened_at, first[-1].id), limit=9)
    wanted = sorted(made, key=lambda ticket: (ticket.opened_at, ticket.id), reverse=True)
    assert [ticket.id for ticket in (*first, *rest)] == [ticket.id for ticket in wanted]


async def test_recent_contact_and_tickets_about_an_application_are_found(stores: Stores) -> None:
    ticket = a_ticket(application_id=uuid4(), application_number="MK-1")
    await stores.work(partial(stores.tickets.add, ticket=ticket))
    for since, known in ((NOW - timedelta(seconds=1), True), (NOW, False)):
        assert await stores.work(partial(stores.tickets.has_since, requester_id=ticket.requester_id, since=since)) is known
    assert ticket.application_id is not None
    assert await stores.work(partial(stores.tickets.open_about, application_id=ticket.application_id, limit=5)) == [ticket]


async def test_an_application_is_its_applicants_and_stays_overdue(stores: Stores) -> None:
    known = KnownApplication(uuid4(), f"MK-{uuid4()}", uuid4(), is_overdue=True)
    for application in (known, replace(known, is_overdue=False)):
        await stores.work(partial(stores.applications.remember, application=application))
    assert await stores.work(partial(stores.applications.find, number=known.number, applicant_id=known.applicant_id)) == known
    assert await stores.work(partial(stores.applications.find, number=known.number, applicant_id=uuid4())) is None


async def test_an_older_fact_about_staff_changes_nothing(stores: Stores) -> None:
    agent = uuid4()
    for version, role in ((2, Role.SUPPORT_AGENT), (1, Role.REVIEWER)):
        await stores.work(partial(stores.agents.remember, agent_id=agent, roles=frozenset({role}), version=version))
    assert await stores.work(partial(stores.agents.is_agent, agent_id=agent))
    assert not await stores.work(partial(stores.agents.is_agent, agent_id=uuid4()))


def test_numbers_carry_year_serial_and_check_digit() -> None:
    number = ticket_number(2026, 17)
    assert number.startswith("SU-2026-000017-")
