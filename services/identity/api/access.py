"""Routes of the access log."""

from uuid import UUID

from fastapi import APIRouter

from chassis.paging import Page, PageQuery, encode_cursor
from services.identity.api.dependencies import SignedIn, UseCasesDep
from services.identity.schemas.access import AccessOut

router = APIRouter(tags=["Журнал доступа"])


@router.get("/access-log")
async def list_access(caller: SignedIn, usecases: UseCasesDep, page: PageQuery) -> Page[AccessOut]:
    """What was done with the caller's data, the latest first."""
    position = page.after(UUID)
    found = await usecases.access.page(caller.id, limit=page.limit + 1, before_id=None if position is None else position[0])
    shown = found[: page.limit]
    next_cursor = encode_cursor(shown[-1].entry.id) if len(found) > page.limit else None
    return Page(items=[AccessOut.of(row) for row in shown], next_cursor=next_cursor)
