"""Routes of the administrators' queue of verifications."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter

from chassis.limits import limited
from chassis.paging import Page, PageQuery, encode_cursor
from services.identity.api.dependencies import Administrator, OriginDep, RecentAdministrator, UseCasesDep
from services.identity.schemas.people import DecisionIn, EscalatedOut

router = APIRouter(tags=["Учётные записи"])


@router.get("/verifications")
async def list_escalated(_caller: Administrator, usecases: UseCasesDep, page: PageQuery) -> Page[EscalatedOut]:
    """Verifications whose registries kept silent, the longest wait first."""
    found = await usecases.verification.queue(limit=page.limit + 1, after=page.after(datetime, UUID))
    waiting = [(person.id, person.verification) for person in found[: page.limit] if person.verification is not None]
    next_cursor = encode_cursor(waiting[-1][1].requested_at, waiting[-1][0]) if len(found) > page.limit else None
    return Page(items=[EscalatedOut.of(person_id, verification) for person_id, verification in waiting], next_cursor=next_cursor)


@router.post(
    "/verifications/{practitioner_id}/requests",
    status_code=202,
    dependencies=[limited("verification-request", "60/minute", by="principal")],
)
async def renew_verification(practitioner_id: UUID, caller: RecentAdministrator, origin: OriginDep, usecases: UseCasesDep) -> EscalatedOut:
    """Ask the silent registries again."""
    renewed = await usecases.verification.renew(practitioner_id, administrator_id=caller.id, origin=origin)
    return EscalatedOut.of(practitioner_id, renewed)


@router.post("/verifications/{practitioner_id}/decision", dependencies=[limited("verification-decision", "60/minute", by="principal")])
async def decide_verification(
    practitioner_id: UUID, body: DecisionIn, caller: RecentAdministrator, origin: OriginDep, usecases: UseCasesDep
) -> EscalatedOut:
    """Decide for the silent registries by hand; the person is told as if the registries had answered."""
    decided = await usecases.verification.decide(practitioner_id, body.fields, body.reason, administrator_id=caller.id, origin=origin)
    return EscalatedOut.of(practitioner_id, decided)
