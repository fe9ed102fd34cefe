"""Routes of accounts of staff, for administrators, and of help for whoever is locked out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from chassis.limits import limited
from chassis.paging import Page, PageQuery, encode_cursor
from chassis.preconditions import IfMatch, etag
from contracts.roles import Role
from services.identity.api.dependencies import Helper, OriginDep, RecentAdministrator, UseCasesDep
from services.identity.domain.people import Person
from services.identity.schemas.staff import StaffIn, StaffMemberOut, StaffOut, StaffPatchIn, StaffRowOut, UnlockIn
from services.identity.usecases.people import Unlocking
from services.identity.usecases.staff import Deed

router = APIRouter(tags=["Сотрудники"])

_LIMIT = limited("staff", "60/minute", by="principal")
RoleQuery = Annotated[Role | None, Query(description="Только с этой ролью.")]
ActiveQuery = Annotated[bool | None, Query(description="Только с открытым или только с закрытым доступом.")]


def _member(person: Person, response: Response) -> StaffMemberOut:
    response.headers["ETag"] = etag(person.version)
    return StaffMemberOut.of(person)


@router.post("/staff", status_code=201, dependencies=[_LIMIT])
async def add_staff(body: StaffIn, caller: RecentAdministrator, origin: OriginDep, usecases: UseCasesDep) -> StaffOut:
    """Make an account for somebody who works here; told by e-mail, they set its password themselves."""
    return StaffOut(staff_id=await usecases.staff.add(body.to_draft(), administrator_id=caller.id, origin=origin))


@router.get("/staff")
async def list_staff(
    caller: RecentAdministrator,
    origin: OriginDep,
    usecases: UseCasesDep,
    page: PageQuery,
    role: RoleQuery = None,
    is_active: ActiveQuery = None,
) -> Page[StaffRowOut]:
    """Those who work here, the newest account first."""
    after = page.after(datetime, UUID)
    shown, has_more = await usecases.staff.page(
        Deed(caller.id, origin), role=role, is_active=is_active, limit=page.limit, after=None if after is None else (after[0], after[1])
    )
    next_cursor = encode_cursor(shown[-1].created_at, shown[-1].id) if has_more else None
    return Page(items=[StaffRowOut.of(person) for person in shown], next_cursor=next_cursor)


@router.get("/staff/{staff_id}")
async def get_staff_member(
    staff_id: UUID, caller: RecentAdministrator, origin: OriginDep, usecases: UseCasesDep, response: Response
) -> StaffMemberOut:
    """One member."""
    return _member(await usecases.staff.get(staff_id, Deed(caller.id, origin)), response)


@router.patch("/staff/{staff_id}", dependencies=[_LIMIT])
async def change_staff_member(
    staff_id: UUID,
    body: StaffPatchIn,
    caller: RecentAdministrator,
    version: IfMatch,
    origin: OriginDep,
    usecases: UseCasesDep,
    response: Response,
) -> StaffMemberOut:
    """Other roles, specialties or workplace; changed roles end the member's sessions."""
    deed = Deed(caller.id, origin)
    return _member(await usecases.staff.change(staff_id, body.to_change(), deed, expected_version=version), response)


@router.post("/staff/{staff_id}/deactivation", dependencies=[_LIMIT])
async def deactivate_staff_member(
    staff_id: UUID, caller: RecentAdministrator, origin: OriginDep, usecases: UseCasesDep, response: Response
) -> StaffMemberOut:
    """Close the member's access: every session ends, nobody signs in with this account."""
    return _member(await usecases.staff.deactivate(staff_id, Deed(caller.id, origin)), response)


@router.post("/staff/{staff_id}/activation", dependencies=[_LIMIT])
async def activate_staff_member(
    staff_id: UUID, caller: RecentAdministrator, origin: OriginDep, usecases: UseCasesDep, response: Response
) -> StaffMemberOut:
    """Open the member's access again."""
    return _member(await usecases.staff.activate(staff_id, Deed(caller.id, origin)), response)


@router.post("/staff/{staff_id}/factor-reset", status_code=204, dependencies=[_LIMIT])
async def reset_factors(staff_id: UUID, caller: RecentAdministrator, origin: OriginDep, usecases: UseCasesDep) -> None:
    """Forget the factors of a member who lost them."""
    await usecases.staff.reset_factors(staff_id, Deed(caller.id, origin))


@router.delete("/people/{person_id}/sessions", status_code=204, dependencies=[limited("unlock", "60/minute", by="principal")])
async def end_sessions_of_person(person_id: UUID, caller: RecentAdministrator, origin: OriginDep, usecases: UseCasesDep) -> None:
    """End every session of a person, whoever it is; the person is told."""
    await usecases.sessions.end_of_person(person_id, administrator_id=caller.id, origin=origin)


@router.post("/people/{person_id}/unlock", status_code=204, dependencies=[limited("unlock", "60/minute", by="principal")])
async def unlock_person(person_id: UUID, body: UnlockIn, caller: Helper, origin: OriginDep, usecases: UseCasesDep) -> None:
    """Forget the failed sign-ins of a person who asked for help; the person is told."""
    role = Role.ADMINISTRATOR if Role.ADMINISTRATOR in caller.roles else Role.SUPPORT_AGENT
    await usecases.people.unlock(person_id, Unlocking(caller.id, role, origin, body.reason, body.ticket_number))


@router.post("/people/{person_id}/reopening", status_code=204, dependencies=[limited("unlock", "60/minute", by="principal")])
async def reopen_account(person_id: UUID, body: UnlockIn, caller: RecentAdministrator, origin: OriginDep, usecases: UseCasesDep) -> None:
    """Let a person sign in again who closed the account and thought better of it; the person is told."""
    await usecases.people.reopen(person_id, Unlocking(caller.id, Role.ADMINISTRATOR, origin, body.reason, body.ticket_number))
