"""Runs the proof of the access log on identity's database and says what it finds."""

import gc
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chassis.settings import load_settings
from deploy.cli.output import console, errors, printable
from deploy.cli.surroundings import Unusable, entered, environment_of
from services.identity.domain.access_proof import Break, BreakKind, Thing, Witness
from services.identity.main import command_line
from services.identity.settings import Settings
from services.identity.usecases import UseCases

_KINDS = {
    BreakKind.CHANGED: "изменено",
    BreakKind.MISSING: "отсутствует",
    BreakKind.REORDERED: "переставлено",
    BreakKind.TRUNCATED: "обрезано",
    BreakKind.INSERTED: "вставлено",
}
_THINGS = {Thing.ROW: "запись", Thing.BLOCK: "блок", Thing.ANCHOR: "якорь", Thing.HEAD: "конец цепочки"}


class _Anchor(BaseModel):
    """A line of `audit anchors`, or the body of an `AccessLogAnchored` event."""

    model_config = ConfigDict(extra="ignore")
    day: date
    number: int
    rows: int
    digest: str
    is_final: bool


async def print_proof(from_day: date | None, to_day: date | None, anchors: Path | None) -> bool:
    """Whether the log is whole; every break is printed as it is found. Raises `Unusable` for a file of anchors that is none."""
    witnesses = [] if anchors is None else _read(anchors)
    began, count = time.perf_counter(), 0
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=errors)
    async with _identity() as usecases:
        gc.freeze()  # what is loaded stays: looking through it again and again was a quarter of the CPU time of a proof
        with bar:
            task = bar.add_task("блоки", total=None)
            async for seen in usecases.audit.verify(from_day=from_day, to_day=to_day, witnesses=witnesses):
                bar.update(task, total=seen.all_blocks, completed=seen.blocks, description=f"блоки, {seen.day or ''}")
                count += len(seen.breaks)
                for found in seen.breaks:
                    console.print(_sentence(found), markup=False, soft_wrap=True)
                rows, blocks = seen.rows, seen.blocks
    seconds = time.perf_counter() - began
    verdict = "журнал цел" if not count else f"нарушений: {count}"
    console.print(f"{verdict}; записей {rows}, блоков {blocks}, {seconds:.1f} с", markup=False)
    return count == 0


async def anchor_lines() -> list[str]:
    """The anchors, and where the chain stands now."""
    async with _identity() as usecases:
        head, anchors = await usecases.audit.anchors()
    kept = [
        _Anchor(day=anchor.day, number=anchor.last_number, rows=anchor.last_place, digest=anchor.digest.hex(), is_final=True)
        for _, anchor in sorted(anchors.items())
    ]
    if not head.is_anchored:
        kept.append(_Anchor(day=head.day, number=head.number, rows=head.place, digest=head.previous.hex(), is_final=False))
    return [json.dumps(anchor.model_dump(mode="json")) for anchor in kept]


def _read(file: Path) -> Sequence[Witness]:
    try:
        kept = [_Anchor.model_validate_json(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [Witness(anchor.day, anchor.number, bytes.fromhex(anchor.digest), anchor.is_final) for anchor in kept]
    except (ValidationError, ValueError):
        raise Unusable(f"{file} не похож на вывод audit anchors") from None


def _sentence(found: Break) -> str:
    where = (
        ("день", found.day and found.day.isoformat()),
        ("блок", found.block),
        ("место", found.place),
        ("номер записи", found.row_id),
    )
    named = ", ".join(f"{name} {printable(value)}" for name, value in where if value is not None)
    return f"{found.kind.value} ({_KINDS[found.kind]}): {_THINGS[found.thing]}, {named or 'место неизвестно'}"


@asynccontextmanager
async def _identity() -> AsyncIterator[UseCases]:
    with entered(environment_of("identity")):
        settings = load_settings(Settings)
    async with command_line(settings) as usecases:
        yield usecases
