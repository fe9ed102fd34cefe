"""Keys, credentials and FHIR: what lets others verify without asking, or read without typing."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from chassis.auth import anyone
from chassis.limits import limited
from services.applications.api.certificates import CertificateNumber
from services.applications.api.dependencies import RecentApplicant, UseCasesDep
from services.applications.domain.certificates.status_list import Purpose
from services.applications.schemas import fhir
from services.applications.schemas.credentials import IssuerOut, KeysOut

_LIMIT = limited("published-keys", "120/minute")
_KEPT = {"Cache-Control": "public, max-age=3600"}

_VC = "application/vc+jwt"
_VC_RESPONSE: dict[int | str, dict[str, Any]] = {200: {"content": {_VC: {"schema": {"type": "string"}}}, "description": "JWS"}}
_FHIR_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"content": {fhir.MEDIA_TYPE: {"schema": {"type": "object"}}}, "description": "Bundle"}
}

router = APIRouter()


@router.get("/.well-known/jwks.json", dependencies=[anyone(), _LIMIT])
async def list_credential_keys(usecases: UseCasesDep, response: Response) -> KeysOut:
    """The public keys of QR codes, credentials and PDFs; kept in a file, they verify without a network."""
    response.headers.update(_KEPT)
    return KeysOut.of(usecases.credentials)


@router.get("/issuer", dependencies=[anyone(), _LIMIT])
async def get_issuer(usecases: UseCasesDep, response: Response) -> IssuerOut:
    """Who issues credentials, and with which keys."""
    response.headers.update(_KEPT)
    return IssuerOut.of(usecases.credentials)


@router.get("/certificates/{number}/credential", response_class=Response, responses=_VC_RESPONSE)
async def get_credential(number: CertificateNumber, holder: RecentApplicant, usecases: UseCasesDep) -> Response:
    """One's own certificate as a Verifiable Credential (VCDM 2.0, JOSE)."""
    signed = await usecases.portable.credential(number, holder.id)
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": 'attachment; filename="certificate.jwt"'}
    return Response(signed, media_type=_VC, headers=headers)


@router.get("/certificates/{number}/fhir", response_class=Response, responses=_FHIR_RESPONSE)
async def get_fhir(number: CertificateNumber, holder: RecentApplicant, usecases: UseCasesDep) -> Response:
    """One's own certificate as a FHIR R4 Bundle of Practitioner and VerificationResult."""
    certificate, portable = await usecases.portable.own(number, holder.id), usecases.portable
    made = fhir.bundle(certificate, usecases.rules_now().titles, usecases.now(), base_url=portable.base_url)
    return Response(json.dumps(made, ensure_ascii=False), media_type=fhir.MEDIA_TYPE, headers={"Cache-Control": "private, no-store"})


@router.get(
    "/status-lists/{list_id}/{purpose}",
    response_class=Response,
    responses=_VC_RESPONSE,
    dependencies=[anyone(), limited("status-lists", "120/minute")],
)
async def get_status_list(
    list_id: Annotated[str, Path(max_length=12, description="Номер списка.")], purpose: Purpose, usecases: UseCasesDep
) -> Response:
    """Which credentials of a list are revoked or suspended (Bitstring Status List 1.0)."""
    signed = await usecases.portable.status_list(list_id, purpose)
    return Response(signed, media_type=_VC, headers={"Cache-Control": "public, max-age=300"})
