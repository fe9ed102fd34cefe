"""`medkabinet documents`: whether every file is there and whole, and whether the store holds what belongs to nobody."""

import asyncio
from typing import Annotated

import typer

from deploy.cli.output import refusals

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
