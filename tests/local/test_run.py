"""`make run` as its user meets it: start, personas, Ctrl-C, start again."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from deploy.local.personas import Persona, ensure_personas, personas_file
from deploy.local.settings import SERVICES, LocalSettings
from deploy.local.stack import Stack
from tests.support import eventually

READY = "Ctrl-C останавливает всё"


@asynccontextmanager
async def running(settings: LocalSettings, said: Path) -> AsyncIterator[subprocess.Popen[bytes]]:
    environment = {f"LOCAL_{name.upper()}": str(value) for name, value in settings.model_dump(exclude_none=True).items()}
    with (
        said.open("wb") as output,
        subprocess.Popen(  # noqa: ASYNC220  # our own program
            [sys.executable, "-m", "deploy.local", "run"], env={"PATH": "/usr/bin:/bin", **environment}, stdout=output, stderr=output
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


async def has_said(said: Path, process: subprocess.Popen[bytes]) -> bool:
    words = said.read_text()  # noqa: ASYNC240  # a small file, twice a second
    assert process.poll() is None, words
    return READY in words


def processes_of(folder: Path) -> list[str]:
    """Command lines of everything that was started for the folder, whoever its parent is now."""
    found = []
    for process in psutil.process_iter():
        try:
            surroundings = [*process.cmdline(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if any(str(folder) in word for word in surroundings):
            found.append(" ".join(process.cmdline()))
    return found


@pytest.mark.timeout(240)
async def test_the_stack_starts_ends_without_a_trace_and_starts_again(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    settings = LocalSettings.on_free_ports(folder)
    said = tmp_path / "said.txt"
    async with running(settings, said) as process:
        await eventually(lambda: has_said(said, process), timeout=150, interval=0.2)
        personas = json.loads(personas_file(folder).read_text())
        assert all(persona["password"] in said.read_text() for persona in personas)
        assert len(personas) == 11
        process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(process.wait, 60) == 0
    assert processes_of(folder) == []

    # What was kept is enough for a second start; what needs nothing of it is left out, it takes longest.
    stack = Stack(folder, settings)
    left_out = {"simulators", *SERVICES} - {"identity"}
    stack.processes = {name: process for name, process in stack.processes.items() if name not in left_out}
    async with stack:
        assert await ensure_personas(settings, stack.environments["identity"]) == [Persona(**fields) for fields in personas]
        async with httpx.AsyncClient() as client:
            body = {"identifier": personas[0]["identifier"], "password": personas[0]["password"]}
            answer = await client.post(f"{stack.url}/api/identity/sign-ins", json=body)
        assert answer.status_code == httpx.codes.CREATED, answer.text
    assert processes_of(folder) == []
