"""`medkabinet audit`: whether the access log is what was written, and the anchors that show it later."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.output import console, refusals

app = typer.Typer(no_args_is_help=True, help="Журнал доступа.")


@app.command("verify")
def verify(
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Только этот день (UTC).")] = None,
    from_day: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="С этого дня.")] = None,
    to_day: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="По этот день.")] = None,
    anchors: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Якоря, сохранённые раньше (audit anchors).")] = None,
) -> None:
    """Проверить журнал: каждое нарушение называется с его местом; статус 1, если они есть."""
    # identity takes seconds to import; other commands need not wait for it
    from deploy.cli.audit_proof import print_proof  # noqa: PLC0415

    first, last = [None if moment is None else moment.replace(tzinfo=UTC).date() for moment in (day or from_day, day or to_day)]
    with refusals():
        is_whole = asyncio.run(print_proof(first, last, anchors))
    if not is_whole:
        raise typer.Exit(1)


@app.command("anchors")
def print_anchors() -> None:
    """Напечатать якоря, по строке JSON на день; сохраните их там, где журнал не изменить."""
    from deploy.cli.audit_proof import anchor_lines  # noqa: PLC0415

    with refusals():
        for line in asyncio.run(anchor_lines()):
            console.print(line, markup=False, soft_wrap=True)
