"""Checks of files: what a scan costs from upload to verdict beside bare library calls, what a second worker gives, what a bomb takes."""

import asyncio
import hashlib
import io
import socket
import struct
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pikepdf
import psutil
import pypdfium2
from PIL import Image
from pymongo import AsyncMongoClient
from tesserocr import OEM, PSM, PyTessBaseAPI

from deploy.bench.report import Figure, at_least
from deploy.bench.system import System, system
from deploy.journey.files import File
from deploy.journey.people import Person
from deploy.local.ports import free_ports, http_status
from deploy.local.process import ChildProcess
from deploy.papers import holder_of
from deploy.papers.press import Kind, printed
from deploy.papers.scanner import Scan, scanned
from services.documents.settings import Settings

MEBIBYTE = 1_048_576
DPI = 300
PAGES = 2
FILES = 6
QUEUED = 12
ROUNDS = 2
_WORKER = "documents-worker"
_ENVIRONMENT = {"DOCUMENTS_CHECKS_AT_ONCE": "1", "DOCUMENTS_WORKER_PREFETCH": "1"}
"""One file at a time for each worker, so that a second one is what makes the difference."""
_VERDICT_SECONDS = 60
_CHUNK = 256 * 1024
Call = Callable[[bytes], object]


async def measure(folder: Path) -> list[Figure]:
    """One scan after another; a queue for one worker and for two; then bombs."""
    async with system(folder, environment=_ENVIRONMENT) as running:
        desk = _Desk(running, await asyncio.to_thread(_scanned_pages, running.practitioner.person))
        try:
            return [*await _one_by_one(desk), await _two_workers(desk), await _bombs(desk)]
        finally:
            await desk.database.client.close()


@dataclass
class _Desk:
    """Sends scans, and sees in the store when their verdicts came."""

    running: System
    pages: Sequence[bytes]

    def __post_init__(self) -> None:
        client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(
            self.running.stack.mongo["documents"].url, uuidRepresentation="standard", tz_aware=True
        )
        self.database = client["documents"]
        self._sent = 0

    def scan(self) -> File:
        """A PDF of two scanned pages that nobody has sent before."""
        self._sent += 1
        first, *others = [Image.open(io.BytesIO(page)) for page in self.pages]
        made = io.BytesIO()
        first.save(made, "PDF", save_all=True, append_images=others, resolution=DPI, quality=85, title=f"scan {self._sent}")
        return File("scan.pdf", "application/pdf", made.getvalue())

    async def send(self, file: File, document_type: str = "diploma") -> UUID:
        """Upload; a diploma is a paper whose pages are judged."""
        return UUID((await self.running.practitioner.upload(document_type, file))["document_id"])

    async def checked_at(self, document_id: UUID) -> datetime:
        """When the verdict came."""
        limit = time.monotonic() + _VERDICT_SECONDS
        while time.monotonic() < limit:
            found = await self.database["documents"].find_one({"_id": document_id, "files.checked_at": {"$ne": None}}, {"files": 1})
            if found is not None:
                moment: datetime = found["files"][0]["checked_at"]  # type: ignore[index]  # a list of files
                return moment
            await asyncio.sleep(0.05)
        raise TimeoutError("a file got no verdict")


def _scanned_pages(person: Person) -> list[bytes]:
    """The person's own: they agree with the profile."""
    series, number = person.diploma_number.split()
    names: dict[str, Any] = {"surname": person.surname, "given_name": person.given_name, "patronymic": person.patronymic}
    holder = replace(holder_of(1, seed=1), **names, birth_date=person.birth_date, diploma_series=series, diploma_number=number)
    sheets = [printed(kind, holder, layout="form", font="PT Serif") for kind in (Kind.DIPLOMA, Kind.LICENCE)]
    return [scanned(sheet, Scan(dpi=DPI, is_gray=True, quality=70), printed_ppi=DPI) for sheet in sheets[:PAGES]]


# one scan after another, beside bare calls


async def _one_by_one(desk: _Desk) -> list[Figure]:
    """Alternating, so that both meet the same machine; the best round of each counts."""
    calls = _bare_calls(desk.running.stack.settings.clamd_port)
    await desk.checked_at(await desk.send(desk.scan()))
    ours, bare = [], []
    for _ in range(ROUNDS):
        ours.append(await _upload_to_verdict(desk))
        bare.append(await asyncio.to_thread(_all_bare, [desk.scan().content for _ in range(FILES)], calls))
    name = f"{PAGES} pages of {DPI} dpi, upload to verdict, beside {', '.join(calls)} in one process"
    return [
        at_least(name, 1 / min(ours), 1 / min(bare), 0.6, "files/s"),
        Figure("the same, a file", f"{min(ours) * 1000:,.0f} ms", f"{min(bare) * 1000:,.0f} ms"),
    ]


async def _upload_to_verdict(desk: _Desk) -> float:
    spent = 0.0
    for _ in range(FILES):
        file, began = desk.scan(), datetime.now(UTC)
        spent += ((await desk.checked_at(await desk.send(file))) - began).total_seconds()
    return spent / FILES


def _all_bare(contents: Sequence[bytes], calls: Mapping[str, Call]) -> float:
    began = time.perf_counter()
    for content in contents:
        for call in calls.values():
            call(content)
    return (time.perf_counter() - began) / len(contents)


def _bare_calls(clamd_port: int) -> dict[str, Call]:
    """The least that the product's checks have to call."""
    set_to = Settings.model_fields
    reader = PyTessBaseAPI(path=str(set_to["tessdata"].default), lang=set_to["ocr_languages"].default, psm=PSM.AUTO, oem=OEM.LSTM_ONLY)
    return {
        "SHA-256": _hash,
        "clamd": partial(_scan, clamd_port),
        "pikepdf": _open,
        "decoding and Laplacian": _bends,
        "Tesseract": partial(_recognise, reader),
    }


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _scan(port: int, content: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"zINSTREAM\0")
        for start in range(0, len(content), _CHUNK):
            piece = content[start : start + _CHUNK]
            connection.sendall(struct.pack(">I", len(piece)) + piece)
        connection.sendall(struct.pack(">I", 0))
        return connection.recv(4096)


def _open(content: bytes) -> int:
    with pikepdf.open(io.BytesIO(content)) as document:
        document.check_pdf_syntax()
        return len(document.objects)


def _bends(content: bytes) -> list[float]:
    """The variance of the Laplacian of each page's one picture."""
    found = []
    with pypdfium2.PdfDocument(content) as document:
        for page in document:
            (picture,) = page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
            gray = picture.get_bitmap().to_numpy().squeeze().astype(np.int16)
            bent = gray[1:-1, :-2] + gray[1:-1, 2:] + gray[:-2, 1:-1] + gray[2:, 1:-1] - 4 * gray[1:-1, 1:-1]
            found.append(float(bent.var()))
    return found


def _recognise(reader: PyTessBaseAPI, content: bytes) -> list[str]:
    """What each page's one picture says, once and as it is."""
    found = []
    with pypdfium2.PdfDocument(content) as document:
        for page in document:
            (picture,) = page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
            reader.SetImage(picture.get_bitmap().to_pil())
            reader.SetSourceResolution(DPI)
            found.append(str(reader.GetUTF8Text()))
    return found


# two workers beside one


async def _two_workers(desk: _Desk) -> Figure:
    """What waits is checked by one worker, then by two, alternating; both are ready before they are let go."""
    first = desk.running.stack.processes[_WORKER]
    second = _another(first)
    rates: dict[int, list[float]] = {1: [], 2: []}
    try:
        for _ in range(ROUNDS):
            rates[1].append(await _rate(desk, [first]))
            second.start()
            await second.wait_ready()
            rates[2].append(await _rate(desk, [first, second]))
            await second.stop()
    finally:
        await second.stop()
    return at_least("checks of such scans by two workers, beside one", max(rates[2]), max(rates[1]), 1.7, "files/s")


def _another(worker: ChildProcess) -> ChildProcess:
    (port,) = free_ports(1)

    async def is_ready() -> bool:
        return await http_status(port, "/health/ready") == HTTPStatus.OK

    environment = {**worker.environment, "DOCUMENTS_PORT": str(port)}
    return replace(worker, name=f"{worker.name}-2", environment=environment, is_ready=is_ready)


async def _rate(desk: _Desk, workers: Sequence[ChildProcess]) -> float:
    files = [desk.scan() for _ in range(QUEUED)]
    for worker in workers:
        worker.freeze()
    try:
        sent = [await desk.send(file) for file in files]
        await asyncio.sleep(1)  # until all are in the queue, and the services at rest
    finally:
        began = datetime.now(UTC)
        for worker in workers:
            worker.thaw()
    ended = max([await desk.checked_at(document_id) for document_id in sent])
    return QUEUED / (ended - began).total_seconds()


# bombs


async def _bombs(desk: _Desk) -> Figure:
    """Memory of the worker with everything it started, at its highest, above what it was before."""
    limit = Settings.model_fields["check_memory_bytes"].default
    before, most, verdicts = _resident(desk), 0, []
    for bomb in (_pdf_bomb(), _png_bomb()):
        checked = asyncio.ensure_future(desk.checked_at(await desk.send(bomb, "supporting")))
        while not checked.done():
            most = max(most, _resident(desk))
            await asyncio.sleep(0.01)
        await checked
        verdicts.append(bomb.name)
    return Figure(
        f"memory of the worker under {' and '.join(verdicts)}",
        f"+{(most - before) / MEBIBYTE:,.0f} MiB",
        "",
        line=f"<= {limit // MEBIBYTE} MiB",
        is_within=most - before <= limit,
    )


def _resident(desk: _Desk) -> int:
    """What only these processes hold, so that what a child shares with its parent counts once."""
    worker = psutil.Process(desk.running.stack.processes[_WORKER].pid)
    held = 0
    for process in (worker, *worker.children(recursive=True)):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            held += process.memory_full_info().pss
    return held


def _pdf_bomb() -> File:
    """A page whose one stream unpacks, layer by layer, to gigabytes."""
    compressor = zlib.compressobj(9)
    body = b"".join(compressor.compress(b"\0" * MEBIBYTE) for _ in range(1024)) + compressor.flush()
    made, kept = pikepdf.new(), io.BytesIO()
    made.add_blank_page()
    made.pages[0].Contents = pikepdf.Stream(made, body, Filter=pikepdf.Name.FlateDecode)
    made.save(kept)
    return File("bomb.pdf", "application/pdf", kept.getvalue())


def _png_bomb() -> File:
    """As many pixels as are let pass, each of four bytes."""
    kept = io.BytesIO()
    Image.new("RGBA", (10_000, 10_000)).save(kept, "PNG")
    return File("bomb.png", "image/png", kept.getvalue())
