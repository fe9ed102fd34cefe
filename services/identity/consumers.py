"""Events identity listens to."""

from typing import Annotated

from faststream import Context

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts.access import PersonalDataRead
from contracts.identity import VerificationRequested
from services.identity.usecases import UseCases

router = ConsumerRouter()
UseCasesDep = Annotated[UseCases, Context("usecases")]


@router.consumer(queue_for("identity", VerificationRequested), EVENTS)
async def on_verification_requested(event: VerificationRequested, usecases: UseCasesDep) -> None:
    """Compare the profile with the state registries."""
    await usecases.verification.verify(event)


@router.consumer(queue_for("identity", PersonalDataRead), EVENTS)
async def on_personal_data_read(event: PersonalDataRead, usecases: UseCasesDep) -> None:
    """Chain who read whose record into the access log."""
    await usecases.access.record_read(event)
