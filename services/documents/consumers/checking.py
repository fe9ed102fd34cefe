"""What the worker listens to: files to check, to keep apart, and to look after."""

from typing import Annotated

from faststream import Context

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts.documents import CheckRequested, DocumentAccepted, DocumentReceived, MalwareFound, QuarantineTermReached, SweepDue
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
    """Check the file again, or some steps of it: its first check got stuck, or somebody wants to know."""
    await usecases.checks.check(event)


@router.consumer(queue_for(SERVICE, DocumentAccepted), EVENTS)
async def on_document_accepted(event: DocumentAccepted, usecases: WorkerUseCasesDep) -> None:
    """Make pictures of its pages, and a PDF of a JPEG."""
    await usecases.rendering.make(event)


@router.consumer(queue_for(SERVICE, MalwareFound), EVENTS)
async def on_malware_found(event: MalwareFound, usecases: WorkerUseCasesDep) -> None:
    """Leave the infected file nowhere but in the quarantine."""
    await usecases.isolation.isolate(event)


@router.consumer(queue_for(SERVICE, QuarantineTermReached), EVENTS)
async def on_quarantine_term_reached(event: QuarantineTermReached, usecases: WorkerUseCasesDep) -> None:
    """Remove the copy of an infected file."""
    await usecases.isolation.end_of_term(event)


@router.consumer(queue_for(SERVICE, SweepDue), EVENTS)
async def on_sweep_due(event: SweepDue, usecases: WorkerUseCasesDep) -> None:
    """Look after files and objects, one part."""
    await usecases.sweeping.go_on(event)
