"""What applications follows of documents."""

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts.documents import DocumentAccepted, DocumentReceived, DocumentRejected, DocumentRemoved
from services.applications.consumers.dependencies import SERVICE, UseCasesDep

router = ConsumerRouter()


@router.consumer(queue_for(SERVICE, DocumentReceived), EVENTS)
async def on_document_received(event: DocumentReceived, usecases: UseCasesDep) -> None:
    """Know the file before its verdict."""
    await usecases.keep_document(event)


@router.consumer(queue_for(SERVICE, DocumentAccepted), EVENTS)
async def on_document_accepted(event: DocumentAccepted, usecases: UseCasesDep) -> None:
    """Let applications that wait for the file go on."""
    await usecases.keep_document(event)


@router.consumer(queue_for(SERVICE, DocumentRejected), EVENTS)
async def on_document_rejected(event: DocumentRejected, usecases: UseCasesDep) -> None:
    """Ask applicants that wait for the file to replace it."""
    await usecases.keep_document(event)


@router.consumer(queue_for(SERVICE, DocumentRemoved), EVENTS)
async def on_document_removed(event: DocumentRemoved, usecases: UseCasesDep) -> None:
    """Know that a draft names what is no more."""
    await usecases.keep_document(event)
