"""Events: each has a publisher that states it and a queue that is bound; consumers hear what the table says; queues are quorum queues."""

import ast
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faststream.rabbit import QueueType, RabbitQueue, RabbitRouter

from chassis.broker import EVENTS, declare_topology, queue_for
from contracts.access import PersonalDataRead
from contracts.base import Event
from contracts.generate.schemas import declared_events
from contracts.support import SupportExported, TicketAnswered, TicketClosed, TicketOpened
from contracts.topology import ARCHIVE_STREAM, ARCHIVED, EVENTS_EXCHANGE, SUBSCRIPTIONS, queue_name
from tests.census.source import ROOT, SERVICES, Source, dotted, plant, sources


def unstated(events: Iterable[type[Event]], root: Path) -> Iterator[str]:
    """Events that nobody who may state them makes; facts of `access` may be stated by every service."""
    made = {service: _called_in(sources(root, f"services/{service}")) for service in SERVICES}
    chosen = {service: _chosen_in(sources(root, f"services/{service}")) for service in SERVICES}
    for event in events:
        owner = event.type.partition(".")[0]
        may_state = SERVICES if owner == "access" else (owner,)
        if not any(event.__name__ in made[service] | chosen[service] for service in may_state):
            yield f"{event.type}: {' or '.join(may_state)} never states it"
        for service in set(SERVICES) - set(may_state):
            if event.__name__ in made[service]:
                yield f"{event.type}: stated by {service}, which does not own it"


def _called_in(found: list[Source]) -> set[str]:
    """Names of classes that are called, by name or through their module, or through the constructor of all pieces of an export."""
    called = (dotted(call.func).removesuffix(".all_of") for source in found for call in source.calls())
    return {name.rpartition(".")[2] for name in called}


def _chosen_in(found: list[Source]) -> set[str]:
    """Names of classes a variable stands for, as in `kind = DeadlineNear if is_near else DeadlineMissed`."""
    assigned = (node.value for source in found for node in ast.walk(source.tree) if isinstance(node, ast.Assign | ast.AnnAssign))
    return {dotted(value).rpartition(".")[2] for expression in assigned for value in _choices(expression)}


def _choices(expression: ast.expr | None) -> Iterator[ast.expr]:
    match expression:
        case ast.IfExp(body=first, orelse=second):
            yield from (*_choices(first), *_choices(second))
        case ast.Dict(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
            yield from (choice for value in values for choice in _choices(value))
        case ast.Name() | ast.Attribute():
            yield expression


def unheard(events: Iterable[type[Event]], subscriptions: dict[str, tuple[type[Event], ...]]) -> Iterator[str]:
    heard = {event.type for row in subscriptions.values() for event in row}
    return (f"{event.type}: nobody subscribes to it" for event in events if event.type not in heard)


def wrong_subscribers(service: str, router: RabbitRouter) -> Iterator[str]:
    """Differences between the queues a router reads and the service's row of the table."""
    expected = {queue_name(service, event): event for event in SUBSCRIPTIONS[service]}
    names = [subscriber.queue.name for subscriber in router.subscribers if hasattr(subscriber, "queue")]
    yield from (f"{service}: nobody reads {name}" for name in sorted(set(expected) - set(names)))
    yield from (f"{service}: {name} is not in its row of contracts.topology" for name in sorted(set(names) - set(expected)))
    yield from (f"{service}: {name} is read twice" for name in sorted({name for name in names if names.count(name) > 1}))
    for subscriber in router.subscribers:
        queue: Any = getattr(subscriber, "queue", None)
        if queue is None or queue.name not in expected:
            continue
        if queue.arguments.get("x-queue-type") != "quorum":
            yield f"{service}: {queue.name} is no quorum queue"
        if queue.declare is not False:
            yield f"{service}: {queue.name} is declared by its reader, not by declare_topology"
        if getattr(getattr(subscriber, "exchange", None), "name", None) != EVENTS_EXCHANGE:
            yield f"{service}: {queue.name} does not name the exchange EVENTS"


def wrong_handlers(found: list[Source], service: str) -> Iterator[str]:
    """Handlers that are not `on_<event>(event: <the class of their queue>, …)`."""
    classes = {event.__name__: event for event in SUBSCRIPTIONS[service]}
    for source in found:
        for function in source.functions():
            for queue in _queues_of(function):
                name = dotted(queue.args[1]).rpartition(".")[2] if len(queue.args) > 1 else ""
                if name not in classes:
                    continue
                expected = f"on_{classes[name].type.split('.')[1].replace('-', '_')}"
                first = function.args.args[0] if function.args.args else None
                if function.name != expected:
                    yield f"{source.at(function)}: the handler of {name} is called {function.name}, not {expected}"
                if first is None or first.annotation is None or dotted(first.annotation).rpartition(".")[2] != name:
                    yield f"{source.at(function)}: the handler of {name} takes something else"


def _queues_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.Call]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and dotted(decorator.func).endswith(".subscriber"):
            yield from (arg for arg in decorator.args if isinstance(arg, ast.Call) and dotted(arg.func).endswith("queue_for"))


def other_queues(found: list[Source]) -> Iterator[str]:
    """`RabbitQueue(...)` in the code that is neither quorum nor stream."""
    for source in found:
        for call in source.calls():
            if dotted(call.func).rpartition(".")[2] == "RabbitQueue":
                kinds = [dotted(keyword.value) for keyword in call.keywords if keyword.arg == "queue_type"]
                if not kinds or kinds[0] not in ("QueueType.QUORUM", "QueueType.STREAM"):
                    yield f"{source.at(call)}: a queue that is neither quorum nor stream"


class RecordingChannel:
    """Stands for a channel of the broker and keeps what is declared."""

    def __init__(self) -> None:
        self.queues: dict[str, dict[str, Any]] = {}
        self.bindings: set[tuple[str, str, str]] = set()

    async def declare_exchange(self, name: str, *_: object, **__: object) -> SimpleNamespace:
        return SimpleNamespace(name=name)

    async def declare_queue(self, name: str, *, durable: bool, arguments: dict[str, Any]) -> SimpleNamespace:
        self.queues[name] = arguments | {"durable": durable}

        async def bind(exchange: Any, routing_key: str = "", **_: object) -> None:
            self.bindings.add((getattr(exchange, "name", exchange), routing_key, name))

        return SimpleNamespace(name=name, bind=bind)


def test_every_event_is_stated_by_its_publisher_and_nobody_else() -> None:
    assert list(unstated(declared_events(), ROOT)) == []


def test_every_event_is_heard_by_somebody() -> None:
    assert list(unheard(declared_events(), SUBSCRIPTIONS | {"archive": ARCHIVED})) == []
    assert not set(ARCHIVED) & {event for row in SUBSCRIPTIONS.values() for event in row}, "what is read is not there for the archive alone"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_exactly_the_queues_of_its_row(service: str) -> None:
    assert list(wrong_subscribers(service, import_module(f"services.{service}.consumers").router)) == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_handler_is_named_after_its_event_and_takes_it(service: str) -> None:
    found = [source for source in sources(ROOT, f"services/{service}") if "consumers" in source.name.removesuffix(".py").split("/")]
    assert list(wrong_handlers(found, service)) == []


def test_every_queue_in_the_code_is_quorum_or_stream() -> None:
    assert list(other_queues(sources(ROOT, "chassis", "services"))) == []


async def test_the_topology_declares_durable_quorum_queues_bound_by_type_and_one_stream() -> None:
    channel = RecordingChannel()
    await declare_topology(channel, SERVICES, dict.fromkeys(SERVICES, (5.0, 60.0)))  # type: ignore[arg-type]  # a twin of the channel
    kinds = {name: arguments["x-queue-type"] for name, arguments in channel.queues.items()}
    assert kinds.pop(ARCHIVE_STREAM) == "stream"
    assert set(kinds.values()) == {"quorum"}
    assert all(arguments["durable"] for arguments in channel.queues.values())
    for service, heard in SUBSCRIPTIONS.items():
        for event in heard:
            assert (EVENTS_EXCHANGE, event.type, queue_name(service, event)) in channel.bindings


def test_a_planted_event_without_publisher_is_found(tmp_path: Path) -> None:
    stating = "from contracts import support\nasync def open(tx):\n    await tx.publish(support.TicketOpened(number=n))"
    hearing = "from contracts.support import TicketClosed\nasync def on(event: TicketClosed): ..."
    plant(tmp_path, {"services/support/usecases.py": stating, "services/support/consumers.py": hearing})
    assert list(unstated([TicketOpened, TicketClosed], tmp_path)) == ["support.ticket-closed.v1: support never states it"]


def test_a_planted_event_of_another_owner_is_found(tmp_path: Path) -> None:
    plant(tmp_path, dict.fromkeys(("services/support/usecases.py", "services/identity/usecases.py"), "TicketOpened()"))
    assert list(unstated([TicketOpened], tmp_path)) == ["support.ticket-opened.v1: stated by identity, which does not own it"]


def test_an_event_that_a_variable_stands_for_is_stated(tmp_path: Path) -> None:
    plant(tmp_path, {"services/support/usecases.py": "kind = TicketOpened if is_new else support.TicketClosed\nkind(number=n)"})
    assert list(unstated([TicketOpened, TicketClosed], tmp_path)) == []


def test_a_part_of_an_export_is_stated_by_the_constructor_of_its_pieces(tmp_path: Path) -> None:
    plant(tmp_path, {"services/support/usecases.py": "for piece in SupportExported.all_of(parts):\n    publish(piece)"})
    assert list(unstated([SupportExported], tmp_path)) == []


def test_a_fact_of_access_may_be_stated_anywhere_but_must_be_somewhere(tmp_path: Path) -> None:
    assert len(list(unstated([PersonalDataRead], tmp_path))) == 1
    plant(tmp_path, dict.fromkeys(("services/support/usecases.py", "services/documents/usecases.py"), "PersonalDataRead()"))
    assert list(unstated([PersonalDataRead], tmp_path)) == []


def test_a_planted_event_nobody_hears_is_found() -> None:
    assert list(unheard([TicketOpened, TicketClosed], {"notifications": (TicketOpened,)})) == [
        "support.ticket-closed.v1: nobody subscribes to it"
    ]


def test_a_planted_router_with_a_missing_a_foreign_a_double_and_a_wrong_queue_is_found() -> None:
    router, row = RabbitRouter(), SUBSCRIPTIONS["support"]

    async def on_event(event: Any) -> None: ...

    for event in (row[1], row[1], TicketAnswered):
        router.subscriber(queue_for("support", event), EVENTS)(on_event)
    classic = RabbitQueue(queue_name("support", row[2]), queue_type=QueueType.CLASSIC, routing_key=row[2].type)
    router.subscriber(classic)(on_event)
    found = list(wrong_subscribers("support", router))
    for word in (
        f"nobody reads {queue_name('support', row[0])}",
        "ticket-answered.v1 is not in its row",
        "is read twice",
        "no quorum queue",
    ):
        assert any(word in finding for finding in found), word
    assert any("does not name the exchange" in finding for finding in found)
    assert any("declared by its reader" in finding for finding in found)


@pytest.mark.parametrize(
    "handler",
    [
        "async def on_something(event: {name}, usecases: U): ...",
        "async def on_{snake}(event: Other, usecases: U): ...",
        "async def on_{snake}(): ...",
        "async def on_{snake}(event): ...",
    ],
)
def test_a_planted_handler_of_another_name_or_event_is_found(tmp_path: Path, handler: str) -> None:
    event = SUBSCRIPTIONS["support"][0]
    words = {"name": event.__name__, "snake": event.type.split(".")[1].replace("-", "_")}
    text = f"@router.subscriber(queue_for('support', {event.__name__}), EVENTS)\n" + handler.format(**words)
    assert list(wrong_handlers(sources(plant(tmp_path, {"services/support/consumers.py": text}), "services"), "support"))


@pytest.mark.parametrize("text", ["RabbitQueue('x')", "rabbit.RabbitQueue('x', queue_type=QueueType.CLASSIC)"])
def test_a_planted_classic_queue_is_found(tmp_path: Path, text: str) -> None:
    assert list(other_queues(sources(plant(tmp_path, {"services/planted.py": text}), "services")))
