"""One service, assembled: clients, mechanisms, HTTP and AMQP doors, an orderly start and end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urljoin

import httpx
import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request
from faststream import ContextRepo
from faststream.rabbit import RabbitBroker
from pymongo.errors import PyMongoError

from chassis import auth, guards, limits, logs, problems
from chassis.auth import Authenticator, EndedSessions, JwksCache
from chassis.broker import ConsumerPolicy, ConsumerRouter, consumer_broker, declare_topology, parking
from chassis.clock import Clock, SandboxClock, SystemClock
from chassis.context import Cause, current_cause
from chassis.dead_letters import DeadLetters
from chassis.encryption import FieldCipher
from chassis.ending import end_all, within
from chassis.errors import Unavailable
from chassis.health import Readiness, health_router
from chassis.idempotency import Answered, Answers, IdempotencyMiddleware, replay
from chassis.lease import Lease
from chassis.limits import RateLimiter
from chassis.mongo import Client, Database, connect
from chassis.objects import ObjectStore
from chassis.outbox import prepare_outbox
from chassis.publisher import CONNECTION_ERRORS, Publisher, lost_connection
from chassis.relay import Relay
from chassis.settings import AnySettings, ServiceSettings, load_settings
from chassis.telemetry import Telemetry
from chassis.telemetry import set_up as set_up_telemetry
from chassis.telemetry import trace_id as present_trace_id
from chassis.timers import Timers
from chassis.transaction import MongoBegin
from chassis.trust import authorities
from contracts.sealed import KeyRing
from contracts.topology import SUBSCRIPTIONS

log = structlog.get_logger()

_END_SECONDS = 5
"""For each step of the end that waits for no request and no message."""
_START_PAUSE_SECONDS = 1.0
_DECLARE_SECONDS = 30.0
_STORE_ERRORS = (PyMongoError, OSError, TimeoutError, Unavailable)


def provided() -> Any:
    """Give a route the use-cases that `main.py` wired."""

    def use_cases(request: Request) -> Any:
        return request.app.state.usecases

    return Depends(use_cases)


@dataclass(slots=True)
class Chassis:
    """What every service stands on. Making one connects to nothing; `app()` starts and stops it with the application."""

    service: str
    settings: ServiceSettings
    clock: Clock = field(init=False)
    telemetry: Telemetry = field(init=False)
    key_ring: KeyRing = field(init=False)
    client: Client = field(init=False)
    database: Database = field(init=False)
    cipher: FieldCipher = field(init=False)
    publisher: Publisher = field(init=False)
    relay: Relay = field(init=False)
    timers: Timers = field(init=False)
    begin: MongoBegin = field(init=False)
    dead_letters: DeadLetters = field(init=False)
    _answers: Answers = field(init=False)
    _objects: ObjectStore | None = field(init=False, default=None)
    _http_clients: list[httpx.AsyncClient] = field(init=False, default_factory=list)
    is_started: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        settings = self.settings
        logs.set_up(self.service, level=settings.log_level)
        self.telemetry = set_up_telemetry(self.service, otlp_endpoint=settings.otlp_endpoint)
        self.clock = SandboxClock(settings.sandbox_clock_file) if settings.sandbox_clock_file else SystemClock()
        self.key_ring = KeyRing.from_json(settings.sealed_key_ring.get_secret_value())
        self.client = connect(settings, self.service)
        self.database = self.client[settings.mongo_database]
        self.cipher = FieldCipher.from_settings(settings)
        self.publisher = Publisher(settings, self.service)
        self._answers = Answers(self.database, self.cipher, settings.idempotency_keep_hours)
        outbox_lease = Lease(self.database, "outbox", settings.relay_lease_seconds)
        timers_lease = Lease(self.database, "timers", settings.relay_lease_seconds)
        self.relay = Relay(self.service, self.database, self.publisher, settings, outbox_lease, self.telemetry.meters)
        self.timers = Timers(self.client, self.database, self.clock, self.relay, timers_lease, settings)
        self.dead_letters = DeadLetters(self.database, self.clock)
        self.begin = MongoBegin(
            service=self.service,
            client=self.client,
            database=self.database,
            key_ring=self.key_ring,
            conflict_retries=settings.conflict_retries,
            commit_timeout_seconds=settings.mongo_timeout_seconds,
            on_commit=self.relay.wake,
            answers=self._answers,
            messages_at_once=settings.message_transactions,
        )

    @property
    def objects(self) -> ObjectStore:
        """The object store. Raises `ValueError` naming the setting when the service was given none."""
        if self._objects is None:
            self._objects = ObjectStore.from_settings(self.settings)
        return self._objects

    def http_client(self, timeout_seconds: float) -> httpx.AsyncClient:
        """A client for one neighbour outside; it is closed with the service."""
        client = httpx.AsyncClient(timeout=timeout_seconds, verify=authorities())
        self._http_clients.append(client)
        return client

    def app(
        self,
        *,
        title: str,
        usecases: Any,
        api_routers: Sequence[APIRouter],
        consumers_router: ConsumerRouter,
        root_routers: Sequence[APIRouter] = (),
        prepare: Sequence[Callable[[], Awaitable[None]]] = (),
        background: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> FastAPI:
        """The application. `prepare` makes collections and buckets before anything is served; `background` runs until the end."""
        broker = self._broker(usecases, consumers_router)
        readiness = self._checks(broker)
        running = _Running(self, broker, readiness, [self._prepare, *prepare], list(background))
        prefix = f"/api/{self.service}"
        app = FastAPI(
            title=title,
            lifespan=partial(self._lifespan, running),
            openapi_url=f"{prefix}/openapi.json",
            docs_url=None,
            redoc_url=None,
            telemetry=self.telemetry.for_fastapi(),
        )
        app.state.usecases = usecases
        app.state.chassis = self
        for router in api_routers:
            app.include_router(router, prefix=prefix)
        for router in (*root_routers, health_router(readiness)):
            app.include_router(router)
        self._add_middleware(app)
        return app

    def _add_middleware(self, app: FastAPI) -> None:
        """Each wraps those before it; problems come last, so that failures of the others are answered too."""
        app.add_exception_handler(Answered, replay)
        app.add_middleware(IdempotencyMiddleware)
        app.add_middleware(_CauseMiddleware)
        guards.install(app, body_limit_bytes=self.settings.body_limit_bytes, request_timeout_seconds=self.settings.request_timeout_seconds)
        problems.install(app)

    @asynccontextmanager
    async def _lifespan(self, running: "_Running", app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as ends:
            http = await ends.enter_async_context(httpx.AsyncClient(timeout=self.settings.request_timeout_seconds, verify=authorities()))
            keys, ended = self._install(app, http)
            ends.push_async_callback(keys.aclose)
            running.loops.append(ended.run)
            ends.callback(app.state.limiter.close)
            ends.push_async_callback(running.end)
            await running.begin()
            yield

    def _install(self, app: FastAPI, http: httpx.AsyncClient) -> tuple[JwksCache, EndedSessions]:
        settings = self.settings
        keys = JwksCache(settings.jwks_url, http, lifetime_seconds=settings.jwks_cache_seconds)
        ended_url = urljoin(settings.jwks_url, "ended-sessions.json")
        ended = EndedSessions(ended_url, http, poll_seconds=settings.ended_sessions_poll_seconds)
        step_up = timedelta(seconds=settings.step_up_seconds)
        auth.install(app, Authenticator(keys, self.clock, trusted_proxies=settings.trusted_proxies, step_up=step_up, ended=ended))
        storage = limits.mongo_storage(
            settings.mongo_url.get_secret_value(),
            settings.mongo_database,
            server_selection_seconds=settings.mongo_server_selection_seconds,
        )
        hash_key = settings.sealed_key_ring.get_secret_value().encode()
        limits.install(app, RateLimiter(storage, hash_key=hash_key, rates=settings.rate_limits))
        return keys, ended

    def _broker(self, usecases: Any, consumers_router: ConsumerRouter) -> RabbitBroker:
        delays = self.settings.retry_delays_seconds
        policy = ConsumerPolicy(self.service, self.publisher, delays, self.settings.outage_hours * 3600, self.telemetry.meters)
        broker = consumer_broker(self.service, self.settings, self.key_ring, policy, ContextRepo({"usecases": usecases}))
        broker.include_router(consumers_router.copy())
        broker.include_router(parking(self.service, self.dead_letters.park))
        return broker

    def _checks(self, broker: RabbitBroker) -> Readiness:
        async def started() -> None:
            if not self.is_started:
                raise ConnectionError("still starting")

        async def store() -> None:
            await self.database.command("ping")

        async def bus() -> None:
            if not self.publisher.is_connected or not await broker.ping(timeout=1):
                raise ConnectionError("no connection to the broker")

        return Readiness({"started": started, "mongo": store, "rabbitmq": bus})

    async def _prepare(self) -> None:
        await prepare_outbox(self.database, self.settings)
        await self._answers.prepare()
        await self.dead_letters.prepare()
        await self.cipher.prepare()

    async def connect_broker(self, broker: RabbitBroker) -> None:
        """Connect both ways and declare everybody's queues."""
        await self.publisher.start()
        await self._declare()
        with lost_connection():
            await broker.start()
        self.is_started = True

    async def keep_topology(self) -> None:
        """Declare everything again now and then: a queue that somebody removed is back before much was published past it."""
        while True:
            await asyncio.sleep(_DECLARE_SECONDS)
            try:
                await self._declare()
            except CONNECTION_ERRORS as error:
                log.warning("topology-not-declared", error=type(error).__name__)

    async def _declare(self) -> None:
        async with self.publisher.channel() as channel:
            await declare_topology(channel, SUBSCRIPTIONS, {self.service: self.settings.retry_delays_seconds})

    @asynccontextmanager
    async def command_line(self, prepare: Sequence[Callable[[], Awaitable[None]]]) -> AsyncIterator[None]:
        """The stores ready for a command: nothing is served or consumed; a running service publishes the events."""
        try:
            for make in (self.cipher.prepare, *prepare):
                await make()
            yield
        finally:
            await self.close()

    async def close(self) -> None:
        """Let go of everything."""
        self.is_started = False
        await self.publisher.stop()
        await self.cipher.aclose()
        for client in self._http_clients:
            await client.aclose()
        if self._objects is not None:
            await self._objects.aclose()
        await self.client.close()
        await asyncio.to_thread(self.telemetry.shutdown)


@dataclass(slots=True)
class _Running:
    """The background life of a service between start and stop."""

    chassis: Chassis
    broker: RabbitBroker
    readiness: Readiness
    prepare: Sequence[Callable[[], Awaitable[None]]]
    loops: list[Callable[[], Awaitable[None]]]
    """What runs until the end besides the chassis' own loops."""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def begin(self) -> None:
        """Begin without waiting: liveness is answered while stores and broker are still coming."""
        self._spawn(self._start())

    async def end(self) -> None:
        """Stop consuming, stop the loops, publish what was committed, let go; each also when the one before failed or hangs."""
        self.readiness.stop()
        async with AsyncExitStack() as ends:
            ends.push_async_callback(within, _END_SECONDS, self.chassis.close, what="close")
            ends.push_async_callback(self._drain_outbox)
            ends.push_async_callback(within, _END_SECONDS, partial(end_all, self._tasks), what="loops")
            ends.push_async_callback(within, self.chassis.settings.shutdown_seconds + _END_SECONDS, self.broker.stop, what="consumers")

    async def _start(self) -> None:
        await _until_it_works("mongo", self._prepare_all, _STORE_ERRORS)
        await _until_it_works("rabbitmq", lambda: self.chassis.connect_broker(self.broker), CONNECTION_ERRORS)
        for run in self._loops():
            self._spawn(run())
        log.info("started")

    def _loops(self) -> Sequence[Callable[[], Awaitable[None]]]:
        chassis = self.chassis
        return [chassis.relay.run, chassis.relay.watch, chassis.timers.run, chassis.keep_topology, *self.loops]

    async def _prepare_all(self) -> None:
        for prepare in self.prepare:
            await prepare()

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        task.add_done_callback(_end_process_on_failure)
        self._tasks.append(task)

    async def _drain_outbox(self) -> None:
        try:
            async with asyncio.timeout(self.chassis.settings.publish_timeout_seconds):
                await self.chassis.relay.drain()
        except (TimeoutError, *_STORE_ERRORS) as error:
            log.info("outbox-left-for-next-start", error=type(error).__name__)


async def _until_it_works(name: str, step: Callable[[], Awaitable[None]], errors: tuple[type[Exception], ...]) -> None:
    """Repeat a step of the start until what it needs is there; readiness says no meanwhile."""
    while True:
        try:
            await step()
        except errors as error:
            log.warning("waiting-for", dependency=name, error=type(error).__name__)
            await asyncio.sleep(_START_PAUSE_SECONDS)
        else:
            return


def _end_process_on_failure(task: asyncio.Task[None]) -> None:
    """A background loop that dies would leave the service half alive: end it, and let whoever supervises start it anew."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("background-task-failed", error=type(error).__name__, exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)


class _CauseMiddleware:
    """Every request begins a chain of causes, named after its trace."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI entry."""
        trace_id = present_trace_id()
        if trace_id is None:
            await self._app(scope, receive, send)
            return
        token = current_cause.set(Cause(trace_id))
        try:
            await self._app(scope, receive, send)
        finally:
            current_cause.reset(token)


def serve(service: str, create_app: Callable[[AnySettings], FastAPI], settings_class: type[AnySettings]) -> None:
    """Run a service until SIGTERM: requests and messages at hand are finished first, for at most `shutdown_seconds`."""
    settings = load_settings(settings_class)
    try:
        app = create_app(settings)
    except ValueError as error:
        print(f"{service}: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=int(settings.shutdown_seconds),
    )
