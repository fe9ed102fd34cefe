"""Exports of the history; registered before the routes of one application, whose path they would match."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from chassis.errors import FieldError, Invalid
from chassis.limits import limited
from services.applications.api.dependencies import RecentApplicant, UseCasesDep

router = APIRouter()
MAX_EXPORTED = 200


class ExportFormat(StrEnum):
    """Formats of an export."""

    CSV = "csv"
    PDF = "pdf"


_BINARY = {"schema": {"type": "string", "format": "binary"}}
CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": _BINARY, "text/csv": {"schema": {"type": "string"}}}, "description": "Файл"}
}


def _chosen(ids: list[str]) -> list[UUID]:
    """The ids of the query. Raises `Invalid` for what is none."""
    try:
        found = [UUID(part) for text in ids for part in text.split(",") if part]
    except ValueError:
        wrong = FieldError("#query:ids", "uuid", "Ожидаются идентификаторы заявлений.")
        raise Invalid("Список заявлений записан неверно.", errors=[wrong]) from None
    if not 0 < len(found) <= MAX_EXPORTED:
        wrong = FieldError("#query:ids", "length", f"Выберите от 1 до {MAX_EXPORTED} заявлений.")
        raise Invalid("Выбрано слишком много или слишком мало заявлений.", errors=[wrong])
    return found


@router.get(
    "/applications/exports", response_class=Response, responses=CONTENT, dependencies=[limited("exports", "30/minute", by="principal")]
)
async def export_applications(
    applicant: RecentApplicant,
    usecases: UseCasesDep,
    ids: Annotated[list[str], Query(min_length=1, max_length=MAX_EXPORTED, description="Выбранные заявления: повтором или через запятую.")],
    format: ExportFormat = ExportFormat.CSV,  # noqa: A002 - the name in the URL
) -> Response:
    """The chosen applications as a file."""
    headers = {"Content-Disposition": f'attachment; filename="accreditations.{format.value}"', "Cache-Control": "private, no-store"}
    if format is ExportFormat.PDF:
        return Response(await usecases.export_pdf(applicant.id, _chosen(ids)), media_type="application/pdf", headers=headers)
    lines = await usecases.export_csv(applicant.id, _chosen(ids))
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
