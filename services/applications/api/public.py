"""Verification of certificates: anybody, without signing in."""

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from chassis.auth import anyone
from chassis.limits import limited
from chassis.preconditions import etag
from services.applications.api.certificates import CertificateNumber
from services.applications.api.dependencies import UseCasesDep
from services.applications.domain.certificates import Status
from services.applications.domain.errors.certificate import CertificateNotFound
from services.applications.gateways import verification_page
from services.applications.schemas.tables import VerifiedCertificateOut

_LIMIT = limited("certificate-verification", "30/minute")

router = APIRouter(dependencies=[anyone(), _LIMIT])
pages = APIRouter(dependencies=[anyone(), _LIMIT], include_in_schema=False)


@router.get("/certificates/{number}")
async def verify_certificate(number: CertificateNumber, usecases: UseCasesDep, response: Response) -> VerifiedCertificateOut:
    """Whether a certificate exists and holds. Its ETag is what a change of standing has to name."""
    certificate = await usecases.verify_certificate(number)
    response.headers["ETag"] = etag(certificate.version)
    return VerifiedCertificateOut.of(certificate, usecases.rules_now(), usecases.now())


@pages.get("/verify/{number}", response_class=HTMLResponse)
async def show_certificate(number: CertificateNumber, usecases: UseCasesDep) -> HTMLResponse:
    """The page the QR code opens."""
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "X-Content-Type-Options": "nosniff"}
    try:
        verified = VerifiedCertificateOut.of(await usecases.verify_certificate(number), usecases.rules_now(), usecases.now())
    except CertificateNotFound as error:
        return HTMLResponse(verification_page("Сертификат не найден", [], error.detail), status_code=404, headers=headers)
    return HTMLResponse(verification_page(*_shown(verified, usecases)), headers=headers)


def _shown(verified: VerifiedCertificateOut, usecases: UseCasesDep) -> tuple[str, list[tuple[str, str]], str]:
    issued, until = (usecases.terms.local_date(moment).strftime("%d.%m.%Y") for moment in (verified.issued_at, verified.valid_until))
    facts = [
        ("Номер сертификата", verified.number),
        ("Состояние", verified.status_title),
        *([("Владелец", verified.holder)] if verified.holder else []),
        ("Специальность", f"{verified.specialty_code} {verified.specialty_title}"),
        ("Вид аккредитации", verified.kind_title),
        ("Срок действия", f"{issued} — {until}"),
    ]
    return f"Сертификат {verified.number}", facts, _note(verified)


_NOT_VALID = {
    Status.NOT_YET: "Сертификат выдан, но ещё не действует.",
    Status.EXPIRED: "Сертификат был выдан, но срок его действия истёк.",
    Status.SUSPENDED: "Сертификат был выдан, но его действие приостановлено.",
    Status.REVOKED: "Сертификат был выдан, но аннулирован.",
}


def _note(verified: VerifiedCertificateOut) -> str:
    if verified.status in _NOT_VALID:
        return _NOT_VALID[verified.status]
    if verified.holder is None:
        return "Сертификат выдан системой. Данные владельца удалены по его запросу, фамилию сверить нельзя."
    return "Сертификат выдан системой. Сверьте фамилию и специальность с документом."
