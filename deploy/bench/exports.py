"""A list of 100,000 applications as CSV: how much more memory the service takes, read fast and read slowly."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psutil
from pymongo import AsyncMongoClient

from deploy.bench.report import Figure
from deploy.bench.system import System, system
from services.applications.repository.places import place

ROWS = 100_000
_BATCH = 5000
MEBIBYTE = 1_048_576
GROWTH_LIMIT = 32 * MEBIBYTE
_PATH = "/api/applications/applications/exports?selection=all&sort=start"
_INDEX = "own_start"
_KEPT = (
    "version",
    "schema_version",
    "applicant_id",
    "kind",
    "specialty_code",
    "created_at",
    "submitted_at",
    "claimed_by",
    "certificate",
    "reason_codes",
)
"""What an export reads and the store insists on."""
_SAMPLE_SECONDS = 0.02
_SLOW_SECONDS = 0.02
"""Between two pieces of a slow reader."""


async def measure(folder: Path) -> list[Figure]:
    """One application, stored again and again; a short export first, so that what is made once is there."""
    async with system(folder) as running:
        application_id = UUID(await running.confirmed_application())
        await _export(running, pause=0)
        await _plant(running, application_id)
        await running.practitioner.sign_in()  # planting outlasts an access token
        return [await _figure(running, "fast", 0), await _figure(running, "slowly", _SLOW_SECONDS)]


async def _plant(running: System, application_id: UUID) -> None:
    """Copies of one row a minute apart. Of the indexes only the list's own stays: to keep the others would take most of the time."""
    server = running.stack.mongo["applications"]
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(server.url, uuidRepresentation="standard", tz_aware=True)
    try:
        rows = client["applications"]["applications"]
        row = await rows.find_one({"_id": application_id})
        if row is None:
            raise RuntimeError("the application is not stored")
        row = {name: row[name] for name in _KEPT} | {"state": "withdrawn", "desk": "nobody", "is_open": False, "personal": b"-"}
        for name in set(await rows.index_information()) - {"_id_", _INDEX}:
            await rows.drop_index(name)
        for first in range(0, ROWS, _BATCH):
            await rows.insert_many(
                [_copy(row, number) for number in range(first, first + _BATCH)], ordered=False, bypass_document_validation=True
            )
    finally:
        await client.close()


def _copy(row: dict[str, Any], number: int) -> dict[str, Any]:
    key, at = uuid4(), row["created_at"] + timedelta(minutes=number + 1)
    return {**row, "start_place": place(at, key=key), "_id": key, "number": f"MK-2001-{number:08}-0", "created_at": at, "ended_at": at}


async def _figure(running: System, how: str, pause: float) -> Figure:
    before, started = _resident(running), time.perf_counter()
    export = asyncio.ensure_future(_export(running, pause=pause))
    peak = before
    while not export.done():
        peak = max(peak, _resident(running))
        await asyncio.sleep(_SAMPLE_SECONDS)
    lines, seconds, growth = await export, time.perf_counter() - started, peak - before
    if lines < ROWS:
        raise RuntimeError(f"{lines} rows came")
    return Figure(
        f"memory of {ROWS:,} rows as CSV, read {how}",
        f"+{growth / MEBIBYTE:,.1f} MiB, {lines / seconds:,.0f} rows/s",
        "",
        line="<= 32 MiB",
        is_within=growth <= GROWTH_LIMIT,
    )


async def _export(running: System, *, pause: float) -> int:
    """Rows that came; nothing of them is kept."""
    tokens = running.practitioner.caller.tokens
    if tokens is None:
        raise RuntimeError("nobody is signed in")
    lines = 0
    async with (
        httpx.AsyncClient(base_url=running.url_of("applications"), timeout=300) as http,
        http.stream("GET", _PATH, headers={"Authorization": f"Bearer {tokens.access_token}"}) as answer,
    ):
        answer.raise_for_status()
        async for piece in answer.aiter_raw():
            lines += piece.count(b"\r\n")
            await asyncio.sleep(pause)
    return lines - 1


def _resident(running: System) -> int:
    pid = running.stack.processes["applications"].pid
    if pid is None:
        raise RuntimeError("applications does not run")
    return int(psutil.Process(pid).memory_info().rss)
