"""Asks for checks through documents' own use-cases, in this process, on documents' database; a running service publishes the request."""

from collections.abc import Sequence
from uuid import UUID

from deploy.cli.documents_usecases import documents_usecases
from deploy.cli.output import progress
from deploy.cli.surroundings import Unusable
from services.documents.domain.checks import Step


async def ask_again(document_id: UUID, file_version: int | None, names: Sequence[str]) -> int:
    """Which file is checked again; without names in all steps. Raises `Unusable`, `DocumentNotFound`, `FileNotFound`."""
    steps = Step.known(names) if names else frozenset(Step)
    if unknown := sorted(set(names) - {step.value for step in steps}):
        raise Unusable(f"Нет шага {', '.join(unknown)}; есть {', '.join(step.value for step in Step)}")
    async with documents_usecases() as usecases:
        return await usecases.rechecks.ask(document_id, file_version, steps)


async def ask_outdated(limit: int) -> int:
    """How many files judged by older rules are checked again."""
    asked = 0
    bar = progress()
    async with documents_usecases() as usecases:
        with bar:
            task = bar.add_task("файлы", total=await usecases.rechecks.outdated())
            async for part in usecases.rechecks.ask_outdated(limit=limit):
                asked = part.asked
                bar.update(task, completed=part.seen)
    return asked
