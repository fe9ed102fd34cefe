"""The reviewers' routes."""

from uuid import UUID

from fastapi import APIRouter, Response

from chassis.auth import Principal
from chassis.limits import limited
from chassis.paging import Page, PageQuery
from chassis.preconditions import IfMatch, etag
from contracts.roles import Role
from services.applications.api.dependencies import CurrentReviewer, UseCasesDep
from services.applications.schemas.answers import QueueRowOut
from services.applications.schemas.bodies import OpinionIn, RequestIn
from services.applications.schemas.checklists import ChecklistIn, ChecklistOut
from services.applications.schemas.protocol import MovedOut, OpenedOut
from services.applications.usecases.base import Reader

router = APIRouter(prefix="/reviews")


def _reader(reviewer: Principal) -> Reader:
    return Reader(reviewer.id, Role.REVIEWER, reviewer.address, "review")


@router.get("")
async def list_reviews(reviewer: CurrentReviewer, usecases: UseCasesDep, page: PageQuery) -> Page[QueueRowOut]:
    """What one holds or may claim, soonest due first."""
    rows, following = await usecases.list_reviews(reviewer.id, page)
    rules = usecases.rules_now()
    return Page[QueueRowOut](items=[QueueRowOut.of(row, row.review_due_at, rules) for row in rows], next_cursor=following)


@router.post(
    "/next",
    response_model=MovedOut,
    responses={204: {"description": "Свободных заявлений нет."}},
    dependencies=[limited("next-review", "60/minute", by="principal")],
)
async def claim_next(reviewer: CurrentReviewer, usecases: UseCasesDep) -> MovedOut | Response:
    """Take the soonest due application one may judge and did not leave before; 204 when there is none."""
    claimed = await usecases.claims.claim_next(reviewer.id)
    return Response(status_code=204) if claimed is None else MovedOut.of(claimed)


@router.put("/{application_id}/claim")
async def claim_review(application_id: UUID, reviewer: CurrentReviewer, usecases: UseCasesDep) -> MovedOut:
    """Take an application from the queue."""
    return MovedOut.of(await usecases.claim(application_id, reviewer.id))


@router.delete("/{application_id}/claim", status_code=204)
async def release_review(application_id: UUID, reviewer: CurrentReviewer, usecases: UseCasesDep) -> None:
    """Give an application back."""
    await usecases.release(application_id, reviewer.id)


@router.get("/{application_id}")
async def open_review(application_id: UUID, reviewer: CurrentReviewer, usecases: UseCasesDep, response: Response) -> OpenedOut:
    """An application one holds, with what the last answer changed. Its ETag is what an opinion has to name."""
    opened = await usecases.open_review(application_id, _reader(reviewer))
    response.headers["ETag"] = etag(opened.application.version)
    return OpenedOut.of(opened, usecases.rules_of(opened.application), usecases.terms, usecases.now())


@router.post("/{application_id}/requests", status_code=201)
async def request_information(application_id: UUID, body: RequestIn, reviewer: CurrentReviewer, usecases: UseCasesDep) -> MovedOut:
    """Ask the applicant for more; only what is remarked unlocks."""
    remarks = tuple(remark.remark() for remark in body.remarks)
    return MovedOut.of(await usecases.request_information(application_id, reviewer.id, remarks))


@router.put("/{application_id}/checklist")
async def answer_checklist(
    application_id: UUID, body: ChecklistIn, reviewer: CurrentReviewer, version: IfMatch, usecases: UseCasesDep, response: Response
) -> ChecklistOut:
    """Keep what one found so far, row by row; approval needs every required row."""
    answered = await usecases.answer_checklist(application_id, reviewer.id, body.given(), expected_version=version)
    response.headers["ETag"] = etag(answered.version)
    return ChecklistOut.of(answered, reviewer.id, usecases.rules_of(answered))


@router.post("/{application_id}/recommendation", status_code=201)
async def recommend(application_id: UUID, body: OpinionIn, reviewer: CurrentReviewer, version: IfMatch, usecases: UseCasesDep) -> MovedOut:
    """Give an opinion on what one saw; a first one against goes to a second reviewer."""
    given = body.decision, body.remarks(), body.comment
    return MovedOut.of(await usecases.recommend(application_id, reviewer.id, *given, expected_version=version))
