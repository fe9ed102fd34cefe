"""`make run`: start the stack, make the personas once, print where everything is, keep it running until told to stop."""

import asyncio
import signal
import time

from rich.console import Console

from deploy.local.console import LogFollower
from deploy.local.personas import Persona, PersonasFailed, ensure_personas
from deploy.local.process import ProcessFailed
from deploy.local.programs import MissingSystemPackage
from deploy.local.settings import LocalSettings
from deploy.local.stack import CannotStart, Stack
from deploy.local.supervisor import Supervisor
from deploy.local.welcome import print_addresses, print_personas

EXPECTED = (CannotStart, ProcessFailed, MissingSystemPackage, PersonasFailed)


async def run(settings: LocalSettings) -> int:
    """Run until SIGINT or SIGTERM; the second signal ends everything at once. Returns the exit status."""
    console = Console()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    stack = Stack(settings.data_dir, settings)
    stopping = asyncio.Event()
    _on_signals(stack, stopping)
    follower = asyncio.create_task(LogFollower(console, stack.processes.values()).run())
    work = asyncio.create_task(_serve(stack, console))
    told = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            console.print("\nОстанавливаем…")
    finally:
        is_failure = work.done()
        work.cancel()
        told.cancel()
        await asyncio.gather(work, told, return_exceptions=True)
        await stack.stop()
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
    return _explain(work, console) if is_failure else 0


async def _serve(stack: Stack, console: Console) -> None:
    began = time.monotonic()
    await stack.start()
    ready = time.monotonic() - began
    watching = asyncio.create_task(Supervisor(stack.processes.values(), console.print).run())
    try:
        personas = await ensure_personas(stack.settings, stack.environments["identity"])
        _print_welcome(stack, personas, ready, console)
        await watching
    finally:
        watching.cancel()


def _explain(work: asyncio.Task[None], console: Console) -> int:
    """What went wrong, in words; anything unexpected is raised."""
    error = work.exception()
    causes = error.exceptions if isinstance(error, BaseExceptionGroup) else [error]
    if not all(isinstance(cause, EXPECTED) for cause in causes):
        work.result()
    for cause in causes:
        console.print(str(cause), style="red", markup=False, highlight=False, soft_wrap=True)
    return 1


def _on_signals(stack: Stack, stopping: asyncio.Event) -> None:
    def stop() -> None:
        if stopping.is_set():
            stack.kill()
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)


def _print_welcome(stack: Stack, personas: list[Persona], ready_seconds: float, console: Console) -> None:
    console.print()
    print_personas(personas, console)
    console.print()
    print_addresses(stack.settings.url, stack.simulators_url, console)
    console.print(f"Журналы:    {stack.logs}", highlight=False)
    console.print(f"Готово за {ready_seconds:.1f} с. Ctrl-C останавливает всё; данные остаются.", highlight=False)
