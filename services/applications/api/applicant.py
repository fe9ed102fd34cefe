"""The applicant's routes."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from chassis.auth import callers
from chassis.paging import Page, PageQuery
from chassis.preconditions import IfMatch, etag
from contracts.roles import Role
from services.applications.api.dependencies import PDF_RESPONSE, CurrentApplicant, RecentApplicant, UseCasesDep, pdf_answer
from services.applications.domain.application import Application
from services.applications.domain.history import Sort
from services.applications.domain.states import Group
from services.applications.schemas.answers import ApplicationOut, CheckOut, HistoryRowOut
from services.applications.schemas.bodies import AnswerIn, BlocksPatch, NewApplicationIn, WithdrawalIn
from services.applications.schemas.protocol import ProtocolOut
from services.applications.schemas.tables import RulesOut
from services.applications.usecases.base import link_to

router = APIRouter()
Day = Annotated[date | None, Query(ge=date(2000, 1, 1), le=date(2200, 1, 1))]
PastDay = Annotated[date | None, Query(ge=date(2000, 1, 1), le=date(2200, 1, 1), description="Как было в конце этого дня.")]


def _out(application: Application, usecases: UseCasesDep, response: Response) -> ApplicationOut:
    response.headers["ETag"] = etag(application.version)
    return ApplicationOut.of(application, usecases.rules_of(application), usecases.terms, usecases.now())


@router.get("/kinds", dependencies=[callers(*Role)])
async def list_kinds(usecases: UseCasesDep) -> RulesOut:
    """Kinds, specialties and reasons with what they ask for."""
    return RulesOut.of(usecases.rules_now())


@router.post("/applications", status_code=201)
async def create_application(
    body: NewApplicationIn, applicant: CurrentApplicant, usecases: UseCasesDep, response: Response
) -> ApplicationOut:
    """Start a draft, prefilled from the verified profile."""
    application = await usecases.create(applicant.id, body.wanted())
    response.headers["Location"] = link_to(application.id)
    return _out(application, usecases, response)


@router.get("/applications")
async def list_applications(
    applicant: CurrentApplicant,
    usecases: UseCasesDep,
    page: PageQuery,
    status: Group | None = None,
    started_from: Day = None,
    started_to: Day = None,
    sort: Sort = Sort.START_NEWEST,
    as_of: PastDay = None,
) -> Page[HistoryRowOut]:
    """One's own applications, newest start first; as they stand, or stood at the end of a day."""
    rows, following = await usecases.list_history(
        applicant.id, page, group=status, started_from=started_from, started_to=started_to, sort=sort, as_of=as_of
    )
    rules = usecases.rules_now()
    return Page[HistoryRowOut](items=[HistoryRowOut.of(row, rules) for row in rows], next_cursor=following)


@router.get("/applications/{application_id}")
async def get_application(application_id: UUID, applicant: CurrentApplicant, usecases: UseCasesDep, response: Response) -> ApplicationOut:
    """One of one's own applications."""
    return _out(await usecases.get(application_id, applicant_id=applicant.id), usecases, response)


@router.patch("/applications/{application_id}")
async def edit_application(
    application_id: UUID, body: BlocksPatch, applicant: CurrentApplicant, version: IfMatch, usecases: UseCasesDep, response: Response
) -> ApplicationOut:
    """Save what was typed, as a merge patch; a confirmed application becomes a draft again."""
    edited = await usecases.edit(application_id, body.patch(), applicant_id=applicant.id, expected_version=version)
    return _out(edited, usecases, response)


@router.post("/applications/{application_id}/check")
async def check_application(application_id: UUID, applicant: CurrentApplicant, usecases: UseCasesDep) -> CheckOut:
    """Run the rules of the automatic stage; nothing changes."""
    return CheckOut.of(await usecases.check(application_id, applicant_id=applicant.id))


@router.put("/applications/{application_id}/confirmation")
async def confirm_application(
    application_id: UUID, applicant: CurrentApplicant, version: IfMatch, usecases: UseCasesDep, response: Response
) -> ApplicationOut:
    """Freeze a clean draft with its hash."""
    confirmed = await usecases.confirm(application_id, applicant_id=applicant.id, expected_version=version)
    return _out(confirmed, usecases, response)


@router.post("/applications/{application_id}/submission", status_code=202)
async def submit_application(application_id: UUID, applicant: RecentApplicant, usecases: UseCasesDep, response: Response) -> ApplicationOut:
    """Hand a confirmed application in, once; a repetition carries the first request's Idempotency-Key."""
    return _out(await usecases.submit(application_id, applicant_id=applicant.id), usecases, response)


@router.post("/applications/{application_id}/answer")
async def answer_request(
    application_id: UUID, body: AnswerIn, applicant: CurrentApplicant, usecases: UseCasesDep, response: Response
) -> ApplicationOut:
    """Answer a request; only what it points at may change."""
    answered = await usecases.answer(application_id, body.comment, body.changes.patch(), applicant_id=applicant.id)
    return _out(answered, usecases, response)


@router.post("/applications/{application_id}/withdrawal")
async def withdraw_application(
    application_id: UUID, body: WithdrawalIn, applicant: CurrentApplicant, usecases: UseCasesDep, response: Response
) -> ApplicationOut:
    """Take an application back before a decision."""
    return _out(await usecases.withdraw(application_id, body.reason, applicant_id=applicant.id), usecases, response)


@router.get("/applications/{application_id}/protocol")
async def get_protocol(application_id: UUID, applicant: CurrentApplicant, usecases: UseCasesDep, as_of: PastDay = None) -> ProtocolOut:
    """Everything that happened to the application, until now or the end of a day."""
    told = await usecases.protocols.protocol(application_id, applicant_id=applicant.id, as_of=as_of)
    return ProtocolOut.of(told, usecases.rules_of(told.application))


@router.get("/applications/{application_id}/electronic-document", response_class=StreamingResponse, responses=PDF_RESPONSE)
async def get_electronic_document(application_id: UUID, applicant: CurrentApplicant, usecases: UseCasesDep) -> StreamingResponse:
    """The PDF of what was handed in."""
    return pdf_answer(*await usecases.electronic_document(application_id, applicant_id=applicant.id))


@router.get("/applications/{application_id}/certificate", response_class=StreamingResponse, responses=PDF_RESPONSE)
async def get_certificate(application_id: UUID, applicant: CurrentApplicant, usecases: UseCasesDep) -> StreamingResponse:
    """The certificate's PDF."""
    return pdf_answer(*await usecases.certificate_file(application_id, applicant_id=applicant.id))
