"""What the worker listens to: files to check."""

from typing import Annotated

from faststream import Context

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts.documents import CheckRequested, DocumentReceived
from services.documents.usecases import WorkerUseCases

router = ConsumerRouter()
WorkerUseCasesDep = Annotated[WorkerUseCases, Context("usecases")]
SERVICE = "documents"


@router.consumer(queue_for(SERVICE, DocumentReceived), EVENTS)
async def on_document_received(event: DocumentReceived, usecases: WorkerUseCasesDep) -> None:
    """Check the file."""
    await usecases.checks.check(event)


@router.consumer(queue_for(SERVICE, CheckRequested), EVENTS)
async def on_check_requested(event: CheckRequested, usecases: WorkerUseCasesDep) -> None:
    """Check the file whose first check got stuck."""
    await usecases.checks.check(event)
