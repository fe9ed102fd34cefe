"""Routes of a person's rights over their own data: consents and erasure."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from chassis.auth import Principal, callers
from chassis.limits import limited
from contracts.roles import Role
from services.identity.api.dependencies import NO_STORE, OriginDep, UseCasesDep
from services.identity.schemas.base import Short
from services.identity.schemas.registration import ConsentsIn
from services.identity.schemas.rights import ConsentsOut, ErasureIn, ErasureOut, ErasuresOut, ExportOut

router = APIRouter(tags=["Права субъекта данных"])
Practitioner = Annotated[Principal, callers(Role.PRACTITIONER)]
ProvenPractitioner = Annotated[Principal, callers(Role.PRACTITIONER, is_recent=True)]
Confirmation = Annotated[
    Literal["erase"] | None, Query(description="Подтверждение, что вместе с согласием удаляются учётная запись и данные.")
]


@router.get("/consents")
async def list_consents(caller: Practitioner, usecases: UseCasesDep) -> ConsentsOut:
    """Every consent the caller ever gave, and what is asked for now."""
    return ConsentsOut.of(await usecases.consents.own(caller.id))


@router.post("/consents", dependencies=[limited("consents", "20/minute", by="principal")])
async def agree(body: ConsentsIn, caller: Practitioner, origin: OriginDep, usecases: UseCasesDep) -> ConsentsOut:
    """Agree to documents in the versions asked for."""
    return ConsentsOut.of(await usecases.consents.agree(caller.id, body.versions(), origin))


@router.delete("/consents/{document}", dependencies=[limited("consents", "20/minute", by="principal")])
async def withdraw_consent(
    document: Short, caller: ProvenPractitioner, origin: OriginDep, usecases: UseCasesDep, confirm: Confirmation = None
) -> ConsentsOut:
    """Withdraw a consent. Without the one for personal data there is no account: withdrawing it asks for erasure too."""
    return ConsentsOut.of(await usecases.consents.withdraw(caller.id, document, is_erasure_confirmed=confirm == "erase", origin=origin))


@router.post("/data-exports", status_code=202, dependencies=[limited("data-exports", "30/minute", by="principal")])
async def request_export(caller: ProvenPractitioner, origin: OriginDep, usecases: UseCasesDep) -> ExportOut:
    """Collect everything that is known of the caller in all services; a notice tells when it is ready."""
    return ExportOut.of(await usecases.exports.request(caller.id, origin))


@router.get("/data-exports/{export_id}")
async def get_export(export_id: UUID, caller: Practitioner, usecases: UseCasesDep) -> ExportOut:
    """Which parts are there."""
    return ExportOut.of(await usecases.exports.get(export_id, person_id=caller.id))


@router.get("/data-exports/{export_id}/file", response_class=StreamingResponse, responses={200: {"content": {"application/json": {}}}})
async def download_export(export_id: UUID, caller: ProvenPractitioner, origin: OriginDep, usecases: UseCasesDep) -> StreamingResponse:
    """The whole as one JSON document."""
    content = await usecases.exports.file(export_id, person_id=caller.id, origin=origin)
    headers = NO_STORE | {"Content-Disposition": f'attachment; filename="data-export-{export_id}.json"'}
    return StreamingResponse(content, media_type="application/json", headers=headers)


@router.post("/erasure-requests", status_code=201, dependencies=[limited("erasures", "10/minute", by="principal")])
async def request_erasure(body: ErasureIn, caller: ProvenPractitioner, origin: OriginDep, usecases: UseCasesDep) -> ErasureOut:
    """Ask for everything of oneself to be erased; the answer says when that will be, and what is kept until then and why."""
    password = body.password.get_secret_value()
    erasure = await usecases.erasure.request(caller.id, password, closes_account=body.closes_account, origin=origin)
    return ErasureOut.of(erasure, source=usecases.erasure.rules.retention.source)


@router.get("/erasure-requests")
async def list_erasures(caller: Practitioner, usecases: UseCasesDep) -> ErasuresOut:
    """The caller's last requests, newest first."""
    source = usecases.erasure.rules.retention.source
    return ErasuresOut(items=[ErasureOut.of(erasure, source=source) for erasure in await usecases.erasure.own(caller.id)])


@router.get("/erasure-requests/{request_id}")
async def get_erasure(request_id: UUID, caller: Practitioner, usecases: UseCasesDep) -> ErasureOut:
    """How a request stands."""
    erasure = await usecases.erasure.get(request_id, person_id=caller.id)
    return ErasureOut.of(erasure, source=usecases.erasure.rules.retention.source)


@router.delete("/erasure-requests/{request_id}", status_code=204, dependencies=[limited("erasures", "10/minute", by="principal")])
async def cancel_erasure(request_id: UUID, caller: Practitioner, origin: OriginDep, usecases: UseCasesDep) -> None:
    """Think better of it; possible until it is carried out."""
    await usecases.erasure.cancel(request_id, person_id=caller.id, origin=origin)
