"""The gate bites: what breaks readers of a released version is refused, what does not is let through."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import contracts
from contracts.access import PersonalDataRead
from contracts.applications import InformationRequested
from contracts.generate.compatibility import incompatibilities, unreadable
from contracts.generate.files import ContractFiles
from contracts.generate.schemas import declared_events, schema_of
from contracts.identity import ProfileVerified

ROOT = Path(contracts.__file__).parent
Change = Callable[[dict[str, Any]], object]


def changed(schema: dict[str, Any], change: Change) -> dict[str, Any]:
    result = copy.deepcopy(schema)
    change(result)
    return result


def facts_of(schema: dict[str, Any]) -> dict[str, Any]:
    inside: dict[str, Any] = schema["properties"]["facts"]["contentSchema"]
    return inside


def drop(schema: dict[str, Any], name: str) -> None:
    del schema["properties"][name]
    schema["required"] = [other for other in schema.get("required", ()) if other != name]


def rename(schema: dict[str, Any], name: str, new_name: str) -> None:
    schema["properties"][new_name] = schema["properties"][name]
    schema["required"].append(new_name)
    drop(schema, name)


ALLOWED: dict[str, Change] = {
    "nothing": lambda _: None,
    "an added optional field": lambda schema: schema["properties"].update(
        comment={"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    ),
    "an added field that is always sent": lambda schema: (
        schema["properties"].update(comment={"type": "string"}),
        schema["required"].append("comment"),
    ),
    "another description": lambda schema: schema.update(description="Better said."),
}
REFUSED: dict[str, Change] = {
    "a removed required field": lambda schema: drop(schema, "requested_by"),
    "a renamed field": lambda schema: rename(schema, "requested_by", "asked_by"),
    "a changed type": lambda schema: schema["properties"].update(due_at={"type": "integer"}),
    "a field that may be null now": lambda schema: schema["properties"].update(number={"anyOf": [{"type": "string"}, {"type": "null"}]}),
    "a required field that is optional now": lambda schema: schema["required"].remove("number"),
    "a value more in a closed list": lambda schema: schema["properties"]["requested_by"]["enum"].append("registrar"),
    "a list that became one value": lambda schema: schema["properties"].update(remarks=schema["properties"]["remarks"]["items"]),
    "a field gone in a nested value": lambda schema: drop(schema["$defs"]["Reason"], "pointer"),
    "a changed type in a nested value": lambda schema: schema["$defs"]["Reason"]["properties"].update(code={"type": "integer"}),
}
REFUSED_INSIDE: dict[str, Change] = {
    "a sealed field in clear": lambda schema: schema["properties"].update(facts=facts_of(schema)),
    "a field gone inside": lambda schema: drop(facts_of(schema), "snils"),
    "an optional field gone inside": lambda schema: drop(facts_of(schema), "patronymic"),
    "a changed type inside": lambda schema: facts_of(schema)["properties"].update(birth_date={"type": "integer"}),
    "a field gone in a value inside": lambda schema: drop(schema["$defs"]["Licence"], "holder"),
}


@pytest.mark.parametrize("change", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_readers_can_ignore_passes(change: Change) -> None:
    released = schema_of(InformationRequested)
    assert incompatibilities(released, changed(released, change)) == []


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED.keys())
def test_what_breaks_readers_is_refused(change: Change) -> None:
    released = schema_of(InformationRequested)
    assert incompatibilities(released, changed(released, change))


@pytest.mark.parametrize("change", REFUSED_INSIDE.values(), ids=REFUSED_INSIDE.keys())
def test_what_breaks_readers_of_a_sealed_value_is_refused(change: Change) -> None:
    released = schema_of(ProfileVerified)
    assert incompatibilities(released, changed(released, change))


def test_an_optional_field_that_is_gone_is_refused_by_name() -> None:
    released = schema_of(PersonalDataRead)
    assert "the field /address is gone" in incompatibilities(released, changed(released, lambda schema: drop(schema, "address")))


def test_the_classes_keep_every_promise_of_every_released_version() -> None:
    assert ContractFiles(ROOT).incompatible() == []


def test_every_event_is_released_with_a_golden_message() -> None:
    files = ContractFiles(ROOT)  # the gate guards what is released: a new event enters with `python -m contracts.generate --release`
    assert [event.type for event in declared_events() if not (ROOT / "released" / f"{event.type}.json").exists()] == []
    assert [event.type for event in declared_events() if not files.golden_files(event)] == []


@pytest.fixture
def released(tmp_path: Path) -> ContractFiles:
    files = ContractFiles(tmp_path)
    files.release()
    assert files.incompatible() == []
    return files


def edit(path: Path, change: Change) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_releasing_twice_changes_nothing(released: ContractFiles) -> None:
    assert released.release() == []


def test_a_changed_event_is_released_beside_its_older_golden_messages(released: ContractFiles) -> None:
    edit(released.root / "released" / f"{PersonalDataRead.type}.json", lambda schema: drop(schema, "address"))
    assert released.release() == [f"{PersonalDataRead.type}.1"]
    assert [path.name for path in released.golden_files(PersonalDataRead)] == [
        f"{PersonalDataRead.type}.0.json",
        f"{PersonalDataRead.type}.1.json",
    ]


def test_a_class_that_lost_a_released_field_is_refused(released: ContractFiles) -> None:
    def promise_more(schema: dict[str, Any]) -> None:
        schema["properties"]["reason"] = {"type": "string"}
        schema["required"].append("reason")

    edit(released.root / "released" / f"{PersonalDataRead.type}.json", promise_more)
    assert any("the field /reason is gone" in finding for finding in released.incompatible())


def test_a_released_event_without_its_class_is_refused(released: ContractFiles) -> None:
    (released.root / "released" / "support.forgotten.v1.json").write_text("{}")
    assert [finding.partition(":")[0] for finding in released.incompatible()] == ["support.forgotten.v1"]


def test_a_release_without_golden_message_is_refused(released: ContractFiles) -> None:
    released.golden_files(PersonalDataRead)[0].unlink()
    assert any("without a golden message" in finding for finding in released.incompatible())


@pytest.mark.parametrize(
    "change",
    [
        lambda golden: golden["body"].pop("reader_id"),
        lambda golden: golden["body"].update(reader_role="janitor"),
        lambda golden: golden["body"].update(address="no ciphertext"),
        lambda golden: golden["headers"].pop("ce-id"),
        lambda golden: golden["headers"].update({"ce-type": "access.other.v1"}),
    ],
)
def test_a_golden_message_that_is_not_understood_is_refused(released: ContractFiles, change: Change) -> None:
    path = released.golden_files(PersonalDataRead)[0]
    edit(path, change)
    assert unreadable(json.loads(path.read_text()), PersonalDataRead)
    assert any(path.name in finding for finding in released.incompatible())


def test_the_command_releases_nothing_while_a_promise_is_broken(released: ContractFiles) -> None:
    from contracts.generate.__main__ import main  # noqa: PLC0415  # the command under test

    (released.root / "released" / "support.forgotten.v1.json").write_text("{}")
    edit(released.root / "released" / f"{PersonalDataRead.type}.json", lambda schema: drop(schema, "address"))
    before = (released.root / "released" / f"{PersonalDataRead.type}.json").read_text()
    assert main(["--release", "--root", str(released.root)]) == 1
    assert (released.root / "released" / f"{PersonalDataRead.type}.json").read_text() == before
