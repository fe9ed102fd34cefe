"""Looks for stalled applications through applications' own use-cases, in this process, on applications' stores."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from chassis.settings import load_settings
from deploy.cli.output import console
from deploy.cli.surroundings import entered, environment_of
from services.applications.domain.watch import FOR_PEOPLE, Stall
from services.applications.main import command_line
from services.applications.settings import Settings
from services.applications.usecases import UseCases

WORDS = {
    Stall.NO_OWNER: "никто не должен действовать",
    Stall.HOLDER_LEFT: "эксперт больше не рассматривает такие заявления",
    Stall.NO_REVIEWER: "нет эксперта, который может рассмотреть",
    Stall.NO_REGISTRAR: "нет регистратора, который может решить",
    Stall.NO_TERM: "не идёт ни один срок",
    Stall.NO_TIMER: "об окончании срока никто не узнает",
    Stall.NO_STEP: "система не делает следующего шага",
}

TO_ADD = {
    Stall.NO_REVIEWER: "Добавьте эксперта этой специальности, который не высказывался о заявлении и не работает с заявителем.",
    Stall.NO_REGISTRAR: "Добавьте регистратора, который не высказывался о заявлении и не работает с заявителем.",
}


@asynccontextmanager
async def applications_usecases() -> AsyncIterator[UseCases]:
    """Those of the service, by the settings that the running one has."""
    with entered(environment_of("applications")):
        settings = load_settings(Settings)
    async with command_line(settings) as usecases:
        yield usecases


async def print_stalled(*, is_now: bool) -> int:
    """How many there are; each is printed with what it lacks and since when."""
    async with applications_usecases() as usecases:
        watch = usecases.watch
        found = [one for one in await watch.note() if is_now or watch.is_confirmed(one)]
    if not found:
        console.print("Все открытые заявления у кого-то в работе и со сроком.")
        return 0
    for one in found:
        since = f"{one.seen_at:%Y-%m-%d %H:%M} UTC"
        console.print(f"{one.application_id} {one.number}: {WORDS[one.what]}; замечено {since}", markup=False, soft_wrap=True)
    return len(found)


async def push_one(text: str) -> str:
    """What was asked of the running service, in words. Raises `ValueError` for what is no id."""
    try:
        application_id = UUID(text)
    except ValueError:
        raise ValueError("Номер записи состоит из 32 шестнадцатеричных знаков. Возьмите его из команды stalled.") from None
    async with applications_usecases() as usecases:
        lacking = await usecases.watch.push(application_id)
    if lacking is None:
        return "Заявление идёт своим ходом, не подано или ждёт решения по жалобе: делать нечего."
    if lacking in FOR_PEOPLE:
        return f"Не хватает: {WORDS[lacking]}. {TO_ADD[lacking]} Сервису здесь делать нечего."
    return f"Не было: {WORDS[lacking]}. Сервис сделает этот шаг."
