"""Lists of applications with 100,000 stored beside the same lists with 1,000, page by page, alternating."""

import json
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import bson
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient

from contracts.roles import Role
from deploy.bench.applications_store import APPLICANT, DEEP_REVIEWER, REGISTRAR, REVIEWER, Contents, cached, fill, serving
from deploy.bench.report import Figure, at_most
from deploy.bench.servers import servers
from deploy.bench.tokens import Issuer, issuer
from deploy.bench.wire import WireClient

SIZES = {"small": Contents(ended=1_000, queued=200, deep=20), "large": Contents(ended=100_000, queued=200, deep=2_000)}
PAGES = (1, 2, 10)
REQUESTS = 200
LINE = 1.2
_SAMPLE = 5_000
_MILLION = 1_000_000
_RECORD_BYTES = 8
_MEBIBYTE = 1_048_576
_UUIDS = CodecOptions[dict[str, Any]](uuid_representation=UuidRepresentation.STANDARD)


@dataclass(frozen=True, slots=True)
class List:
    """One list, who reads it, and how much of it makes ten pages of what both stores hold."""

    name: str
    path: str
    person_id: UUID
    role: Role
    query: Mapping[str, str]
    is_deeper: bool = False
    """Whether the list itself grows with the store: then there is no line."""


_OWN = {"limit": "2"}
_QUEUE = {"limit": "20"}
LISTS = (
    List("own applications, newest first", "applications", APPLICANT, Role.PRACTITIONER, _OWN),
    List(
        "own history, completed, by end",
        "applications",
        APPLICANT,
        Role.PRACTITIONER,
        {"limit": "1", "status": "completed", "sort": "-end"},
    ),
    List("reviewers' queue of 200", "reviews", REVIEWER, Role.REVIEWER, _QUEUE),
    List("registrars' queue of 200", "registry", REGISTRAR, Role.REGISTRAR, _QUEUE),
    List("first page of a queue of 2,000 beside one of 20", "reviews", DEEP_REVIEWER, Role.REVIEWER, _QUEUE, is_deeper=True),
)


async def measure(_: Path) -> list[Figure]:
    """Two stores in one server, two services, one request at a time. The filled folder is kept for the next time."""
    folder = cached("growth")
    async with servers(folder, "applications") as stack, issuer() as issued, AsyncExitStack() as running:
        environments = {
            size: stack.environments["applications"] | {"APPLICATIONS_MONGO_DATABASE": f"applications_{size}"} for size in SIZES
        }
        for size, contents in SIZES.items():
            if not (folder / f"{size}-filled").exists():
                await fill(environments[size], contents)
                (folder / f"{size}-filled").touch()
        ports = {size: await running.enter_async_context(serving(stack, environments[size], issued)) for size in SIZES}
        figures = [await _compared(one, ports, issued) for one in LISTS]
        return [*figures, await _index_bytes(stack.mongo["applications"].url)]


async def _compared(one: List, ports: Mapping[str, int], issued: Issuer) -> Figure:
    headers = issued.headers(one.person_id, one.role)
    spent: dict[str, list[float]] = {size: [] for size in ports}
    for page in (1,) if one.is_deeper else PAGES:
        async with AsyncExitStack() as clients:
            each = {size: await clients.enter_async_context(_at_page(one, port, headers, page)) for size, port in ports.items()}
            for _ in range(REQUESTS):
                for size, client in each.items():
                    started = time.perf_counter()
                    await client.get()
                    spent[size].append((time.perf_counter() - started) * 1000)
    large, small = (statistics.median(spent[size]) for size in ("large", "small"))
    if one.is_deeper:
        return Figure(one.name, f"{large:,.1f} ms", f"{small:,.1f} ms", large / small)
    pages = ", ".join(map(str, PAGES))
    return at_most(f"{one.name}: pages {pages} with 100,000 stored, p50, beside 1,000", large, small, LINE, "ms")


@asynccontextmanager
async def _at_page(one: List, port: int, headers: dict[str, str], page: int) -> AsyncIterator[WireClient]:
    """A client of that page. Raises `RuntimeError` when the list has fewer."""
    query = dict(one.query)
    for number in range(1, page + 1):
        path = f"/api/applications/{one.path}?{urlencode(query)}"
        async with WireClient(port, path, headers) as client:
            shown: dict[str, Any] = json.loads(await client.get())
        if len(shown["items"]) != int(query["limit"]):
            raise RuntimeError(f"page {number} of {one.name} holds {len(shown['items'])} rows")
        query["cursor"] = shown["next_cursor"] or ""
    async with WireClient(port, path, headers) as client:
        yield client


async def _index_bytes(url: str) -> Figure:
    """What a million rows take in indexes: keys as BSON and a record number each, of a sample; a store packs them more tightly."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, uuidRepresentation="standard", tz_aware=True)
    try:
        collection = client["applications_large"]["applications"]
        rows = await collection.find({"ended_at": {"$ne": None}}, {"personal": False}).limit(_SAMPLE).to_list(_SAMPLE)
        indexes = await collection.index_information()
    finally:
        await client.close()
    held = sum(_key_bytes(row, index) for row in rows for index in indexes.values())
    million = held / len(rows) * _MILLION
    return Figure(f"{len(indexes)} indexes of 1,000,000 rows of history, keys alone", f"{million / _MEBIBYTE:,.0f} MiB", "")


def _key_bytes(row: dict[str, Any], index: Mapping[str, Any]) -> int:
    """Of one row in one index; nothing where the index is partial and leaves it out."""
    partial = dict(index.get("partialFilterExpression", {}))
    if not all(_fits(row.get(name), wanted) for name, wanted in partial.items()):
        return 0
    names = [name for name, _ in index["key"]]
    key = {str(place): row.get(name) for place, name in enumerate(names)}
    return len(bson.encode(key, codec_options=_UUIDS)) + _RECORD_BYTES


def _fits(value: Any, wanted: Any) -> bool:
    """The conditions that our partial indexes have. Raises `ValueError` for another."""
    match wanted:
        case {"$gt": bound}:
            return bool(value is not None and value > bound)
        case {"$lt": bound}:
            return bool(value is not None and value < bound)
        case {**others} if others:
            raise ValueError(f"a condition nobody counts by: {others}")
        case _:
            return bool(value == wanted)
