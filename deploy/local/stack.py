"""The whole system as a tree of processes: for `make run`, the demo, end-to-end tests and chaos.

async with Stack(folder) as stack:
    await stack.processes["identity"].kill()
"""

import asyncio
import fcntl
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from deploy.local.clamd import Clamd, system_signatures
from deploy.local.development_secrets import load_or_invent
from deploy.local.environments import (
    SHUTDOWN_SECONDS,
    clock_file,
    gateway_environment,
    service_environment,
    simulators_environment,
    worker_environment,
)
from deploy.local.ports import http_status, is_taken
from deploy.local.process import ChildProcess
from deploy.local.servers import PROJECT, Broker, MongoServer, ObjectServer
from deploy.local.settings import MODULES, SERVICES, LocalSettings

STOP_SECONDS = 2 * SHUTDOWN_SECONDS + 10
"""Longer than a service takes to stop at worst: its requests, its messages, then the relay and telemetry."""


def settings_file(data_dir: Path) -> Path:
    """Where a stack writes what it was started with, for the command line."""
    return data_dir.resolve() / "settings.json"


class CannotStart(RuntimeError):
    """Something outside the stack stands in the way; the message says what to do."""


class Stack:
    """RabbitMQ, embedded MongoDB and S3, the malware scanner, the simulators, five services, the worker of documents and the gateway.

    Without settings it runs on free ports. `environment` is given to every service on top of what it gets anyway.
    """

    def __init__(self, data_dir: Path, settings: LocalSettings | None = None, *, environment: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.settings = settings or LocalSettings.on_free_ports(self.data_dir)
        self.logs = self.data_dir / "logs"
        self._lock: IO[str] | None = None
        self.secrets = load_or_invent(self.data_dir / "secrets")
        self.broker = self._broker()
        self.mongo = self._stores()
        self.objects = self._object_server()
        self.clamd = Clamd(self.data_dir / "clamd", self.settings.clamd_port, self.logs / "clamd.log", system_signatures())
        self.environments = {
            service: service_environment(self.settings, self.secrets, service) | (environment or {}) for service in SERVICES
        }
        self.environments["documents-worker"] = worker_environment(self.settings, self.secrets) | (environment or {})
        self.processes = {process.name: process for process in self._all()}
        """Every process by its name; servers first."""

    @property
    def url(self) -> str:
        """The gateway's own address."""
        return f"http://127.0.0.1:{self.settings.gateway_port}"

    @property
    def simulators_url(self) -> str:
        """The simulators' page."""
        return self.settings.simulators_url

    @property
    def clock_file(self) -> Path:
        """The sandbox clock of all services."""
        return clock_file(self.settings)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start everything at once and return when all of it is ready. Raises `CannotStart`, `ProcessFailed`, `MissingSystemPackage`."""
        self.take_folder()
        self._refuse_taken_ports()
        self.write_settings()
        with _all_or_nothing(self.processes.values()):
            await self.broker.mapper.restart()
            for process in self.processes.values():
                process.start()
        async with asyncio.TaskGroup() as waiting:
            for process in self.processes.values():
                waiting.create_task(process.wait_ready())

    async def stop(self) -> None:
        """Stop people's ways in, then the services, then what they stand on. Nothing is left running afterwards."""
        stores = [store.process for store in self._distinct_stores()]
        servers = [self.broker.process, self.broker.mapper, self.objects.process, self.clamd.process, *stores]
        services = [process for process in self.processes.values() if process not in servers]
        await asyncio.gather(*(process.stop() for process in services))
        await asyncio.gather(*(process.stop() for process in servers))
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def kill(self) -> None:
        """End everything at once, for the impatient."""
        for process in self.processes.values():
            process.kill_now()

    def take_folder(self) -> None:
        """One stack for a folder: two would write into the same stores. Raises `CannotStart`."""
        lock = (self.data_dir / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip()
            lock.close()
            raise CannotStart(
                f"Стенд в {self.data_dir} уже запущен (процесс {owner}). Остановите его или задайте другую папку: LOCAL_DATA_DIR=<папка>"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def write_settings(self) -> None:
        """Tell the command line how this stack was started."""
        resolved = self.settings.model_copy(update={"data_dir": self.data_dir})
        settings_file(self.data_dir).write_text(resolved.model_dump_json(indent=2))

    def _broker(self) -> Broker:
        chosen = self.settings
        ports = chosen.rabbitmq_port, chosen.rabbitmq_distribution_port, chosen.rabbitmq_mapper_port
        return Broker(self.data_dir / "rabbitmq", *ports, self.logs / "rabbitmq.log")

    def _stores(self) -> dict[str, MongoServer]:
        made: dict[int, MongoServer] = {}
        for service in SERVICES:
            port = self.settings.mongo_port_of(service)
            name = "mongo" if self.settings.mongo == "shared" else f"mongo-{service}"
            made.setdefault(port, MongoServer(self.data_dir / name, port, self.logs / f"{name}.log", name))
        return {service: made[self.settings.mongo_port_of(service)] for service in SERVICES}

    def _distinct_stores(self) -> list[MongoServer]:
        return list({store.port: store for store in self.mongo.values()}.values())

    def _object_server(self) -> ObjectServer:
        keys = self.secrets["S3_ACCESS_KEY"], self.secrets["S3_SECRET_KEY"]
        return ObjectServer(self.data_dir / "objects", self.settings.objects_port, *keys, self.logs / "objects.log")

    def _all(self) -> Iterator[ChildProcess]:
        yield self.broker.mapper
        yield self.broker.process
        yield from (store.process for store in self._distinct_stores())
        yield self.objects.process
        yield self.clamd.process
        yield self._python("simulators", "deploy.simulators", simulators_environment(self.settings), self.settings.simulators_port, "/")
        for name, module in MODULES.items():
            yield self._python(name, module, self.environments[name], self.settings.port_of(name), "/health/ready")
        yield self._gateway()

    def _python(self, name: str, module: str, environment: dict[str, str], port: int, path: str) -> ChildProcess:
        return ChildProcess(
            name=name,
            command=[sys.executable, "-m", module],
            log_file=self.logs / f"{name}.log",
            is_ready=lambda: _is_ok(port, path),
            stop_seconds=STOP_SECONDS,
            environment={"PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1", **environment},
        )

    def _gateway(self) -> ChildProcess:
        (self.data_dir / "gateway").mkdir(exist_ok=True)
        caddy = Path(sys.executable).with_name("caddy")
        return ChildProcess(
            name="gateway",
            command=[str(caddy), "run", "--config", str(PROJECT / "deploy/gateway/Caddyfile"), "--adapter", "caddyfile"],
            log_file=self.logs / "gateway.log",
            is_ready=lambda: _is_ok(self.settings.gateway_port, "/health"),
            environment=gateway_environment(self.settings),
        )

    def _refuse_taken_ports(self) -> None:
        taken = {setting: port for setting, port in self.settings.ports_in_use().items() if is_taken(port)}
        if taken:
            words = "\n".join(f"Порт {port} занят другой программой. Задайте другой: {name}=<порт>" for name, port in taken.items())
            raise CannotStart(words)


@contextmanager
def _all_or_nothing(processes: Iterable[ChildProcess]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        for process in processes:
            process.kill_now()
        raise CannotStart(f"Не запускается: {error}") from error


async def _is_ok(port: int, path: str) -> bool:
    return await http_status(port, path) == HTTPStatus.OK
