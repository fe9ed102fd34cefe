"""`python -m deploy.evaluation ocr|scans [--count] [--seed 1]`: status 1 when a line is missed. Nothing was tuned on seed 1."""

import time
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.evaluation import ocr as papers
from deploy.evaluation import scans as pictures

_SEED, _PAPERS, _SCANS = 1, 100, 400
app = typer.Typer(add_completion=False)


@app.command()
def ocr(count: Annotated[int, typer.Option(min=6)] = _PAPERS, seed: int = _SEED) -> None:
    """Read so many papers and compare each with its holder and with somebody else."""
    figures = papers.evaluate(range(count), seed=seed)
    table = _table(
        f"{figures.papers} papers, {figures.seconds / figures.papers:.2f} s each",
        ("field", "own: agrees", "unreadable", "contradicted", "other's: agrees", "unreadable", "contradicted"),
        ((field, (*own, *others)) for field, own, others in figures.rows()),
    )
    table.caption = (
        f"found {figures.found:.1%} (line {papers.FOUND:.0%}), wrongly contradicted {figures.mistaken:.1%} (line {papers.MISTAKEN:.0%}),"
        f" taken for somebody else's {figures.confused:.1%}"
    )
    Console().print(table)
    raise typer.Exit(0 if figures.is_met else 1)


@app.command()
def scans(count: Annotated[int, typer.Option(min=10)] = _SCANS, seed: int = _SEED) -> None:
    """Judge so many scans, half of them good, and show the lines with the widest margins."""
    began = time.perf_counter()
    figures = pictures.evaluate(range(count), seed=seed)
    took = (time.perf_counter() - began) / count
    table = _table(f"{count} scans, {took:.2f} s each with their making", ("truly", *pictures.Verdict), figures.rows())
    table.caption = f"right {figures.right:.1%} (line {pictures.RIGHT:.0%})"
    Console().print(table)
    for name, margin in figures.margins().items():
        used = getattr(figures.lines, name)
        Console().print(f"{name}: widest gap at {margin.line:.2g}, {margin.ratio:.2f} times wide; the line in use is {used:g}")
    raise typer.Exit(0 if figures.is_met else 1)


def _table(title: str, columns: Sequence[str], rows: Iterable[tuple[str, Sequence[int]]]) -> Table:
    table = Table(title=title)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for name, counts in rows:
        table.add_row(name, *map(str, counts))
    return table


if __name__ == "__main__":
    app()
