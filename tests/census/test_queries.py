"""Questions of applications to its store are either by `_id` or made by a function that returns a `Query`, of which one is explained."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.applications.queries import EXAMPLES
from tests.census.source import ROOT, Function, Source, dotted, plant, sources

REPOSITORY = "services/applications/repository"
ASKING = {
    "find",
    "find_one",
    "find_one_and_delete",
    "find_one_and_update",
    "replace_one",
    "update_one",
    "update_many",
    "delete_one",
    "delete_many",
    "count_documents",
    "aggregate",
}
OPERATIONS = {"UpdateOne", "ReplaceOne", "DeleteOne"}


def free_questions(root: Path) -> Iterator[str]:
    """Calls of the driver whose filter is neither by `_id` nor of a `Query`."""
    for source in sources(root, REPOSITORY):
        for function in source.functions():
            yield from (source.at(call) for call in _asking(function) if not _is_served(call, function))


def _asking(function: Function) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and node.args:
            is_method = isinstance(node.func, ast.Attribute) and node.func.attr in ASKING
            if is_method or dotted(node.func) in OPERATIONS:
                yield node


def _is_served(call: ast.Call, function: Function) -> bool:
    given: ast.AST = call.args[0]
    if isinstance(given, ast.Name):
        given = _assigned(given.id, function) or given
    if isinstance(given, ast.Dict) and given.keys:
        first = given.keys[0]
        if isinstance(first, ast.Constant) and first.value == "_id":
            return True
    is_aggregation = isinstance(call.func, ast.Attribute) and call.func.attr == "aggregate"
    asked = ast.walk(given) if is_aggregation else [given]
    return any(isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "found" for node in asked)


def _assigned(name: str, function: Function) -> ast.expr | None:
    found = None
    for node in ast.walk(function):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=target)], value=value)
                | ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value)
            ):
                found = value if target == name else found
    return found


def queries(root: Path) -> Iterator[str]:
    """`module.function` of every function that makes a `Query`."""
    for source in sources(root, REPOSITORY):
        yield from (f"{_module(source)}.{one.name}" for one in source.functions() if one.returns and dotted(one.returns) == "Query")


def _module(source: Source) -> str:
    return source.name.removeprefix(f"{REPOSITORY}/").removesuffix(".py").replace("/", ".")


def test_every_question_is_by_id_or_a_query() -> None:
    assert list(free_questions(ROOT)) == []


def test_every_query_is_explained() -> None:
    assert set(queries(ROOT)) == set(EXAMPLES), "tests/applications/queries.py wants an example of each"
    assert all(EXAMPLES.values())


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("self.rows.find({'state': 'draft'})", True),
        ("self.rows.delete_many(wanted)", True),
        ("self.rows.aggregate([{'$match': {'state': 1}}])", True),
        ("DeleteOne({'key': 1})", True),
        ("self.rows.find_one({'_id': key, 'version': 1})", False),
        ("self.rows.find(own(key).found())", False),
        ("self.rows.aggregate([{'$match': own(key).found()}])", False),
    ],
)
def test_a_planted_question_is_found(tmp_path: Path, line: str, *, is_found: bool) -> None:
    plant(tmp_path, {f"{REPOSITORY}/planted.py": f"class Planted:\n    async def ask(self, wanted, key):\n        {line}\n"})
    assert bool(list(free_questions(tmp_path))) is is_found


def test_a_planted_query_is_counted(tmp_path: Path) -> None:
    plant(tmp_path, {f"{REPOSITORY}/planted/rows.py": "def own(key) -> Query:\n    return Query({'owner': key})\n"})
    assert list(queries(tmp_path)) == ["planted.rows.own"]
