"""`medkabinet documents`: whether every file is there and whole, and whether the store holds what belongs to nobody; checks once more."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from deploy.cli.output import console, refusals

app = typer.Typer(no_args_is_help=True, help="Файлы документов.")


@app.callback()
def documents() -> None:
    """Файлы документов."""


@app.command("sweep")
def sweep(
    reads_bytes: Annotated[bool, typer.Option("--bytes", help="Прочитать каждый файл и сверить его SHA-256, а не только размер.")] = False,  # noqa: FBT002  # a flag of the command line
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Только показать, ничего не удаляя и никого не извещая.")] = False,  # noqa: FBT002  # a flag of the command line
) -> None:
    """Обойти хранилище: найти повреждённые и пропавшие файлы, убрать ничьи объекты; статус 1, если есть повреждения."""
    # documents takes seconds to import; other commands need not wait for it
    from deploy.cli.documents_sweep import print_sweep  # noqa: PLC0415

    with refusals():
        is_whole = asyncio.run(print_sweep(reads_bytes=reads_bytes, is_dry=is_dry))
    if not is_whole:
        raise typer.Exit(1)


@app.command("recheck")
def recheck(
    document_id: Annotated[UUID | None, typer.Argument(help="Номер документа.")] = None,
    file_version: Annotated[int | None, typer.Option("--file", min=1, help="Версия файла; без неё новейшая.")] = None,
    steps: Annotated[list[str] | None, typer.Option("--step", "-s", help="Шаг проверки; можно несколько раз. Без него все.")] = None,
    outdated: Annotated[bool, typer.Option("--outdated", help="Вместо документа: все файлы, проверенные по прежним правилам.")] = False,  # noqa: FBT002  # a flag of the command line
    limit: Annotated[int, typer.Option(min=1, help="С --outdated: сколько файлов, не больше; остальные - следующим запуском.")] = 1_000,
) -> None:
    """Проверить файл ещё раз: целиком или названные шаги; о новом решении узнают все, кого оно касается."""
    # documents takes seconds to import; other commands need not wait for it
    from deploy.cli.documents_checks import ask_again, ask_outdated  # noqa: PLC0415

    if outdated == (document_id is not None):
        raise typer.BadParameter("Назовите документ или дайте --outdated")
    if outdated and (steps or file_version):
        raise typer.BadParameter("С --outdated шаги и файлы названы правилами: --step и --file не нужны")
    with refusals():
        if document_id is None:
            asked = asyncio.run(ask_outdated(limit))
            console.print(f"Файлов, которые будут проверены по новым правилам: {asked}.")
            return
        asked = asyncio.run(ask_again(document_id, file_version, steps or []))
    console.print(f"Версия {asked} будет проверена ещё раз.")
