"""The three servers the system needs: RabbitMQ, SecantusDB in MongoDB's place, nanio in S3's place.

Each keeps everything in a folder of its own and listens on this machine only.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aio_pika
from aiormq.exceptions import AMQPError
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from deploy.local.ports import accepts, http_status
from deploy.local.process import ChildProcess
from deploy.local.programs import program

PROJECT = Path(__file__).resolve().parents[2]


@dataclass
class MongoServer:
    """One SecantusDB, a replica set of one, in a process of its own."""

    folder: Path
    port: int
    log_file: Path
    name: str = "mongo"
    is_kept: bool = True
    """Whether what was acknowledged outlives a `kill -9`; it costs a wait for the disk at each write."""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        words = ["deploy.local.embedded_mongo", str(self.port), str(self.folder), "kept" if self.is_kept else "passing"]
        self.process = ChildProcess(
            name=self.name,
            command=[sys.executable, "-m", *words],
            log_file=self.log_file,
            is_ready=self._answers,
            environment={"PYTHONPATH": str(PROJECT)},
        )

    @property
    def url(self) -> str:
        """The connection string without a database."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    async def _answers(self) -> bool:
        if not accepts(self.port):
            return False
        client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(self.url, serverSelectionTimeoutMS=1000)
        try:
            await client.admin.command("ping")
        except PyMongoError:
            return False
        finally:
            await client.close()
        return True


@dataclass
class ObjectServer:
    """One nanio."""

    folder: Path
    port: int
    access_key: str
    secret_key: str
    log_file: Path
    name: str = "objects"

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        where = ["--data-dir", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = ChildProcess(
            name=self.name,
            command=[sys.executable, "-m", "nanio", "serve", *where, "--no-access-log", "--log-level", "warning"],
            log_file=self.log_file,
            is_ready=self._answers,
            environment={"NANIO_ACCESS_KEY": self.access_key, "NANIO_SECRET_KEY": self.secret_key},
        )

    @property
    def endpoint(self) -> str:
        """`host:port`."""
        return f"127.0.0.1:{self.port}"

    async def _answers(self) -> bool:
        return await http_status(self.port, "/") is not None


@dataclass
class Broker:
    """One RabbitMQ node with its own Erlang port mapper, cookie and folders; it runs as whoever starts it."""

    folder: Path
    port: int
    distribution_port: int
    mapper_port: int
    log_file: Path
    name: str = "rabbitmq"
    user: str = "guest"
    password: str = "guest"  # noqa: S105  # RabbitMQ's own default; it is accepted from this machine only

    def __post_init__(self) -> None:
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        self._write_configuration()
        self.environment = {
            "HOME": str(home),
            "RABBITMQ_NODENAME": f"medkabinet-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "ERL_EPMD_PORT": str(self.mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "absent.config"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "absent-env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            # makes the script replace itself with the Erlang machine, so that the child is the broker and no shell stands between
            "RUNNING_UNDER_SYSTEMD": "true",
        }
        self.mapper = ChildProcess(
            name=f"{self.name}-ports",
            command=[program("epmd", "erlang-base"), "-port", str(self.mapper_port), "-address", "127.0.0.1"],
            log_file=self.log_file.with_name("rabbitmq-ports.log"),
            is_ready=self._mapper_answers,
        )
        self.process = ChildProcess(
            name=self.name,
            command=[program("rabbitmq-server", "rabbitmq-server")],
            log_file=self.log_file,
            is_ready=self._answers,
            environment=self.environment,
            stop_seconds=20,
        )

    @property
    def url(self) -> str:
        """The address without a virtual host."""
        return f"amqp://{self.user}:{self.password}@127.0.0.1:{self.port}"

    @property
    def manage_command(self) -> list[str]:
        """The prefix of `rabbitmqctl` for this node."""
        return ["env", *(f"{name}={value}" for name, value in self.environment.items()), program("rabbitmqctl", "rabbitmq-server")]

    async def start(self) -> None:
        """Start the port mapper and the node; returns before the node is ready."""
        self.mapper.start()
        await self.mapper.wait_ready()
        self.process.start()

    async def stop(self) -> None:
        """Stop both."""
        await self.process.stop()
        await self.mapper.stop()

    def _write_configuration(self) -> None:
        configuration = [
            "vm_memory_high_watermark.absolute = 1GB",
            "disk_free_limit.absolute = 100MB",
            "log.console.level = warning",
            "collect_statistics_interval = 60000",
        ]
        (self.folder / "rabbitmq.conf").write_text("\n".join(configuration) + "\n")
        (self.folder / "enabled_plugins").write_text("[].\n")

    async def _mapper_answers(self) -> bool:
        return accepts(self.mapper_port)

    async def _answers(self) -> bool:
        if not accepts(self.port):
            return False
        try:
            connection = await aio_pika.connect(self.url, timeout=2)
            await connection.close()
        except (TimeoutError, AMQPError, OSError):
            return False
        return True


def manage(command: Sequence[str], *arguments: str) -> str:
    """Run `rabbitmqctl` with the prefix of a node. Its own words are in the error."""
    done = subprocess.run(  # our own command
        [*command, "-q", *arguments], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode != 0:
        raise RuntimeError(f"rabbitmqctl {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
