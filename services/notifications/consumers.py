"""Events notifications listens to; every row of its subscriptions has its function here."""

from typing import Annotated

from faststream import Context

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts.applications import (
    AppealDecided,
    AppealFiled,
    AppealReleased,
    ApplicationApproved,
    ApplicationRejected,
    ApplicationStalled,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    ApprovalRecommended,
    CertificateExpiring,
    CertificateIssued,
    CertificateReinstated,
    CertificateRevoked,
    CertificateSuspended,
    DeadlineMissed,
    DeadlineNear,
    DeadlineStillMissed,
    ElectronicDocumentIssued,
    EmployerConsentAsked,
    InformationProvided,
    InformationRequested,
    ProfileChangeProposed,
    RenewalDrafted,
    ReviewBegun,
    ReviewClaimed,
    ReviewReleased,
)
from contracts.documents import (
    DamageFound,
    DocumentAccepted,
    DocumentDelayed,
    DocumentRejected,
    DocumentRemovalPlanned,
    DocumentRemoved,
    MalwareFound,
)
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
from contracts.notifications import DeliveryRequested, RepeatDue
from contracts.support import TicketAnswered, TicketClosed, TicketOpened, TicketOverdue
from services.notifications.usecases import UseCases

router = ConsumerRouter()
UseCasesDep = Annotated[UseCases, Context("usecases")]


@router.consumer(queue_for("notifications", AppealFiled), EVENTS)
async def on_appeal_filed(event: AppealFiled, usecases: UseCasesDep) -> None:
    """Confirm number and date of an appeal, the refusal awaits nothing else; call those who may judge it."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", AppealDecided), EVENTS)
async def on_appeal_decided(event: AppealDecided, usecases: UseCasesDep) -> None:
    """Tell the applicant whether the refusal stands, and whoever held an appeal that was taken back."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", AppealReleased), EVENTS)
async def on_appeal_released(event: AppealReleased, usecases: UseCasesDep) -> None:
    """Tell a reviewer who kept silent that the appeal is theirs no more."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ApplicationApproved), EVENTS)
async def on_application_approved(event: ApplicationApproved, usecases: UseCasesDep) -> None:
    """Tell the applicant of the decision; the certificate follows."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ApplicationRejected), EVENTS)
async def on_application_rejected(event: ApplicationRejected, usecases: UseCasesDep) -> None:
    """Tell the applicant of the refusal; nothing else is awaited about it any more."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ApplicationSubmitted), EVENTS)
async def on_application_submitted(event: ApplicationSubmitted, usecases: UseCasesDep) -> None:
    """Confirm number and date."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ApplicationWithdrawn), EVENTS)
async def on_application_withdrawn(event: ApplicationWithdrawn, usecases: UseCasesDep) -> None:
    """Confirm the withdrawal, end reminders, and tell the reviewer who held it."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ApprovalRecommended), EVENTS)
async def on_approval_recommended(event: ApprovalRecommended, usecases: UseCasesDep) -> None:
    """Call those who may decide."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", CertificateExpiring), EVENTS)
async def on_certificate_expiring(event: CertificateExpiring, usecases: UseCasesDep) -> None:
    """Remind the holder that a certificate ends."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", CertificateIssued), EVENTS)
async def on_certificate_issued(event: CertificateIssued, usecases: UseCasesDep) -> None:
    """Tell the applicant that the certificate is ready."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", CertificateReinstated), EVENTS)
async def on_certificate_reinstated(event: CertificateReinstated, usecases: UseCasesDep) -> None:
    """Tell the holder that the certificate holds again."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", CertificateRevoked), EVENTS)
async def on_certificate_revoked(event: CertificateRevoked, usecases: UseCasesDep) -> None:
    """Tell the holder that the certificate holds no more, and why."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", CertificateSuspended), EVENTS)
async def on_certificate_suspended(event: CertificateSuspended, usecases: UseCasesDep) -> None:
    """Tell the holder that the certificate does not hold for now, and why."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", EmployerConsentAsked), EVENTS)
async def on_employer_consent_asked(event: EmployerConsentAsked, usecases: UseCasesDep) -> None:
    """Tell the holder that somebody waits for a decision."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", DeadlineMissed), EVENTS)
async def on_deadline_missed(event: DeadlineMissed, usecases: UseCasesDep) -> None:
    """Tell the applicant, whoever had to act, and the administrators."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", DeadlineStillMissed), EVENTS)
async def on_deadline_still_missed(event: DeadlineStillMissed, usecases: UseCasesDep) -> None:
    """Tell those who can put the work into other hands."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ApplicationStalled), EVENTS)
async def on_application_stalled(event: ApplicationStalled, usecases: UseCasesDep) -> None:
    """Alarm the administrators."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", DeadlineNear), EVENTS)
async def on_deadline_near(event: DeadlineNear, usecases: UseCasesDep) -> None:
    """Remind whoever must act."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ElectronicDocumentIssued), EVENTS)
async def on_electronic_document_issued(event: ElectronicDocumentIssued, usecases: UseCasesDep) -> None:
    """Send the receipt with the copy."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", InformationProvided), EVENTS)
async def on_information_provided(event: InformationProvided, usecases: UseCasesDep) -> None:
    """End reminders and tell the reviewer who asked."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", InformationRequested), EVENTS)
async def on_information_requested(event: InformationRequested, usecases: UseCasesDep) -> None:
    """Ask the applicant for what is missing."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ProfileChangeProposed), EVENTS)
async def on_profile_change_proposed(event: ProfileChangeProposed, usecases: UseCasesDep) -> None:
    """Tell the reviewer who holds the application."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", RenewalDrafted), EVENTS)
async def on_renewal_drafted(event: RenewalDrafted, usecases: UseCasesDep) -> None:
    """Tell the holder where the prepared application is."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ReviewBegun), EVENTS)
async def on_review_begun(event: ReviewBegun, usecases: UseCasesDep) -> None:
    """Name the expected term of the review."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ReviewClaimed), EVENTS)
async def on_review_claimed(event: ReviewClaimed, usecases: UseCasesDep) -> None:
    """Tell a reviewer what they were given, and whoever held it until then."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ReviewReleased), EVENTS)
async def on_review_released(event: ReviewReleased, usecases: UseCasesDep) -> None:
    """Tell a reviewer who kept silent that the application is theirs no more."""
    await usecases.announce(event)


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


@router.consumer(queue_for("notifications", TicketAnswered), EVENTS)
async def on_ticket_answered(event: TicketAnswered, usecases: UseCasesDep) -> None:
    """Tell the requester of the answer."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", TicketClosed), EVENTS)
async def on_ticket_closed(event: TicketClosed, usecases: UseCasesDep) -> None:
    """Tell the requester that the ticket is settled."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", TicketOpened), EVENTS)
async def on_ticket_opened(event: TicketOpened, usecases: UseCasesDep) -> None:
    """Confirm number and term of the ticket."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", TicketOverdue), EVENTS)
async def on_ticket_overdue(event: TicketOverdue, usecases: UseCasesDep) -> None:
    """Remind the agent, or all of them."""
    await usecases.announce(event)


@router.consumer(queue_for("notifications", ContactsChanged), EVENTS)
async def on_contacts_changed(event: ContactsChanged, usecases: UseCasesDep) -> None:
    """Know how to reach the person; send what waited for it."""
    await usecases.change_contacts(event)


@router.consumer(queue_for("notifications", OneTimeCodeIssued), EVENTS)
async def on_one_time_code_issued(event: OneTimeCodeIssued, usecases: UseCasesDep) -> None:
    """Send a code at once."""
    await usecases.send_code(event)


@router.consumer(queue_for("notifications", DeliveryRequested), EVENTS)
async def on_delivery_requested(event: DeliveryRequested, usecases: UseCasesDep) -> None:
    """Hand a message to its provider."""
    await usecases.deliver(event)


@router.consumer(queue_for("notifications", RepeatDue), EVENTS)
async def on_repeat_due(event: RepeatDue, usecases: UseCasesDep) -> None:
    """Remind of what is not done yet."""
    await usecases.repeat(event)


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
