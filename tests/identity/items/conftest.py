"""Who walks through the items."""

from collections.abc import AsyncIterator

import pytest

from tests.identity.provider import HostileProvider
from tests.identity.registries import FakeRegistries
from tests.identity.visitor import Visitor
from tests.support import Component, Signer


@pytest.fixture(autouse=True)
async def _as_usual(identity: Component, registries: FakeRegistries, provider: HostileProvider) -> AsyncIterator[None]:
    registries.answers.clear()
    provider.reset()
    identity.clock.reset()
    yield
    registries.answers.clear()
    identity.clock.reset()


@pytest.fixture
async def visitor(identity: Component, signer: Signer) -> Visitor:
    """A practitioner who has just registered and signed in."""
    return await Visitor.registered(identity, signer)
