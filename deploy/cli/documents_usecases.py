"""Documents' own use-cases, in this process, on documents' stores."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.settings import load_settings
from deploy.cli.surroundings import entered, environment_of
from services.documents.main import command_line
from services.documents.settings import Settings
from services.documents.usecases import WorkerUseCases


@asynccontextmanager
async def documents_usecases() -> AsyncIterator[WorkerUseCases]:
    """Those of the worker, by the settings that the running service has."""
    with entered(environment_of("documents")):
        settings = load_settings(Settings)
    async with command_line(settings) as usecases:
        yield usecases
