"""Events of applications notifications listens to."""

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
from services.notifications.consumers.dependencies import UseCasesDep

router = ConsumerRouter()


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
