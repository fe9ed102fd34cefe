"""The access log: what a row costs its transaction, and how fast the log is proved beside a bare find of the same rows."""

import gc
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from pymongo import AsyncMongoClient, monitoring
from pymongo.monitoring import CommandFailedEvent, CommandStartedEvent, CommandSucceededEvent

from chassis.app import Chassis
from chassis.settings import load_settings
from chassis.transaction import Transaction, atomic
from contracts.roles import Role
from deploy.bench.report import Figure, at_least, at_most
from deploy.bench.servers import servers
from deploy.local.stack import Stack
from services.identity.domain.access_log import Action, Entry, entry_id
from services.identity.main.stores import stores_of
from services.identity.main.wiring import usecases_of
from services.identity.repository.access_log import AccessLogRepository
from services.identity.settings import Settings
from services.identity.usecases import UseCases
from services.identity.usecases.access import Origin

ROWS = 10_000
_AT_ONCE = 200
APPENDS = 200
ROUNDS = 3
LINE = 20_000
"""Rows a second the proof should reach, whatever the store gives."""
_COLLECTION = "access_rows"


@dataclass
class _Counter(monitoring.CommandListener):
    """Round trips: every command within a transaction. Reads of the key state, now and then and outside of it, are no part of it."""

    commands: list[str] = field(default_factory=list)

    def started(self, event: CommandStartedEvent) -> None:
        if "autocommit" in event.command:
            self.commands.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Counted when it started."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Counted when it started."""


@dataclass(frozen=True)
class _Desk:
    """A use-case that does nothing but count, with and without a row."""

    chassis: Chassis
    usecases: UseCases
    log: AccessLogRepository
    counter: _Counter

    @property
    def begin(self) -> Any:
        """Opens transactions."""
        return self.chassis.begin

    @atomic
    async def act(self, *, is_noted: bool) -> None:
        """One change in a transaction, noted or not."""
        async with self.chassis.begin() as tx:
            await self.chassis.database["acts"].insert_one({"_id": uuid4()}, session=tx.session)
            if is_noted:
                await self.note(tx)

    async def note(self, tx: Transaction) -> None:
        """One row about somebody."""
        who = {"actor_id": uuid4(), "origin": Origin("10.1.2.3", "Firefox"), "record": "document:1", "purpose": "review"}
        await self.usecases.access.note(tx, Action.RECORD_READ, uuid4(), **who)  # type: ignore[arg-type]  # one dict of several types


async def measure(folder: Path) -> list[Figure]:
    """Appends one after another; proofs of rows sealed before, best of some rounds, alternating with the bare find."""
    async with servers(folder, "identity") as stack, _desk(stack.environments["identity"]) as desk:
        figures = await _appending(desk)
        await _fill(desk)
        return [*figures, *await _proving(desk, stack)]


async def _appending(desk: _Desk) -> list[Figure]:
    without, plain = await _cost(desk, is_noted=False)
    noted, trips = await _cost(desk, is_noted=True)
    return [
        at_most("round trips of a transaction, with a row of the access log and without + 1", trips, plain + 1, 1.0, "round trips"),
        Figure("a transaction with a row of the access log", f"{noted:,.2f} ms", f"{without:,.2f} ms without", noted / without),
    ]


async def _cost(desk: _Desk, *, is_noted: bool) -> tuple[float, float]:
    """Milliseconds and round trips of one transaction."""
    await desk.act(is_noted=is_noted)
    desk.counter.commands.clear()
    began = time.perf_counter()
    for _ in range(APPENDS):
        await desk.act(is_noted=is_noted)
    return (time.perf_counter() - began) * 1000 / APPENDS, len(desk.counter.commands) / APPENDS


async def _fill(desk: _Desk) -> None:
    """Rows as the product writes and seals them, many at a time."""
    for _ in range(ROWS // _AT_ONCE):
        await _write(desk, [_entry(desk.chassis.clock.now()) for _ in range(_AT_ONCE)])
        while await desk.usecases.sealing.seal():
            pass


@atomic
async def _write(desk: _Desk, entries: list[Entry]) -> None:
    async with desk.begin() as tx:
        await desk.log.append_all(tx, entries)


def _entry(at: datetime) -> Entry:
    person_id = uuid4()
    return Entry(
        id=entry_id(at, uuid4()),
        at=at,
        subject_id=person_id,
        actor_id=person_id,
        actor_role=Role.PRACTITIONER,
        action=Action.SIGNED_OUT,
        service="identity",
        record=f"session:{uuid4()}",
        purpose=None,
        outcome="allowed",
        address="10.1.2.3",
        device="Firefox",
    )


async def _proving(desk: _Desk, stack: Stack) -> list[Figure]:
    gc.freeze()  # as `medkabinet audit verify` does
    name = desk.chassis.settings.mongo_database
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(stack.mongo["identity"].url, uuidRepresentation="standard")
    bare, proved = _Cost(stack), _Cost(stack)
    async with client:
        for _ in range(ROUNDS):
            with bare.measured():
                found = await client[name][_COLLECTION].find({}, batch_size=2000).to_list()
            with proved.measured():
                seen = [progress async for progress in desk.usecases.audit.verify()]
            if not len(found) == seen[-1].rows >= ROWS or any(progress.breaks for progress in seen):
                raise RuntimeError("the log is not whole")
    rows = len(found)
    best = rows / min(proved.seconds)
    return [
        at_least("rows of the access log proved, beside a bare find of them", best, rows / min(bare.seconds), 0.5, "rows/s"),
        at_least("rows of the access log proved, beside the line", best, LINE, 1.0, "rows/s"),
        *(_processor(whose, min(proved.cpu[whose]) / rows, min(bare.cpu[whose]) / rows) for whose in ("reader", "store")),
    ]


def _processor(whose: str, ours: float, bare: float) -> Figure:
    """What no other load on the machine takes away: a core can do one second of it in a second."""
    name = f"CPU time of the {whose} for a row proved, beside the bare find"
    return Figure(name, f"{ours * 1_000_000:,.1f} µs", f"{bare * 1_000_000:,.1f} µs", ours / bare)


@dataclass
class _Cost:
    """Seconds of every round, by the clock and of the two processes."""

    stack: Stack
    seconds: list[float] = field(default_factory=list)
    cpu: dict[str, list[float]] = field(default_factory=lambda: {"reader": [], "store": []})

    @contextmanager
    def measured(self) -> Iterator[None]:
        """One round."""
        began, spent = time.perf_counter(), self._spent()
        yield
        self.seconds.append(time.perf_counter() - began)
        for whose, after in self._spent().items():
            self.cpu[whose].append(after - spent[whose])

    def _spent(self) -> dict[str, float]:
        stat = Path(f"/proc/{self.stack.mongo['identity'].process.pid}/stat").read_text(encoding="utf-8")
        user, system = stat.rpartition(")")[2].split()[11:13]  # of proc(5) the fields 14 and 15
        return {"reader": time.process_time(), "store": (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")}


@asynccontextmanager
async def _desk(environment: dict[str, str]) -> AsyncIterator[_Desk]:
    counter = _Counter()
    monitoring.register(counter)
    with patch.dict(os.environ, environment):
        settings = load_settings(Settings)
    chassis = Chassis("identity", settings)
    stores = stores_of(chassis, settings)
    try:
        for prepare in (chassis._prepare, *stores.prepare()):  # noqa: SLF001 - the collections, and no running service
            await prepare()
        await chassis.database.create_collection("acts")
        yield _Desk(chassis, usecases_of(chassis, settings, stores), stores.access_log, counter)
    finally:
        await chassis.close()
