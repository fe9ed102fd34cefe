"""What commands share that let an operator decide about the messages of one service."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol

import typer

from chassis.clock import Clock, SandboxClock, SystemClock
from chassis.mongo import Database, Document, connect
from chassis.settings import ServiceSettings
from deploy.cli.output import refusals
from deploy.cli.surroundings import settings_of

PAGE = 500
Service = Annotated[str, typer.Option("--service", "-s", help="Сервис: identity, applications, documents, notifications, support.")]
By = Annotated[str | None, typer.Option("--by", help="Кто решает; остаётся в записи. По умолчанию пользователь системы.")]
Limit = Annotated[int, typer.Option(min=1, max=1000)]
Ids = Annotated[list[str], typer.Argument(help="Номера из списка.")]
SomeIds = Annotated[list[str] | None, typer.Argument(help="Номера из списка.")]
Every = Annotated[bool, typer.Option("--all", help="Все, что ждут решения.")]
Reason = Annotated[str, typer.Option(help="Почему; остаётся в записи.")]
After = Annotated[str | None, typer.Option(help="Номер последнего показанного.")]


class Listing(Protocol):
    """What can be listed page by page, oldest first."""

    async def list(self, *, limit: int, after: str | None) -> list[Document]:
        """Those that wait for a decision, after the one with the id `after`."""
        ...


def who(named: str | None) -> str:
    """Who decides."""
    return named or os.environ.get("USER") or f"uid {os.getuid()}"


def run_on(service: str, work: Callable[[Database, Clock, ServiceSettings], Awaitable[None]]) -> None:
    """Do the work on the store of a service; expected failures become one sentence."""
    with refusals():
        asyncio.run(_connected(settings_of(service), service, work))


async def chosen(listing: Listing, named: list[str] | None, *, every: bool) -> list[str]:
    """The ids to decide about: the named ones, or all that wait now. What is put there meanwhile is not among them."""
    if bool(named) == every:
        raise ValueError("Назовите сообщения или укажите --all")
    ids = list(named or [])
    while every and (page := await listing.list(limit=PAGE, after=ids[-1] if ids else None)):
        ids += [str(row["_id"]) for row in page]
        if len(page) < PAGE:
            break
    return ids


async def _connected(settings: ServiceSettings, service: str, work: Callable[[Database, Clock, ServiceSettings], Awaitable[None]]) -> None:
    client = connect(settings, f"{service}-cli")
    clock = SandboxClock(settings.sandbox_clock_file) if settings.sandbox_clock_file else SystemClock()
    try:
        await work(client[settings.mongo_database], clock, settings)
    finally:
        await client.close()
