"""Builds applications: settings, stores, use-cases, doors."""

from fastapi import FastAPI

from chassis.app import Chassis
from services.applications import api, consumers
from services.applications.main.stores import stores_of
from services.applications.main.wiring import usecases_of
from services.applications.settings import Settings


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
    )
