"""HTTP routes of documents."""

from collections.abc import AsyncIterator
from email.errors import MessageError
from email.message import Message
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from chassis.app import provided
from chassis.auth import Principal, anyone, callers
from chassis.guards import body_limit, time_limit
from chassis.limits import limited
from chassis.paging import Page, PageQuery
from chassis.preconditions import IfMatch, etag
from contracts.documents import DocumentType
from contracts.roles import Role, Scope
from services.documents.domain.documents import Document, clean_file_name
from services.documents.domain.errors import TypeNotForRegistration, UploadInterrupted
from services.documents.domain.holds import Reader
from services.documents.domain.rules import ALL_TYPES, MAX_BYTES, REGISTRATION_TYPES, RULES, MediaType
from services.documents.schemas import DocumentDetailOut, DocumentOut, LinkIn, LinkOut, TypeOut, TypesOut
from services.documents.usecases import UseCases
from services.documents.usecases.access import DocumentView
from services.documents.usecases.uploads import Announced

router = APIRouter()
UseCasesDep = Annotated[UseCases, provided()]
Owner = Annotated[Principal, callers(Role.PRACTITIONER, Scope.REGISTRATION)]
MayRead = Annotated[Principal, callers(Role.PRACTITIONER, Role.REVIEWER, Role.REGISTRAR, Scope.REGISTRATION)]
MayDownload = Annotated[Principal, callers(Role.PRACTITIONER, Role.REVIEWER, Role.REGISTRAR)]

_LIMITS_NAMED_BY_RULE = 1 << 50
_LONGEST_LENGTH = 15
_HEADERS: dict[str, Any] = {
    "parameters": [
        {
            "name": "Content-Disposition",
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
            "example": "attachment; filename*=UTF-8''diploma.pdf",
            "description": "Имя файла (RFC 6266).",
        }
    ],
    "requestBody": {
        "required": True,
        "description": "Сам файл, без обёртки. Content-Length обязателен; форматы и размеры - GET /types.",
        "content": {
            media_type.value: {"schema": {"type": "string", "format": "binary", "maxLength": MAX_BYTES}} for media_type in MediaType
        },
    },
    "responses": {
        "411": {
            "description": "Нет Content-Length",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
        "415": {
            "description": "Формат не принимается",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    },
}
_UPLOAD = [body_limit(_LIMITS_NAMED_BY_RULE), time_limit(None), limited("upload", "120/minute", by="principal")]


@router.get("/types", dependencies=[anyone()])
async def list_types() -> TypesOut:
    """Formats and sizes of every type of document."""
    return TypesOut(items=[TypeOut.of(rule) for rule in RULES.values()])


@router.post("/types/{document_type}/files", status_code=202, dependencies=_UPLOAD, openapi_extra=_HEADERS)
async def add_document(
    document_type: DocumentType, request: Request, response: Response, owner: Owner, usecases: UseCasesDep
) -> DocumentDetailOut:
    """Upload the first file of a new document. The check follows; its verdict is told by event and notice.

    With the limited token of a registration: the scans of passport and SNILS only.
    """
    if document_type not in _types(owner):
        raise TypeNotForRegistration.of()
    document = await usecases.uploads.add(document_type, _announced(request), _chunks(request), owner_id=owner.id, types=_types(owner))
    return _received(document, response)


@router.put("/documents/{document_id}/file", status_code=202, dependencies=_UPLOAD, openapi_extra=_HEADERS)
async def replace_file(
    document_id: UUID, request: Request, response: Response, owner: Owner, expected_version: IfMatch, usecases: UseCasesDep
) -> DocumentDetailOut:
    """Upload another file of a document; earlier ones stay. Refused while an application holds the document."""
    document = await usecases.uploads.replace(
        document_id,
        _announced(request),
        _chunks(request),
        owner_id=owner.id,
        types=_types(owner),
        expected_version=expected_version,
    )
    return _received(document, response)


@router.get("/documents")
async def list_documents(
    page: PageQuery, owner: Owner, usecases: UseCasesDep, document_type: DocumentType | None = None
) -> Page[DocumentOut]:
    """The caller's documents, newest first."""
    wanted = ALL_TYPES if document_type is None else {document_type}
    views, next_cursor = await usecases.access.list_own(owner.id, types=_types(owner) & wanted, page=page)
    return Page(items=[DocumentOut.of(view) for view in views], next_cursor=next_cursor)


@router.get("/documents/{document_id}")
async def read_document(document_id: UUID, response: Response, caller: MayRead, usecases: UseCasesDep) -> DocumentDetailOut:
    """One's own document, or one of an application that is in the caller's hands."""
    view = await usecases.access.read(document_id, _reader(caller))
    response.headers["ETag"] = etag(view.document.version)
    return DocumentDetailOut.of(view)


@router.post("/documents/{document_id}/links", status_code=201)
async def make_link(document_id: UUID, caller: MayDownload, usecases: UseCasesDep, wanted: LinkIn | None = None) -> LinkOut:
    """A short-lived link that downloads an accepted file, the PDF of a scan or the picture of a page."""
    return LinkOut.of(await usecases.access.link(document_id, (wanted or LinkIn()).wanted(), _reader(caller)))


def _received(document: Document, response: Response) -> DocumentDetailOut:
    response.headers["ETag"] = etag(document.version)
    response.headers["Location"] = f"/api/documents/documents/{document.id}"
    return DocumentDetailOut.of(DocumentView(document))


def _reader(caller: Principal) -> Reader:
    return Reader(caller.id, caller.roles, caller.address, _types(caller))


def _types(caller: Principal) -> frozenset[DocumentType]:
    """Which of their own documents somebody may touch."""
    return REGISTRATION_TYPES if caller.scope is Scope.REGISTRATION else ALL_TYPES


def _announced(request: Request) -> Announced:
    length = request.headers.get("content-length", "")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Announced(
        file_name=clean_file_name(_file_name(request.headers.get("content-disposition"))),
        media_type=media_type or None,
        size_bytes=int(length) if length.isascii() and length.isdecimal() and len(length) <= _LONGEST_LENGTH else None,
    )


def _file_name(disposition: str | None) -> str | None:
    """The name of a Content-Disposition header (RFC 6266); None when there is none to be read."""
    message = Message()
    try:
        message["Content-Disposition"] = disposition or ""
        return message.get_filename()
    except (MessageError, ValueError, LookupError, TypeError):
        return None


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except ClientDisconnect:
        raise UploadInterrupted.of() from None
