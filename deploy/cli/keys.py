"""`medkabinet keys`: which keys protect stored personal data, and new ones in their place."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from chassis.encryption import KeyVault, Phase, Rotation, usage
from chassis.encryption import Progress as RotationProgress
from chassis.settings import ServiceSettings
from deploy.cli.durations import parse_duration
from deploy.cli.output import console, printable, refusals, table
from deploy.cli.surroundings import settings_of
from deploy.local.settings import SERVICES

app = typer.Typer(no_args_is_help=True, help="Ключи, которыми зашифрованы персональные данные.")

Services = Annotated[list[str] | None, typer.Option("--service", "-s", help=f"Сервис; можно несколько раз: {', '.join(SERVICES)}.")]
Every = Annotated[bool, typer.Option("--all", help="Все сервисы.")]
_PHASES = {Phase.STEADY: "один ключ", Phase.ADDING: "добавляется новый", Phase.REMOVING: "убирается старый"}
_STEPS = {"settle": "ожидание", "walk": "перешифрование", "prove": "проверка"}


@app.command("show")
def show(
    service: Services = None,
    every: Every = False,  # noqa: FBT002  # a flag of the command line
    count: Annotated[bool, typer.Option("--count", help="Сосчитать значения под каждым ключом; читает всё.")] = False,  # noqa: FBT002
) -> None:
    """Показать ключи данных, их поколения и состояние ротации."""

    def work(name: str, vault: KeyVault, _: ServiceSettings) -> None:
        state = vault.prepare()
        counts = sum((found for _, found in usage(vault)), Counter()) if count else None
        rows = [
            (
                ", ".join(key.names),
                key.master,
                f"{key.made_at:%Y-%m-%d %H:%M}",
                "пишет" if key.id in state.writing else "уходит" if key.id == state.leaving else "не используется",
                "" if counts is None else counts[key.id],
            )
            for key in vault.data_keys()
        ]
        title = f"{name}: поколение {state.generation}, {_PHASES[state.phase]} с {state.since:%Y-%m-%d %H:%M:%S} UTC"
        table(title, ("Ключ данных", "Мастер-ключ", "Создан, UTC", "Состояние", "Значений"), rows)

    _on_each(service, work, every=every)


@app.command("rotate")
def rotate(
    service: Services = None,
    every: Every = False,  # noqa: FBT002  # a flag of the command line
    older_than: Annotated[str | None, typer.Option(help="Только ключи старше, например 90d; начатая ротация завершается всегда.")] = None,
) -> None:
    """Заменить ключ данных, пока сервис работает. Прерванная ротация продолжается с того же места."""

    def work(name: str, vault: KeyVault, settings: ServiceSettings) -> None:
        state = vault.prepare()
        if older_than is not None and state.phase is Phase.STEADY:
            made_at = next(key.made_at for key in vault.data_keys() if key.id == state.writing[-1])
            if datetime.now(UTC) - made_at < parse_duration(older_than):
                console.print(f"{name}: ключ моложе {older_than}, замена не нужна", markup=False)
                return
        with _bars(name) as watch:
            done = Rotation(vault, settings.key_settle_seconds, watch).run()
        console.print(f"{name}: поколение {done.generation}, старый ключ удалён", markup=False)

    _on_each(service, work, every=every)


@app.command("rewrap")
def rewrap(
    service: Services = None,
    every: Every = False,  # noqa: FBT002  # a flag of the command line
) -> None:
    """Перешифровать ключи данных действующим мастер-ключом; сами данные не меняются."""

    def work(name: str, vault: KeyVault, _: ServiceSettings) -> None:
        vault.prepare()
        changed = vault.rewrap()
        console.print(f"{name}: мастер-ключ {printable(vault.masters.wraps_by)}, перешифровано ключей: {changed}", markup=False)

    _on_each(service, work, every=every)


def _on_each(named: Sequence[str] | None, work: Callable[[str, KeyVault, ServiceSettings], None], *, every: bool) -> None:
    with refusals():
        if bool(named) == every:
            raise ValueError("Назовите сервисы (--service) или укажите --all")
        for name in SERVICES if every else named or ():
            settings = settings_of(name)
            vault = KeyVault.from_settings(settings)
            try:
                work(name, vault, settings)
            finally:
                vault.close()


@contextmanager
def _bars(service: str) -> Iterator[Callable[[RotationProgress], None]]:
    """A bar for each step; where there is no terminal, the finished steps."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def watch(seen: RotationProgress) -> None:
            changed = f", изменено {seen.changed}" if seen.changed else ""
            key = f"{seen.phase}/{seen.step}"
            described = f"{service}: {_PHASES[seen.phase]}, {_STEPS[seen.step]} {printable(seen.collection)}{changed}"
            if key not in tasks:
                tasks[key] = bars.add_task(described)
            bars.update(tasks[key], description=described, completed=seen.done, total=max(seen.total, seen.done))

        yield watch
