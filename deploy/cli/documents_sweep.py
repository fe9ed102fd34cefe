"""Runs a sweep on the store of documents and says what it finds."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chassis.settings import load_settings
from deploy.cli.output import console, errors
from deploy.cli.surroundings import entered, environment_of
from services.documents.domain.sweeps import MAX_DAMAGES, DamageKind, Phase, Sweep
from services.documents.main import command_line
from services.documents.settings import Settings
from services.documents.usecases import WorkerUseCases

_KINDS = {
    DamageKind.MISSING: "файла нет в хранилище",
    DamageKind.SIZE_DIFFERS: "другой размер",
    DamageKind.BYTES_DIFFER: "другое содержимое",
}
_PHASES = {Phase.FILES: "файлы", Phase.OBJECTS: "объекты", Phase.QUARANTINE: "карантин", Phase.DONE: "готово"}


async def print_sweep(*, reads_bytes: bool, is_dry: bool) -> bool:
    """Whether every file is whole; every damage is printed."""
    began = time.perf_counter()
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=errors)
    async with _documents() as usecases:
        with bar:
            task = bar.add_task(_PHASES[Phase.FILES], total=await usecases.sweeping.estimated_documents())
            async for sweep in usecases.sweeping.run(reads_bytes=reads_bytes, is_dry=is_dry):
                bar.update(task, completed=sweep.documents, description=_PHASES[sweep.phase])
    for damage in sweep.damages:
        console.print(f"{damage.document_id} версия {damage.file_version}: {_KINDS[damage.kind]}", markup=False, soft_wrap=True)
    if sweep.damage_count > MAX_DAMAGES:
        console.print(f"и ещё {sweep.damage_count - MAX_DAMAGES}: все названы в журнале", markup=False)
    console.print(_sentence(sweep, time.perf_counter() - began), markup=False, soft_wrap=True)
    return sweep.damage_count == 0


def _sentence(sweep: Sweep, seconds: float) -> str:
    verdict = "все файлы целы" if not sweep.damage_count else f"повреждено файлов: {sweep.damage_count}"
    removed = "ничьих объектов найдено" if sweep.is_dry else "ничьих объектов удалено"
    counts = (
        f"файлов {sweep.files}",
        f"прочитано байт {sweep.bytes_read}",
        f"объектов {sweep.objects}",
        f"{removed} {sweep.orphans}",
        f"заражённых изолировано {sweep.isolated}",
        f"из карантина {sweep.expired}",
    )
    return f"{verdict}; {', '.join(counts)}; {seconds:.1f} с; обход {sweep.id}"


@asynccontextmanager
async def _documents() -> AsyncIterator[WorkerUseCases]:
    with entered(environment_of("documents")):
        settings = load_settings(Settings)
    async with command_line(settings) as usecases:
        yield usecases
