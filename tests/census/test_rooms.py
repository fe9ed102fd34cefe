"""The house: every service has the same rooms and no other; what begins a transaction may be run again; everybody knows every service."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.settings import SERVICES as STARTED
from tests.census.source import ROOT, SERVICES, dotted, plant, sources

ROOMS = {"main", "settings", "api", "schemas", "consumers", "usecases", "domain", "repository"}
OPTIONAL_ROOMS = {"gateways"}
DATA_FOLDERS = {"templates", "rules"}


def wrong_rooms(services: Path, names: tuple[str, ...]) -> Iterator[str]:
    present = {path.name for path in services.iterdir() if path.is_dir() and path.name != "__pycache__"}
    for name in sorted(present ^ set(names)):
        yield f"services/{name}: " + ("nobody subscribes it, contracts.topology does not know it" if name in present else "is missing")
    for name in sorted(present & set(names)):
        yield from (f"services/{name}: {reason}" for reason in _wrong_in_service(services / name))


def _wrong_in_service(service: Path) -> Iterator[str]:
    modules = {path.stem for path in service.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in service.glob("*/__init__.py")}
    yield from (f"lacks the room {room}" for room in sorted(ROOMS - modules - packages))
    yield from (f"has one room too many: {room}" for room in sorted((modules | packages) - ROOMS - OPTIONAL_ROOMS - DATA_FOLDERS))
    yield from (f"{room} is a file and a package" for room in sorted(modules & packages))
    if not (service / "__init__.py").exists():
        yield "is no package"
    for path in sorted(service.iterdir()):
        is_known = path.suffix == ".py" or path.name in packages | DATA_FOLDERS | {"__pycache__", "py.typed"}
        if not is_known and not path.name.startswith("."):
            yield f"{path.name} is no room; data belongs into {' or '.join(sorted(DATA_FOLDERS))}"
    for folder in DATA_FOLDERS - packages:
        yield from (f"{folder}/{path.name}: code belongs into a room" for path in sorted((service / folder).glob("**/*.py")))


def repeatable_breaches(root: Path) -> Iterator[str]:
    """Coroutines of use-cases that open a transaction and are not `@atomic`."""
    for source in sources(root, "services"):
        if "usecases" not in source.name.removesuffix(".py").split("/"):
            continue
        for function in source.functions():
            decorators = {dotted(item.func if isinstance(item, ast.Call) else item).rpartition(".")[2] for item in function.decorator_list}
            if "atomic" not in decorators and any(_begins(node) for node in _own_nodes(function)):
                yield f"{source.at(function)}: {function.name} begins a transaction and is not @atomic"


def _begins(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "begin"


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Nodes of a function without those of functions inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _own_nodes(child)


def test_every_service_has_all_rooms_and_no_other() -> None:
    assert list(wrong_rooms(ROOT / "services", SERVICES)) == []


def test_every_transaction_of_a_use_case_may_be_run_again() -> None:
    assert list(repeatable_breaches(ROOT)) == []


@pytest.mark.parametrize("service", SERVICES)
def test_everybody_who_must_know_a_service_does(service: str) -> None:
    gateway = (ROOT / "deploy/gateway/Caddyfile").read_text()
    assert f"/api/{service}/" in gateway, "no route at the gateway"
    assert f"{service.upper()}_UPSTREAM" in gateway, "no upstream at the gateway"
    assert service in STARTED, "not started by make run"
    assert f'SERVICE = "{service}"' in main_of(service) or f'"{service}"' in main_of(service), "main.py does not say which service it is"
    assert any(f"/api/{service}/" in text or f'"{service}"' in text for text in journey_texts()), "no journey passes it"
    folders = (ROOT / "tests" / service, ROOT / "tests" / f"{service}_service")
    assert any(list(folder.rglob("test_*.py")) for folder in folders), "no tests of its own"


def main_of(service: str) -> str:
    return "".join(source.text for source in sources(ROOT, f"services/{service}") if "main" in source.name.removesuffix(".py").split("/"))


def journey_texts() -> list[str]:
    return [source.text for source in sources(ROOT, "tests/e2e", "deploy/journey")]


def test_the_local_stack_starts_services_that_exist_and_no_other() -> None:
    assert sorted(STARTED) == sorted(SERVICES)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    plant(tmp_path, {f"services/good/{room}.py": "" for room in (*ROOMS, "__init__")} | {"services/good/rules/kinds.toml": ""})
    assert list(wrong_rooms(tmp_path / "services", ("good",))) == []
    return tmp_path


@pytest.mark.parametrize(
    ("planted", "finding"),
    [
        ("services/good/utils.py", "one room too many: utils"),
        ("services/good/helpers/__init__.py", "one room too many: helpers"),
        ("services/good/rules/engine.py", "rules/engine.py: code belongs into a room"),
        ("services/good/notes.txt", "notes.txt is no room"),
        ("services/good/domain/__init__.py", "domain is a file and a package"),
        ("services/other/main.py", "services/other: nobody subscribes it"),
    ],
)
def test_a_planted_room_is_found(house: Path, planted: str, finding: str) -> None:
    plant(house, {planted: ""})
    assert any(finding in found for found in wrong_rooms(house / "services", ("good",)))


def test_a_missing_room_and_a_missing_service_are_found(house: Path) -> None:
    (house / "services/good/schemas.py").unlink()
    found = list(wrong_rooms(house / "services", ("absent", "good")))
    assert found == ["services/absent: is missing", "services/good: lacks the room schemas"]


BEGINNING = "async with self.begin() as tx:\n            await tx.publish(x)\n"


@pytest.mark.parametrize("room", ["usecases", "usecases/submission"])
def test_a_planted_transaction_that_is_not_repeatable_is_found(tmp_path: Path, room: str) -> None:
    text = f"class UseCases:\n    @atomic\n    async def good(self):\n        {BEGINNING}\n    async def bad(self):\n        {BEGINNING}"
    plant(tmp_path, {f"services/planted/{room}.py": text})
    assert [finding.rpartition(": ")[2] for finding in repeatable_breaches(tmp_path)] == ["bad begins a transaction and is not @atomic"]


def test_a_transaction_inside_a_repeatable_inner_function_is_left_alone(tmp_path: Path) -> None:
    text = "async def outer(self):\n    @chassis.transaction.atomic\n    async def inner():\n        async with self.begin() as tx: ...\n"
    plant(tmp_path, {"services/planted/usecases.py": text})
    assert list(repeatable_breaches(tmp_path)) == []
