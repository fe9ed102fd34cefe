"""The source tree as the census reads it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from contracts.topology import SUBSCRIPTIONS

ROOT = Path(__file__).parents[2]
SERVICES = tuple(SUBSCRIPTIONS)
PACKAGES = ("contracts", "chassis", "services", "deploy", "tests")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file; `name` is its path below the root."""

    name: str
    text: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        return f"{self.name}:{getattr(node, 'lineno', 1)}"

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


def sources(root: Path, *folders: str) -> list[Source]:
    """Every Python file below the folders, in order."""
    paths = sorted(path for folder in folders for path in (root / folder).rglob("*.py") if "__pycache__" not in path.parts)
    return [_read(path, root, path.stat().st_mtime_ns) for path in paths]


@cache
def _read(path: Path, root: Path, _mtime_ns: int) -> Source:
    """Parsed once for all checks, anew when the file changed."""
    text = path.read_text()
    return Source(str(path.relative_to(root)), text, ast.parse(text))


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute, empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{dotted(value)}.{name}".lstrip(".")
    return ""


def plant(root: Path, files: dict[str, str]) -> Path:
    """Write files by their paths, as a tree to test a check on."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
