"""The stack the demo plays on: the one that runs here, or a fresh one of its own."""

import asyncio
import fcntl
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from deploy.journey.waiting import StillWaiting, until
from deploy.local.development_secrets import load_or_invent
from deploy.local.environments import service_environment
from deploy.local.personas import Persona, ensure_personas
from deploy.local.settings import MODULES, LocalSettings
from deploy.local.stack import Stack, settings_file

STARTING_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Scenery:
    """A stack that is ready, and its personas."""

    settings: LocalSettings
    personas: list[Persona]
    is_own: bool


@asynccontextmanager
async def scenery(settings: LocalSettings, folder: Path, console: Console) -> AsyncIterator[Scenery]:
    """The running stack of the data folder if it answers, else one of our own below `folder`, stopped at the end."""
    running = await running_stack(settings.data_dir)
    if running is not None:
        console.print(f"Стенд уже работает: {running.url}")
        environment = service_environment(running, load_or_invent(running.data_dir / "secrets"), "identity")
        yield Scenery(running, await ensure_personas(running, environment), is_own=False)
        return
    console.print("Стенд не запущен, поднимаем свой на свободных портах…")
    own = folder / "stack"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    async with Stack(own) as stack:
        console.print(f"Готов: {stack.url}, имитаторы внешнего мира: {stack.simulators_url}")
        yield Scenery(stack.settings, await ensure_personas(stack.settings, stack.environments["identity"]), is_own=True)


async def running_stack(data_dir: Path) -> LocalSettings | None:
    """What the stack of this folder was started with, once it is ready; None when no stack runs here."""
    file = settings_file(data_dir)
    if not (file.exists() and _is_locked(data_dir / "lock")):
        return None
    settings = LocalSettings.model_validate_json(file.read_text())
    ports = (settings.port_of(process) for process in MODULES)
    addresses = [f"http://127.0.0.1:{settings.gateway_port}/health", *(f"http://127.0.0.1:{port}/health/ready" for port in ports)]
    try:
        await until(lambda: _all_answer(addresses), "готовность стенда", timeout_seconds=STARTING_SECONDS, pause_seconds=0.5)
    except StillWaiting:
        return None
    return settings


def _is_locked(lock_file: Path) -> bool:
    if not lock_file.exists():
        return False
    with lock_file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


async def _all_answer(addresses: list[str]) -> bool:
    async with httpx.AsyncClient(timeout=2) as http:
        try:
            answers = await asyncio.gather(*(http.get(address) for address in addresses))
        except httpx.TransportError:
            return False
    return all(answer.is_success for answer in answers)
