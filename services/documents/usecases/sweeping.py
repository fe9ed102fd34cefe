"""The sweep: whether every file's bytes are there and unharmed, and whether the store holds anything that belongs to nobody.

A damaged file stays what it is, because its person did nothing wrong and a copy may yet be found: operations are alarmed.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from opentelemetry.metrics import Counter, Meter

from chassis.objects import FileMissing, ListedObject
from chassis.transaction import Begin, Transaction, atomic
from contracts.documents import DamageFound, SweepDue
from services.documents.domain.documents import original_of
from services.documents.domain.errors import DocumentNotFound, FileNotFound
from services.documents.domain.sweeps import EVERYTHING, Damage, KeptFile, Phase, Seen, Share, Sweep, orphans
from services.documents.gateways.files import Files
from services.documents.gateways.quarantine import Quarantine
from services.documents.repository import DocumentRepository, SweepRepository
from services.documents.usecases.isolation import Isolation

log = structlog.get_logger(__name__)

_AT_ONCE = 8
"""Questions to the store; it answers so many in parallel."""


@dataclass(frozen=True, slots=True)
class SweepPolicy:
    """How large a part is, and when something is old enough to go."""

    documents: int
    objects: int
    orphan_age: timedelta
    quarantine_age: timedelta
    hour: int
    nights: int


@dataclass(frozen=True, slots=True)
class SweepMeters:
    """What operations watch."""

    meter: Meter
    damaged: Counter = field(init=False)
    """Files found damaged by `kind` (missing, size-differs, bytes-differ)."""
    removed: Counter = field(init=False)
    """Objects removed by `reason` (orphan, quarantine)."""

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(self, "damaged", self.meter.create_counter("medkabinet.documents.damaged", description="Files found damaged by sweeps"))
        set_field(self, "removed", self.meter.create_counter("medkabinet.documents.removed", description="Objects removed by sweeps"))


@dataclass(frozen=True, slots=True)
class Sweeping:
    """Going over everything, part by part: each is bounded, and each bears repetition."""

    begin: Begin
    documents: DocumentRepository
    sweeps: SweepRepository
    files: Files
    quarantine: Quarantine
    isolation: Isolation
    now: Callable[[], datetime]
    policy: SweepPolicy
    meters: SweepMeters

    @atomic
    async def plan(self) -> None:
        """See that the next night has its sweep; planning it again changes nothing."""
        async with self.begin() as tx:
            await self._plan(tx)

    async def go_on(self, event: SweepDue) -> None:
        """One part of a nightly sweep; it asks for the next."""
        sweep = await self.sweeps.find(event.sweep_id)
        if sweep is None:
            sweep = Sweep(id=event.sweep_id, started_at=self.now(), share=Share.of_night(self.now(), self.policy.nights))
        after = await self.part(sweep) if sweep.parts == event.part else sweep
        await self._note(event, after)

    async def run(self, *, reads_bytes: bool, is_dry: bool) -> AsyncIterator[Sweep]:
        """A sweep on demand, as it is after each part."""
        sweep = Sweep(id=uuid4(), started_at=self.now(), share=EVERYTHING if reads_bytes else None, is_dry=is_dry)
        while not sweep.is_done:
            sweep = await self.part(sweep)
            await self._keep_on_demand(sweep)
            yield sweep

    async def estimated_documents(self) -> int:
        """About how many there are to be gone over."""
        return await self.documents.estimated_count()

    async def part(self, sweep: Sweep) -> Sweep:
        """The sweep after one more part; nothing is noted of it yet."""
        match sweep.phase:
            case Phase.FILES:
                seen, cursor = await self._look_at_files(sweep)
            case Phase.OBJECTS:
                seen, cursor = await self._look_at_objects(sweep)
            case Phase.QUARANTINE:
                seen, cursor = await self._look_at_quarantine(sweep)
            case Phase.DONE:
                return sweep
        return sweep.after(seen, cursor, at=self.now())

    async def _look_at_files(self, sweep: Sweep) -> tuple[Seen, str | None]:
        files, last = await self.documents.kept_files(UUID(sweep.cursor) if sweep.cursor else None, self.policy.documents)
        turns = asyncio.Semaphore(_AT_ONCE)

        async def look(file: KeptFile) -> Damage | None:
            async with turns:
                return await self._damage(file, reads=sweep.reads(file))

        healthy = [file for file in files if not file.is_infected]
        found = await asyncio.gather(*(look(file) for file in healthy))
        damages = [one for file, one in zip(healthy, found, strict=True) if one is not None and await self._is_still_kept(file)]
        for one in damages:
            log.error("file-damaged", document_id=str(one.document_id), file_version=one.file_version, damage=one.kind.value)
            self.meters.damaged.add(1, {"kind": one.kind.value})
        isolated = [file for file in files if file.is_infected and await self._isolated(file, sweep)]
        seen = Seen(
            documents=len({file.document_id for file in files}),
            files=len(files),
            bytes_read=sum(file.size_bytes for file in healthy if sweep.reads(file)),
            isolated=len(isolated),
            damages=tuple(damages),
        )
        return seen, None if last is None else str(last)

    async def _damage(self, file: KeptFile, *, reads: bool) -> Damage | None:
        try:
            size_bytes = await self.files.size_bytes(file.object_key)
            sha256 = await self._hash(file) if reads and size_bytes == file.size_bytes else None
        except FileMissing:
            return file.damage(None, None)
        return file.damage(size_bytes, sha256)

    async def _hash(self, file: KeptFile) -> str:
        digest = hashlib.sha256()
        async for chunk in self.files.read(file.object_key):
            digest.update(chunk)
        return digest.hexdigest()

    async def _is_still_kept(self, file: KeptFile) -> bool:
        """A file that was removed since it was listed, or whose bytes are under quarantine, is not damaged."""
        try:
            (await self.documents.get_granted(file.document_id)).file(file.file_version)
        except (DocumentNotFound, FileNotFound):
            return False
        return not await self.quarantine.holds(file.object_key)

    async def _isolated(self, file: KeptFile, sweep: Sweep) -> bool:
        try:
            await self.files.size_bytes(file.object_key)
        except FileMissing:
            return False
        if not sweep.is_dry:
            await self.isolation.remove_original(file.document_id, file.file_version)
        return True

    async def _look_at_objects(self, sweep: Sweep) -> tuple[Seen, str | None]:
        listed = await self.files.list(after=sweep.cursor, limit=self.policy.objects)
        lonely = await self._lonely(listed)
        for found in lonely if not sweep.is_dry else ():
            log.warning("orphan-removed", object_key=found.key)
            await self.files.delete(found.key)
            self.meters.removed.add(1, {"reason": "orphan"})
        return Seen(objects=len(listed), orphans=len(lonely)), self._cursor(listed)

    async def _look_at_quarantine(self, sweep: Sweep) -> tuple[Seen, str | None]:
        listed = await self.quarantine.list(after=sweep.cursor, limit=self.policy.objects)
        lonely = await self._lonely(listed)
        due = [found for found in listed if found in lonely or self.now() - found.modified_at >= self.policy.quarantine_age]
        for found in due if not sweep.is_dry else ():
            await self.quarantine.delete(found.key)
            self.meters.removed.add(1, {"reason": "quarantine"})
        return Seen(objects=len(listed), expired=len(due)), self._cursor(listed)

    async def _lonely(self, listed: Sequence[ListedObject]) -> list[ListedObject]:
        """What belongs to no file and no upload for so long that nothing on its way can still name it."""
        old = {found.key: found for found in listed if self.now() - found.modified_at >= self.policy.orphan_age}
        known = await self.documents.known_keys({original_of(key) for key in old})
        return [old[key] for key in orphans(old, known)]

    def _cursor(self, listed: Sequence[ListedObject]) -> str | None:
        return listed[-1].key if len(listed) == self.policy.objects else None

    @atomic
    async def _note(self, event: SweepDue, sweep: Sweep) -> None:
        async with self.begin(handling=event) as tx:
            if event.part == 0:
                await self._plan(tx)
            await self._keep(tx, sweep)
            if not sweep.is_done:
                await tx.publish(SweepDue(occurred_at=self.now(), sweep_id=sweep.id, part=sweep.parts))

    @atomic
    async def _keep_on_demand(self, sweep: Sweep) -> None:
        async with self.begin(is_last=sweep.is_done) as tx:
            await self._keep(tx, sweep)

    async def _keep(self, tx: Transaction, sweep: Sweep) -> None:
        await self.sweeps.save(tx, sweep)
        if sweep.is_done and sweep.damage_count and not sweep.is_dry:
            await tx.publish(DamageFound(occurred_at=self.now(), sweep_id=sweep.id, files=sweep.damage_count))

    async def _plan(self, tx: Transaction) -> None:
        """One timer for each night, so that several starts and several processes plan one sweep."""
        now = self.now()
        night = now.replace(hour=self.policy.hour, minute=0, second=0, microsecond=0)
        if night <= now:
            night += timedelta(days=1)
        await tx.schedule(f"sweep:{night.date().isoformat()}", night, SweepDue(occurred_at=night, sweep_id=uuid4(), part=0))
