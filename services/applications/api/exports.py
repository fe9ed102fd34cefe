"""Exports of lists; registered before the routes of one application, whose path they would match."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from chassis.auth import Principal, callers
from chassis.errors import FieldError, Invalid
from chassis.guards import time_limit
from chassis.limits import limited
from contracts.roles import Role
from services.applications.api.dependencies import RecentApplicant, UseCasesDep
from services.applications.domain.errors.exports import NothingChosen
from services.applications.domain.history import Sort
from services.applications.domain.states import Group
from services.applications.usecases.base import Reader
from services.applications.usecases.exports import RegistryWindow

router = APIRouter()
MAX_EXPORTED = 200
RecentRegistrar = Annotated[Principal, callers(Role.REGISTRAR, is_recent=True)]
Day = Annotated[date | None, Query(ge=date(2000, 1, 1), le=date(2200, 1, 1))]
NeededDay = Annotated[date, Query(ge=date(2000, 1, 1), le=date(2200, 1, 1))]
Purpose = Literal["statistics", "inspection", "department-request", "court-request"]


class ExportFormat(StrEnum):
    """Formats of an export."""

    CSV = "csv"
    PDF = "pdf"


_BINARY = {"schema": {"type": "string", "format": "binary"}}
_TABLE = {"schema": {"type": "string"}}
CONTENT: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": _BINARY, "text/csv": _TABLE}, "description": "Файл"}}
CSV_CONTENT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": _TABLE}, "description": "Файл"}}


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


def _headers(file_name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{file_name}"', "Cache-Control": "private, no-store"}


@router.get(
    "/applications/exports",
    response_class=Response,
    responses=CONTENT,
    dependencies=[limited("exports", "30/minute", by="principal"), time_limit(None)],
)
async def export_applications(
    applicant: RecentApplicant,
    usecases: UseCasesDep,
    ids: Annotated[list[str], Query(max_length=MAX_EXPORTED, description="Выбранные заявления: повтором или через запятую.")] = [],  # noqa: B006
    selection: Annotated[Literal["all"] | None, Query(description="Всё, что показывает список с теми же условиями.")] = None,
    status: Group | None = None,
    started_from: Day = None,
    started_to: Day = None,
    sort: Sort = Sort.START_NEWEST,
    format: ExportFormat = ExportFormat.CSV,  # noqa: A002 - the name in the URL
) -> Response:
    """The chosen applications, or the whole list, as a file."""
    if (selection is None) == (not ids):
        wrong = FieldError("#query:ids", "nothing-chosen", "Выберите заявления или укажите selection=all: одно из двух.")
        raise NothingChosen("Назовите заявления для выгрузки или выгрузите весь список: одно из двух.", errors=[wrong])
    exports = usecases.exports
    if selection is None:
        portions = await exports.chosen(applicant.id, _chosen(ids))
    else:
        given = usecases.filter_of(group=status, started_from=started_from, started_to=started_to, sort=sort)
        portions = await exports.whole_list(applicant.id, given)
    headers = _headers(f"accreditations.{format.value}")
    if format is ExportFormat.PDF:
        return Response(await exports.pdf(portions), media_type="application/pdf", headers=headers)
    return StreamingResponse(exports.csv(portions), media_type="text/csv; charset=utf-8", headers=headers)


@router.get(
    "/registry/exports",
    response_class=StreamingResponse,
    responses=CSV_CONTENT,
    dependencies=[limited("registry-exports", "20/hour", by="principal"), time_limit(None)],
)
async def export_registry(
    registrar: RecentRegistrar,
    usecases: UseCasesDep,
    handed_in_from: NeededDay,
    handed_in_to: NeededDay,
    purpose: Annotated[Purpose, Query(description="Для чего нужна выгрузка; записывается.")],
    status: Group | None = None,
    specialty_code: Annotated[str | None, Query(max_length=64)] = None,
) -> StreamingResponse:
    """Everybody's applications handed in on these days, without names."""
    window = RegistryWindow(handed_in_from, handed_in_to, status, specialty_code)
    lines = await usecases.exports.registry_csv(window, Reader(registrar.id, Role.REGISTRAR, registrar.address, purpose))
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=_headers("registry.csv"))
