"""`medkabinet staff`: accounts of those who work here, for whoever runs the system."""

import asyncio
import json
import secrets
import sys
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import ValidationError

from chassis.settings import load_settings
from contracts.roles import Role
from deploy.cli.output import console, refusals
from deploy.cli.surroundings import Unusable, entered, environment_of
from services.identity.main import command_line
from services.identity.schemas.people import StaffIn
from services.identity.settings import Settings
from services.identity.usecases import UseCases
from services.identity.usecases.access import Origin

app = typer.Typer(no_args_is_help=True, help="Сотрудники.")


@app.callback()
def staff() -> None:
    """Сотрудники."""


@app.command("add")
def add(
    surname: Annotated[str, typer.Option(help="Фамилия.")] = "",
    given_name: Annotated[str, typer.Option(help="Имя.")] = "",
    patronymic: Annotated[str, typer.Option(help="Отчество.")] = "",
    email: Annotated[str, typer.Option(help="Почта; она же логин.")] = "",
    phone: Annotated[str, typer.Option(help="Телефон для кодов, +7…")] = "",
    role: Annotated[list[Role] | None, typer.Option(help="Роль; можно несколько.")] = None,
    specialty: Annotated[list[str] | None, typer.Option(help="Код специальности эксперта; можно несколько.")] = None,
    workplace_ogrn: Annotated[str, typer.Option(help="ОГРН места работы.")] = "",
    administrator: Annotated[UUID | None, typer.Option(help="Кто добавляет; не нужен только для первого администратора.")] = None,
    from_stdin: Annotated[bool, typer.Option("--from-stdin", help="Взять всё, включая пароль, из JSON на входе.")] = False,  # noqa: FBT002
) -> None:
    """Добавить сотрудника: первого администратора или, от имени администратора, любого другого.

    Пароль придумывается и печатается, если не дан во входном JSON: в командной строке его увидели бы соседи.
    """
    typed = {
        "surname": surname,
        "given_name": given_name,
        "patronymic": patronymic or None,
        "email": email,
        "phone": phone,
        "roles": role or [],
        "specialty_codes": specialty or [],
        "workplace_ogrn": workplace_ogrn or None,
    }
    with refusals():
        body = json.load(sys.stdin) if from_stdin else typed
        if not isinstance(body, dict):
            raise Unusable("the input must be a JSON object")
        invented = {} if "password" in body else {"password": secrets.token_urlsafe(18)}
        staff_id = asyncio.run(_add(_checked(body | invented), administrator))
        console.print(f"добавлен сотрудник {staff_id}")
        for password in invented.values():
            console.print(f"пароль: {password}", markup=False)


async def _add(body: StaffIn, administrator_id: UUID | None) -> UUID:
    with entered(environment_of("identity")):
        settings = load_settings(Settings)
    async with command_line(settings) as usecases:
        if administrator_id is None:
            return await usecases.people.add_first_administrator(_first(body).to_draft())
        await _require_administrator(usecases, administrator_id)
        return await usecases.people.add_staff(body.to_draft(), administrator_id=administrator_id, origin=Origin())


async def _require_administrator(usecases: UseCases, person_id: UUID) -> None:
    person = await usecases.people.get(person_id)
    if Role.ADMINISTRATOR not in person.roles:
        raise Unusable(f"{person_id} is no administrator")


def _first(body: StaffIn) -> StaffIn:
    if Role.ADMINISTRATOR not in body.roles:
        raise Unusable("the first account must be an administrator's; for anybody else name who adds them: --administrator <id>")
    return body


def _checked(body: dict[str, Any]) -> StaffIn:
    """The values; wrong ones are named, never quoted."""
    try:
        return StaffIn.model_validate(body)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors(include_input=False)]
        raise Unusable("\n".join(wrong)) from None
