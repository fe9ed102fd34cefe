"""Routes of appeals: applicants file and read, staff read, reviewers judge. Fixed words stand before the id they would match."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from chassis.auth import Principal, callers
from chassis.guards import time_limit
from chassis.limits import limited
from chassis.paging import Page, PageQuery
from contracts.roles import Role
from services.applications.api.dependencies import (
    PDF_RESPONSE,
    ZIP_RESPONSE,
    CurrentApplicant,
    CurrentReviewer,
    UseCasesDep,
    attached_pdf,
    attached_zip,
)
from services.applications.domain.appeals import Appeal, AppealState
from services.applications.schemas.appeals import (
    AppealIn,
    AppealOut,
    AppealRowOut,
    DecisionIn,
    JudgedOut,
    LineageOut,
    Number,
    OpenedAppealOut,
)
from services.applications.usecases.appeals import Viewer

router = APIRouter()
Filer = Annotated[Principal, callers(Role.PRACTITIONER, Role.SUPPORT_AGENT, is_recent=True)]
Clerk = Annotated[Principal, callers(Role.REGISTRAR, Role.SUPPORT_AGENT)]
Whoever = Annotated[Principal, callers(Role.PRACTITIONER, Role.REGISTRAR, Role.SUPPORT_AGENT)]
RecentWhoever = Annotated[Principal, callers(Role.PRACTITIONER, Role.REGISTRAR, Role.SUPPORT_AGENT, is_recent=True)]
RecentReviewer = Annotated[Principal, callers(Role.REVIEWER, is_recent=True)]


def _viewer(principal: Principal) -> Viewer:
    return Viewer(principal.id, principal.roles, principal.address)


def _out(appeal: Appeal, usecases: UseCasesDep) -> AppealOut:
    return AppealOut.of(appeal, usecases.rules_now(), usecases.terms, usecases.now())


@router.post("/appeals", status_code=201, dependencies=[limited("appeals", "20/hour", by="principal")])
async def file_appeal(body: AppealIn, filer: Filer, usecases: UseCasesDep, response: Response) -> AppealOut:
    """Dispute a refusal; support registers it for the applicant who asked for that."""
    appeal = await usecases.appeals.file(body.application_number, body.grounds(), _viewer(filer))
    response.headers["Location"] = f"/api/applications/appeals/{appeal.id}"
    return _out(appeal, usecases)


@router.get("/appeals")
async def list_appeals(applicant: CurrentApplicant, usecases: UseCasesDep, page: PageQuery) -> Page[AppealRowOut]:
    """One's own appeals, the newest first."""
    rows, following = await usecases.appeals.list_own(applicant.id, page)
    return Page[AppealRowOut](items=[AppealRowOut.of(row, usecases.terms) for row in rows], next_cursor=following)


@router.get("/appeals/registered")
async def list_registered(
    clerk: Clerk,  # noqa: ARG001 - the marker
    usecases: UseCasesDep,
    page: PageQuery,
    state: AppealState = AppealState.REGISTERED,
    application_number: Annotated[Number | None, Query(description="Жалобы по этому заявлению, в любом состоянии.")] = None,
) -> Page[AppealRowOut]:
    """Appeals in a state, soonest due first, or those of one application."""
    rows, following = await usecases.appeals.list_registered(state, application_number, page)
    return Page[AppealRowOut](items=[AppealRowOut.of(row, usecases.terms) for row in rows], next_cursor=following)


@router.get("/appeals/reviews")
async def list_appeal_reviews(reviewer: CurrentReviewer, usecases: UseCasesDep, page: PageQuery) -> Page[AppealRowOut]:
    """What one holds or may claim, soonest due first."""
    rows, following = await usecases.appeals.list_queue(reviewer.id, page)
    return Page[AppealRowOut](items=[AppealRowOut.of(row, usecases.terms) for row in rows], next_cursor=following)


@router.post("/appeals/next", responses={204: {"description": "Жалоб нет"}}, response_model=JudgedOut)
async def claim_next_appeal(reviewer: CurrentReviewer, usecases: UseCasesDep) -> JudgedOut | Response:
    """Take the soonest due that one may judge; 204 when there is none."""
    claimed = await usecases.appeals.claim_next(reviewer.id)
    return Response(status_code=204) if claimed is None else JudgedOut.of(claimed)


@router.get("/appeals/{appeal_id}")
async def get_appeal(appeal_id: UUID, whoever: Whoever, usecases: UseCasesDep) -> AppealOut:
    """One's own appeal; staff read any, and the applicant sees that they did."""
    return _out(await usecases.appeals.get(appeal_id, _viewer(whoever)), usecases)


@router.delete("/appeals/{appeal_id}")
async def withdraw_appeal(appeal_id: UUID, applicant: CurrentApplicant, usecases: UseCasesDep) -> AppealOut:
    """Take one's appeal back before a decision; the refusal stays and cannot be appealed against again."""
    return _out(await usecases.appeals.withdraw(appeal_id, applicant_id=applicant.id), usecases)


@router.get("/appeals/{appeal_id}/packet", response_class=Response, responses=PDF_RESPONSE)
async def get_packet(appeal_id: UUID, whoever: Whoever, usecases: UseCasesDep) -> Response:
    """Everything about an appeal as a PDF, to be handed over to the health department."""
    return attached_pdf(*await usecases.appeals.packet(appeal_id, _viewer(whoever)))


@router.get(
    "/appeals/{appeal_id}/packet/archive",
    response_class=StreamingResponse,
    responses=ZIP_RESPONSE,
    dependencies=[limited("packets", "20/hour", by="principal"), time_limit(None)],
)
async def get_packet_archive(appeal_id: UUID, whoever: RecentWhoever, usecases: UseCasesDep) -> StreamingResponse:
    """The packet with the papers it is about, as a ZIP whose list says where the files of documents are."""
    return attached_zip(*await usecases.appeals.archive(appeal_id, _viewer(whoever)))


@router.put("/appeals/{appeal_id}/claim")
async def claim_appeal(appeal_id: UUID, reviewer: CurrentReviewer, usecases: UseCasesDep) -> JudgedOut:
    """Take an appeal from the queue."""
    return JudgedOut.of(await usecases.appeals.claim(appeal_id, reviewer.id))


@router.delete("/appeals/{appeal_id}/claim", status_code=204)
async def release_appeal(appeal_id: UUID, reviewer: CurrentReviewer, usecases: UseCasesDep) -> None:
    """Give an appeal back."""
    await usecases.appeals.release(appeal_id, reviewer.id)


@router.get("/appeals/{appeal_id}/review")
async def open_appeal(appeal_id: UUID, reviewer: CurrentReviewer, usecases: UseCasesDep) -> OpenedAppealOut:
    """An appeal one holds, with the application it is about."""
    opened = await usecases.appeals.open_review(appeal_id, _viewer(reviewer))
    return OpenedAppealOut.of(opened, usecases.rules_of(opened.case.application), usecases.terms, usecases.now())


@router.post("/appeals/{appeal_id}/decision", status_code=201)
async def decide_appeal(appeal_id: UUID, body: DecisionIn, reviewer: RecentReviewer, usecases: UseCasesDep) -> JudgedOut:
    """The refusal stays, or falls and the review begins anew with other reviewers."""
    return JudgedOut.of(await usecases.appeals.decide(appeal_id, reviewer.id, body.decided(), body.text))


@router.get("/applications/{application_id}/lineage")
async def get_lineage(application_id: UUID, applicant: CurrentApplicant, usecases: UseCasesDep) -> LineageOut:
    """The application, what it corrects, what corrects it, and appeals, in the order of time."""
    return LineageOut.of(await usecases.appeals.lineage(application_id, applicant_id=applicant.id))
