"""What support tells: tickets and their terms."""

from typing import ClassVar
from uuid import UUID

from contracts.base import Event, Moment
from contracts.exports import DataExportPiece


class _TicketEvent(Event):
    aggregate: ClassVar[str] = "ticket_id"
    about: ClassVar[str | None] = "requester_id"
    ticket_id: UUID
    number: str
    requester_id: UUID


class TicketOpened(_TicketEvent):
    """A request for help is registered and has a term."""

    type: ClassVar[str] = "support.ticket-opened.v1"
    topic: str
    application_id: UUID | None
    due_at: Moment


class TicketAnswered(_TicketEvent):
    """An agent answered."""

    type: ClassVar[str] = "support.ticket-answered.v1"


class TicketClosed(_TicketEvent):
    """The request is settled."""

    type: ClassVar[str] = "support.ticket-closed.v1"


class TicketTermReached(Event):
    """The ticket's term is over; the timer looks whether it is settled."""

    type: ClassVar[str] = "support.ticket-term-reached.v1"
    ticket_id: UUID


class TicketOverdue(_TicketEvent):
    """The ticket is not settled within its term."""

    type: ClassVar[str] = "support.ticket-overdue.v1"
    owner_id: UUID | None


class SupportExported(DataExportPiece):
    """What support has of a person, asked for by that person."""

    type: ClassVar[str] = "support.support-exported.v1"
