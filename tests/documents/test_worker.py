"""The worker as a process of its own: killed in the middle of a check, and missing altogether."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import psutil
import pytest

from contracts.documents import CheckRequested, DocumentAccepted, DocumentDelayed, DocumentReceived
from deploy.local.clamd import Clamd
from services.documents.main import create_app
from services.documents.settings import Settings
from tests.documents import samples
from tests.documents.person import Person
from tests.documents.processes import WORKER, a_clamd, a_process
from tests.support import Component, Infra, Signer, component, eventually, service_environment


@pytest.fixture
async def clamd(tmp_path: Path) -> AsyncIterator[Clamd]:
    """One of its own, to hang it."""
    async with a_clamd(tmp_path) as own:
        yield own


@pytest.fixture
async def env(infra: Infra, clamd: Clamd) -> AsyncIterator[dict[str, str]]:
    async with service_environment(infra, "documents", DOCUMENTS_CLAMD_PORT=str(clamd.port)) as made:
        yield made


@pytest.fixture
async def alone(env: dict[str, str]) -> AsyncIterator[Component]:
    """The service without any worker."""
    async with component(create_app, Settings, env) as running:
        yield running


async def test_a_worker_killed_in_the_middle_of_a_check_leaves_it_to_the_next_and_there_is_one_verdict(
    alone: Component, env: dict[str, str], clamd: Clamd, signer: Signer
) -> None:
    person = Person(alone, signer)
    clamd.process.freeze()
    document_id = (await person.upload(samples.pdf())).json()["document_id"]
    async with a_process(WORKER, env) as (worker, _):
        await eventually(lambda: is_scanning(worker, clamd))
        assert (await person.document(document_id))["state"] == "checking"
        worker.kill()
    clamd.process.thaw()
    async with a_process(WORKER, env) as (_, url):
        told = await alone.tap.next(DocumentAccepted, where=lambda one: str(one.document_id) == document_id, timeout=30)
        assert (told.file_version, told.version) == (1, 2)
        assert (await person.decided(document_id))["state"] == "accepted"
        async with httpx.AsyncClient(base_url=url) as client:
            assert [(await client.get(path)).status_code for path in ("/health/live", "/api/documents/documents")] == [200, 404]
    assert len(alone.tap.all(DocumentAccepted)) == 1


async def test_without_any_worker_a_stuck_check_is_noticed_and_told_all_the_same(
    alone: Component, env: dict[str, str], signer: Signer
) -> None:
    person = Person(alone, signer)
    document_id = (await person.upload(samples.pdf())).json()["document_id"]
    mine = UUID(document_id)
    await alone.tap.next(DocumentReceived, where=lambda one: one.document_id == mine)
    alone.clock.move(timedelta(minutes=5, seconds=1))
    try:
        await alone.tap.next(DocumentDelayed, where=lambda one: one.document_id == mine)
        await alone.tap.next(CheckRequested, where=lambda one: one.document_id == mine)
        assert (await person.document(document_id))["state"] == "delayed"
    finally:
        alone.clock.reset()
    async with a_process(WORKER, env):
        assert (await person.decided(document_id))["state"] == "accepted"


async def is_scanning(worker: psutil.Process, clamd: Clamd) -> bool:
    """Whether the worker has a connection to clamd open."""
    return any(one.raddr and one.raddr.port == clamd.port for one in worker.net_connections("tcp"))
