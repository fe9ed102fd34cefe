"""`medkabinet outbox`: events that could not leave their service, and what becomes of them."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from chassis.clock import Clock
from chassis.mongo import Database
from chassis.parked import ParkedEvents
from chassis.settings import ServiceSettings
from deploy.cli.operators import After, By, Every, Ids, Limit, Reason, Service, SomeIds, chosen, run_on, who
from deploy.cli.output import console, printable, table

app = typer.Typer(no_args_is_help=True, help="События, которые сервис не смог отправить.")

State = Literal["parked", "skipped"]


@app.command("list")
def list_parked(
    service: Service,
    state: Annotated[State, typer.Option(help="Отложенные или пропущенные.")] = "parked",
    limit: Limit = 100,
    after: After = None,
) -> None:
    """Показать отложенные события, старые сначала. За каждым ждут следующие события того же потока."""

    async def work(database: Database, clock: Clock, _: ServiceSettings) -> None:
        found = await ParkedEvents(database, clock).list(state=state, limit=limit, after=after)
        rows = [
            (
                row["_id"],
                f"{datetime.fromtimestamp(row['created_ms'] / 1000, UTC):%Y-%m-%d %H:%M:%S}",
                row["type"],
                f"{row['stream']} {row['version']}",
                row["attempts"],
                row.get("reason") or row.get("last_error", ""),
            )
            for row in found
        ]
        table(f"{service}: {state}, {len(rows)}", ("Номер", "Когда, UTC", "Событие", "Поток, версия", "Попыток", "Причина"), rows)

    run_on(service, work)


@app.command("release")
def release(
    service: Service,
    row_ids: SomeIds = None,
    every: Every = False,  # noqa: FBT002  # a flag of the command line
    by: By = None,
) -> None:
    """Пробовать отправить снова, с первой попытки."""

    async def work(database: Database, clock: Clock, _: ServiceSettings) -> None:
        parked = ParkedEvents(database, clock)
        for row_id in await chosen(parked, row_ids, every=every):
            await parked.release(row_id, by=who(by))
            console.print(f"возвращено в очередь: {printable(row_id)}", markup=False)

    run_on(service, work)


@app.command("skip")
def skip(
    row_ids: Ids,
    service: Service,
    reason: Reason,
    by: By = None,
) -> None:
    """Решить, что событие не будет отправлено; следующие за ним пойдут дальше."""

    async def work(database: Database, clock: Clock, _: ServiceSettings) -> None:
        parked = ParkedEvents(database, clock)
        for row_id in row_ids:
            await parked.skip(row_id, by=who(by), reason=reason)
            console.print(f"пропущено: {printable(row_id)}", markup=False)

    run_on(service, work)
