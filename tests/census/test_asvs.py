"""The comparison with OWASP ASVS: every item is answered once, and every test it names exists."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.census.source import ROOT, plant

STATES = {"met", "met otherwise", "not met", "does not apply"}
# fmt: off
SECTIONS = {
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
}
# fmt: on
"""Items of levels 1 and 2 in each section of ASVS 5.0.0; those of level 3 follow them and have the higher numbers."""
ITEMS = [f"{section}.{number}" for section, last in SECTIONS.items() for number in range(1, last + 1)]
_TEST = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")
_LINK = re.compile(r"\]\(([\w/.-]+)\)")


@dataclass(frozen=True)
class Row:
    """One item and how it is answered."""

    item: str
    level: str
    state: str
    how: str
    shown_by: str


def rows_of(text: str) -> list[Row]:
    found = []
    for line in text.splitlines():
        if re.match(r"\| \d", line):
            item, level, _about, state, how, shown_by = (cell.strip() for cell in line.strip("|").split("|"))
            found.append(Row(item, level, state, how, shown_by))
    return found


def unanswered(rows: list[Row]) -> Iterator[str]:
    answered = Counter(row.item for row in rows)
    yield from (f"{item}: {answered[item]} rows" for item in ITEMS if answered[item] != 1)
    yield from (f"{row.item}: not of level 1 or 2" for row in rows if row.level != "3" and row.item not in ITEMS)
    yield from (f"{row.item}: of level 1 or 2" for row in rows if row.level == "3" and row.item in ITEMS)


def empty_answers(rows: list[Row], root: Path) -> Iterator[str]:
    for row in rows:
        has_proof = _TEST.search(row.shown_by) or _LINK.search(row.how)
        if row.state not in STATES:
            yield f"{row.item}: {row.state} is no state"
        if row.state.startswith("met") and not has_proof:
            yield f"{row.item}: nothing shows it"
        if row.state != "met" and len(row.how) < len("A page of the web cabinet."):
            yield f"{row.item}: does not say why"
        for file in _LINK.findall(row.how):
            if not (root / "docs" / file).exists():
                yield f"{row.item}: {file} does not exist"
        for file, test in _TEST.findall(row.shown_by):
            if test not in named_in(root / file):
                yield f"{row.item}: {file}::{test} does not exist"
        if row.shown_by != "—" and _TEST.sub("", row.shown_by).strip(", "):
            yield f"{row.item}: names something that is no test"


def named_in(file: Path) -> set[str]:
    """The names pytest gives the tests of a file."""
    if not file.exists():
        return set()
    tree = ast.parse(file.read_text())
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    return set(functions(tree)) | {f"{name}::{test}" for name, node in classes.items() for test in functions(node)}


def functions(node: ast.Module | ast.ClassDef) -> Iterator[str]:
    return (
        child.name for child in node.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name.startswith("test_")
    )


TEXT = (ROOT / "docs/asvs.md").read_text()


def test_every_item_of_levels_one_and_two_is_answered_exactly_once() -> None:
    assert list(unanswered(rows_of(TEXT))) == []


def test_every_answer_says_why_or_names_tests_that_exist() -> None:
    assert list(empty_answers(rows_of(TEXT), ROOT)) == []


def test_a_planted_gap_is_found() -> None:
    rows = rows_of(TEXT)
    assert list(unanswered(rows[1:])) == [f"{rows[0].item}: 0 rows"]
    assert list(unanswered([*rows, rows[0]])) == [f"{rows[0].item}: 2 rows"]
    assert list(unanswered([*rows, Row("6.9.1", "1", "met", "", "")])) == ["6.9.1: not of level 1 or 2"]


@pytest.mark.parametrize(
    ("row", "finding"),
    [
        (Row("9.1.1", "1", "met", "Somehow.", "—"), "nothing shows it"),
        (Row("9.1.1", "1", "fine", "—", "`tests/test_a.py::test_good`"), "fine is no state"),
        (Row("9.1.1", "1", "not met", "—", "—"), "does not say why"),
        (Row("9.1.1", "1", "met", "—", "`tests/test_a.py::test_gone`"), "tests/test_a.py::test_gone does not exist"),
        (Row("9.1.1", "1", "met", "—", "`tests/test_a.py::test_in_class`"), "tests/test_a.py::test_in_class does not exist"),
        (Row("9.1.1", "1", "met", "[page](gone.md)", "—"), "gone.md does not exist"),
        (Row("9.1.1", "1", "met", "—", "`tests/test_a.py::test_good`, by hand"), "names something that is no test"),
    ],
)
def test_a_planted_empty_answer_is_found(tmp_path: Path, row: Row, finding: str) -> None:
    plant(tmp_path, {"tests/test_a.py": "def test_good(): ...\nclass TestA:\n    async def test_in_class(self): ...\n"})
    assert f"9.1.1: {finding}" in list(empty_answers([row], tmp_path))
    assert list(empty_answers([Row("9.1.1", "1", "met", "—", "`tests/test_a.py::TestA::test_in_class`")], tmp_path)) == []
