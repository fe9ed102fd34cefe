"""`medkabinet clock`: the time of the whole development system."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from chassis.clock import SandboxClock
from deploy.cli.durations import parse_duration
from deploy.cli.output import console, refusals
from deploy.cli.surroundings import sandbox_clock_file

app = typer.Typer(no_args_is_help=True, help="Часы всей системы (только для разработки).")


@app.command("show")
def show() -> None:
    """Показать время системы и сдвиг."""
    with refusals():
        _tell(SandboxClock(sandbox_clock_file()))


@app.command("move", context_settings={"ignore_unknown_options": True})
def move(duration: Annotated[str, typer.Argument(help="Насколько: 2d, 36h, 1d12h, -90m.")]) -> None:
    """Сдвинуть часы всех сервисов сразу."""
    with refusals():
        clock = SandboxClock(sandbox_clock_file())
        clock.move(parse_duration(duration))
        _tell(clock)


@app.command("reset")
def reset() -> None:
    """Вернуть настоящее время."""
    with refusals():
        clock = SandboxClock(sandbox_clock_file())
        clock.reset()
        _tell(clock)


def _tell(clock: SandboxClock) -> None:
    console.print(f"Время системы: {clock.now():%Y-%m-%d %H:%M:%S} UTC, сдвиг {clock.offset}")
    console.print(f"Время машины:  {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
