"""`medkabinet dead`: messages that could not be processed, and what becomes of them."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from chassis.clock import SandboxClock, SystemClock
from chassis.dead_letters import DeadLetters
from chassis.mongo import connect
from chassis.publisher import Publisher
from chassis.settings import ServiceSettings
from deploy.cli.bodies import readable
from deploy.cli.output import console, printable, refusals, table
from deploy.cli.surroundings import settings_of

app = typer.Typer(no_args_is_help=True, help="Недоставленные сообщения сервиса.")

Service = Annotated[str, typer.Option("--service", "-s", help="Сервис: identity, applications, documents, notifications, support.")]
LetterId = Annotated[str, typer.Argument(help="Номер из списка.")]
By = Annotated[str | None, typer.Option("--by", help="Кто решает; остаётся в записи. По умолчанию пользователь системы.")]


@app.command("list")
def list_letters(
    service: Service,
    state: Annotated[str, typer.Option(help="open, replayed или discarded.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    after: Annotated[str | None, typer.Option(help="Номер последнего показанного.")] = None,
) -> None:
    """Показать недоставленные сообщения, старые сначала."""

    async def work(letters: DeadLetters, _: ServiceSettings) -> None:
        found = await letters.list(state=state, limit=limit, after=after)
        rows = [(row["_id"], f"{row['at']:%Y-%m-%d %H:%M:%S}", row["type"], row["queue"], row["attempts"], row["error"]) for row in found]
        table(f"{service}: {state}, {len(rows)}", ("Номер", "Когда, UTC", "Событие", "Очередь", "Попыток", "Ошибка"), rows)

    _run(service, work)


@app.command("show")
def show(letter_id: LetterId, service: Service) -> None:
    """Показать одно сообщение; запечатанное остаётся запечатанным."""

    async def work(letters: DeadLetters, _: ServiceSettings) -> None:
        letter = await letters.show(letter_id)
        for name in ("_id", "state", "at", "type", "queue", "attempts", "error", "by", "reason"):
            if name in letter:
                console.print(f"{name}: {printable(letter[name])}", markup=False)
        console.print(f"headers: {json.dumps(letter['headers'], default=str)}", markup=False)
        console.print(f"body: {readable(str(letter['type']), bytes(letter['body']))}", markup=False)

    _run(service, work)


@app.command("replay")
def replay(
    service: Service,
    letter_ids: Annotated[list[str] | None, typer.Argument(help="Номера из списка.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Все открытые.")] = False,  # noqa: FBT002  # a flag of the command line
    by: By = None,
) -> None:
    """Отправить снова в ту же очередь под тем же номером: сделанное однажды не делается дважды."""

    async def work(letters: DeadLetters, settings: ServiceSettings) -> None:
        async with _publishing(settings, service) as publisher:
            async for letter_id in _chosen(letters, letter_ids, every=every):
                await letters.replay(letter_id, publisher, by=_who(by))
                console.print(f"отправлено: {printable(letter_id)}", markup=False)

    _run(service, work)


@app.command("discard")
def discard(
    letter_ids: Annotated[list[str], typer.Argument(help="Номера из списка.")],
    service: Service,
    reason: Annotated[str, typer.Option(help="Почему; остаётся в записи.")],
    by: By = None,
) -> None:
    """Решить, что сообщение не будет обработано."""

    async def work(letters: DeadLetters, _: ServiceSettings) -> None:
        for letter_id in letter_ids:
            await letters.discard(letter_id, by=_who(by), reason=reason)
            console.print(f"отклонено: {printable(letter_id)}", markup=False)

    _run(service, work)


def _who(named: str | None) -> str:
    return named or os.environ.get("USER") or f"uid {os.getuid()}"


def _run(service: str, work: Callable[[DeadLetters, ServiceSettings], Awaitable[None]]) -> None:
    with refusals():
        settings = settings_of(service)
        asyncio.run(_with_letters(settings, service, work))


async def _with_letters(settings: ServiceSettings, service: str, work: Callable[[DeadLetters, ServiceSettings], Awaitable[None]]) -> None:
    client = connect(settings, f"{service}-cli")
    clock = SandboxClock(settings.sandbox_clock_file) if settings.sandbox_clock_file else SystemClock()
    try:
        await work(DeadLetters(client[settings.mongo_database], clock), settings)
    finally:
        client.close()


async def _chosen(letters: DeadLetters, named: list[str] | None, *, every: bool) -> AsyncIterator[str]:
    if bool(named) == every:
        raise ValueError("Назовите сообщения или укажите --all")
    for letter_id in named or []:
        yield letter_id
    while every and (page := await letters.list(limit=100)):
        for letter in page:
            yield letter["_id"]


@asynccontextmanager
async def _publishing(settings: ServiceSettings, service: str) -> AsyncIterator[Publisher]:
    publisher = Publisher(settings, f"{service}-cli")
    try:
        async with asyncio.timeout(settings.publish_timeout_seconds):
            await publisher.start()
        yield publisher
    finally:
        await publisher.stop()
