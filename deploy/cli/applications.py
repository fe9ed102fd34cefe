"""`medkabinet applications`: what would not go on by itself, and the step it lacks taken once more."""

import asyncio
from typing import Annotated

import typer

from deploy.cli.output import console, refusals

app = typer.Typer(no_args_is_help=True, help="Заявления.")


@app.callback()
def applications() -> None:
    """Заявления."""


@app.command("stalled")
def stalled(
    is_now: Annotated[bool, typer.Option("--now", help="Показать и то, что остановилось только что.")] = False,  # noqa: FBT002  # a flag of the command line
) -> None:
    """Показать заявления, которые не пойдут дальше сами; статус 1, если такие есть."""
    # applications takes a second to import; other commands need not wait for it
    from deploy.cli.applications_watch import print_stalled  # noqa: PLC0415

    with refusals():
        count = asyncio.run(print_stalled(is_now=is_now))
    if count:
        raise typer.Exit(1)


@app.command("push")
def push(application_id: Annotated[str, typer.Argument(help="Номер записи заявления из команды stalled.")]) -> None:
    """Сделать недостающий шаг заявления ещё раз; шаг делает работающий сервис."""
    # applications takes a second to import; other commands need not wait for it
    from deploy.cli.applications_watch import push_one  # noqa: PLC0415

    with refusals():
        console.print(asyncio.run(push_one(application_id)), markup=False)
