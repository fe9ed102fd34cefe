"""Notifications' own events."""

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts.notifications import DeliveryRequested, RepeatDue
from services.notifications.consumers.dependencies import UseCasesDep

router = ConsumerRouter()


@router.consumer(queue_for("notifications", DeliveryRequested), EVENTS)
async def on_delivery_requested(event: DeliveryRequested, usecases: UseCasesDep) -> None:
    """Hand a message to its provider."""
    await usecases.deliver(event)


@router.consumer(queue_for("notifications", RepeatDue), EVENTS)
async def on_repeat_due(event: RepeatDue, usecases: UseCasesDep) -> None:
    """Remind of what is not done yet."""
    await usecases.repeat(event)
