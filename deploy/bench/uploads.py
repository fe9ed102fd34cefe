"""Uploads: megabytes per second beside `minio.put_object`, the bytes' own way and all of it, and the memory of twenty large ones."""

import asyncio
import io
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
from minio import Minio

from chassis.objects import ObjectStore
from deploy.bench.report import Figure, at_least
from deploy.bench.system import System, system
from deploy.journey.files import File

MEBIBYTE = 1_048_576
SIZE = 5 * MEBIBYTE
LARGE = 10 * MEBIBYTE
_PART = 64 * 1024
COUNT = 8
AT_ONCE = 20
ROUNDS = 3
AFTERMATH_SECONDS = 5.0
"""How long memory is watched after the answers: what was uploaded is checked then."""
GROWTH_LIMIT = 32 * MEBIBYTE


def _file(size: int) -> File:
    return File("scan.pdf", "application/pdf", b"%PDF-1.7\n" + secrets.token_bytes(size - 9))


async def measure(folder: Path) -> list[Figure]:
    """Throughput one after another; then the peak of resident memory, against what was resident before all of it."""
    async with system(folder) as running:
        await running.practitioner.upload("supporting", _file(LARGE))
        before = _resident(running)
        ours, bare = [], []
        for _ in range(ROUNDS):
            ours.append(await _uploads(running))
            bare.append(await asyncio.to_thread(_puts, running, SIZE))
        growth = await _peak(running) - before
        streamed = await _streaming(running)
    return [
        streamed,
        at_least("upload of 5 MB, beside minio.put_object", max(ours), max(bare), 0.7, "MB/s"),
        Figure(
            "memory of 20 uploads of 10 MB at once",
            f"+{growth / MEBIBYTE:,.1f} MiB",
            "",
            line="<= 32 MiB",
            is_within=growth <= GROWTH_LIMIT,
        ),
    ]


async def _uploads(running: System) -> float:
    files = [_file(SIZE) for _ in range(COUNT)]
    started = time.perf_counter()
    for file in files:
        await running.practitioner.upload("supporting", file)
    return COUNT * SIZE / MEBIBYTE / (time.perf_counter() - started)


async def _streaming(running: System) -> Figure:
    """The object store's client alone, in this process, in parts as a server receives them."""
    store = ObjectStore(*_account(running), secure=False)
    ours, bare = [], []
    for _ in range(ROUNDS):
        contents = [_file(LARGE).content for _ in range(COUNT)]
        started = time.perf_counter()
        for content in contents:
            await store.put_stream("bench", secrets.token_hex(8), _parts(content), LARGE, "application/pdf")
        ours.append(COUNT * LARGE / MEBIBYTE / (time.perf_counter() - started))
        bare.append(await asyncio.to_thread(_puts, running, LARGE))
    await store.aclose()
    return at_least("the bytes of an upload of 10 MB into the store, beside minio.put_object", max(ours), max(bare), 0.8, "MB/s")


async def _parts(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), _PART):
        yield content[start : start + _PART]


def _account(running: System) -> tuple[str, str, str]:
    kept = running.stack.secrets
    return f"127.0.0.1:{running.stack.settings.objects_port}", kept["S3_ACCESS_KEY"], kept["S3_SECRET_KEY"]


def _puts(running: System, size: int) -> float:
    client = Minio(*_account(running), secure=False)
    if not client.bucket_exists("bench"):
        client.make_bucket("bench")
    files = [_file(size) for _ in range(COUNT)]
    started = time.perf_counter()
    for file in files:
        client.put_object("bench", secrets.token_hex(8), io.BytesIO(file.content), size)
    return COUNT * size / MEBIBYTE / (time.perf_counter() - started)


def _resident(running: System) -> int:
    pid = running.stack.processes["documents"].pid
    if pid is None:
        raise RuntimeError("documents does not run")
    return int(psutil.Process(pid).memory_info().rss)


async def _peak(running: System) -> int:
    uploads = asyncio.gather(*(running.practitioner.upload("supporting", _file(LARGE)) for _ in range(AT_ONCE)))
    aftermath = asyncio.ensure_future(_answered_and_quiet(uploads))
    peak = 0
    while not aftermath.done():
        peak = max(peak, _resident(running))
        await asyncio.sleep(0.01)
    await aftermath
    return peak


async def _answered_and_quiet(uploads: "asyncio.Future[list[Any]]") -> None:
    await uploads
    await asyncio.sleep(AFTERMATH_SECONDS)
