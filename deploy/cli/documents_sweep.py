"""Runs a sweep on the store of documents and says what it finds."""

import time

from deploy.cli.documents_usecases import documents_usecases
from deploy.cli.output import console, progress
from services.documents.domain.sweeps import MAX_DAMAGES, DamageKind, Phase, Sweep

_KINDS = {
    DamageKind.MISSING: "файла нет в хранилище",
    DamageKind.SIZE_DIFFERS: "другой размер",
    DamageKind.BYTES_DIFFER: "другое содержимое",
}
_PHASES = {Phase.FILES: "файлы", Phase.OBJECTS: "объекты", Phase.QUARANTINE: "карантин", Phase.DONE: "готово"}


async def print_sweep(*, reads_bytes: bool, is_dry: bool) -> bool:
    """Whether every file is whole; every damage is printed."""
    began = time.perf_counter()
    bar = progress()
    async with documents_usecases() as usecases:
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
