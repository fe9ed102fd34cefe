"""Events of documents notifications listens to."""

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts.documents import (
    DamageFound,
    DocumentAccepted,
    DocumentDelayed,
    DocumentRejected,
    DocumentRemovalPlanned,
    DocumentRemoved,
    MalwareFound,
)
from services.notifications.consumers.dependencies import UseCasesDep

router = ConsumerRouter()


@router.consumer(queue_for("notifications", DocumentAccepted), EVENTS)
async def on_document_accepted(event: DocumentAccepted, usecases: UseCasesDep) -> None:
    """Tell the owner that the document is good."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", DocumentDelayed), EVENTS)
async def on_document_delayed(event: DocumentDelayed, usecases: UseCasesDep) -> None:
    """Tell the owner what happens next."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", DocumentRejected), EVENTS)
async def on_document_rejected(event: DocumentRejected, usecases: UseCasesDep) -> None:
    """Name the document that must be replaced."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", DocumentRemovalPlanned), EVENTS)
async def on_document_removal_planned(event: DocumentRemovalPlanned, usecases: UseCasesDep) -> None:
    """Tell the owner in time to use the document or to load it down."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", DocumentRemoved), EVENTS)
async def on_document_removed(event: DocumentRemoved, usecases: UseCasesDep) -> None:
    """Tell the owner that the document is no more."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", MalwareFound), EVENTS)
async def on_malware_found(event: MalwareFound, usecases: UseCasesDep) -> None:
    """Alarm the administrators."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", DamageFound), EVENTS)
async def on_damage_found(event: DamageFound, usecases: UseCasesDep) -> None:
    """Alarm the administrators."""
    await usecases.announce(event)
