"""`python -m deploy.demo`: on the stack that runs, or on one of its own."""

import argparse
import asyncio
import secrets
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
from rich.console import Console

from chassis.clock import SandboxClock
from deploy.demo.application import apply, upload_documents
from deploy.demo.registration import register, sign_in
from deploy.demo.report import Report
from deploy.demo.review import certificate, review
from deploy.demo.stacks import Scenery, scenery
from deploy.demo.stage import Stage, staff_played_by
from deploy.demo.support import ask_for_help
from deploy.demo.time_travel import travel
from deploy.journey.gateway import Caller, Refused
from deploy.journey.outside import Outside
from deploy.journey.people import invent_person
from deploy.journey.practitioner import Practitioner
from deploy.journey.staff import Registrar, Reviewer, SupportAgent
from deploy.journey.waiting import StillWaiting
from deploy.local.environments import clock_file
from deploy.local.personas import PersonasFailed
from deploy.local.process import ProcessFailed
from deploy.local.programs import MissingSystemPackage
from deploy.local.settings import LocalSettings
from deploy.local.stack import CannotStart

EXPECTED = (AssertionError, Refused, StillWaiting, PersonasFailed, CannotStart, ProcessFailed, MissingSystemPackage, httpx.HTTPError)
CHAPTERS = (register, sign_in, upload_documents, apply, review, certificate, ask_for_help)
INTERRUPTED = 130


def main() -> None:
    """Walk the journey; status 1 when a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description="Весь путь медработника через шлюз, по шагам.")
    parser.add_argument("--stay-in-time", action="store_true", help="не переводить часы стенда (без главы 8)")
    asked = parser.parse_args()
    console = Console(highlight=False)
    try:
        asyncio.run(demo(console, travels=not asked.stay_in_time))
    except* EXPECTED as failures:
        for failure in failures.exceptions:
            console.print(f"{type(failure).__name__}: {failure}", style="red", markup=False)
        sys.exit(1)
    except* (KeyboardInterrupt, asyncio.CancelledError):
        console.print("Прервано.")
        sys.exit(INTERRUPTED)


async def demo(console: Console, *, travels: bool) -> None:
    """All chapters on a stack that is ready; SIGTERM ends it as orderly as Ctrl-C does."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    settings = LocalSettings()
    folder = settings.data_dir / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    async with scenery(settings, folder, console) as ready:
        await play(ready, folder, console, travels=travels)
        if travels and not ready.is_own:
            console.print("Часы стенда переведены вперёд; вернуть: [bold]medkabinet clock reset[/bold]")
    console.print(f"Сертификат: [bold]{(folder / 'certificate.pdf').resolve()}[/bold]", soft_wrap=True)


async def play(ready: Scenery, folder: Path, console: Console, *, travels: bool) -> None:
    """The chapters, with a practitioner nobody has seen before."""
    report = Report(console)
    async with AsyncExitStack() as closing:
        stage = await _set_stage(ready, folder, report, closing)
        console.print(f"Медработник: {stage.practitioner.person.full_name} (выдуман)")
        for chapter in CHAPTERS:
            await chapter(stage)
        if travels:
            await travel(stage)
    report.summary()


async def _set_stage(ready: Scenery, folder: Path, report: Report, closing: AsyncExitStack) -> Stage:
    settings, personas = ready.settings, ready.personas
    http = await closing.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.gateway_port}", timeout=30))
    outside = Outside(await closing.enter_async_context(httpx.AsyncClient(base_url=settings.simulators_url)))
    clock = SandboxClock(clock_file(settings))
    person = invent_person(secrets.token_hex(8), today=clock.now().date())
    return Stage(
        http=http,
        outside=outside,
        clock=clock,
        folder=folder,
        report=report,
        practitioner=Practitioner.of(person, Caller(http), outside),
        reviewer=staff_played_by(Reviewer, personas, "Эксперт", Caller(http), outside, clock),
        registrar=staff_played_by(Registrar, personas, "Регистратор", Caller(http), outside, clock),
        agent=staff_played_by(SupportAgent, personas, "Сотрудник поддержки", Caller(http), outside, clock),
    )


if __name__ == "__main__":
    main()
