"""The faults. Each is done to a running stack while clients work, and ends with everything running again."""

import asyncio
import secrets
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from contracts.applications import ApplicationApproved
from contracts.notifications import DeliveryRequested
from contracts.sealed import KeyRing
from contracts.topology import ARCHIVE_STREAM, EVENTS_EXCHANGE, queue_name
from deploy.chaos.crashing import POINTS
from deploy.local.process import ChildProcess
from deploy.local.settings import MODULES
from deploy.local.stack import Stack

CRASH_SHARE = 0.03
CRASH_SECONDS = 25.0
DEATH_SECONDS = 120.0
"""How much longer a crash case may take until every point has killed somebody."""
MALFORMED = 500
_BODIES = (b"", b"null", b"[]", b'"text"', b"{", b"\xff\xfe", b"{}", b'{"event_id":1}', b'{"occurred_at":NaN}', b"\x00" * 64, b"[" * 9_000)

_ONE_AT_EACH_POINT = {"applications": "after-commit", "support": "after-confirm", "notifications": "before-ack"}
"""The short form has one service die at each point, where the load makes it pass often."""
_SHORT_SHARES = {"applications": 0.1, "support": 0.34, "notifications": 0.1}
"""Support publishes once a round: within ten passages it would live for most of a minute, and all that time the others die again."""


class NotInflicted(Exception):
    """The fault did not happen as meant, so its line would prove nothing; the message says what happened instead."""


Inflict = Callable[[Stack], Awaitable[str]]
"""Does it to the stack and says in a few words what was counted. Raises `NotInflicted`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the table: what is done, and how many dead letters it is meant to leave."""

    name: str
    inflict: Inflict
    expected_dead_letters: int = 0


async def _nothing(_stack: Stack) -> str:
    await asyncio.sleep(5)
    return ""


def _kill_service(service: str, times: int) -> Inflict:
    """Again as soon as it is ready, a moment of work between."""

    async def inflict(stack: Stack) -> str:
        process = stack.processes[service]
        for _ in range(times):
            await asyncio.sleep(secrets.randbelow(300) / 1000)
            await _kill(process)
            process.start()
            await process.wait_ready()
        return f"{times} kills"

    return inflict


async def _kill(process: ChildProcess) -> None:
    if not process.is_running:
        raise NotInflicted(f"{process.name}: ended by itself with status {process.exit_status} before it was killed")
    await process.kill()
    if not _was_killed(process):
        raise NotInflicted(f"{process.name}: ended with status {process.exit_status}, not by SIGKILL")


def _was_killed(process: ChildProcess) -> bool:
    return process.exit_status == -signal.SIGKILL


def _crash_at(points: Mapping[str, str], seconds: float, shares: Mapping[str, float]) -> Inflict:
    """Services die by themselves at their points, in such a share of the passages, and are started again."""

    async def inflict(stack: Stack) -> str:
        processes = [stack.processes[service] for service in points]
        ordinary = {process.name: process.command for process in processes}
        for process in processes:
            process.command = [sys.executable, "-m", "deploy.chaos.crashing", process.name, points[process.name], str(shares[process.name])]
        await _restart(processes)
        try:
            deaths = await keep_running(processes, points, seconds)
        finally:
            for process in processes:
                process.command = ordinary[process.name]
            await _restart(processes)
            await asyncio.gather(*(process.wait_ready() for process in processes))
        return ", ".join(f"{deaths[point]} deaths {point}" for point in sorted(deaths))

    return inflict


async def _restart(processes: list[ChildProcess]) -> None:
    await asyncio.gather(*(process.stop() for process in processes))
    for process in processes:
        process.start()


async def keep_running(
    processes: list[ChildProcess], points: Mapping[str, str], seconds: float, *, death_seconds: float = DEATH_SECONDS
) -> Counter[str]:
    """Start again what died; deaths by point. Goes on until every point had one.

    Raises `NotInflicted` for any other end of a process, and when a point killed nobody within `death_seconds` more.
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + seconds
    deaths: Counter[str] = Counter()
    while loop.time() < ends_at or (missing := set(points.values()) - set(deaths)):
        if loop.time() > ends_at + death_seconds:
            raise NotInflicted(f"nobody died {', '.join(sorted(missing))}")
        await asyncio.sleep(0.2)
        for process in processes:
            if process.is_running:
                continue
            if not _was_killed(process):
                raise NotInflicted(f"{process.name}: ended with status {process.exit_status}, not by SIGKILL")
            deaths[points[process.name]] += 1
            process.start()
    return deaths


def _down(choose: Callable[[Stack], list[ChildProcess]], seconds: float, *, after_seconds: float = 1) -> Inflict:
    """`kill -9`, some seconds of nothing, start."""

    async def inflict(stack: Stack) -> str:
        await asyncio.sleep(after_seconds)
        processes = choose(stack)
        await asyncio.gather(*(_kill(process) for process in processes))
        await asyncio.sleep(seconds)
        for process in processes:
            process.start()
        await asyncio.gather(*(process.wait_ready() for process in processes))
        await asyncio.gather(*(stack.processes[process].wait_ready() for process in MODULES))
        return f"{len(processes)} kills"

    return inflict


def _broker(stack: Stack) -> list[ChildProcess]:
    return [stack.broker.process]


def _stores(stack: Stack) -> list[ChildProcess]:
    return list({store.port: store.process for store in stack.mongo.values()}.values())


def _objects(stack: Stack) -> list[ChildProcess]:
    return [stack.objects.process]


def _clamd(stack: Stack) -> list[ChildProcess]:
    return [stack.clamd.process]


def _process(name: str) -> Callable[[Stack], list[ChildProcess]]:
    return lambda stack: [stack.processes[name]]


def _everything_three_times(seconds: float) -> Inflict:
    """Listen to the archive while people work, then publish each event twice more."""

    async def inflict(stack: Stack) -> str:
        return await _publish_twice_more(stack, seconds)

    return inflict


async def _publish_twice_more(stack: Stack, seconds: float) -> str:
    async with await aio_pika.connect(stack.broker.url) as connection:
        channel = await connection.channel()
        await channel.set_qos(200)
        archive = await channel.get_queue(ARCHIVE_STREAM)
        messages: list[AbstractIncomingMessage] = []

        async def keep(message: AbstractIncomingMessage) -> None:
            messages.append(message)
            await message.ack()

        tag = await archive.consume(keep, arguments={"x-stream-offset": "next"})
        await asyncio.sleep(seconds)
        await archive.cancel(tag)
        if not messages:
            raise NotInflicted("the archive recorded nothing: there was no load to repeat")
        exchange = await channel.get_exchange(EVENTS_EXCHANGE)
        for message in (*messages, *messages):
            await exchange.publish(_copy(message), message.routing_key or "")
    return f"{len(messages)} events twice more"


def _copy(message: AbstractIncomingMessage) -> aio_pika.Message:
    return aio_pika.Message(
        message.body,
        message_id=message.message_id,
        type=message.type,
        correlation_id=message.correlation_id,
        content_type=message.content_type,
        delivery_mode=2,
        headers={name: value for name, value in message.headers.items() if not name.startswith("x-")},
    )


async def _poison(stack: Stack) -> str:
    """An event that can never be handled: it approves an application that does not exist."""
    event = ApplicationApproved(
        occurred_at=datetime.now(UTC), application_id=uuid4(), applicant_id=uuid4(), registrar_id=uuid4(), number="MK-2026-00000000-0"
    )
    body = event.to_wire(KeyRing.from_json(stack.secrets["SEALED_KEY_RING"]))
    await _send(stack, [(body, str(event.event_id), event.type)], queue_name("applications", ApplicationApproved))
    await asyncio.sleep(3)
    return ""


async def _malformed(stack: Stack) -> str:
    await _send(stack, _rubbish(MALFORMED), queue_name("notifications", DeliveryRequested))
    return ""


def _rubbish(count: int) -> list[tuple[bytes, str, str]]:
    """Eleven kinds of it, with and without a type."""
    return [(_BODIES[number % len(_BODIES)], str(uuid4()), DeliveryRequested.type if number % 2 else "") for number in range(count)]


async def _send(stack: Stack, messages: list[tuple[bytes, str, str]], queue: str) -> None:
    async with await aio_pika.connect(stack.broker.url) as connection:
        channel = await connection.channel()
        for body, message_id, kind in messages:
            message = aio_pika.Message(body, message_id=message_id, type=kind or None, delivery_mode=2)
            await channel.default_exchange.publish(message, queue)


async def _kill_each_service(stack: Stack) -> str:
    """A second apart, each started again at once; those that follow do not wait until it is ready."""
    processes = [stack.processes[process] for process in MODULES]
    for process in processes:
        await asyncio.sleep(1)
        await _kill(process)
        process.start()
    await asyncio.gather(*(process.wait_ready() for process in processes))
    return f"{len(MODULES)} kills"


async def _bad_messages(stack: Stack) -> str:
    await _poison(stack)
    await _send(stack, _rubbish(len(_BODIES)), queue_name("notifications", DeliveryRequested))
    return ""


def all_faults(*, kills: int) -> list[Fault]:
    """Every fault of the table; `kills` is how often each service is killed."""
    return [
        Fault("nothing (for comparison)", _nothing),
        *(Fault(f"kill -9 {process}, {kills}x", _kill_service(process, kills)) for process in MODULES),
        *(
            Fault(
                f"crash {point.replace('-', ' ')} (within {round(1 / CRASH_SHARE)} passages)",
                _crash_at(dict.fromkeys(MODULES, point), CRASH_SECONDS, dict.fromkeys(MODULES, CRASH_SHARE)),
            )
            for point in POINTS
        ),
        Fault("broker killed, 3 s", _down(_broker, 3)),
        Fault("broker killed, 60 s", _down(_broker, 60)),
        Fault("MongoDB killed, 2 s", _down(_stores, 2)),
        Fault("MongoDB killed, 30 s", _down(_stores, 30)),
        Fault("S3 down, 30 s", _down(_objects, 30)),
        Fault("clamd down, 30 s", _down(_clamd, 30)),
        Fault("every event three times", _everything_three_times(8)),
        Fault("poison message", _poison, expected_dead_letters=1),
        Fault(f"{MALFORMED} malformed messages", _malformed, expected_dead_letters=MALFORMED),
    ]


def _one_after_another(*inflictions: Inflict) -> Inflict:
    async def inflict(stack: Stack) -> str:
        return ", ".join([note for infliction in inflictions if (note := await infliction(stack))])

    return inflict


def short_faults() -> list[Fault]:
    """The form that the tests run: each kind of fault once, in few cases, since every case waits for the system to come to rest."""
    servers = _one_after_another(_down(_broker, 3), _down(_stores, 2), _down(_objects, 3), _down(_clamd, 2))
    messages = _one_after_another(_everything_three_times(4), _bad_messages)
    return [
        Fault("kill -9 of each service once", _kill_each_service),
        Fault("crash at all points (within 10 passages)", _crash_at(_ONE_AT_EACH_POINT, 3, _SHORT_SHARES)),
        Fault("broker 3 s, MongoDB 2 s, S3 3 s, clamd 2 s killed in turn", servers),
        Fault("every event three times, bad messages", messages, expected_dead_letters=1 + len(_BODIES)),
    ]


def step_faults() -> list[Fault]:
    """Each process that an application meets on its way, killed at once and started again."""
    services = ("applications", "documents", "notifications", "identity")
    servers = {"broker": _broker, "MongoDB": _stores, "S3": _objects}
    choices = {name: _process(name) for name in services} | servers
    return [Fault(name, _down(choose, 0.3, after_seconds=0)) for name, choose in choices.items()]


def crash_faults(service: str) -> list[Fault]:
    """One service that dies by itself at each point, in a share of the passages."""
    return [
        Fault(f"{service} crashes {point.replace('-', ' ')}", _crash_at({service: point}, CRASH_SECONDS, {service: CRASH_SHARE}))
        for point in POINTS
    ]


def file_faults() -> list[Fault]:
    """Each thing that a file passes through on its way to the verdict, killed in turn."""
    return [
        Fault("worker", _down(_process("documents-worker"), 1)),
        Fault("clamd", _down(_clamd, 2)),
        Fault("S3", _down(_objects, 2)),
        Fault("broker", _down(_broker, 2)),
        Fault("MongoDB", _down(_stores, 2)),
        Fault("API", _down(_process("documents"), 1)),
    ]
