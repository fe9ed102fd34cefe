"""Certificates: their holder's list, and the registrar's changes of standing; registered before the public routes of one number."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Path, Response

from chassis.paging import Page, PageQuery
from chassis.preconditions import IfMatch, etag
from services.applications.api.dependencies import CurrentApplicant, CurrentRegistrar, RecentRegistrar, UseCasesDep
from services.applications.domain.grounds import Change
from services.applications.schemas.certificates import CertificateOut, GroundOut, GroundsOut, StandingIn
from services.applications.schemas.verifications import VerificationOut

router = APIRouter(prefix="/certificates")
CertificateNumber = Annotated[str, Path(max_length=40, description="Номер сертификата, MC-ГГГГ-ЦЦЦЦЦЦЦЦ-Ц.")]


@router.get("")
async def list_certificates(holder: CurrentApplicant, usecases: UseCasesDep, page: PageQuery) -> Page[CertificateOut]:
    """One's own certificates, the newest first."""
    found, following = await usecases.list_certificates(holder.id, page)
    return Page[CertificateOut](
        items=[CertificateOut.of(one, usecases.rules_now(), usecases.now()) for one in found], next_cursor=following
    )


@router.get("/{number}/verifications")
async def list_verifications(
    number: CertificateNumber, holder: CurrentApplicant, usecases: UseCasesDep, page: PageQuery
) -> Page[VerificationOut]:
    """Who verified one's own certificate, whoever came last first."""
    found, following = await usecases.proofs.list_verifications(number, holder.id, page)
    employers = await usecases.employing.named({one.employer_id for one in found if one.employer_id})
    rules = usecases.rules_now()
    items = [VerificationOut.of(one, employers.get(one.employer_id) if one.employer_id else None, rules) for one in found]
    return Page[VerificationOut](items=items, next_cursor=following)


@router.get("/grounds")
async def list_grounds(registrar: CurrentRegistrar, usecases: UseCasesDep) -> GroundsOut:  # noqa: ARG001 - the marker
    """Why a certificate may be suspended, reinstated or revoked."""
    return GroundsOut(items=[GroundOut.of(ground) for ground in usecases.rules_now().grounds.values()])


_CHANGES = {
    "revocation": (Change.REVOKED, "Revoke for good."),
    "suspension": (Change.SUSPENDED, "Suspend until it is reinstated, revoked or over."),
    "reinstatement": (Change.REINSTATED, "End a suspension."),
}


def _changing(kind: Change) -> Callable[..., Awaitable[CertificateOut]]:
    async def change(
        number: CertificateNumber, body: StandingIn, registrar: RecentRegistrar, version: IfMatch, usecases: UseCasesDep, response: Response
    ) -> CertificateOut:
        certificate = await usecases.change_standing(number, registrar.id, body.wanted(kind), expected_version=version)
        response.headers["ETag"] = etag(certificate.version)
        return CertificateOut.of(certificate, usecases.rules_now(), usecases.now())

    return change


for _name, (_kind, _words) in _CHANGES.items():
    router.put(f"/{{number}}/{_name}", name=_name, description=_words)(_changing(_kind))
