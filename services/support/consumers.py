"""Events support listens to."""

from typing import Annotated

from faststream import Context

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts.applications import AppealDecided, AppealFiled, ApplicationSubmitted, DeadlineMissed
from contracts.identity import DataExportRequested, PersonErased, StaffMemberAdded, StaffMemberDeactivated
from contracts.notifications import DeliveryFailed
from contracts.support import TicketTermReached
from services.support.usecases import UseCases

router = ConsumerRouter()
UseCasesDep = Annotated[UseCases, Context("usecases")]


@router.consumer(queue_for("support", ApplicationSubmitted), EVENTS)
async def on_application_submitted(event: ApplicationSubmitted, usecases: UseCasesDep) -> None:
    """Know which numbers are whose."""
    await usecases.learn_application(event)


@router.consumer(queue_for("support", AppealFiled), EVENTS)
async def on_appeal_filed(event: AppealFiled, usecases: UseCasesDep) -> None:
    """Requests about the application say that its refusal is disputed."""
    await usecases.learn_appeal(event)


@router.consumer(queue_for("support", AppealDecided), EVENTS)
async def on_appeal_decided(event: AppealDecided, usecases: UseCasesDep) -> None:
    """Requests about the application say how the dispute ended."""
    await usecases.learn_appeal(event)


@router.consumer(queue_for("support", DeadlineMissed), EVENTS)
async def on_deadline_missed(event: DeadlineMissed, usecases: UseCasesDep) -> None:
    """Requests about an overdue application go first."""
    await usecases.learn_overdue(event)


@router.consumer(queue_for("support", StaffMemberAdded), EVENTS)
async def on_staff_member_added(event: StaffMemberAdded, usecases: UseCasesDep) -> None:
    """Know who works at the desk."""
    await usecases.learn_staff(event)


@router.consumer(queue_for("support", StaffMemberDeactivated), EVENTS)
async def on_staff_member_deactivated(event: StaffMemberDeactivated, usecases: UseCasesDep) -> None:
    """Give the tickets of somebody without access back to the desk."""
    await usecases.forget_staff(event)


@router.consumer(queue_for("support", DeliveryFailed), EVENTS)
async def on_delivery_failed(event: DeliveryFailed, usecases: UseCasesDep) -> None:
    """Have somebody reach the person another way."""
    await usecases.follow_up_delivery(event)


@router.consumer(queue_for("support", TicketTermReached), EVENTS)
async def on_ticket_term_reached(event: TicketTermReached, usecases: UseCasesDep) -> None:
    """Mark what was not answered in time."""
    await usecases.reach_term(event)


@router.consumer(queue_for("support", PersonErased), EVENTS)
async def on_person_erased(event: PersonErased, usecases: UseCasesDep) -> None:
    """Keep no word of who is no more."""
    await usecases.forget(event)


@router.consumer(queue_for("support", DataExportRequested), EVENTS)
async def on_data_export_requested(event: DataExportRequested, usecases: UseCasesDep) -> None:
    """Tell the person what is known here of them."""
    await usecases.export_own(event)
