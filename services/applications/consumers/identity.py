"""What applications follows of people."""

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts.identity import (
    ContactsChanged,
    CorrectionOverdue,
    DataExportRequested,
    PersonErased,
    PortalConfirmed,
    ProfileChanged,
    ProfileRefused,
    ProfileVerified,
    RegistrationLapsed,
    StaffMemberAdded,
    StaffMemberDeactivated,
)
from services.applications.consumers.dependencies import SERVICE, UseCasesDep

router = ConsumerRouter()


@router.consumer(queue_for(SERVICE, ProfileVerified), EVENTS)
async def on_profile_verified(event: ProfileVerified, usecases: UseCasesDep) -> None:
    """Know who may apply, and with which facts."""
    await usecases.keep_verified(event)


@router.consumer(queue_for(SERVICE, ProfileRefused), EVENTS)
async def on_profile_refused(event: ProfileRefused, usecases: UseCasesDep) -> None:
    """Know who may not apply now."""
    await usecases.keep_refused(event)


@router.consumer(queue_for(SERVICE, PortalConfirmed), EVENTS)
async def on_portal_confirmed(event: PortalConfirmed, usecases: UseCasesDep) -> None:
    """Know whom the state portal confirmed."""
    await usecases.keep_portal_confirmed(event)


@router.consumer(queue_for(SERVICE, ProfileChanged), EVENTS)
async def on_profile_changed(event: ProfileChanged, usecases: UseCasesDep) -> None:
    """Know who waits for the registries again."""
    await usecases.keep_profile_changed(event)


@router.consumer(queue_for(SERVICE, CorrectionOverdue), EVENTS)
async def on_correction_overdue(event: CorrectionOverdue, usecases: UseCasesDep) -> None:
    """Know who may hand nothing in until the profile is corrected."""
    await usecases.keep_correction_overdue(event)


@router.consumer(queue_for(SERVICE, ContactsChanged), EVENTS)
async def on_contacts_changed(event: ContactsChanged, usecases: UseCasesDep) -> None:
    """Prefill new forms with the newest telephone and e-mail."""
    await usecases.keep_contacts(event)


@router.consumer(queue_for(SERVICE, StaffMemberAdded), EVENTS)
async def on_staff_member_added(event: StaffMemberAdded, usecases: UseCasesDep) -> None:
    """Know who may review what."""
    await usecases.keep_staff_member(event)


@router.consumer(queue_for(SERVICE, PersonErased), EVENTS)
async def on_person_erased(event: PersonErased, usecases: UseCasesDep) -> None:
    """Keep neither drafts nor facts of who is no more."""
    await usecases.forget_erased(event)


@router.consumer(queue_for(SERVICE, RegistrationLapsed), EVENTS)
async def on_registration_lapsed(event: RegistrationLapsed, usecases: UseCasesDep) -> None:
    """Forget the scans of whoever did not register."""
    await usecases.forget_lapsed(event)


@router.consumer(queue_for(SERVICE, StaffMemberDeactivated), EVENTS)
async def on_staff_member_deactivated(event: StaffMemberDeactivated, usecases: UseCasesDep) -> None:
    """Give no review to somebody without access."""
    await usecases.forget_staff_member(event)


@router.consumer(queue_for(SERVICE, DataExportRequested), EVENTS)
async def on_data_export_requested(event: DataExportRequested, usecases: UseCasesDep) -> None:
    """Tell the person what is known here of them."""
    await usecases.export_own(event)
