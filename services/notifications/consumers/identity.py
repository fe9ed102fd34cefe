"""Events of identity notifications listens to."""

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts.identity import (
    BulkReadingDetected,
    ContactsChanged,
    CorrectionDueSoon,
    CorrectionOverdue,
    DataExportReady,
    DataExportRequested,
    ErasureCancelled,
    ErasurePlanned,
    OneTimeCodeIssued,
    PersonErased,
    PractitionerRegistered,
    ProfileChanged,
    ProfileRefused,
    ProfileVerified,
    RegistrationLapsed,
    SecurityAlertRaised,
    VerificationEscalated,
)
from services.notifications.consumers.dependencies import UseCasesDep

router = ConsumerRouter()


@router.consumer(queue_for("notifications", PractitionerRegistered), EVENTS)
async def on_practitioner_registered(event: PractitionerRegistered, usecases: UseCasesDep) -> None:
    """Say what happens after registration."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ProfileChanged), EVENTS)
async def on_profile_changed(event: ProfileChanged, usecases: UseCasesDep) -> None:
    """Tell the practitioner, who may not be the one who changed it."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", CorrectionDueSoon), EVENTS)
async def on_correction_due_soon(event: CorrectionDueSoon, usecases: UseCasesDep) -> None:
    """Remind of the correction."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", CorrectionOverdue), EVENTS)
async def on_correction_overdue(event: CorrectionOverdue, usecases: UseCasesDep) -> None:
    """Say that nothing can be handed in until the profile is corrected."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ProfileRefused), EVENTS)
async def on_profile_refused(event: ProfileRefused, usecases: UseCasesDep) -> None:
    """Name the fields to correct."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ProfileVerified), EVENTS)
async def on_profile_verified(event: ProfileVerified, usecases: UseCasesDep) -> None:
    """Tell the practitioner that applying is open."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", SecurityAlertRaised), EVENTS)
async def on_security_alert_raised(event: SecurityAlertRaised, usecases: UseCasesDep) -> None:
    """Warn the person."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", BulkReadingDetected), EVENTS)
async def on_bulk_reading_detected(event: BulkReadingDetected, usecases: UseCasesDep) -> None:
    """Tell the auditors and the administrators."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", VerificationEscalated), EVENTS)
async def on_verification_escalated(event: VerificationEscalated, usecases: UseCasesDep) -> None:
    """Hand the case to the administrators."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ContactsChanged), EVENTS)
async def on_contacts_changed(event: ContactsChanged, usecases: UseCasesDep) -> None:
    """Know how to reach the person; send what waited for it."""
    await usecases.change_contacts(event)


@router.consumer(queue_for("notifications", OneTimeCodeIssued), EVENTS)
async def on_one_time_code_issued(event: OneTimeCodeIssued, usecases: UseCasesDep) -> None:
    """Send a code at once."""
    await usecases.send_code(event)


@router.consumer(queue_for("notifications", ErasurePlanned), EVENTS)
async def on_erasure_planned(event: ErasurePlanned, usecases: UseCasesDep) -> None:
    """Tell the person when everything will be erased, and that it can be cancelled."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ErasureCancelled), EVENTS)
async def on_erasure_cancelled(event: ErasureCancelled, usecases: UseCasesDep) -> None:
    """Confirm that nothing will be erased."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", PersonErased), EVENTS)
async def on_person_erased(event: PersonErased, usecases: UseCasesDep) -> None:
    """Forget how to reach who is no more, and what was told."""
    await usecases.forget(event)


@router.consumer(queue_for("notifications", RegistrationLapsed), EVENTS)
async def on_registration_lapsed(event: RegistrationLapsed, usecases: UseCasesDep) -> None:
    """Forget what was told of the scans."""
    await usecases.forget(event)


@router.consumer(queue_for("notifications", DataExportRequested), EVENTS)
async def on_data_export_requested(event: DataExportRequested, usecases: UseCasesDep) -> None:
    """Tell the person what is known here of them."""
    await usecases.export_own(event)


@router.consumer(queue_for("notifications", DataExportReady), EVENTS)
async def on_data_export_ready(event: DataExportReady, usecases: UseCasesDep) -> None:
    """Tell the person that the data can be downloaded."""
    await usecases.announce(event)
