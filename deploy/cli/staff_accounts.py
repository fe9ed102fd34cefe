"""Adds staff through identity's own use-cases, in this process, on identity's database."""

from typing import Any
from uuid import UUID

from pydantic import ValidationError

from chassis.settings import load_settings
from contracts.roles import Role
from deploy.cli.surroundings import Unusable, entered, environment_of
from services.identity.main import command_line
from services.identity.schemas.staff import StaffIn
from services.identity.settings import Settings
from services.identity.usecases import UseCases
from services.identity.usecases.access import Origin


async def add_staff(body: StaffIn, administrator_id: UUID | None) -> UUID:
    """The new member's id; without an administrator only the very first account can be made, an administrator's. Raises `Unusable`."""
    with entered(environment_of("identity")):
        settings = load_settings(Settings)
    async with command_line(settings) as usecases:
        if administrator_id is None:
            return await usecases.staff.add_first_administrator(_first(body).to_draft())
        await _require_administrator(usecases, administrator_id)
        return await usecases.staff.add(body.to_draft(), administrator_id=administrator_id, origin=Origin())


async def _require_administrator(usecases: UseCases, person_id: UUID) -> None:
    person = await usecases.people.get(person_id)
    if not person.administers:
        raise Unusable(f"{person_id} не администратор, или доступ закрыт")


def _first(body: StaffIn) -> StaffIn:
    if Role.ADMINISTRATOR not in body.roles:
        raise Unusable("Первым добавляют администратора; для остальных укажите, кто добавляет: --administrator <id>")
    return body


def checked(body: dict[str, Any]) -> StaffIn:
    """The values; wrong ones are named, never quoted."""
    try:
        return StaffIn.model_validate(body)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors(include_input=False)]
        raise Unusable("\n".join(wrong)) from None
