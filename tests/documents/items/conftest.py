"""What the items are walked on: the service, its worker as a process of its own, and the scanner; one for all of them.

For the session: tests of other folders come in between, and a package would end with each of them.
"""

from collections.abc import AsyncIterator, Iterator

import psutil
import pytest

from deploy.local.clamd import Clamd
from services.documents.main import create_app
from services.documents.settings import Settings
from tests.documents.corpus.makers import authority
from tests.documents.person import Person
from tests.documents.processes import WORKER, a_clamd, a_process
from tests.support import Component, Infra, Signer, component, service_environment

LIMITS = {"CHECK_CPU_SECONDS": "3", "PDF_PAGES_MAX": "20", "PDF_OBJECTS_MAX": "50000", "IMAGE_PIXELS_MAX": "20000000", "OCR_PAGES_MAX": "1"}
"""Tight, so that what exceeds them is made quickly."""


@pytest.fixture(scope="session")
async def clamd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clamd]:
    """One of their own: no verdict comes while it is frozen."""
    async with a_clamd(tmp_path_factory.mktemp("clamd")) as own:
        yield own


@pytest.fixture(scope="session")
async def service_env(infra: Infra, clamd: Clamd, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, str]]:
    """What both processes read."""
    roots = tmp_path_factory.mktemp("roots")
    (roots / "authority.pem").write_bytes(authority().pem)
    own = {"SIGNATURE_ROOTS": str(roots), "CLAMD_HOST": "127.0.0.1", "CLAMD_PORT": str(clamd.port), **LIMITS}
    async with service_environment(infra, "documents", **{f"DOCUMENTS_{name}": value for name, value in own.items()}) as env:
        yield env


@pytest.fixture(scope="session")
async def service(service_env: dict[str, str]) -> AsyncIterator[Component]:
    """Documents, without its worker."""
    async with component(create_app, Settings, service_env) as running:
        yield running


@pytest.fixture(scope="session")
async def worker(service: Component, service_env: dict[str, str]) -> AsyncIterator[psutil.Process]:
    """The worker of the service."""
    async with a_process(WORKER, service_env) as (process, _):
        yield process


@pytest.fixture(autouse=True)
def _back_to_normal(request: pytest.FixtureRequest) -> Iterator[None]:
    """The next one finds the present time and a scanner that answers."""
    yield
    if "service" in request.fixturenames:
        request.getfixturevalue("clamd").process.thaw()
        request.getfixturevalue("service").clock.reset()


@pytest.fixture
def person(service: Component, worker: psutil.Process, signer: Signer) -> Person:
    """Somebody with an account whose files are checked."""
    return Person(service, signer)
