"""The sealer in the background: it says when rows wait too long, and being killed in the middle leaves nothing half done."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from pymongo.errors import AutoReconnect, PyMongoError
from structlog.testing import capture_logs

from chassis.lease import Lease
from chassis.mongo import Database
from services.identity.repository.access_chain import AccessChainRepository
from services.identity.usecases.access_sealing import Sealer, SealingUseCases
from tests.identity.chain_desk import Desk
from tests.support import eventually


@dataclass(frozen=True, slots=True)
class _StoreIsAway(SealingUseCases):
    """Cannot seal until `back` is set."""

    back: asyncio.Event

    async def seal(self) -> int:
        if not self.back.is_set():
            raise AutoReconnect("away")
        return await SealingUseCases.seal(self)


async def test_rows_that_wait_too_long_are_told_as_an_error_and_measured(desk: Desk) -> None:
    for _ in range(3):
        await desk.note()
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("test")
    back, policy = asyncio.Event(), replace(desk.sealing.policy, poll_seconds=0.01, alarm_seconds=0.2)
    sealing = _StoreIsAway(desk.begin, desk.sealing.chain, desk.sealing.watch, desk.sealing.secret, policy, desk.clock.now, back)
    sealer = Sealer(sealing, Lease(desk.stores.access_chain._database, "access-log", 10), meter)

    async def is_told() -> bool:
        return any(line["log_level"] == "error" for line in said)

    async def is_over() -> bool:
        return _waiting(reader) == 0

    with capture_logs() as said:
        running = asyncio.create_task(sealer.run())
        try:
            await eventually(is_told)
            waited = _waiting(reader)
            back.set()
            await eventually(is_over)
        finally:
            running.cancel()
    told = [line for line in said if line["event"] == "access-log-not-sealed"]
    assert [line["log_level"] for line in told if line["seconds"] < 0.1][:1] == ["warning"], "not at the first failure"
    assert all(line["seconds"] >= 0.2 and line["error"] == "AutoReconnect" for line in told if line["log_level"] == "error")
    assert waited > 0.1
    assert (await desk.audit.anchors())[0].place == 3
    assert await desk.breaks() == []


def _waiting(reader: InMemoryMetricReader) -> float:
    found = reader.get_metrics_data()
    assert found is not None
    [metric] = found.resource_metrics[0].scope_metrics[0].metrics
    assert metric.name == "medkabinet.access_log.waiting"
    return float(metric.data.data_points[0].value)  # type: ignore[union-attr]  # a gauge has plain points


class _DiesInBetween(AccessChainRepository):
    """Is killed when the block is written and its rows are not yet marked."""

    async def seal(self, tx: Any, block: Any, rows: Any) -> None:
        await super().seal(tx, block, rows[:1])
        raise SystemExit


async def test_a_sealer_that_dies_between_block_and_places_leaves_nothing(desk: Desk) -> None:
    for _ in range(3):
        await desk.note()
    database: Database = desk.stores.access_chain._database
    sealing = desk.sealing
    chain = _DiesInBetween(database, desk.stores.access_chain._cipher)
    dying = SealingUseCases(sealing.begin, chain, sealing.watch, sealing.secret, sealing.policy, sealing.now)
    with pytest.raises(SystemExit):
        await dying.seal()
    assert await desk.database["access_blocks"].count_documents({}) == 0
    await desk.seal()
    assert (await desk.audit.anchors())[0].place == 3
    assert await desk.breaks() == []


async def test_a_sealer_killed_between_block_and_places_leaves_nothing(desk: Desk, chain_env: dict[str, str]) -> None:
    for _ in range(3):
        await desk.note()
    own = os.environ | chain_env | {"IDENTITY_MONGO_DATABASE": desk.database.name}
    dying = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.identity.dying_sealer", env=own)
    assert await asyncio.wait_for(dying.wait(), 60) == -signal.SIGKILL
    assert await desk.database["access_blocks"].count_documents({}) == 0
    assert await desk.database["access_rows"].count_documents({"place": 0}) == 3

    async def is_sealed() -> bool:
        with suppress(PyMongoError):  # the store keeps the transaction of the dead open for a while
            await desk.seal()
        return (await desk.audit.anchors())[0].place == 3

    await eventually(is_sealed, timeout=60)
    assert await desk.breaks() == []
