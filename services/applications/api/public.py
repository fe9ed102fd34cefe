"""Verification of certificates: anybody, without signing in."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import HTMLResponse

from chassis.auth import anyone
from chassis.errors import UnsupportedMediaType
from chassis.guards import body_limit, too_large
from chassis.limits import limited
from chassis.preconditions import etag
from services.applications.api.certificates import CertificateNumber
from services.applications.api.dependencies import Address, UseCasesDep
from services.applications.domain.certificates import Status
from services.applications.domain.certificates.verification import Finding, Way
from services.applications.domain.errors.certificate import CertificateNotFound
from services.applications.gateways import verification_page
from services.applications.schemas.tables import VerifiedCertificateOut
from services.applications.schemas.verifications import CodeIn, FindingOut

_LIMIT = limited("certificate-verification", "30/minute")
_FILE_LIMIT = limited("certificate-file-verification", "10/minute")
_LARGEST_FILE_BYTES = 8_388_608
"""Above every limit of the settings, which is the one that is told."""
_NOW_ONLY = {"Cache-Control": "no-store"}
"""A revocation shows at once: nothing in between may answer for us."""
_PDF = "application/pdf"
_PDF_BODY = {"requestBody": {"required": True, "content": {_PDF: {"schema": {"type": "string", "format": "binary"}}}}}

router = APIRouter(dependencies=[anyone()])
pages = APIRouter(dependencies=[anyone(), _LIMIT], include_in_schema=False)


@router.get("/certificates/{number}", dependencies=[_LIMIT])
async def verify_certificate(
    number: CertificateNumber, address: Address, usecases: UseCasesDep, response: Response
) -> VerifiedCertificateOut:
    """Whether a certificate exists and holds. Its ETag is what a change of standing has to name."""
    shown = await _by_number(number, address, usecases, Way.NUMBER)
    response.headers.update({"ETag": etag(shown[0]), **_NOW_ONLY})
    return shown[1]


@router.post("/certificates/verifications/code", dependencies=[_LIMIT])
async def verify_code(body: CodeIn, address: Address, usecases: UseCasesDep) -> FindingOut:
    """Whether we made a QR code, and whether what it states still holds."""
    return _finding(await usecases.proofs.by_code(body.code, address), usecases)


@router.post("/certificates/verifications/file", dependencies=[_FILE_LIMIT, body_limit(_LARGEST_FILE_BYTES)], openapi_extra=_PDF_BODY)
async def verify_file(
    request: Request, address: Address, usecases: UseCasesDep, content_type: Annotated[str, Header(max_length=200)] = ""
) -> FindingOut:
    """Whether a PDF is the certificate we issued, byte by byte, and whether it still holds. Nothing of the file is kept."""
    if content_type.partition(";")[0].strip().lower() != _PDF:
        raise UnsupportedMediaType("Пришлите файл сертификата как application/pdf.")
    content = await _bounded(request, usecases.proofs.file_bytes_max)
    return _finding(await usecases.proofs.by_file(content, address), usecases)


async def _bounded(request: Request, most_bytes: int) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > most_bytes:
            raise too_large(most_bytes)
    return bytes(content)


@pages.get("/verify/{number}", response_class=HTMLResponse)
async def show_certificate(number: CertificateNumber, address: Address, usecases: UseCasesDep) -> HTMLResponse:
    """The page the QR code opens."""
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "X-Content-Type-Options": "nosniff", **_NOW_ONLY}
    try:
        _, verified = await _by_number(number, address, usecases, Way.PAGE)
    except CertificateNotFound as error:
        return HTMLResponse(verification_page("Сертификат не найден", [], error.detail), status_code=404, headers=headers)
    return HTMLResponse(verification_page(*shown_facts(verified, usecases)), headers=headers)


async def _by_number(number: str, address: str | None, usecases: UseCasesDep, way: Way) -> tuple[int, VerifiedCertificateOut]:
    certificate = await usecases.proofs.by_number(number, address, way=way)
    return certificate.version, VerifiedCertificateOut.of(certificate, usecases.rules_now(), usecases.now())


def _finding(found: Finding, usecases: UseCasesDep) -> FindingOut:
    return FindingOut.of(found, usecases.rules_now(), usecases.now())


def shown_facts(verified: VerifiedCertificateOut, usecases: UseCasesDep) -> tuple[str, list[tuple[str, str]], str]:
    """Title, facts and a sentence of a page about a certificate."""
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
