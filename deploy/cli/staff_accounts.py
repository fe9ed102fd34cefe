"""Adds staff through identity's own use-cases, in this process, on identity's database."""

from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError

from chassis.settings import load_settings
from contracts.roles import Role
from deploy.cli.surroundings import Unusable, entered, environment_of
from services.identity.main import command_line
from services.identity.schemas.staff import FirstAdministratorIn, StaffIn
from services.identity.settings import Settings
from services.identity.usecases import UseCases
from services.identity.usecases.access import Origin

AnyStaffIn = TypeVar("AnyStaffIn", bound=StaffIn)


async def add_first_administrator(body: FirstAdministratorIn) -> UUID:
    """The administrator's id, the very first account. Raises `Unusable`."""
    if Role.ADMINISTRATOR not in body.roles:
        raise Unusable("Первым добавляют администратора; для остальных укажите, кто добавляет: --administrator <id>")
    async with command_line(_settings()) as usecases:
        return await usecases.staff.add_first_administrator(body.to_draft(), body.password.get_secret_value())


async def add_staff(body: StaffIn, administrator_id: UUID) -> UUID:
    """The new member's id; the member is told by e-mail to set a password. Raises `Unusable`."""
    async with command_line(_settings()) as usecases:
        await _require_administrator(usecases, administrator_id)
        return await usecases.staff.add(body.to_draft(), administrator_id=administrator_id, origin=Origin())


async def _require_administrator(usecases: UseCases, person_id: UUID) -> None:
    person = await usecases.people.get(person_id)
    if not person.administers:
        raise Unusable(f"{person_id} не администратор, или доступ закрыт")


def _settings() -> Settings:
    with entered(environment_of("identity")):
        return load_settings(Settings)


def checked(model: type[AnyStaffIn], body: dict[str, Any]) -> AnyStaffIn:
    """The values; wrong ones are named, never quoted."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors(include_input=False)]
        raise Unusable("\n".join(wrong)) from None
