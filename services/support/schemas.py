"""Bodies of support's HTTP interface."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from chassis.problems.inputs import PLAIN
from services.support.domain import Message, Side, Ticket, TicketKind, TicketState, Topic, Urgency

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000), PLAIN]
ApplicationNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32), PLAIN]


class TicketIn(BaseModel):
    """A request for help; the application number, if given, must be one of the requester's own."""

    model_config = ConfigDict(extra="forbid")

    topic: Literal["technical-failure", "documents", "application-status"]
    text: Text
    application_number: ApplicationNumber | None = None


class MessageIn(BaseModel):
    """One more message."""

    model_config = ConfigDict(extra="forbid")

    text: Text


class AssignmentIn(BaseModel):
    """Whom the ticket goes to; the caller if nobody is named."""

    model_config = ConfigDict(extra="forbid")

    agent_id: UUID | None = None


class MessageOut(BaseModel):
    """One message of a ticket."""

    message_id: UUID
    side: Side
    at: datetime
    text: str

    @classmethod
    def of(cls, message: Message) -> "MessageOut":
        """As both sides see it; agents stay unnamed."""
        return cls(message_id=message.id, side=message.side, at=message.at, text=message.text)


class TicketSummaryOut(BaseModel):
    """A ticket in the requester's list."""

    ticket_id: UUID
    number: str
    topic: Topic
    state: TicketState
    application_id: UUID | None
    application_number: str | None
    is_urgent: bool
    is_overdue: bool
    opened_at: datetime
    due_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    version: int

    @classmethod
    def of(cls, ticket: Ticket) -> "TicketSummaryOut":
        """Without texts."""
        return cls(**_summary(ticket))


class TicketOut(TicketSummaryOut):
    """A ticket with everything said about it."""

    messages: list[MessageOut]

    @classmethod
    def of(cls, ticket: Ticket) -> "TicketOut":
        """With texts."""
        return cls(**_summary(ticket), messages=[MessageOut.of(message) for message in ticket.messages])


class DeskTicketSummaryOut(TicketSummaryOut):
    """A ticket in the agents' queue."""

    kind: TicketKind
    requester_id: UUID
    owner_id: UUID | None
    urgency: list[Urgency]

    @classmethod
    def of(cls, ticket: Ticket) -> "DeskTicketSummaryOut":
        """Without texts."""
        return cls(**_summary(ticket), **_desk(ticket))


class DeskTicketOut(DeskTicketSummaryOut):
    """A ticket as an agent works on it."""

    messages: list[MessageOut]

    @classmethod
    def of(cls, ticket: Ticket) -> "DeskTicketOut":
        """With texts."""
        return cls(**_summary(ticket), **_desk(ticket), messages=[MessageOut.of(message) for message in ticket.messages])


def _summary(ticket: Ticket) -> dict[str, object]:
    return {
        "ticket_id": ticket.id,
        "number": ticket.number,
        "topic": ticket.topic,
        "state": ticket.state,
        "application_id": ticket.application_id,
        "application_number": ticket.application_number,
        "is_urgent": ticket.is_urgent,
        "is_overdue": ticket.overdue_at is not None,
        "opened_at": ticket.opened_at,
        "due_at": ticket.due_at,
        "answered_at": ticket.answered_at,
        "closed_at": ticket.closed_at,
        "version": ticket.version,
    }


def _desk(ticket: Ticket) -> dict[str, object]:
    return {
        "kind": ticket.kind,
        "requester_id": ticket.requester_id,
        "owner_id": ticket.owner_id,
        "urgency": sorted(ticket.urgency),
    }
