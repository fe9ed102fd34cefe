"""What applications asked itself to do after a commit."""

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts.applications import (
    AppealTermReached,
    ApplicationApproved,
    ApplicationPushed,
    ApplicationSubmitted,
    AssignmentDue,
    CertificateExpiring,
    CertificateReinstated,
    CertificateRevoked,
    CertificateSuspended,
    ElectronicDocumentRequested,
    EscalationDue,
    InformationProvided,
    TermReached,
)
from services.applications.consumers.dependencies import SERVICE, UseCasesDep

router = ConsumerRouter()


@router.consumer(queue_for(SERVICE, AppealTermReached), EVENTS)
async def on_appeal_term_reached(event: AppealTermReached, usecases: UseCasesDep) -> None:
    """Remind, call the term of an appeal missed, or let a silent claim lapse."""
    await usecases.appeals.reach_term(event)


@router.consumer(queue_for(SERVICE, ApplicationSubmitted), EVENTS)
async def on_application_submitted(event: ApplicationSubmitted, usecases: UseCasesDep) -> None:
    """Run the automatic stage."""
    await usecases.check_submitted(event)


@router.consumer(queue_for(SERVICE, InformationProvided), EVENTS)
async def on_information_provided(event: InformationProvided, usecases: UseCasesDep) -> None:
    """Run the automatic stage again if it had asked."""
    await usecases.check_submitted(event)


@router.consumer(queue_for(SERVICE, ElectronicDocumentRequested), EVENTS)
async def on_electronic_document_requested(event: ElectronicDocumentRequested, usecases: UseCasesDep) -> None:
    """Print what was handed in."""
    await usecases.issue_electronic_document(event)


@router.consumer(queue_for(SERVICE, ApplicationApproved), EVENTS)
async def on_application_approved(event: ApplicationApproved, usecases: UseCasesDep) -> None:
    """Make the certificate."""
    await usecases.issue_certificate(event)


@router.consumer(queue_for(SERVICE, CertificateExpiring), EVENTS)
async def on_certificate_expiring(event: CertificateExpiring, usecases: UseCasesDep) -> None:
    """Begin a periodic draft for the holder."""
    await usecases.prepare_renewal(event)


@router.consumer(queue_for(SERVICE, CertificateReinstated), EVENTS)
async def on_certificate_reinstated(event: CertificateReinstated, usecases: UseCasesDep) -> None:
    """Tell the employers its holder agreed to."""
    await usecases.employing.tell_standing(event)


@router.consumer(queue_for(SERVICE, CertificateRevoked), EVENTS)
async def on_certificate_revoked(event: CertificateRevoked, usecases: UseCasesDep) -> None:
    """Tell the employers its holder agreed to."""
    await usecases.employing.tell_standing(event)


@router.consumer(queue_for(SERVICE, CertificateSuspended), EVENTS)
async def on_certificate_suspended(event: CertificateSuspended, usecases: UseCasesDep) -> None:
    """Tell the employers its holder agreed to."""
    await usecases.employing.tell_standing(event)


@router.consumer(queue_for(SERVICE, TermReached), EVENTS)
async def on_term_reached(event: TermReached, usecases: UseCasesDep) -> None:
    """Remind, call a term missed, or let a claim lapse."""
    await usecases.reach_term(event)


@router.consumer(queue_for(SERVICE, EscalationDue), EVENTS)
async def on_escalation_due(event: EscalationDue, usecases: UseCasesDep) -> None:
    """Tell once more of a term that stays missed."""
    await usecases.escalate(event)


@router.consumer(queue_for(SERVICE, ApplicationPushed), EVENTS)
async def on_application_pushed(event: ApplicationPushed, usecases: UseCasesDep) -> None:
    """Take the step that the application lacks."""
    await usecases.push(event)


@router.consumer(queue_for(SERVICE, AssignmentDue), EVENTS)
async def on_assignment_due(event: AssignmentDue, usecases: UseCasesDep) -> None:
    """Give to a reviewer what nobody took."""
    await usecases.assign_unclaimed(event)
