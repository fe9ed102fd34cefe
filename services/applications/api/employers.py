"""Employers: made by administrators, asking with a key of their own, told what holders agree to. Fixed words stand before ids."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import StreamingResponse

from chassis.auth import Principal, anyone, callers
from chassis.errors import UnsupportedMediaType
from chassis.guards import body_limit
from chassis.limits import limited
from chassis.paging import Page, PageQuery
from chassis.tables import csv_portions
from contracts.roles import Role
from services.applications.api.dependencies import Address, CurrentApplicant, UseCasesDep
from services.applications.domain.employers import Employer
from services.applications.domain.errors.employer import EmployerKeyRefused
from services.applications.schemas.employers import (
    CHECK_HEADER,
    ChangeOut,
    ChangesOut,
    ConsentOut,
    EmployerIn,
    EmployerOut,
    NewEmployerOut,
    SubscriptionIn,
    SubscriptionOut,
    check_cells,
)

_CSV = "text/csv"
_LARGEST_TABLE_BYTES = 1_048_576
_CSV_BODY = {"requestBody": {"required": True, "content": {_CSV: {"schema": {"type": "string", "format": "binary"}}}}}
_CSV_RESPONSE: dict[int | str, dict[str, Any]] = {200: {"content": {_CSV: {"schema": {"type": "string"}}}, "description": "CSV"}}
_PUBLIC = [anyone(), limited("employers", "120/minute")]

router = APIRouter(prefix="/employers")
RecentAdministrator = Annotated[Principal, callers(Role.ADMINISTRATOR, is_recent=True)]


async def _employer(usecases: UseCasesDep, employer_key: Annotated[str, Header(max_length=200)] = "") -> Employer:
    if not employer_key:
        raise EmployerKeyRefused("Назовите ключ работодателя в заголовке Employer-Key.")
    return await usecases.employing.employer_of(employer_key)


CurrentEmployer = Annotated[Employer, Depends(_employer)]


@router.post("", status_code=201)
async def add_employer(body: EmployerIn, administrator: RecentAdministrator, usecases: UseCasesDep, response: Response) -> NewEmployerOut:
    """A new employer; its key is told once."""
    employer, key = await usecases.employing.add_employer(body.wanted(), administrator.id)
    response.headers["Cache-Control"] = "private, no-store"
    return NewEmployerOut(key=key, employer=EmployerOut.of(employer))


@router.get("")
async def list_employers(administrator: RecentAdministrator, usecases: UseCasesDep, page: PageQuery) -> Page[EmployerOut]:  # noqa: ARG001 - the marker
    """All of them, the newest first."""
    found, following = await usecases.employing.list_employers(page)
    return Page[EmployerOut](items=[EmployerOut.of(one) for one in found], next_cursor=following)


@router.post("/checks", response_class=StreamingResponse, responses=_CSV_RESPONSE, openapi_extra=_CSV_BODY,
             dependencies=[anyone(), limited("employer-checks", "30/hour"), body_limit(_LARGEST_TABLE_BYTES)])  # fmt: skip
async def check_table(
    request: Request, employer: CurrentEmployer, address: Address, usecases: UseCasesDep,
    content_type: Annotated[str, Header(max_length=200)] = "",
) -> StreamingResponse:  # fmt: skip
    """Many certificates at once: `number;surname;purpose`. Every row is checked or none; each is a verification its holder sees."""
    if content_type.partition(";")[0].strip().lower() != _CSV:
        raise UnsupportedMediaType("Пришлите таблицу как text/csv.")
    lines = usecases.employing.read_table(await request.body())
    rules = usecases.rules_now()

    async def portions() -> AsyncIterator[list[list[str]]]:
        async for portion in usecases.employing.check(employer, lines, address):
            yield [check_cells(checked, rules) for checked in portion]

    headers = {"Cache-Control": "private, no-store", "Content-Disposition": 'attachment; filename="checks.csv"'}
    return StreamingResponse(csv_portions(CHECK_HEADER, portions()), media_type=f"{_CSV}; charset=utf-8", headers=headers)


@router.post("/subscriptions", status_code=201, dependencies=[anyone(), limited("employer-subscriptions", "60/hour")])
async def subscribe(body: SubscriptionIn, employer: CurrentEmployer, usecases: UseCasesDep) -> SubscriptionOut:
    """Ask a holder to be told of changes; nothing is told before the holder agrees."""
    asked = await usecases.employing.subscribe(employer, body.certificate_number, body.purpose)
    return SubscriptionOut.of(asked, None, usecases.now())


@router.get("/subscriptions", dependencies=_PUBLIC)
async def list_subscriptions(employer: CurrentEmployer, usecases: UseCasesDep, page: PageQuery) -> Page[SubscriptionOut]:
    """What the employer asked, the newest first."""
    found, following = await usecases.employing.list_subscriptions(employer, page)
    now = usecases.now()
    return Page[SubscriptionOut](items=[SubscriptionOut.of(one, known, now) for one, known in found], next_cursor=following)


@router.get("/changes", dependencies=_PUBLIC)
async def list_changes(employer: CurrentEmployer, usecases: UseCasesDep, page: PageQuery) -> ChangesOut:
    """What became of certificates whose holders agree, since the cursor."""
    rows, cursor = await usecases.employing.list_changes(employer, page)
    return ChangesOut(items=[ChangeOut.of(row) for row in rows], cursor=cursor)


@router.get("/consents")
async def list_consents(holder: CurrentApplicant, usecases: UseCasesDep, page: PageQuery) -> Page[ConsentOut]:
    """What employers asked about one's own certificates, the newest first."""
    found, employers, following = await usecases.employing.list_consents(holder.id, page)
    rules = usecases.rules_now()
    return Page[ConsentOut](items=[ConsentOut.of(one, employers.get(one.employer_id), rules) for one in found], next_cursor=following)


@router.put("/consents/{subscription_id}", status_code=204)
async def consent(subscription_id: UUID, holder: CurrentApplicant, usecases: UseCasesDep) -> None:
    """Agree that the employer is told."""
    await usecases.employing.consent(subscription_id, holder.id)


@router.delete("/consents/{subscription_id}", status_code=204)
async def withdraw_consent(subscription_id: UUID, holder: CurrentApplicant, usecases: UseCasesDep) -> None:
    """Refuse, or take the consent back: the employer is told nothing from now on."""
    await usecases.employing.withdraw_consent(subscription_id, holder.id)


@router.delete("/{employer_id}", status_code=204)
async def end_employer(employer_id: UUID, administrator: RecentAdministrator, usecases: UseCasesDep) -> None:  # noqa: ARG001 - the marker
    """Its key opens nothing from now on."""
    await usecases.employing.end_employer(employer_id)
