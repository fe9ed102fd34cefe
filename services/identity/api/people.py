"""Routes of accounts: one's own profile, staff, and the administrators' queue of verifications."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response

from chassis.limits import limited
from chassis.paging import Page, PageQuery, encode_cursor
from chassis.preconditions import etag
from services.identity.api.dependencies import Administrator, OriginDep, SignedIn, UseCasesDep
from services.identity.schemas.people import EscalatedOut, ProfileOut, StaffIn, StaffOut

router = APIRouter(tags=["Учётные записи"])


@router.get("/profile")
async def get_profile(caller: SignedIn, usecases: UseCasesDep, response: Response) -> ProfileOut:
    """The caller's own account."""
    person = await usecases.people.get(caller.id)
    response.headers["ETag"] = etag(person.version)
    return ProfileOut.of(person)


@router.post("/staff", status_code=201, dependencies=[limited("staff", "60/minute", by="principal")])
async def add_staff(body: StaffIn, caller: Administrator, origin: OriginDep, usecases: UseCasesDep) -> StaffOut:
    """Make an account for somebody who works here."""
    return StaffOut(staff_id=await usecases.people.add_staff(body.to_draft(), administrator_id=caller.id, origin=origin))


@router.get("/verifications")
async def list_escalated(_caller: Administrator, usecases: UseCasesDep, page: PageQuery) -> Page[EscalatedOut]:
    """Verifications whose registries kept silent, the longest wait first."""
    found = await usecases.verification.queue(limit=page.limit + 1, after=page.after(datetime, UUID))
    waiting = [(person.id, person.verification) for person in found[: page.limit] if person.verification is not None]
    next_cursor = encode_cursor(waiting[-1][1].requested_at, waiting[-1][0]) if len(found) > page.limit else None
    return Page(items=[EscalatedOut.of(person_id, verification) for person_id, verification in waiting], next_cursor=next_cursor)


@router.post("/verifications/{practitioner_id}/requests", status_code=202)
async def renew_verification(practitioner_id: UUID, caller: Administrator, origin: OriginDep, usecases: UseCasesDep) -> EscalatedOut:
    """Ask the silent registries again."""
    renewed = await usecases.verification.renew(practitioner_id, administrator_id=caller.id, origin=origin)
    return EscalatedOut.of(practitioner_id, renewed)
