"""The real servers of a test run: started here, or somebody else's.

`TEST_INFRA=embedded` (default) starts RabbitMQ, SecantusDB, nanio and clamd on free ports; `external` takes MONGO_URL, AMQP_URL,
S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY, CLAMD (host:port, and it must know EICAR within a file) and RABBITMQ_MANAGE (a command prefix
of `rabbitmqctl`).
"""

import asyncio
import os
import secrets
import shlex
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from minio import Minio
from minio.error import S3Error
from pymongo import AsyncMongoClient

from deploy.local.clamd import Clamd
from deploy.local.ports import free_ports
from deploy.local.servers import Broker, MongoServer, ObjectServer, manage

VHOSTS_AT_ONCE = 12


@dataclass
class Infra:
    """Addresses of the servers, and virtual hosts to take and give back."""

    mongo_url: str
    amqp_url: str
    s3_endpoint: str
    s3_access_key: str
    s3_secret_key: str
    clamd: str
    """`host:port`."""
    manage_command: Sequence[str]
    folder: Path
    """Files of the run; the caller removes it."""
    is_own: bool = True
    """Whether the servers end with the run and all that is in them, so that nobody need empty them first."""
    run: str = field(default_factory=lambda: secrets.token_hex(3))
    """Part of every name this run makes, so that runs side by side do not meet."""
    _fresh: list[str] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _used: list[str] = field(default_factory=list)

    def manage(self, *arguments: str) -> str:
        """Run `rabbitmqctl` on the broker."""
        return manage(self.manage_command, *arguments)

    def take_vhost(self) -> str:
        """The name of a new virtual host; they are made some at a time, because each call starts an Erlang machine."""
        if not self._fresh:
            self._fresh = [f"test-{self.run}-{secrets.token_hex(4)}" for _ in range(VHOSTS_AT_ONCE)]
            user = self.amqp_url.partition("://")[2].partition(":")[0]
            made = ", ".join(f'<<"{name}">>' for name in self._fresh)
            gone = ", ".join(f'<<"{name}">>' for name in self._used)
            self.manage(
                "eval",
                f'[rabbit_vhost:delete(V, <<"tests">>) || V <- [{gone}]],'
                f'[begin rabbit_vhost:add(V, <<"tests">>), rabbit_auth_backend_internal:set_permissions(<<"{user}">>, V,'
                f' <<".*">>, <<".*">>, <<".*">>, <<"tests">>) end || V <- [{made}]], ok.',
            )
            self._used = []
        vhost = self._fresh.pop()
        self._taken.add(vhost)
        return vhost

    def give_back(self, vhost: str) -> None:
        """The virtual host is of no more use; it goes with the next batch or at the end of the run."""
        self._taken.discard(vhost)
        self._used.append(vhost)

    async def clean_up(self) -> None:
        """Remove every virtual host, database and bucket of this run."""
        names = ", ".join(f'<<"{name}">>' for name in [*self._fresh, *self._taken, *self._used])
        await asyncio.to_thread(self.manage, "eval", f'[rabbit_vhost:delete(V, <<"tests">>) || V <- [{names}]], ok.')
        async with self.mongo() as client:
            for name in await client.list_database_names():
                if name.startswith(f"test_{self.run}_"):
                    await client.drop_database(name)
        await self.drop_buckets(f"test-{self.run}-")

    def mongo(self) -> AsyncMongoClient[dict[str, object]]:
        """A client of the store; the caller closes it."""
        return AsyncMongoClient(self.mongo_url, serverSelectionTimeoutMS=5000)

    async def drop_database(self, name: str) -> None:
        """Remove a database; it is of no more use."""
        if self.is_own:
            return
        async with self.mongo() as client:
            await client.drop_database(name)

    async def drop_buckets(self, prefix: str) -> None:
        """Remove the buckets whose names begin so, and what is in them; they are of no more use."""
        if not self.is_own:
            await asyncio.to_thread(self._drop_buckets, prefix)

    def _drop_buckets(self, prefix: str) -> None:
        client = Minio(self.s3_endpoint, self.s3_access_key, self.s3_secret_key, secure=False)
        for bucket in client.list_buckets():
            if bucket.name.startswith(prefix):
                for stored in client.list_objects(bucket.name, recursive=True):
                    client.remove_object(bucket.name, str(stored.object_name))
                with suppress(S3Error):  # nanio keeps the empty folders of cut uploads and then refuses
                    client.remove_bucket(bucket.name)


@asynccontextmanager
async def running_infra(folder: Path) -> AsyncIterator[Infra]:
    """The servers TEST_INFRA asks for; embedded ones live in the folder."""
    kind = os.environ.get("TEST_INFRA", "embedded")
    if kind == "embedded":
        async with _embedded(folder) as infra:
            yield infra
    elif kind == "external":
        infra = _external(folder)
        try:
            yield infra
        finally:
            await infra.clean_up()
    else:
        raise ValueError(f"TEST_INFRA={kind!r}: it must be embedded or external")


@asynccontextmanager
async def _embedded(folder: Path) -> AsyncIterator[Infra]:
    amqp, distribution, mapper, mongo, s3, scanner = free_ports(6)
    broker = Broker(folder / "rabbitmq", amqp, distribution, mapper, folder / "rabbitmq.log")
    store = MongoServer(folder / "mongo", mongo, folder / "mongo.log", is_kept=False)
    objects = ObjectServer(folder / "objects", s3, "test-access", secrets.token_hex(16), folder / "objects.log")
    clamd = Clamd(folder / "clamd", scanner, folder / "clamd.log")
    processes = (broker.process, store.process, objects.process, clamd.process)
    try:
        for process in processes[1:]:
            process.start()
        await broker.start()
        await asyncio.gather(*(process.wait_ready() for process in processes))
        keys = objects.access_key, objects.secret_key
        yield Infra(store.url, broker.url, objects.endpoint, *keys, f"127.0.0.1:{clamd.port}", broker.manage_command, folder)
    finally:
        # nothing of it is needed again, so nobody waits for a graceful end
        await asyncio.gather(*(process.kill() for process in (*processes, broker.mapper)))


def _external(folder: Path) -> Infra:
    wanted = ("MONGO_URL", "AMQP_URL", "S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY", "CLAMD", "RABBITMQ_MANAGE")
    missing = [name for name in wanted if not os.environ.get(name)]
    if missing:
        raise ValueError(f"TEST_INFRA=external needs {', '.join(missing)}")
    mongo_url, amqp_url, endpoint, access_key, secret_key, clamd, prefix = (os.environ[name] for name in wanted)
    return Infra(mongo_url, amqp_url.rstrip("/"), endpoint, access_key, secret_key, clamd, shlex.split(prefix), folder, is_own=False)
