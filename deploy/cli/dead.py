"""`medkabinet dead`: messages that could not be processed, and what becomes of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from chassis.clock import Clock
from chassis.dead_letters import DeadLetters
from chassis.mongo import Database
from chassis.publisher import Publisher
from chassis.settings import ServiceSettings
from deploy.cli.bodies import readable
from deploy.cli.operators import After, By, Every, Ids, Limit, Reason, Service, SomeIds, chosen, run_on, who
from deploy.cli.output import console, printable, table

app = typer.Typer(no_args_is_help=True, help="Недоставленные сообщения сервиса.")

LetterId = Annotated[str, typer.Argument(help="Номер из списка.")]


@app.command("list")
def list_letters(
    service: Service,
    state: Annotated[str, typer.Option(help="open, replayed или discarded.")] = "open",
    limit: Limit = 100,
    after: After = None,
) -> None:
    """Показать недоставленные сообщения, старые сначала."""

    async def work(database: Database, clock: Clock, _: ServiceSettings) -> None:
        found = await DeadLetters(database, clock).list(state=state, limit=limit, after=after)
        rows = [(row["_id"], f"{row['at']:%Y-%m-%d %H:%M:%S}", row["type"], row["queue"], row["attempts"], row["error"]) for row in found]
        table(f"{service}: {state}, {len(rows)}", ("Номер", "Когда, UTC", "Событие", "Очередь", "Попыток", "Ошибка"), rows)

    run_on(service, work)


@app.command("show")
def show(letter_id: LetterId, service: Service) -> None:
    """Показать одно сообщение; запечатанное остаётся запечатанным."""

    async def work(database: Database, clock: Clock, _: ServiceSettings) -> None:
        letter = await DeadLetters(database, clock).show(letter_id)
        for name in ("_id", "state", "at", "type", "queue", "attempts", "error", "by", "reason"):
            if name in letter:
                console.print(f"{name}: {printable(letter[name])}", markup=False)
        console.print(f"headers: {json.dumps(letter['headers'], default=str)}", markup=False)
        console.print(f"body: {readable(str(letter['type']), bytes(letter['body']))}", markup=False)

    run_on(service, work)


@app.command("replay")
def replay(
    service: Service,
    letter_ids: SomeIds = None,
    every: Every = False,  # noqa: FBT002  # a flag of the command line
    by: By = None,
) -> None:
    """Отправить снова в ту же очередь под тем же номером: сделанное однажды не делается дважды."""

    async def work(database: Database, clock: Clock, settings: ServiceSettings) -> None:
        letters = DeadLetters(database, clock)
        # Chosen before the first is sent: one that fails again is open again, under another id.
        chosen_ids = await chosen(letters, letter_ids, every=every)
        async with _publishing(settings, service) as publisher:
            for letter_id in chosen_ids:
                await letters.replay(letter_id, publisher, by=who(by))
                console.print(f"отправлено: {printable(letter_id)}", markup=False)

    run_on(service, work)


@app.command("discard")
def discard(
    letter_ids: Ids,
    service: Service,
    reason: Reason,
    by: By = None,
) -> None:
    """Решить, что сообщение не будет обработано."""

    async def work(database: Database, clock: Clock, _: ServiceSettings) -> None:
        letters = DeadLetters(database, clock)
        for letter_id in letter_ids:
            await letters.discard(letter_id, by=who(by), reason=reason)
            console.print(f"отклонено: {printable(letter_id)}", markup=False)

    run_on(service, work)


@asynccontextmanager
async def _publishing(settings: ServiceSettings, service: str) -> AsyncIterator[Publisher]:
    publisher = Publisher(settings, f"{service}-cli")
    try:
        async with asyncio.timeout(settings.publish_timeout_seconds):
            await publisher.start()
        yield publisher
    finally:
        await publisher.stop()
