"""Events identity listens to."""

from typing import Annotated

from faststream import Context

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts import applications, documents, notifications, support
from contracts.access import PersonalDataRead
from contracts.applications import (
    AppealDecided,
    AppealFiled,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    CertificateIssued,
)
from contracts.documents import DocumentAccepted, DocumentReceived, DocumentRejected
from contracts.identity import (
    DataExportRequested,
    DataExportTermReached,
    ErasureTermReached,
    PasswordResetRequested,
    ProfileTermReached,
    RegistrationTermReached,
    VerificationRequested,
)
from services.identity.usecases import UseCases

router = ConsumerRouter()
UseCasesDep = Annotated[UseCases, Context("usecases")]


@router.consumer(queue_for("identity", VerificationRequested), EVENTS)
async def on_verification_requested(event: VerificationRequested, usecases: UseCasesDep) -> None:
    """Compare the profile with the state registries."""
    await usecases.verification.verify(event)


@router.consumer(queue_for("identity", PasswordResetRequested), EVENTS)
async def on_password_reset_requested(event: PasswordResetRequested, usecases: UseCasesDep) -> None:
    """Send the code, if there is such an account."""
    await usecases.passwords.send_code(event)


@router.consumer(queue_for("identity", ProfileTermReached), EVENTS)
async def on_profile_term_reached(event: ProfileTermReached, usecases: UseCasesDep) -> None:
    """Remind of a correction, note that it is overdue, or that a licence ended."""
    await usecases.profile_terms.reach(event)


@router.consumer(queue_for("identity", PersonalDataRead), EVENTS)
async def on_personal_data_read(event: PersonalDataRead, usecases: UseCasesDep) -> None:
    """Chain who read whose record into the access log."""
    await usecases.access.record_read(event)


@router.consumer(queue_for("identity", DocumentReceived), EVENTS)
async def on_document_received(event: DocumentReceived, usecases: UseCasesDep) -> None:
    """See that a registrant's scan is being checked."""
    await usecases.scans.learn(event)


@router.consumer(queue_for("identity", DocumentAccepted), EVENTS)
async def on_document_accepted(event: DocumentAccepted, usecases: UseCasesDep) -> None:
    """See that a registrant's scan is good."""
    await usecases.scans.learn(event)


@router.consumer(queue_for("identity", DocumentRejected), EVENTS)
async def on_document_rejected(event: DocumentRejected, usecases: UseCasesDep) -> None:
    """See that a registrant's scan is refused."""
    await usecases.scans.learn(event)


@router.consumer(queue_for("identity", RegistrationTermReached), EVENTS)
async def on_registration_term_reached(event: RegistrationTermReached, usecases: UseCasesDep) -> None:
    """End the registration unless it was completed."""
    await usecases.registration.lapse(event)


@router.consumer(queue_for("identity", ApplicationSubmitted), EVENTS)
async def on_application_submitted(event: ApplicationSubmitted, usecases: UseCasesDep) -> None:
    """Something of the applicant is to be kept."""
    await usecases.erasure.learn(event)


@router.consumer(queue_for("identity", ApplicationRejected), EVENTS)
async def on_application_rejected(event: ApplicationRejected, usecases: UseCasesDep) -> None:
    """Know how long a refused application is to be kept."""
    await usecases.erasure.learn(event)


@router.consumer(queue_for("identity", AppealFiled), EVENTS)
async def on_appeal_filed(event: AppealFiled, usecases: UseCasesDep) -> None:
    """A refused application is open again: nothing of it may go."""
    await usecases.erasure.learn(event)


@router.consumer(queue_for("identity", AppealDecided), EVENTS)
async def on_appeal_decided(event: AppealDecided, usecases: UseCasesDep) -> None:
    """Know whether the refusal stands, and how long it is to be kept then."""
    await usecases.erasure.learn(event)


@router.consumer(queue_for("identity", ApplicationWithdrawn), EVENTS)
async def on_application_withdrawn(event: ApplicationWithdrawn, usecases: UseCasesDep) -> None:
    """Know how long a withdrawn application is to be kept."""
    await usecases.erasure.learn(event)


@router.consumer(queue_for("identity", CertificateIssued), EVENTS)
async def on_certificate_issued(event: CertificateIssued, usecases: UseCasesDep) -> None:
    """Know how long a certificate is to be kept."""
    await usecases.erasure.learn(event)


@router.consumer(queue_for("identity", ErasureTermReached), EVENTS)
async def on_erasure_term_reached(event: ErasureTermReached, usecases: UseCasesDep) -> None:
    """Erase whoever still wants it."""
    await usecases.erasure.carry_out(event)


@router.consumer(queue_for("identity", applications.ApplicationsExported), EVENTS)
async def on_applications_part(event: applications.ApplicationsExported, usecases: UseCasesDep) -> None:
    """Keep what applications has of a person."""
    await usecases.exports.keep(event)


@router.consumer(queue_for("identity", documents.DocumentsExported), EVENTS)
async def on_documents_part(event: documents.DocumentsExported, usecases: UseCasesDep) -> None:
    """Keep what documents has of a person."""
    await usecases.exports.keep(event)


@router.consumer(queue_for("identity", notifications.NotificationsExported), EVENTS)
async def on_notifications_part(event: notifications.NotificationsExported, usecases: UseCasesDep) -> None:
    """Keep what notifications has of a person."""
    await usecases.exports.keep(event)


@router.consumer(queue_for("identity", support.SupportExported), EVENTS)
async def on_support_part(event: support.SupportExported, usecases: UseCasesDep) -> None:
    """Keep what support has of a person."""
    await usecases.exports.keep(event)


@router.consumer(queue_for("identity", DataExportRequested), EVENTS)
async def on_data_export_requested(event: DataExportRequested, usecases: UseCasesDep) -> None:
    """Collect identity's own part."""
    await usecases.exports.answer(event)


@router.consumer(queue_for("identity", DataExportTermReached), EVENTS)
async def on_data_export_term_reached(event: DataExportTermReached, usecases: UseCasesDep) -> None:
    """Wait no longer for what did not come."""
    await usecases.exports.end_wait(event)
