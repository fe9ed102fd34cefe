"""The registrar's routes."""

from uuid import UUID

from fastapi import APIRouter, Response

from chassis.paging import Page, PageQuery
from chassis.preconditions import IfMatch, etag
from contracts.roles import Role
from services.applications.api.dependencies import CurrentRegistrar, RecentRegistrar, UseCasesDep
from services.applications.schemas.answers import CandidatesOut, QueueRowOut, ReviewRowOut
from services.applications.schemas.bodies import AssignmentIn, OpinionIn
from services.applications.schemas.protocol import MovedOut, OpenedOut
from services.applications.usecases.base import Reader

router = APIRouter(prefix="/registry")
reviews = APIRouter(prefix="/reviews")


@router.get("")
async def list_registry(registrar: CurrentRegistrar, usecases: UseCasesDep, page: PageQuery) -> Page[QueueRowOut]:  # noqa: ARG001 - the marker
    """What waits for a decision, soonest due first."""
    rows, following = await usecases.list_registry(page)
    rules = usecases.rules_now()
    return Page[QueueRowOut](items=[QueueRowOut.of(row, row.approval_due_at, rules) for row in rows], next_cursor=following)


@router.get("/reviews")
async def list_in_review(registrar: CurrentRegistrar, usecases: UseCasesDep, page: PageQuery) -> Page[ReviewRowOut]:  # noqa: ARG001 - the marker
    """What reviewers have to judge, held or not, soonest due first."""
    rows, following = await usecases.list_in_review(page)
    rules = usecases.rules_now()
    return Page[ReviewRowOut](items=[ReviewRowOut.of(row, row.review_due_at, rules) for row in rows], next_cursor=following)


@router.get("/reviews/{application_id}/candidates")
async def list_candidates(application_id: UUID, registrar: CurrentRegistrar, usecases: UseCasesDep) -> CandidatesOut:  # noqa: ARG001 - the marker
    """Reviewers who may be given the application: the least loaded first, behind them who let it lie, then who gave it back."""
    return CandidatesOut.of(await usecases.candidates(application_id))


@router.get("/{application_id}")
async def open_registry(application_id: UUID, registrar: CurrentRegistrar, usecases: UseCasesDep, response: Response) -> OpenedOut:
    """An application that waits for a decision or was approved. Its ETag is what a decision has to name."""
    reader = Reader(registrar.id, Role.REGISTRAR, registrar.address, "approval")
    opened = await usecases.open_registry(application_id, reader)
    response.headers["ETag"] = etag(opened.application.version)
    return OpenedOut.of(opened, usecases.rules_of(opened.application), usecases.terms, usecases.now())


@router.post("/{application_id}/decision", status_code=201)
async def decide(application_id: UUID, body: OpinionIn, registrar: RecentRegistrar, version: IfMatch, usecases: UseCasesDep) -> MovedOut:
    """Approve or refuse what one saw."""
    given = body.decision, body.remarks(), body.comment
    return MovedOut.of(await usecases.decide(application_id, registrar.id, *given, expected_version=version))


@reviews.put("/{application_id}/assignment")
async def assign_review(application_id: UUID, body: AssignmentIn, registrar: RecentRegistrar, usecases: UseCasesDep) -> MovedOut:
    """Give an application to a reviewer, or take it from one for another; null chooses the least loaded."""
    return MovedOut.of(await usecases.reassign(application_id, body.reviewer_id, registrar.id))
