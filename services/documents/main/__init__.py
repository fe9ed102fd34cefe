"""Builds the two processes of documents, which share stores and queues: the service that people reach, and its worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from chassis.app import Chassis
from services.documents import api
from services.documents.consumers import checking, following
from services.documents.gateways.nursery import Model, Nursery
from services.documents.main.wiring import stores_of, usecases_of, worker_usecases_of
from services.documents.settings import Settings
from services.documents.usecases import WorkerUseCases


def create_app(settings: Settings) -> FastAPI:
    """The service: uploads, access, terms."""
    chassis = Chassis("documents", settings)
    stores = stores_of(chassis, settings)
    return chassis.app(
        title="Medkabinet: документы",
        usecases=usecases_of(chassis, settings, stores),
        api_routers=[api.router],
        consumers_router=following.router,
        prepare=stores.prepare(),
    )


def create_worker(settings: Settings) -> FastAPI:
    """What checks files: consumers and the answer to the orchestrator, nothing for people."""
    chassis = Chassis("documents", settings.model_copy(update={"prefetch": settings.worker_prefetch}))
    stores, nursery = stores_of(chassis, settings), Nursery(Model(settings.tessdata, settings.ocr_languages))
    usecases = worker_usecases_of(chassis, settings, stores, nursery)
    return chassis.app(
        title="Medkabinet: проверка документов",
        usecases=usecases,
        api_routers=[],
        consumers_router=checking.router,
        prepare=[*stores.prepare(), usecases.sweeping.plan],
        background=[nursery.run],
    )


@asynccontextmanager
async def command_line(settings: Settings) -> AsyncIterator[WorkerUseCases]:
    """What a command line needs of the worker."""
    chassis = Chassis("documents", settings)
    stores = stores_of(chassis, settings)
    async with chassis.command_line(stores.prepare()):
        yield worker_usecases_of(chassis, settings, stores, Nursery())
