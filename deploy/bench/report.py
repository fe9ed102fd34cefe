"""What a measurement says, and the table of all of them."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `line` is what the ratio should not miss; None where there is nothing to compare with."""

    name: str
    ours: str
    beside: str
    ratio: float | None = None
    line: str | None = None
    is_within: bool | None = None


def at_least(name: str, ours: float, bare: float, line: float, unit: str) -> Figure:
    """A rate that should reach `line` times the bare one."""
    ratio = ours / bare
    return Figure(name, f"{ours:,.1f} {unit}", f"{bare:,.1f} {unit}", ratio, f">= {line}", ratio >= line)


def at_most(name: str, ours: float, bare: float, line: float, unit: str) -> Figure:
    """A time or size that should stay within `line` times the bare one."""
    ratio = ours / bare
    return Figure(name, f"{ours:,.1f} {unit}", f"{bare:,.1f} {unit}", ratio, f"<= {line}", ratio <= line)


def print_figures(figures: list[Figure]) -> None:
    """The table, and the names of what missed its line."""
    table = Table("measured", "ours", "beside it", "ratio", "line", "", title="Medkabinet, one run on this machine")
    for figure in figures:
        verdict = {None: "", True: "ok", False: "MISSED"}[figure.is_within]
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        table.add_row(figure.name, figure.ours, figure.beside, ratio, figure.line or "", verdict)
    console = Console(width=150)
    console.print(table)
    missed = [figure.name for figure in figures if figure.is_within is False]
    console.print(f"missed: {'; '.join(missed)}" if missed else "every line is met")
