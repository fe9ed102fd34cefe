"""Small honest files from many people while everything they pass through is killed in turn, and what became of each."""

import asyncio
import hashlib
import io
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any
from uuid import UUID

import pikepdf

from chassis.clock import SandboxClock
from chassis.objects import FileMissing, ObjectStore
from chassis.settings import load_settings
from deploy.chaos.checks import Checker
from deploy.chaos.faults import Fault, NotInflicted, file_faults
from deploy.chaos.ledger import Ledger, Verdict
from deploy.chaos.load import Client
from deploy.chaos.run import SHORT_TERMS, Ground, ground
from deploy.cli.surroundings import entered
from deploy.journey.files import File, supporting
from deploy.journey.people import Person
from deploy.local.stack import Stack
from services.documents.domain.documents import original_of
from services.documents.domain.sweeps import Sweep
from services.documents.main import command_line
from services.documents.settings import Settings

UPLOADS_A_ROUND = 200
"""While each thing is killed once."""
REGISTERED_AT_ONCE = 4
_LATER = timedelta(hours=2)
"""More than what the sweep leaves alone for being young."""
_TERMS = SHORT_TERMS | {"DOCUMENTS_CHECK_TERM_SECONDS": "45"}
_BUCKET = "documents"
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Files:
    """What became of the files, counted from outside."""

    asked: int
    accepted: int
    """Answered with 2xx."""
    stored: int
    """Of them, those whose row names an object with the very bytes that were sent."""
    checked: Counter[str]
    """States of all files there are, asked for or not; a document without a file is one that is being received."""
    damaged: int
    """What the sweep, which reads every file, calls missing or damaged."""
    collected: int
    """Objects without a row that the sweep removed."""
    orphans: int
    """Objects without a row that are left after it."""

    @property
    def is_good(self) -> bool:
        """Every file that was sent was accepted, is stored, and has the one verdict it deserves."""
        is_whole = self.asked == self.accepted == self.stored and not self.damaged
        return is_whole and self.checked == {"accepted": self.asked} and not self.orphans

    def __str__(self) -> str:
        states = ", ".join(f"{state} {count}" for state, count in sorted(self.checked.items()))
        counts = f"asked {self.asked}, accepted {self.accepted}, stored {self.stored}, checked: {states}, damaged {self.damaged}"
        return f"{counts}; objects of nobody: {self.collected} collected, {self.orphans} left"


async def run_uploads(folder: Path, *, uploads: int, clients: int) -> tuple[Verdict, Files]:
    """People who upload as fast as they are answered; each thing is killed at least once while they do."""
    faults = file_faults() * max(1, uploads // UPLOADS_A_ROUND)
    async with ground(folder, terms=_TERMS) as here:
        people = await _registered(here, clients)
        dead_before = await here.checker.dead_letters()
        await here.checker.remember_everything()
        files = _different(people[0].member.person)
        sent: dict[str, File] = {}
        started = time.monotonic()
        for number, fault in enumerate(faults):
            share = uploads * (number + 1) // len(faults) - uploads * number // len(faults)
            sent |= await _under(fault, here.stack, people, islice(files, share))
        for client in people:
            await client.check_session()
        note = f"{len(faults)} kills while files came, {time.monotonic() - started:.0f} s"
        verdict = await here.checker.judge("uploads", people[0].ledger, dead_before=dead_before, note=note)
        async with _store(here.stack) as objects:
            return verdict, await _counted(here, objects, uploads, sent)


async def _registered(here: Ground, count: int) -> list[Client]:
    ledger, turns = Ledger(), asyncio.Semaphore(REGISTERED_AT_ONCE)

    async def register() -> Client:
        async with turns:
            practitioner = here.practitioner()
            await practitioner.register()
            await practitioner.sign_in()
            await practitioner.verified()
            return Client(practitioner, ledger)

    return await asyncio.gather(*(register() for _ in range(count)))


def _different(person: Person) -> Iterator[File]:
    """The same letter, each time with a subject of its own, so that no two files are twins."""
    letter = supporting(person)
    while True:
        with pikepdf.open(io.BytesIO(letter.content)) as document:
            document.docinfo["/Subject"] = secrets.token_hex(16)
            content = io.BytesIO()
            document.save(content)
        yield replace(letter, content=content.getvalue())


async def _under(fault: Fault, stack: Stack, people: list[Client], files: Iterator[File]) -> dict[str, File]:
    """All of the files, some of them before the kill, some during it, some after."""
    bringing = asyncio.gather(*(client.bring(files) for client in people))
    try:
        await fault.inflict(stack)
    except NotInflicted as error:
        people[0].ledger.refused.append(f"{fault.name}: {error}")
    return dict(chain.from_iterable(taken.items() for taken in await bringing))


async def _counted(here: Ground, objects: ObjectStore, asked: int, sent: Mapping[str, File]) -> Files:
    sweep = await _collected(here.stack)
    records: list[Record] = await here.checker.database("documents")["documents"].find({"document_type": "supporting"}).to_list()
    named = {record["_id"]: record["files"] for record in records}
    turns = asyncio.Semaphore(8)

    async def is_stored(document_id: str, file: File) -> bool:
        async with turns:
            return await _is_stored(objects, named.get(UUID(document_id), []), file)

    stored = sum(await asyncio.gather(*(is_stored(*one) for one in sent.items())))
    checked = Counter(file["state"] for files in named.values() for file in files)
    checked += Counter(receiving=sum(not files for files in named.values()))
    left = await _orphans(here.checker, objects)
    return Files(asked, len(sent), stored, checked, sweep.damage_count, sweep.orphans, left)


async def _is_stored(objects: ObjectStore, files: list[Record], sent: File) -> bool:
    sha256 = hashlib.sha256(sent.content).hexdigest()
    if [file["sha256"] for file in files] != [sha256]:
        return False
    try:
        kept = await objects.fetch(_BUCKET, files[0]["object_key"])
    except FileMissing:
        return False
    return hashlib.sha256(kept).hexdigest() == sha256


async def _collected(stack: Stack) -> Sweep:
    """The product's own sweep, hours later: until then an object without a row may still get one."""
    SandboxClock(stack.clock_file).move(_LATER)
    with entered(stack.environments["documents"]):
        settings = load_settings(Settings)
    async with command_line(settings) as usecases:
        *_, sweep = [sweep async for sweep in usecases.sweeping.run(reads_bytes=True, is_dry=False)]
    return sweep


async def _orphans(checker: Checker, objects: ObjectStore) -> int:
    keys: list[str] = []
    while page := await objects.list_keys(_BUCKET, after=keys[-1] if keys else None):
        keys += page
    records = checker.database("documents")["documents"].find({}, {"files.object_key": 1})
    named = {file["object_key"] async for record in records for file in record["files"]}
    return sum(original_of(key) not in named for key in keys)


@asynccontextmanager
async def _store(stack: Stack) -> AsyncIterator[ObjectStore]:
    keys = stack.secrets["S3_ACCESS_KEY"], stack.secrets["S3_SECRET_KEY"]
    objects = ObjectStore(f"127.0.0.1:{stack.settings.objects_port}", *keys, secure=False)
    try:
        yield objects
    finally:
        await objects.aclose()
