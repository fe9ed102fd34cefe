"""Builds applications: settings, stores, use-cases, doors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from chassis.app import Chassis
from services.applications import api, consumers
from services.applications.main.stores import stores_of
from services.applications.main.wiring import usecases_of, watchdog_of
from services.applications.settings import Settings
from services.applications.usecases import UseCases


def create_app(settings: Settings) -> FastAPI:
    """The whole service of these settings."""
    chassis = Chassis("applications", settings)
    stores = stores_of(chassis, settings)
    usecases = usecases_of(chassis, settings, stores)
    return chassis.app(
        title="Medkabinet: applications",
        usecases=usecases,
        api_routers=api.ROUTERS,
        root_routers=api.ROOT_ROUTERS,
        consumers_router=consumers.router,
        prepare=[*stores.prepare(), usecases.signer.prepare],
        background=[watchdog_of(chassis, usecases).run],
    )


@asynccontextmanager
async def command_line(settings: Settings) -> AsyncIterator[UseCases]:
    """What a command line needs of the service."""
    chassis = Chassis("applications", settings)
    stores = stores_of(chassis, settings)
    async with chassis.command_line(stores.prepare()):
        yield usecases_of(chassis, settings, stores)
