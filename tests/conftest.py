"""Fixtures of all tests: the servers of the run and the signer of tokens."""

import asyncio
import gc
import re
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from xdist.scheduler import LoadScopeScheduling

from tests.support import Infra, Signer
from tests.support.environments import use_signer
from tests.support.infra import running_infra
from tests.support.signer import serving_signer

sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]
"""Not installed; httpcore tries to import it several times a request, and each time all folders are searched."""

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
"""Tests run on the loop that services run on in production. Not by pytest-asyncio's hook: with that, tests that are no coroutines
themselves cannot use fixtures that are."""

gc.set_threshold(50_000, 20, 20)
"""Of what a test makes little is ever garbage in a circle: to look for it at each 700 objects took a third of the collection of tests."""

ONE_PROCESS = ("chaos", "e2e", "openapi")
"""Folders whose tests share something that is slow to start; elsewhere the tests of a file stay together."""
LONG = (*ONE_PROCESS, "identity", "documents")
"""Folders that take longest."""

_DRAWN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def together(test: str) -> str:
    """Which tests stay together when several processes share them: those of one stack or one crowd of processes, else of one file."""
    folder, _, rest = test.partition("::")[0].removeprefix("tests/").partition("/")
    return folder if folder in ONE_PROCESS else f"{folder}/{rest}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest begin, so that no process waits for another at the end; each folder in one piece.

    Files come in an order of chance. Between two of a folder others would end what its tests share, and it would start again.
    """
    drawn = [item.nodeid for item in items if _DRAWN.search(item.nodeid)]
    if drawn:
        raise pytest.UsageError(f"names of tests tell ids drawn by chance, which each process draws anew: {drawn[:3]}")
    folders = [_folders(item.nodeid) for item in items]
    place = {folder: number for number, folder in enumerate(dict.fromkeys((*LONG, *(name for names in folders for name in names))))}
    items.sort(key=lambda item: [place[folder] for folder in _folders(item.nodeid)])


def _folders(test: str) -> list[str]:
    """The folder of a test below `tests` and those it is in, the outermost first."""
    inner = list(Path(test.partition("::")[0]).parents)[:-2]
    return [folder.as_posix().removeprefix("tests/") for folder in reversed(inner)]


def pytest_collection_finish() -> None:
    """What was loaded and collected stays to the end: it is no garbage that each full collection should look through."""
    gc.collect()
    gc.freeze()


class _Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types for its schedulers
    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Together:
    """How several processes share the tests; in the order of the list."""
    config.option.loadscopereorder = False
    return _Together(config, log)


@pytest.fixture(scope="session")
async def infra(signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Infra]:
    """The real servers, see `tests.support.infra`."""
    async with running_infra(tmp_path_factory.mktemp("infra")) as running:
        yield running


@pytest.fixture(scope="session")
def signer() -> Iterator[Signer]:
    """Signs tokens; every environment made in this run trusts it."""
    with serving_signer() as serving, use_signer(serving):
        yield serving


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What tests say of themselves, by `record_property("said", …)`: seeds and counts belong beside the result."""
    for report in (report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)):
        for text in (text for name, text in report.user_properties if name == "said" and report.when == "call"):
            terminalreporter.write_line(str(text))
