"""HTTP routes of support: a person's own tickets, and the agents' desk."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from chassis.app import provided
from chassis.auth import Principal, callers
from chassis.limits import limited
from chassis.paging import Page, PageQuery, encode_cursor
from contracts.roles import Role
from services.support.domain import TicketState, Topic
from services.support.schemas import AssignmentIn, DeskTicketOut, DeskTicketSummaryOut, MessageIn, TicketIn, TicketOut, TicketSummaryOut
from services.support.usecases import UseCases

router = APIRouter()

UseCasesDep = Annotated[UseCases, provided()]
Requester = Annotated[Principal, callers(Role.PRACTITIONER)]
Agent = Annotated[Principal, callers(Role.SUPPORT_AGENT)]
WantedState = Annotated[TicketState | None, Query(alias="state", description="Только обращения в этом состоянии.")]
IsMine = Annotated[bool | None, Query(alias="mine", description="true: только взятые вами.")]


@router.post("/tickets", status_code=201, dependencies=[limited("tickets", "20/hour", by="principal")])
async def open_ticket(body: TicketIn, requester: Requester, usecases: UseCasesDep) -> TicketOut:
    """Ask for help."""
    ticket = await usecases.open_ticket(requester.id, topic=Topic(body.topic), text=body.text, application_number=body.application_number)
    return TicketOut.of(ticket)


@router.get("/tickets")
async def list_tickets(requester: Requester, usecases: UseCasesDep, page: PageQuery) -> Page[TicketSummaryOut]:
    """The caller's tickets, newest first."""
    position = page.after(datetime, UUID)
    after = None if position is None else (position[0], position[1])
    found = await usecases.list_own(requester.id, after=after, limit=page.limit + 1)
    shown = found[: page.limit]
    next_cursor = encode_cursor(shown[-1].opened_at, shown[-1].id) if len(found) > page.limit else None
    return Page(items=[TicketSummaryOut.of(ticket) for ticket in shown], next_cursor=next_cursor)


@router.get("/tickets/{ticket_id}")
async def get_ticket(ticket_id: UUID, requester: Requester, usecases: UseCasesDep) -> TicketOut:
    """One ticket of the caller with its messages."""
    return TicketOut.of(await usecases.get_own(ticket_id, requester_id=requester.id))


@router.post("/tickets/{ticket_id}/messages", status_code=201, dependencies=[limited("messages", "120/hour", by="principal")])
async def write_message(ticket_id: UUID, body: MessageIn, requester: Requester, usecases: UseCasesDep) -> TicketOut:
    """Add to one's ticket."""
    return TicketOut.of(await usecases.write(ticket_id, body.text, requester_id=requester.id))


@router.post("/tickets/{ticket_id}/closure")
async def close_ticket(ticket_id: UUID, requester: Requester, usecases: UseCasesDep) -> TicketOut:
    """Settle one's own ticket."""
    return TicketOut.of(await usecases.close_own(ticket_id, requester_id=requester.id))


@router.get("/desk/tickets")
async def list_desk(
    agent: Agent, usecases: UseCasesDep, page: PageQuery, state: WantedState = None, mine: IsMine = None
) -> Page[DeskTicketSummaryOut]:
    """The queue: urgent first, then by term. Closed tickets only if asked for."""
    position = page.after(bool, datetime, UUID)
    after = None if position is None else (position[0], position[1], position[2])
    owner_id = agent.id if mine else None
    found = await usecases.list_desk(state=state, owner_id=owner_id, after=after, limit=page.limit + 1)
    shown = found[: page.limit]
    next_cursor = encode_cursor(shown[-1].is_urgent, shown[-1].due_at, shown[-1].id) if len(found) > page.limit else None
    return Page(items=[DeskTicketSummaryOut.of(ticket) for ticket in shown], next_cursor=next_cursor)


@router.get("/desk/tickets/{ticket_id}")
async def read_ticket(ticket_id: UUID, agent: Agent, usecases: UseCasesDep) -> DeskTicketOut:
    """One ticket with its messages; the reading is logged."""
    return DeskTicketOut.of(await usecases.read_at_desk(ticket_id, agent_id=agent.id, address=agent.address))


@router.put("/desk/tickets/{ticket_id}/assignment")
async def assign_ticket(ticket_id: UUID, agent: Agent, usecases: UseCasesDep, body: AssignmentIn | None = None) -> DeskTicketOut:
    """Take a ticket, or hand it to another agent; the reading is logged."""
    new_owner_id = None if body is None else body.agent_id
    ticket = await usecases.take(ticket_id, agent_id=agent.id, new_owner_id=new_owner_id, address=agent.address)
    return DeskTicketOut.of(ticket)


@router.post("/desk/tickets/{ticket_id}/messages", status_code=201)
async def answer_ticket(ticket_id: UUID, body: MessageIn, agent: Agent, usecases: UseCasesDep) -> DeskTicketSummaryOut:
    """Answer a ticket one took; what was said before is read at the ticket, where the reading is logged."""
    return DeskTicketSummaryOut.of(await usecases.answer(ticket_id, body.text, agent_id=agent.id))


@router.post("/desk/tickets/{ticket_id}/closure")
async def close_desk_ticket(ticket_id: UUID, agent: Agent, usecases: UseCasesDep) -> DeskTicketSummaryOut:
    """Settle a ticket one took."""
    return DeskTicketSummaryOut.of(await usecases.close_at_desk(ticket_id, agent_id=agent.id))
