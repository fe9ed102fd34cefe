"""Settings: `.env.example` has every one and nothing more; nothing secret has a default."""

import re
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.settings import ServiceSettings
from deploy.local.env_example import FILE, render, settings_classes, settings_of
from deploy.local.settings import LocalSettings
from tests.census.source import ROOT, SERVICES, Source, dotted, plant, sources

SECRET_NAME = re.compile(r"(^|_)(secret|password|token|pepper|key|key_ring|credentials?)$")
CREDENTIAL_URL = re.compile(r"(mongo|amqp|redis|database)_url$")
READER = "chassis/settings.py"
VARIABLE = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]*)=", re.MULTILINE)


def names_in(text: str) -> list[str]:
    return VARIABLE.findall(text)


def differences(example: str, classes: dict[str, type[BaseSettings]]) -> Iterator[str]:
    """Read apart from the generator: names in the file against names of the classes."""
    expected = {setting.name for group, settings_class in classes.items() for setting in settings_of(group, settings_class)}
    names = names_in(example)
    yield from (f"{name} is missing" for name in sorted(expected - set(names)))
    yield from (f"{name} is no setting" for name in sorted(set(names) - expected))
    yield from (f"{name} is there twice" for name in sorted({name for name in names if names.count(name) > 1}))


def loose_secrets(settings_class: type[BaseSettings]) -> Iterator[str]:
    for name, field in settings_class.model_fields.items():
        secret = SecretStr in _parts(field.annotation)
        if secret and not field.is_required() and field.get_default(call_default_factory=True, validated_data={}) is not None:
            yield f"{settings_class.__module__}: the secret {name} has a default"
        if not secret and str in _parts(field.annotation) and (SECRET_NAME.search(name) or CREDENTIAL_URL.search(name)):
            yield f"{settings_class.__module__}: {name} is a secret and no SecretStr"


def _parts(annotation: Any) -> set[Any]:
    if get_origin(annotation) in (Union, types.UnionType, Annotated):
        return {part for choice in get_args(annotation) for part in _parts(choice)}
    return {annotation}


def unlisted_classes(found: Iterable[Source], listed: set[str]) -> Iterator[str]:
    """Settings classes the example does not know of."""
    for source in found:
        for statement in source.tree.body:
            bases = [dotted(base).rpartition(".")[2] for base in getattr(statement, "bases", ())]
            if {"BaseSettings", "ServiceSettings"} & set(bases):
                name = f"{source.name.removesuffix('.py').replace('/', '.').removesuffix('.__init__')}.{getattr(statement, 'name', '')}"
                if name not in listed:
                    yield f"{name}: .env.example does not know it"


def readers_of_environment(found: Iterable[Source]) -> Iterator[str]:
    for source in found:
        if source.name == READER:
            continue
        for call in source.calls():
            if dotted(call.func) in ("os.getenv", "os.environ.get", "getenv"):
                yield f"{source.at(call)}: reads the environment past the settings class"


def test_the_example_has_every_setting_and_nothing_more() -> None:
    assert list(differences(FILE.read_text(), settings_classes())) == []


def test_the_example_is_what_the_classes_say() -> None:
    assert FILE.read_text() == render(), "run `python -m deploy.local.env_example`"


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_secret_has_a_default(service: str) -> None:
    assert list(loose_secrets(settings_classes()[f"service {service}"])) == []


def test_nothing_secret_of_the_local_stack_has_a_default() -> None:
    assert list(loose_secrets(LocalSettings)) == []


def test_every_settings_class_is_listed() -> None:
    classes: list[type[BaseSettings]] = [*settings_classes().values(), ServiceSettings]
    listed = {f"{cls.__module__}.{cls.__qualname__}" for cls in classes}
    found = [source for source in sources(ROOT, "chassis", "services", "deploy") if not source.name.startswith("deploy/bench/")]
    assert list(unlisted_classes(found, listed)) == []


def test_nobody_reads_the_environment_past_the_settings() -> None:
    assert list(readers_of_environment(sources(ROOT, "contracts", "chassis", "services"))) == []


class Planted(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="PLANTED_")

    size: int = 3
    """How large."""
    api_token: SecretStr = SecretStr("changeme")
    mongo_url: str
    shared: str = Field(default="x", validation_alias="SHARED")
    signing_key: str | None = None


class Clean(BaseSettings):
    api_token: SecretStr
    other_token: SecretStr | None = None
    token_seconds: int = 5


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("# PLANTED_SIZE=3\n# PLANTED_API_TOKEN=x\nPLANTED_MONGO_URL=\n# PLANTED_SIGNING_KEY=\n", "SHARED is missing"),
        ("SHARED=\nPLANTED_SIZE=\nPLANTED_API_TOKEN=\nPLANTED_MONGO_URL=\nPLANTED_SIGNING_KEY=\nOTHER=\n", "OTHER is no setting"),
        ("SHARED=\nPLANTED_SIZE=\nPLANTED_API_TOKEN=\nPLANTED_MONGO_URL=\nPLANTED_SIGNING_KEY=\n# SHARED=\n", "SHARED is there twice"),
    ],
)
def test_a_planted_difference_is_found(text: str, finding: str) -> None:
    assert list(differences(text, {"planted": Planted})) == [finding]


def test_planted_loose_secrets_are_found() -> None:
    assert [finding.partition(": ")[2] for finding in loose_secrets(Planted)] == [
        "the secret api_token has a default",
        "mongo_url is a secret and no SecretStr",
        "signing_key is a secret and no SecretStr",
    ]
    assert list(loose_secrets(Clean)) == []


def test_a_setting_is_shown_with_its_meaning_and_default() -> None:
    first, *_ = settings_of("planted", Planted)
    assert list(first.lines()) == ["# How large.", "# PLANTED_SIZE=3"]


def test_a_planted_settings_class_and_a_planted_reader_are_found(tmp_path: Path) -> None:
    plant(tmp_path, {"deploy/planted.py": "class More(BaseSettings):\n    x: int = int(os.getenv('X'))"})
    assert list(unlisted_classes(sources(tmp_path, "deploy"), set())) == ["deploy.planted.More: .env.example does not know it"]
    assert len(list(readers_of_environment(sources(tmp_path, "deploy")))) == 1
