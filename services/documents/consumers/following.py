"""What the service itself listens to: applications and identity, and its own terms; no file is read here."""

from typing import Annotated

from faststream import Context

from chassis.broker import EVENTS, ConsumerRouter, queue_for
from contracts.applications import (
    AppealClaimed,
    AppealDecided,
    AppealFiled,
    AppealReleased,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    ApprovalRecommended,
    CertificateIssued,
    DraftSaved,
    InformationProvided,
    InformationRequested,
    ReviewClaimed,
    ReviewReleased,
)
from contracts.documents import CheckTermReached, DocumentRemoved, RemovalTermReached, RetentionTermReached, UploadTermReached
from contracts.identity import DataExportRequested, PersonErased, ProfileChanged, ProfileRefused, ProfileVerified, RegistrationLapsed
from services.documents.usecases import UseCases

router = ConsumerRouter()
UseCasesDep = Annotated[UseCases, Context("usecases")]
SERVICE = "documents"


@router.consumer(queue_for(SERVICE, CheckTermReached), EVENTS)
async def on_check_term_reached(event: CheckTermReached, usecases: UseCasesDep) -> None:
    """See whether the check is done."""
    await usecases.check_terms.end_of_term(event)


@router.consumer(queue_for(SERVICE, UploadTermReached), EVENTS)
async def on_upload_term_reached(event: UploadTermReached, usecases: UseCasesDep) -> None:
    """Remove what an unfinished upload left."""
    await usecases.uploads.end_of_term(event)


@router.consumer(queue_for(SERVICE, ApplicationSubmitted), EVENTS)
async def on_application_submitted(event: ApplicationSubmitted, usecases: UseCasesDep) -> None:
    """Lock its documents."""
    await usecases.holds.lock(event)


@router.consumer(queue_for(SERVICE, InformationRequested), EVENTS)
async def on_information_requested(event: InformationRequested, usecases: UseCasesDep) -> None:
    """Unlock what is flagged."""
    await usecases.holds.unlock(event)


@router.consumer(queue_for(SERVICE, InformationProvided), EVENTS)
async def on_information_provided(event: InformationProvided, usecases: UseCasesDep) -> None:
    """Lock everything again."""
    await usecases.holds.lock(event)


@router.consumer(queue_for(SERVICE, ReviewClaimed), EVENTS)
async def on_review_claimed(event: ReviewClaimed, usecases: UseCasesDep) -> None:
    """Let the reviewer read."""
    await usecases.holds.give_to_reviewer(event)


@router.consumer(queue_for(SERVICE, ReviewReleased), EVENTS)
async def on_review_released(event: ReviewReleased, usecases: UseCasesDep) -> None:
    """Let the reviewer read no longer."""
    await usecases.holds.take_from_reviewer(event)


@router.consumer(queue_for(SERVICE, ApprovalRecommended), EVENTS)
async def on_approval_recommended(event: ApprovalRecommended, usecases: UseCasesDep) -> None:
    """Let registrars read."""
    await usecases.holds.give_to_registrars(event)


@router.consumer(queue_for(SERVICE, ApplicationRejected), EVENTS)
async def on_application_rejected(event: ApplicationRejected, usecases: UseCasesDep) -> None:
    """Free its documents."""
    await usecases.holds.free(event)


@router.consumer(queue_for(SERVICE, ApplicationWithdrawn), EVENTS)
async def on_application_withdrawn(event: ApplicationWithdrawn, usecases: UseCasesDep) -> None:
    """Free its documents."""
    await usecases.holds.free(event)


@router.consumer(queue_for(SERVICE, AppealFiled), EVENTS)
async def on_appeal_filed(event: AppealFiled, usecases: UseCasesDep) -> None:
    """Lock the documents of the refused application again, and what came with the appeal."""
    await usecases.holds.lock(event)


@router.consumer(queue_for(SERVICE, AppealClaimed), EVENTS)
async def on_appeal_claimed(event: AppealClaimed, usecases: UseCasesDep) -> None:
    """Let the reviewer of the appeal read."""
    await usecases.holds.give_to_reviewer(event)


@router.consumer(queue_for(SERVICE, AppealReleased), EVENTS)
async def on_appeal_released(event: AppealReleased, usecases: UseCasesDep) -> None:
    """Let the reviewer of the appeal read no longer."""
    await usecases.holds.take_from_reviewer(event)


@router.consumer(queue_for(SERVICE, AppealDecided), EVENTS)
async def on_appeal_decided(event: AppealDecided, usecases: UseCasesDep) -> None:
    """Free the documents, or keep them for another review."""
    await usecases.holds.settle(event)


@router.consumer(queue_for(SERVICE, CertificateIssued), EVENTS)
async def on_certificate_issued(event: CertificateIssued, usecases: UseCasesDep) -> None:
    """End the reading of staff."""
    await usecases.holds.conclude(event)


@router.consumer(queue_for(SERVICE, RegistrationLapsed), EVENTS)
async def on_registration_lapsed(event: RegistrationLapsed, usecases: UseCasesDep) -> None:
    """Keep nothing of whoever did not register."""
    await usecases.removals.remove_lapsed(event)


@router.consumer(queue_for(SERVICE, RemovalTermReached), EVENTS)
async def on_removal_term_reached(event: RemovalTermReached, usecases: UseCasesDep) -> None:
    """Remove what was on its way meanwhile."""
    await usecases.removals.look_again(event)


@router.consumer(queue_for(SERVICE, PersonErased), EVENTS)
async def on_person_erased(event: PersonErased, usecases: UseCasesDep) -> None:
    """Keep nothing of who is no more."""
    await usecases.removals.remove_erased(event)


@router.consumer(queue_for(SERVICE, DataExportRequested), EVENTS)
async def on_data_export_requested(event: DataExportRequested, usecases: UseCasesDep) -> None:
    """Tell the person what is known here of them."""
    await usecases.exports.answer(event)


@router.consumer(queue_for(SERVICE, ProfileVerified), EVENTS)
async def on_profile_verified(event: ProfileVerified, usecases: UseCasesDep) -> None:
    """Know what documents are compared with."""
    await usecases.profiles.confirm(event)


@router.consumer(queue_for(SERVICE, ProfileChanged), EVENTS)
async def on_profile_changed(event: ProfileChanged, usecases: UseCasesDep) -> None:
    """Compare with nothing until the change is confirmed."""
    await usecases.profiles.change(event)


@router.consumer(queue_for(SERVICE, ProfileRefused), EVENTS)
async def on_profile_refused(event: ProfileRefused, usecases: UseCasesDep) -> None:
    """Compare with nothing until it is corrected."""
    await usecases.profiles.doubt(event)


@router.consumer(queue_for(SERVICE, DraftSaved), EVENTS)
async def on_draft_saved(event: DraftSaved, usecases: UseCasesDep) -> None:
    """Know that its documents are in use."""
    await usecases.holds.note_draft(event)


@router.consumer(queue_for(SERVICE, RetentionTermReached), EVENTS)
async def on_retention_term_reached(event: RetentionTermReached, usecases: UseCasesDep) -> None:
    """See whether the document was used since."""
    await usecases.retention.end_of_term(event)


@router.consumer(queue_for(SERVICE, DocumentRemoved), EVENTS)
async def on_document_removed(event: DocumentRemoved, usecases: UseCasesDep) -> None:
    """Remove its bytes."""
    await usecases.retention.remove_objects(event)
