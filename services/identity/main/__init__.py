"""Builds identity: settings, repositories, gateways, use-cases, doors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from chassis.app import Chassis
from chassis.lease import Lease
from services.identity import api, consumers
from services.identity.main.stores import stores_of
from services.identity.main.wiring import usecases_of
from services.identity.settings import Settings
from services.identity.usecases import UseCases
from services.identity.usecases.access_sealing import Sealer


def create_app(settings: Settings) -> FastAPI:
    """The whole service of these settings."""
    chassis = Chassis("identity", settings)
    stores = stores_of(chassis, settings)
    usecases = usecases_of(chassis, settings, stores)
    lease = Lease(chassis.database, "access-log", settings.access_lease_seconds)
    sealer = Sealer(usecases.sealing, lease, chassis.telemetry.meters.meter)
    return chassis.app(
        title="Медкабинет: учётные записи",
        usecases=usecases,
        api_routers=[api.router],
        consumers_router=consumers.router,
        prepare=[*stores.prepare(), usecases.sessions.prepare_key],
        background=[sealer.run],
    )


@asynccontextmanager
async def command_line(settings: Settings) -> AsyncIterator[UseCases]:
    """The use-cases for a command line."""
    chassis = Chassis("identity", settings)
    stores = stores_of(chassis, settings)
    async with chassis.command_line(stores.prepare()):
        yield usecases_of(chassis, settings, stores)
