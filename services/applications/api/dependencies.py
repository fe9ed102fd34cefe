"""What every route asks for."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import Response, StreamingResponse

from chassis.app import provided
from chassis.auth import Authenticator, Principal, callers
from contracts.roles import Role
from services.applications.usecases import UseCases

UseCasesDep = Annotated[UseCases, provided()]
CurrentApplicant = Annotated[Principal, callers(Role.PRACTITIONER)]
RecentApplicant = Annotated[Principal, callers(Role.PRACTITIONER, is_recent=True)]
CurrentReviewer = Annotated[Principal, callers(Role.REVIEWER)]
CurrentRegistrar = Annotated[Principal, callers(Role.REGISTRAR)]
RecentRegistrar = Annotated[Principal, callers(Role.REGISTRAR, is_recent=True)]


def _address(request: Request) -> str | None:
    authenticator: Authenticator = request.app.state.authenticator
    return authenticator.address(request)


Address = Annotated[str | None, Depends(_address)]
"""Where a request comes from."""

_BINARY = {"schema": {"type": "string", "format": "binary"}}
PDF_RESPONSE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": _BINARY}, "description": "PDF"}}
ZIP_RESPONSE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": _BINARY}, "description": "ZIP"}}


def pdf_answer(file_name: str, content: AsyncIterator[bytes], size_bytes: int) -> StreamingResponse:
    """A PDF to keep, under its name."""
    headers = {"Content-Length": str(size_bytes), **_attachment(file_name)}
    return StreamingResponse(content, media_type="application/pdf", headers=headers)


def attached_pdf(file_name: str, content: bytes) -> Response:
    """A PDF made for this answer, under its name."""
    return Response(content, media_type="application/pdf", headers=_attachment(file_name))


def attached_zip(file_name: str, content: AsyncIterator[bytes]) -> StreamingResponse:
    """An archive that is made while it is read, under its name."""
    return StreamingResponse(content, media_type="application/zip", headers=_attachment(file_name))


def _attachment(file_name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_name)}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
