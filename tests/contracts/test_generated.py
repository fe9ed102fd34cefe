"""What is generated is committed, says what the classes say, and is a document others can use."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

import contracts
from contracts.access import PersonalDataRead
from contracts.base import Event
from contracts.envelope import headers_of
from contracts.generate.__main__ import main
from contracts.generate.asyncapi import asyncapi_document
from contracts.generate.files import ContractFiles
from contracts.generate.samples import GOLDEN_KEY_RING, sample_of
from contracts.generate.schemas import declared_events, opened, schema_of
from contracts.identity import ProfileVerified
from contracts.topology import SUBSCRIPTIONS, queue_name

ROOT = Path(contracts.__file__).parent
DOCUMENT = yaml.safe_load((ROOT / "asyncapi.yaml").read_text())


def test_the_committed_files_are_what_the_classes_say() -> None:
    assert ContractFiles(ROOT).drift() == []


def test_drift_is_seen_changed_missing_and_left_over(tmp_path: Path) -> None:
    files = ContractFiles(tmp_path)
    files.write()
    assert files.drift() == []
    (tmp_path / "asyncapi.yaml").write_text("asyncapi: 3.0.0\n")
    (tmp_path / "schemas" / f"{PersonalDataRead.type}.json").unlink()
    (tmp_path / "schemas" / "support.gone.v1.json").write_text("{}")
    assert [finding.partition(":")[0] for finding in files.drift()] == [
        f"{PersonalDataRead.type}.json",
        "asyncapi.yaml",
        "support.gone.v1.json",
    ]


def test_the_command_checks_writes_and_releases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = ["--root", str(tmp_path)]
    assert main(["--check", *root]) == 1
    assert "asyncapi.yaml: drifted" in capsys.readouterr().err
    assert main(root) == 0
    assert main(["--release", *root]) == 0
    assert f"released {PersonalDataRead.type}.0" in capsys.readouterr().out
    assert main(["--check", *root]) == 0


@pytest.mark.parametrize("event", declared_events(), ids=lambda event: event.type)
def test_every_message_fits_its_schema_sealed_and_opened(event: type[Event]) -> None:
    schema = schema_of(event)
    Draft202012Validator.check_schema(schema)
    body = json.loads(sample_of(event).to_wire(GOLDEN_KEY_RING))
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(body)
    readable = {
        name: GOLDEN_KEY_RING.open(value) if isinstance(value, str) and value.startswith("eyJ") else value for name, value in body.items()
    }
    Draft202012Validator(opened(schema), format_checker=FormatChecker()).validate(readable)


def test_a_sealed_field_is_a_string_of_format_jwe_that_tells_what_is_inside() -> None:
    facts = schema_of(ProfileVerified)["properties"]["facts"]
    assert (facts["type"], facts["format"]) == ("string", "jwe")
    assert "snils" in facts["contentSchema"]["properties"]


def test_a_sealed_field_that_may_be_none_may_be_null() -> None:
    address = schema_of(PersonalDataRead)["properties"]["address"]
    assert [choice["type"] for choice in address["anyOf"]] == ["string", "null"]


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [node["$ref"]] if "$ref" in node else [found for value in node.values() for found in references(value)]
    return [found for value in node for found in references(value)] if isinstance(node, list) else []


def resolve(reference: str) -> Any:
    target: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        target = target[part]
    return target


def test_the_document_has_the_form_of_asyncapi_3() -> None:
    assert asyncapi_document() == DOCUMENT
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert set(DOCUMENT) <= {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"}
    assert DOCUMENT["info"].keys() >= {"title", "version"}
    for server in DOCUMENT["servers"].values():
        assert server.keys() >= {"host", "protocol"}
    for reference in references(DOCUMENT):
        assert resolve(reference), reference


def test_every_payload_of_the_document_is_a_schema() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_operation_names_messages_of_its_own_channel() -> None:
    for name, operation in DOCUMENT["operations"].items():
        assert operation["action"] in {"send", "receive"}, name
        channel = operation["channel"]["$ref"]
        assert operation["messages"], name
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"{channel}/messages/"), name


def test_every_event_has_a_channel_with_exchange_and_routing_key() -> None:
    for event in declared_events():
        channel = DOCUMENT["channels"][event.type]
        assert channel["address"] == event.type
        binding = resolve(channel["bindings"]["$ref"])["amqp"]
        assert (binding["is"], binding["exchange"]["name"], binding["exchange"]["type"]) == ("routingKey", "medkabinet.events", "topic")


def test_every_subscription_is_a_durable_queue_with_a_receiver() -> None:
    for service, heard in SUBSCRIPTIONS.items():
        for event in heard:
            channel = DOCUMENT["channels"][queue_name(service, event)]
            assert channel["bindings"]["amqp"]["queue"]["name"] == queue_name(service, event)
            assert channel["bindings"]["amqp"]["queue"]["durable"] is True
            assert DOCUMENT["operations"][f"{service}.receive.{event.type}"]["action"] == "receive"


def test_every_event_has_a_sender_and_access_facts_have_all_services() -> None:
    for event in declared_events():
        senders = {name.partition(".")[0] for name in DOCUMENT["operations"] if name.endswith(f".send.{event.type}")}
        assert senders == (set(SUBSCRIPTIONS) if event.type.startswith("access.") else {event.type.partition(".")[0]})


def test_the_described_headers_are_the_headers_we_send() -> None:
    trait = DOCUMENT["components"]["messageTraits"]["envelope"]
    headers = headers_of(sample_of(PersonalDataRead), causation_id="cause")
    assert headers.keys() <= trait["headers"]["properties"].keys()
    assert set(trait["headers"]["required"]) <= headers.keys()
    Draft202012Validator(trait["headers"], format_checker=FormatChecker()).validate(headers)


def test_the_correlation_id_is_described_as_the_property_it_is() -> None:
    trait = DOCUMENT["components"]["messageTraits"]["envelope"]
    assert "correlation_id" in trait["x-amqp-properties"]["required"]
    assert not [name for name in trait["headers"]["properties"] if "correlation" in name]
