"""How commands speak: tables and sentences on stdout, refusals on stderr with status 1."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from chassis.encryption import Blocked, KeyStateLost, Unreadable
from chassis.errors import DomainError
from chassis.publisher import CONNECTION_ERRORS
from deploy.cli.surroundings import Unusable
from deploy.local.personas import PersonasFailed

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def table(title: str, headings: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Print a table; values come from outside and are shown literally."""
    shown = Table(title=title, title_justify="left")
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(printable(value)) for value in row))
    console.print(shown)


def printable(value: Any) -> str:
    """The value without characters that could steer a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(value))


@contextmanager
def refusals() -> Iterator[None]:
    """Expected failures become one sentence and status 1."""
    try:
        yield
    except DomainError as error:
        details = [f"{wrong.pointer}: {wrong.detail}" for wrong in error.errors]
        _refuse("\n".join([error.detail, *details]))
    except (Unusable, PersonasFailed, ValueError, Unreadable, Blocked, KeyStateLost) as error:
        _refuse(str(error))
    except PyMongoError as error:
        _refuse(f"Хранилище не отвечает: {type(error).__name__}")
    except CONNECTION_ERRORS as error:
        _refuse(f"Брокер не отвечает: {type(error).__name__}")


def _refuse(words: str) -> None:
    errors.print(Text(words, style="red"), soft_wrap=True)
    raise typer.Exit(1)


def progress() -> Progress:
    """A bar of work that is counted, beside the results."""
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=errors)
