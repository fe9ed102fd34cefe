"""The table of who may call what, as `docs/access/<service>.md` says it."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

ANOTHERS = "another's"
"""Column of a caller whom the door lets pass, and who asks about what is not theirs."""
PASSES, NOTHING = "yes", "—"
_FOLDER = Path(__file__).parents[2] / "docs" / "access"


@dataclass(frozen=True)
class Row:
    """One route: what each caller is answered, and whether a second factor must have been given lately."""

    method: str
    path: str
    answers: dict[str, str]
    is_recent: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_public(self) -> bool:
        return self.answers["anonymous"] == PASSES


def table_of(service: str) -> list[Row]:
    """The rows of the service's page."""
    return read_table((_FOLDER / f"{service}.md").read_text(encoding="utf-8"))


def read_table(text: str) -> list[Row]:
    """Every row of every table. Raises `ValueError` for a line that does not fit the heading above it."""
    return list(_rows(text.splitlines()))


def _rows(lines: Iterable[str]) -> Iterator[Row]:
    heading: list[str] = []
    for line in lines:
        if not line.startswith("|"):
            heading = []
        elif not heading:
            heading = _cells(line)
        elif not set(line) <= set("|-: "):
            route, *cells, recent = _cells(line)
            method, path = route.strip("`").split()
            yield Row(method, path, dict(zip(heading[1:-1], cells, strict=True)), _is_yes(recent))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def _is_yes(cell: str) -> bool:
    if cell not in ("yes", "no"):
        raise ValueError(f"{cell!r} is neither yes nor no")
    return cell == "yes"


def routes_of(app: FastAPI, service: str) -> list[str]:
    """Method and path of every route of the service itself, as often as it is there."""
    prefix = f"/api/{service}"
    return [
        f"{method} {str(route.path).removeprefix(prefix)}"
        for route in iter_route_contexts(app.routes)
        if getattr(route, "dependant", None) is not None and str(route.path).startswith(f"{prefix}/")
        for method in sorted(route.methods or ())
    ]


def differences(rows: Collection[Row], routes: Collection[str]) -> list[str]:
    """Routes that are not in the table exactly once, and rows that are no route."""
    listed, real = Counter(str(row) for row in rows), set(routes)
    wrong = [f"{route}: {listed[route]} rows" for route in sorted(real) if listed[route] != 1]
    return wrong + [f"{route}: no such route" for route in sorted(listed.keys() - real)]
