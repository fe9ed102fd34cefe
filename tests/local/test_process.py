"""A child process ends when it should, whatever it does."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local.ports import accepts, free_ports
from deploy.local.process import ChildProcess, ProcessFailed
from deploy.local.supervisor import Supervisor
from tests.support import eventually

LISTEN = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
time.sleep(600)
"""
DEAF = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + LISTEN
WITH_A_CHILD = "import subprocess\nprint(subprocess.Popen(['sleep', '600']).pid, flush=True)\n" + LISTEN


def child_of(tmp_path: Path, code: str, **settings: float) -> ChildProcess:
    (port,) = free_ports(1)

    async def listens() -> bool:
        return accepts(port)

    return ChildProcess("probe", [sys.executable, "-c", code, str(port)], tmp_path / "probe.log", listens, **settings)  # type: ignore[arg-type]


async def test_a_child_is_ready_when_it_answers_and_gone_when_it_was_stopped(tmp_path: Path) -> None:
    child = child_of(tmp_path, LISTEN)
    child.start()
    await child.wait_ready()
    assert child.is_running
    await child.stop()
    assert not child.is_running
    assert child.exit_status == -signal.SIGTERM


async def test_a_child_that_ends_too_early_is_named_with_its_last_words(tmp_path: Path) -> None:
    child = child_of(tmp_path, "raise SystemExit('no such setting')")
    child.start()
    with pytest.raises(ProcessFailed, match=r"probe: процесс завершился с кодом 1.*\nno such setting"):
        await child.wait_ready()


async def test_a_child_that_never_answers_is_named(tmp_path: Path) -> None:
    child = child_of(tmp_path, "import time; time.sleep(600)", start_seconds=0.2)
    child.start()
    try:
        with pytest.raises(ProcessFailed, match="probe: не готов"):
            await child.wait_ready()
    finally:
        await child.kill()


async def test_a_child_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    child = child_of(tmp_path, DEAF, stop_seconds=0.2)
    child.start()
    await child.wait_ready()
    await child.stop()
    assert child.exit_status == -signal.SIGKILL


async def test_a_frozen_child_is_killed(tmp_path: Path) -> None:
    child = child_of(tmp_path, LISTEN, stop_seconds=0.2)
    child.start()
    await child.wait_ready()
    child.freeze()
    await child.stop()
    assert not child.is_running


async def test_children_of_the_child_end_with_it(tmp_path: Path) -> None:
    child = child_of(tmp_path, WITH_A_CHILD)
    child.start()
    await child.wait_ready()
    grandchild = int(child.log_file.read_text().split()[0])
    assert psutil.pid_exists(grandchild)
    await child.stop()
    await eventually(lambda: _is_gone(grandchild))


async def test_a_child_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    script = f"""
import asyncio
from pathlib import Path
from deploy.local.process import ChildProcess
async def ready(): return True
child = ChildProcess("probe", ["sleep", "600"], Path({str(tmp_path)!r}) / "probe.log", ready)
child.start()
print(child.pid, flush=True)
asyncio.run(asyncio.sleep(600))
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:  # noqa: ASYNC220, S603  # our own script
        assert parent.stdout is not None
        grandchild = int(parent.stdout.readline())
        await eventually(lambda: _is_named(grandchild, "sleep"))
        parent.kill()
    await eventually(lambda: _is_gone(grandchild))


async def test_a_restart_gives_a_new_process(tmp_path: Path) -> None:
    child = child_of(tmp_path, LISTEN)
    child.start()
    await child.wait_ready()
    first = child.pid
    await child.restart()
    assert child.pid not in {None, first}
    await child.kill()


async def test_the_supervisor_starts_a_dead_process_again_and_says_so(tmp_path: Path) -> None:
    child = child_of(tmp_path, LISTEN)
    said: list[str] = []
    child.start()
    await child.wait_ready()
    watching = asyncio.create_task(Supervisor([child], said.append).run())
    try:
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        await eventually(lambda: _says(said, "сигнал 9"))
        await eventually(child.is_ready)
    finally:
        watching.cancel()
        await child.kill()


async def _says(said: list[str], words: str) -> bool:
    return any(words in sentence for sentence in said)


async def _is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def _is_named(pid: int, name: str) -> bool:
    return psutil.Process(pid).name() == name
