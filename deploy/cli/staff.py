"""`medkabinet staff`: accounts of those who work here, for whoever runs the system."""

import asyncio
import json
import secrets
import sys
from typing import Annotated
from uuid import UUID

import typer

from contracts.roles import Role
from deploy.cli.output import console, refusals
from deploy.cli.surroundings import Unusable

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
    from_stdin: Annotated[bool, typer.Option("--from-stdin", help="Взять всё из JSON на входе.")] = False,  # noqa: FBT002
) -> None:
    """Добавить сотрудника: первого администратора или, от имени администратора, любого другого.

    Пароль первого администратора придумывается и печатается, если не дан во входном JSON: в командной строке его увидели бы соседи.
    Остальные задают пароль сами, по письму: «Забыли пароль?».
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
    # identity takes seconds to import; other commands need not wait for it
    from deploy.cli.staff_accounts import add_first_administrator, add_staff, checked  # noqa: PLC0415
    from services.identity.schemas.staff import FirstAdministratorIn, StaffIn  # noqa: PLC0415

    with refusals():
        body = json.load(sys.stdin) if from_stdin else typed
        if not isinstance(body, dict):
            raise Unusable("На входе должен быть объект JSON")
        invented = {"password": secrets.token_urlsafe(18)} if administrator is None and "password" not in body else {}
        if administrator is None:
            staff_id = asyncio.run(add_first_administrator(checked(FirstAdministratorIn, body | invented)))
        else:
            staff_id = asyncio.run(add_staff(checked(StaffIn, body), administrator))
        console.print(f"добавлен сотрудник {staff_id}")
        for password in invented.values():
            console.print(f"пароль: {password}", markup=False)
