"""Asks for checks through documents' own use-cases, in this process, on documents' database; a running service publishes the request."""

from collections.abc import Sequence
from uuid import UUID

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chassis.settings import load_settings
from deploy.cli.output import errors
from deploy.cli.surroundings import Unusable, entered, environment_of
from services.documents.domain.checks import Step
from services.documents.main import command_line
from services.documents.settings import Settings


async def ask_again(document_id: UUID, file_version: int | None, names: Sequence[str]) -> int:
    """Which file is checked again; without names in all steps. Raises `Unusable`, `DocumentNotFound`, `FileNotFound`."""
    steps = Step.known(names) if names else frozenset(Step)
    if unknown := sorted(set(names) - {step.value for step in steps}):
        raise Unusable(f"Нет шага {', '.join(unknown)}; есть {', '.join(step.value for step in Step)}")
    with entered(environment_of("documents")):
        settings = load_settings(Settings)
    async with command_line(settings) as usecases:
        return await usecases.rechecks.ask(document_id, file_version, steps)


async def ask_outdated(limit: int) -> int:
    """How many files judged by older rules are checked again."""
    with entered(environment_of("documents")):
        settings = load_settings(Settings)
    asked = 0
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=errors)
    async with command_line(settings) as usecases:
        with bar:
            task = bar.add_task("файлы", total=await usecases.rechecks.outdated())
            async for part in usecases.rechecks.ask_outdated(limit=limit):
                asked = part.asked
                bar.update(task, completed=part.seen)
    return asked
