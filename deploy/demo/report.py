"""What the demo prints: chapters, steps with their time, what each brought."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table


@dataclass(slots=True)
class Step:
    """One step while it runs."""

    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Something worth reading about the step."""
        self.notes.append(" ".join(text.split()))


@dataclass(slots=True)
class Report:
    """Prints as the journey goes and keeps the times."""

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)
    steps: int = 0
    _chapter: str = ""

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self._chapter = title
        self.console.print(f"\n[bold]{escape(title)}[/bold]")

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Run one step; a failed one is named before the error goes on."""
        step, started = Step(), time.perf_counter()
        try:
            yield step
        except BaseException:
            self.console.print(f"  [red]✗[/red] {escape(title)}")
            raise
        took = time.perf_counter() - started
        self.steps += 1
        self.seconds[self._chapter] = self.seconds.get(self._chapter, 0) + took
        self.console.print(f"  [green]✓[/green] [dim]{took:6.2f} с[/dim]  {escape(title)}")
        for note in step.notes:
            self.console.print(f"             [cyan]{escape(note)}[/cyan]", soft_wrap=True)

    def summary(self) -> None:
        """Times of the chapters."""
        table = Table(title="Время по главам", show_edge=False)
        table.add_column("Глава")
        table.add_column("Секунды", justify="right")
        for chapter, seconds in self.seconds.items():
            table.add_row(escape(chapter), f"{seconds:.2f}")
        table.add_row(f"Всего, шагов: {self.steps}", f"{sum(self.seconds.values()):.2f}", style="bold")
        self.console.print()
        self.console.print(table)
