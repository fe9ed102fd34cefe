"""What the person who started the stack sees: every process's log lines with its name before them."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from rich.console import Console
from rich.text import Text

from deploy.local.process import ChildProcess

_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta")
_PAUSE_SECONDS = 0.2
_KNOWN_ANYWAY = frozenset({"timestamp", "ts", "service", "logger"})


@dataclass
class LogFollower:
    """Prints what processes append to their log files from now on; several may share a file."""

    console: Console
    processes: Iterable[ChildProcess]
    _read_bytes: dict[Path, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = {process.log_file: process.log_file.stem for process in self.processes}
        self._width = max(len(name) for name in self._names.values())
        self._colours = dict(zip(self._names, cycle(_COLOURS), strict=False))
        self._read_bytes = {file: file.stat().st_size if file.exists() else 0 for file in self._names}

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            self.print_new()
            await asyncio.sleep(_PAUSE_SECONDS)

    def print_new(self) -> None:
        """Print the whole lines that came since the last call."""
        for file in self._names:
            if file.exists() and file.stat().st_size > self._read_bytes[file]:
                self._print_file(file)

    def _print_file(self, file: Path) -> None:
        with file.open("rb") as log:
            log.seek(self._read_bytes[file])
            whole = log.read().rpartition(b"\n")[0]
        if not whole:
            return
        self._read_bytes[file] += len(whole) + 1
        for line in whole.decode(errors="replace").splitlines():
            prefix = Text(f"{self._names[file]:<{self._width}} | ", style=self._colours[file])
            self.console.print(prefix + Text(readable(line)), soft_wrap=True, highlight=False)


def readable(line: str) -> str:
    """A line of JSON as words: level, what happened, the rest as `name=value`; any other line as it is."""
    try:
        fields = json.loads(line)
    except ValueError:
        return line
    if not isinstance(fields, dict):
        return line
    words = [str(fields.pop("level", "")), str(fields.pop("event", fields.pop("msg", "")))]
    words += [f"{name}={value}" for name, value in fields.items() if name not in _KNOWN_ANYWAY]
    return " ".join(word for word in words if word)
