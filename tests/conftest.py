"""Fixtures of all tests: the servers of the run and the signer of tokens."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support import Infra, Signer
from tests.support.environments import use_signer
from tests.support.infra import running_infra
from tests.support.signer import serving_signer

ONE_PROCESS = ("chaos", "e2e", "openapi")
"""Folders whose tests share something that is slow to start; elsewhere the tests of a file stay together."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Which tests stay together when several processes share them: those of one stack or one crowd of processes, else of one file."""
    item.add_marker(pytest.mark.xdist_group(_together(item)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest begin, so that no process waits for another at the end."""
    items.sort(key=lambda item: _together(item) not in ONE_PROCESS)


def _together(item: pytest.Item) -> str:
    place = item.path.relative_to(Path(__file__).parent)
    return place.parts[0] if place.parts[0] in ONE_PROCESS else str(place)


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
