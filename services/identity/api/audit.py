"""Routes of auditors: search and export of the access log."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, StringConstraints

from chassis.auth import Principal, callers
from chassis.guards import time_limit
from chassis.limits import limited
from chassis.paging import Page, PageQuery, encode_cursor
from chassis.tables import csv_portions
from contracts.roles import Role
from services.identity.api.dependencies import OriginDep, UseCasesDep
from services.identity.domain.access_log import Action, Filters, Outcome, SearchReason
from services.identity.schemas.audit import HEADER, AuditedOut, audited_cells
from services.identity.usecases.access_search import Search

router = APIRouter(tags=["Журнал доступа"])
Auditor = Annotated[Principal, callers(Role.AUDITOR, is_recent=True)]
CaseNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,4}-\d{4}-[A-Z0-9-]{1,16}$")]
ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,50}$")]
CONTENT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "Файл"}}


def _search(
    auditor: Auditor,
    origin: OriginDep,
    reason: Annotated[SearchReason, Query(description="Зачем нужен поиск: останется в журнале.")],
    case_number: Annotated[CaseNumber | None, Query(description="Номер обращения или заявления: останется в журнале.")] = None,
    subject_id: Annotated[UUID | None, Query(description="О ком.")] = None,
    actor_id: Annotated[UUID | None, Query(description="Кто.")] = None,
    action: Annotated[Action | None, Query(description="Что сделано.")] = None,
    service: Annotated[ServiceName | None, Query(description="В какой службе.")] = None,
    outcome: Annotated[Outcome | None, Query(description="Разрешено или отказано.")] = None,
    from_at: Annotated[AwareDatetime | None, Query(alias="from", description="Не раньше.")] = None,
    to_at: Annotated[AwareDatetime | None, Query(alias="to", description="Раньше.")] = None,
) -> Search:
    filters = Filters(
        subject_id=subject_id, actor_id=actor_id, action=action, service=service, outcome=outcome, from_at=from_at, to_at=to_at
    )
    return Search(auditor.id, origin, reason, case_number, filters)


SearchDep = Annotated[Search, Depends(_search)]


@router.get("/audit/access-log")
async def search_access_log(search: SearchDep, usecases: UseCasesDep, page: PageQuery) -> Page[AuditedOut]:
    """Rows that fit, the latest first. The search itself is noted about everybody among them."""
    position = page.after(UUID)
    filters = replace(search.filters, before_id=None if position is None else position[0])
    found = await usecases.access_search.page(replace(search, filters=filters), limit=page.limit + 1)
    shown = found[: page.limit]
    next_cursor = encode_cursor(shown[-1][0].entry.id) if len(found) > page.limit else None
    return Page(items=[AuditedOut.of(record, is_intact=is_intact) for record, is_intact in shown], next_cursor=next_cursor)


@router.get(
    "/audit/access-log.csv",
    response_class=StreamingResponse,
    responses=CONTENT,
    dependencies=[limited("audit-export", "10/minute", by="principal"), time_limit(None)],
)
async def export_access_log(search: SearchDep, usecases: UseCasesDep) -> StreamingResponse:
    """All rows that fit as a file, however many. The export is noted about everybody among them."""

    async def portions() -> AsyncIterator[list[tuple[str, ...]]]:
        async for found in usecases.access_search.export(search):
            yield [audited_cells(record, is_intact=is_intact) for record, is_intact in found]

    headers = {"Content-Disposition": 'attachment; filename="access-log.csv"', "Cache-Control": "private, no-store"}
    return StreamingResponse(csv_portions(HEADER, portions()), media_type="text/csv; charset=utf-8", headers=headers)
