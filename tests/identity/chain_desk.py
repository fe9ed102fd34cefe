"""An access log of its own to be tampered with: a database that no service seals, a clock that stands still until moved."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from bson import Binary
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from chassis.app import Chassis
from chassis.settings import load_settings
from chassis.testing import FrozenClock
from chassis.transaction import Begin, Transaction, atomic
from services.identity.domain.access_log import Action
from services.identity.domain.access_proof import Break, Witness
from services.identity.domain.access_watch import WatchPolicy
from services.identity.gateways.hashing import Secrets
from services.identity.main.policies import chain_secret
from services.identity.main.stores import Stores, stores_of
from services.identity.settings import Settings
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.access_audit import AuditUseCases
from services.identity.usecases.access_sealing import SealingPolicy, SealingUseCases
from services.identity.usecases.access_watch import AccessWatch
from tests.support import Infra

COLLECTIONS = ("access_rows", "access_blocks", "access_anchors", "access_head")
WATCHED = WatchPolicy(
    refusals=3, refusal_window=timedelta(hours=1), people=4, reading_window=timedelta(hours=1), device_keep=timedelta(days=30), devices=3
)
Kept = dict[str, list[dict[str, Any]]]


@dataclass
class Desk:
    """Writing, sealing, proving, and the bare collections."""

    begin: Begin
    stores: Stores
    access: AccessUseCases
    sealing: SealingUseCases
    audit: AuditUseCases
    clock: FrozenClock
    database: AsyncDatabase[dict[str, Any]]

    @atomic
    async def note(self, /, tx: Transaction | None = None, *, action: Action = Action.RECORD_READ, **changes: Any) -> None:
        """One more row, in a transaction of its own unless one is given."""
        about: dict[str, Any] = {"subject_id": uuid4(), "actor_id": uuid4(), "origin": Origin("10.1.2.3", "Firefox")} | changes
        if tx is not None:
            await self.access.note(tx, action, **about)
            return
        async with self.begin() as own:
            await self.access.note(own, action, **about)

    async def take_details_of_another(self) -> None:
        """Row 6 says what row 7 does."""
        details = (await self.row_at(7))["details"]
        await self.database["access_rows"].update_one({"place": 6}, {"$set": {"details": details}})

    async def say_another_origin(self) -> None:
        """Row 6 in words somebody could encrypt."""
        sealed = await self.stores.access_chain._cipher.encrypt({"origin": {"address": "10.9.9.9", "device": "Firefox"}})
        await self.database["access_rows"].update_one({"place": 6}, {"$set": sealed})

    async def alter_origin(self) -> None:
        """A bit of row 6 that nobody can decrypt any more."""
        sealed = (await self.row_at(6))["origin"]
        altered = Binary(bytes(sealed[:-1]) + bytes([sealed[-1] ^ 1]), sealed.subtype)
        await self.database["access_rows"].update_one({"place": 6}, {"$set": {"origin": altered}})

    async def exchange_origins(self) -> None:
        """Rows 6 and 12 each have the ciphertext of the other."""
        rows, first, second = self.database["access_rows"], await self.row_at(6), await self.row_at(12)
        await rows.update_one({"place": 6}, {"$set": {"origin": second["origin"]}})
        await rows.update_one({"place": 12}, {"$set": {"origin": first["origin"]}})

    async def take_key_of_origin(self) -> None:
        """Row 6 names a data key that nobody has."""
        sealed = (await self.row_at(6))["origin"]
        await self.database["access_rows"].update_one({"place": 6}, {"$set": {"origin": Binary(sealed[:1] + bytes(16) + sealed[17:], 6)}})

    @atomic
    async def do(self, work: Callable[[Transaction], Awaitable[Any]]) -> Any:
        """One transaction."""
        async with self.begin() as tx:
            return await work(tx)

    async def fill(self, *days: int) -> None:
        """So many rows on each day, sealed; the clock ends on the last of them."""
        for number, rows in enumerate(days):
            if number:
                self.clock.move(timedelta(days=1))
            for row in range(rows):
                self.clock.move(timedelta(milliseconds=1))
                await self.note(origin=Origin(f"10.1.{number}.{row}", "Firefox"))
            await self.seal()

    async def seal(self) -> None:
        """Until nothing waits."""
        while await self.sealing.seal():
            pass

    async def breaks(self, *, witnesses: tuple[Witness, ...] = (), from_day: date | None = None, to_day: date | None = None) -> list[Break]:
        """What the proof finds."""
        looked = self.audit.verify(from_day=from_day, to_day=to_day, witnesses=witnesses)
        return [found async for progress in looked for found in progress.breaks]

    async def row_at(self, place: int) -> dict[str, Any]:
        """The document at a place."""
        found = await self.database["access_rows"].find_one({"place": place})
        assert found is not None
        return found

    async def id_at(self, place: int) -> UUID:
        """The id of the row at a place."""
        return UUID(str((await self.row_at(place))["_id"]))

    async def kept(self) -> Kept:
        """Everything there is."""
        return {name: await self.database[name].find({}).to_list() for name in COLLECTIONS}

    async def restore(self, kept: Kept) -> None:
        """Everything as it was."""
        for name, documents in kept.items():
            await self.database[name].delete_many({})
            if documents:
                await self.database[name].insert_many(documents)


@asynccontextmanager
async def running_desk(infra: Infra, env: Mapping[str, str], at: datetime, *, block_rows: int = 4) -> AsyncIterator[Desk]:
    """A desk on a new database of these servers."""
    name = f"test_{infra.run}_{uuid4().hex[:8]}_identity"
    with patch.dict(os.environ, {**env, "IDENTITY_MONGO_DATABASE": name}):
        settings = load_settings(Settings)
    chassis, clock = Chassis("identity", settings), FrozenClock(at)
    policy = SealingPolicy(block_rows, told_blocks=3, poll_seconds=1, alarm_seconds=60)
    stores, secret = stores_of(chassis, settings), chain_secret(settings)
    watch = AccessWatch(stores.access_log, stores.access_watch, Secrets("x" * 32), WATCHED)
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(infra.mongo_url, uuidRepresentation="standard", tz_aware=True)
    try:
        for prepare in (chassis._prepare, stores.access_log.prepare, stores.access_chain.prepare, stores.access_watch.prepare):
            await prepare()
        yield Desk(
            chassis.begin,
            stores,
            AccessUseCases(chassis.begin, stores.access_log, secret, clock.now),
            SealingUseCases(chassis.begin, stores.access_chain, watch, secret, policy, clock.now),
            AuditUseCases(chassis.begin, stores.access_chain, secret),
            clock,
            client[name],
        )
    finally:
        await client.close()
        await chassis.close()
        await infra.drop_database(name)
