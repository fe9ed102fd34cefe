"""The smallest service that uses every mechanism: counts events, not idempotent on purpose."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, FastAPI
from faststream import Context
from pydantic import BaseModel
from pydantic_settings import SettingsConfigDict

from chassis.app import Chassis, provided
from chassis.auth import anyone
from chassis.broker import EVENTS, ConsumerRouter, queue_for
from chassis.clock import Clock
from chassis.errors import Conflict, Invalid
from chassis.mongo import Database
from chassis.settings import ServiceSettings
from chassis.transaction import Begin, atomic
from contracts.base import Event
from contracts.notifications import DeliveryFailed
from contracts.support import TicketAnswered, TicketTermReached
from tests.support import Component, Infra, component, service_environment


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SUPPORT_")


class Refused(Invalid):
    code = "refused"


class NotNow(Conflict):
    code = "not-now"


@dataclass
class UseCases:
    begin: Begin
    database: Database
    clock: Clock
    failures: dict[UUID, Exception] = field(default_factory=dict)
    """What the handling of an event raises, until it is taken out."""
    runs: dict[UUID, int] = field(default_factory=dict)

    @atomic
    async def count(self, event: TicketTermReached | DeliveryFailed, key: UUID) -> None:
        self.runs[key] = self.runs.get(key, 0) + 1
        async with self.begin(handling=event) as tx:
            if key in self.failures:
                raise self.failures[key]
            await self.database["counts"].update_one({"_id": key}, {"$inc": {"n": 1}}, upsert=True, session=tx.session)

    @atomic
    async def answer(self, ticket_id: UUID, *, text: str = "") -> int:
        async with self.begin() as tx:
            await self.database["tickets"].update_one({"_id": ticket_id}, {"$inc": {"version": 1}}, upsert=True, session=tx.session)
            ticket = await self.database["tickets"].find_one({"_id": ticket_id}, session=tx.session)
            version: int = ticket["version"] if ticket else 0
            await tx.publish(
                TicketAnswered(occurred_at=self.clock.now(), ticket_id=ticket_id, version=version, number="SU-1", requester_id=ticket_id)
            )
            if text == "abort":
                raise NotNow("Не сейчас.")
        if text == "break":
            raise RuntimeError("a mistake of ours after the change")
        if text == "refuse":
            raise Refused("Отказано после записи.")
        return version

    @atomic
    async def plan(self, key: str, due_at: datetime, event: TicketTermReached) -> None:
        async with self.begin() as tx:
            await tx.schedule(key, due_at, event)

    @atomic
    async def forget(self, key: str) -> None:
        async with self.begin() as tx:
            await tx.cancel(key)


class AnswerIn(BaseModel):
    ticket_id: UUID
    text: str = ""


class AnswerOut(BaseModel):
    ticket_id: UUID
    version: int


api = APIRouter()
UseCasesDep = Annotated[UseCases, provided()]


@api.post("/answers", status_code=201, dependencies=[anyone()])
async def answer(body: AnswerIn, usecases: UseCasesDep) -> AnswerOut:
    return AnswerOut(ticket_id=body.ticket_id, version=await usecases.answer(body.ticket_id, text=body.text))


def consumers() -> ConsumerRouter:
    router = ConsumerRouter()

    @router.consumer(queue_for("support", TicketTermReached), EVENTS)
    async def on_ticket_term_reached(event: TicketTermReached, usecases: Annotated[UseCases, Context("usecases")]) -> None:
        await usecases.count(event, event.ticket_id)

    @router.consumer(queue_for("support", DeliveryFailed), EVENTS)
    async def on_delivery_failed(event: DeliveryFailed, usecases: Annotated[UseCases, Context("usecases")]) -> None:
        await usecases.count(event, event.delivery_id)

    return router


@dataclass(frozen=True)
class Probe:
    component: Component
    chassis: Chassis
    usecases: UseCases

    async def count(self, key: UUID) -> int:
        found = await self.component.database["counts"].find_one({"_id": str(key)}) or await self.usecases.database["counts"].find_one(
            {"_id": key}
        )
        return found["n"] if found else 0

    async def letter(self, event: Event) -> dict[str, Any] | None:
        return await self.component.database["dead_letters"].find_one({"properties.message_id": str(event.event_id)})

    async def dead(self) -> int:
        return await self.component.database["dead_letters"].count_documents({"state": "open"})


@asynccontextmanager
async def probing(infra: Infra, **overrides: str) -> AsyncIterator[Probe]:
    async with service_environment(infra, "support", **overrides) as env, probe_in(env) as probe:
        yield probe


@asynccontextmanager
async def probe_in(env: Mapping[str, str]) -> AsyncIterator[Probe]:
    made: list[tuple[Chassis, UseCases]] = []

    def create_app(settings: Settings) -> FastAPI:
        chassis = Chassis("support", settings)
        usecases = UseCases(chassis.begin, chassis.database, chassis.clock)
        made.append((chassis, usecases))

        async def prepare() -> None:
            for name in ("counts", "tickets"):
                if name not in await chassis.database.list_collection_names():
                    await chassis.database.create_collection(name)

        return chassis.app(title="probe", usecases=usecases, api_routers=[api], consumers_router=consumers(), prepare=[prepare])

    async with component(create_app, Settings, env) as running:
        yield Probe(running, *made[0])
