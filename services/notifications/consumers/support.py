"""Events of support notifications listens to."""

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts.support import (
    TicketAnswered,
    TicketClosed,
    TicketOpened,
    TicketOverdue,
)
from services.notifications.consumers.dependencies import UseCasesDep

router = ConsumerRouter()


@router.consumer(queue_for("notifications", TicketAnswered), EVENTS)
async def on_ticket_answered(event: TicketAnswered, usecases: UseCasesDep) -> None:
    """Tell the requester of the answer."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", TicketClosed), EVENTS)
async def on_ticket_closed(event: TicketClosed, usecases: UseCasesDep) -> None:
    """Tell the requester that the ticket is settled."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", TicketOpened), EVENTS)
async def on_ticket_opened(event: TicketOpened, usecases: UseCasesDep) -> None:
    """Confirm number and term of the ticket."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", TicketOverdue), EVENTS)
async def on_ticket_overdue(event: TicketOverdue, usecases: UseCasesDep) -> None:
    """Remind the agent, or all of them."""
    await usecases.announce(event)
