"""Fixtures of all tests: the servers of the run and the signer of tokens."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support import Infra, Signer
from tests.support.environments import use_signer
from tests.support.infra import running_infra
from tests.support.signer import serving_signer


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
