"""Asks for checks through documents' own use-cases, in this process, on documents' database; a running service publishes the request."""

from collections.abc import Sequence
from uuid import UUID

from chassis.settings import load_settings
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
