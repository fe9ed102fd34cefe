"""`python -m deploy.demo`: on the stack that runs, or on one of its own."""

import argparse
import asyncio
import secrets
import shutil
import sys
from pathlib import Path

import httpx
from rich.console import Console

from chassis.clock import SandboxClock
from deploy.demo.application import apply, upload_documents
from deploy.demo.registration import register, sign_in
from deploy.demo.report import Report
from deploy.demo.review import certificate, review
from deploy.demo.stage import Stage, played_by
from deploy.demo.support import ask_for_help
from deploy.demo.time_travel import travel
from deploy.journey.gateway import Caller, Refused
from deploy.journey.outside import Outside
from deploy.journey.people import invent_person
from deploy.journey.practitioner import Practitioner
from deploy.journey.staff import Registrar, Reviewer, SupportAgent
from deploy.journey.waiting import StillWaiting
from deploy.local.development_secrets import load_or_invent
from deploy.local.environments import clock_file, service_environment
from deploy.local.personas import Persona, PersonasFailed, ensure_personas
from deploy.local.process import ProcessFailed
from deploy.local.servers import MissingSystemPackage
from deploy.local.settings import LocalSettings
from deploy.local.stack import CannotStart, Stack

FAILED = (AssertionError, Refused, StillWaiting, PersonasFailed, CannotStart, ProcessFailed, MissingSystemPackage, httpx.HTTPError)


def main() -> None:
    """Walk the journey; status 1 when a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description="Весь путь медработника через шлюз, по шагам.")
    parser.add_argument("--stay-in-time", action="store_true", help="не переводить часы стенда (без главы 8)")
    asked = parser.parse_args()
    console = Console(highlight=False)
    try:
        asyncio.run(demo(console, travels=not asked.stay_in_time))
    except* FAILED as failures:
        for failure in failures.exceptions:
            console.print(f"{type(failure).__name__}: {failure}", style="red", markup=False)
        sys.exit(1)


async def demo(console: Console, *, travels: bool) -> None:
    """On the running stack if its gateway and its services answer, else on a fresh one of its own."""
    settings = LocalSettings()
    folder = settings.data_dir / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    if await is_running(settings):
        console.print(f"Стенд уже работает: {settings.url}")
        personas = await ensure_personas(settings, _environment(settings))
        await play(settings, personas, folder, console, travels=travels)
        if travels:
            console.print("\nЧасы стенда переведены вперёд; вернуть: [bold]medkabinet clock reset[/bold]")
        return
    console.print("Стенд не запущен, поднимаем свой на свободных портах…")
    own = folder / "stack"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    async with Stack(own) as stack:
        console.print(f"Готов: {stack.url}, имитаторы внешнего мира: {stack.simulators_url}")
        personas = await ensure_personas(stack.settings, stack.environments["identity"])
        await play(stack.settings, personas, folder, console, travels=travels)


async def play(settings: LocalSettings, personas: list[Persona], folder: Path, console: Console, *, travels: bool) -> None:
    """All chapters."""
    clock = SandboxClock(clock_file(settings))
    report = Report(console)
    person = invent_person(secrets.token_hex(8), today=clock.now().date())
    url = f"http://127.0.0.1:{settings.gateway_port}"
    async with httpx.AsyncClient(base_url=url, timeout=30) as http, httpx.AsyncClient(base_url=settings.simulators_url) as outside_http:
        outside = Outside(outside_http)
        stage = Stage(
            http=http,
            outside=outside,
            clock=clock,
            folder=folder,
            report=report,
            practitioner=Practitioner.of(person, Caller(http), outside),
            reviewer=played_by(Reviewer, personas, "Эксперт", Caller(http), outside),
            registrar=played_by(Registrar, personas, "Регистратор", Caller(http), outside),
            agent=played_by(SupportAgent, personas, "Сотрудник поддержки", Caller(http), outside),
        )
        console.print(f"Медработник: {person.full_name} (выдуман)")
        for scene in (register, sign_in, upload_documents, apply, review, certificate, ask_for_help):
            await scene(stage)
        if travels:
            await travel(stage)
    report.summary()
    console.print(f"\nСертификат: [bold]{(folder / 'certificate.pdf').resolve()}[/bold]")


async def is_running(settings: LocalSettings) -> bool:
    """Whether the stack of the default settings answers."""
    async with httpx.AsyncClient(timeout=2) as http:
        try:
            gateway = await http.get(f"http://127.0.0.1:{settings.gateway_port}/health")
            identity = await http.get(f"http://127.0.0.1:{settings.identity_port}/health/ready")
        except httpx.TransportError:
            return False
    return gateway.is_success and identity.is_success


def _environment(settings: LocalSettings) -> dict[str, str]:
    return service_environment(settings, load_or_invent(settings.data_dir / "secrets"), "identity")


if __name__ == "__main__":
    main()
