"""Figures, for those who run the service."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from chassis.auth import Principal, callers
from chassis.limits import limited
from chassis.tables import csv_lines
from contracts.roles import Role
from services.applications.api.dependencies import UseCasesDep
from services.applications.schemas.figures import HEADER, FiguresOut

router = APIRouter(prefix="/figures", dependencies=[limited("figures", "20/minute", by="principal")])
Reader = Annotated[Principal, callers(Role.REGISTRAR, Role.ADMINISTRATOR)]
_EARLIEST, _LATEST = date(2000, 1, 1), date(2200, 1, 1)
First = Annotated[
    date | None, Query(alias="from", ge=_EARLIEST, le=_LATEST, description="Первое число месяца; без него прошлый месяц и последний.")
]
Last = Annotated[
    date | None, Query(alias="to", ge=_EARLIEST, le=_LATEST, description="Последнее число месяца; без него конец этого месяца.")
]
Specialty = Annotated[str | None, Query(max_length=20, description="Код специальности; без него все.")]
_CSV = {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "Таблица"}


@router.get("")
async def figures(reader: Reader, usecases: UseCasesDep, first: First = None, last: Last = None, specialty: Specialty = None) -> FiguresOut:  # noqa: ARG001 - the marker
    """How applications go; what concerns fewer than five people is not told, and counts are rounded to five."""
    return FiguresOut.of(await usecases.figures.tell(first, last, specialty))


@router.get("/exports", response_class=Response, responses={200: _CSV})
async def export_figures(
    reader: Reader,  # noqa: ARG001 - the marker
    usecases: UseCasesDep,
    first: First = None,
    last: Last = None,
    specialty: Specialty = None,
) -> Response:
    """The same figures as CSV."""
    told = FiguresOut.of(await usecases.figures.tell(first, last, specialty))
    headers = {"Content-Disposition": 'attachment; filename="figures.csv"', "Cache-Control": "private, no-store"}
    return StreamingResponse(csv_lines(HEADER, told.lines()), media_type="text/csv; charset=utf-8", headers=headers)
