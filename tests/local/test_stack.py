"""What a stack refuses, keeps, and tells."""

import importlib
import json
import os
import socket
import stat
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient

from chassis.settings import ServiceSettings, load_settings
from deploy.local.development_secrets import load_or_invent
from deploy.local.environments import service_environment
from deploy.local.ports import free_ports
from deploy.local.servers import MongoServer
from deploy.local.settings import SERVICES, LocalSettings
from deploy.local.stack import CannotStart, Stack, settings_file
from tests.support import Infra
from tests.support.environments import environment


def settings_class_of(service: str) -> type[ServiceSettings]:
    found: type = importlib.import_module(f"services.{service}.settings").Settings
    assert issubclass(found, ServiceSettings)
    return found


async def test_a_taken_port_is_named_with_the_setting_that_moves_it(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    port = stack.settings.gateway_port
    words = rf"Порт {port} занят.*LOCAL_GATEWAY_PORT=<порт>"
    with socket.create_server(("127.0.0.1", port)), pytest.raises(CannotStart, match=words):
        await stack.start()
    assert not any(process.is_running for process in stack.processes.values())
    await stack.stop()


async def test_two_stacks_do_not_share_a_folder(tmp_path: Path) -> None:
    first, second = Stack(tmp_path), Stack(tmp_path)
    first.take_folder()
    with pytest.raises(CannotStart, match=rf"уже запущен \(процесс {os.getpid()}\).*LOCAL_DATA_DIR"):
        await second.start()
    await first.stop()
    second.take_folder()
    await second.stop()


def test_secrets_are_invented_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = load_or_invent(tmp_path / "secrets")
    assert load_or_invent(tmp_path / "secrets") == first
    assert len(set(first.values())) == len(first)
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "secrets").iterdir()} == {0o600}


@pytest.mark.parametrize("service", SERVICES)
def test_the_local_environment_of_a_service_is_complete(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = LocalSettings(data_dir=tmp_path)
    for name, value in service_environment(settings, load_or_invent(tmp_path / "secrets"), service).items():
        monkeypatch.setenv(name, value)
    loaded = load_settings(settings_class_of(service))
    assert loaded.port == settings.port_of(service)
    assert Stack(tmp_path, settings).processes[service].stop_seconds > 2 * loaded.shutdown_seconds + 5


def test_the_worker_of_documents_reads_the_environment_of_its_service_but_for_the_port(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    differing = set(stack.environments["documents"].items()) ^ set(stack.environments["documents-worker"].items())
    assert {name for name, _ in differing} == {"DOCUMENTS_PORT"}
    assert stack.processes["documents-worker"].environment["DOCUMENTS_PORT"] == str(stack.settings.documents_worker_port)


@pytest.mark.parametrize("service", SERVICES)
def test_the_test_environment_of_a_service_is_complete(service: str, infra: Infra, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(infra, service).items():
        monkeypatch.setenv(name, value)
    assert load_settings(settings_class_of(service)).mongo_database.endswith(service)


def test_every_port_of_a_stack_on_free_ports_is_another(tmp_path: Path) -> None:
    ports = LocalSettings.on_free_ports(tmp_path).ports_in_use()
    assert len(set(ports.values())) == len(ports)


def test_services_may_share_one_store(tmp_path: Path) -> None:
    shared, own = (LocalSettings.on_free_ports(tmp_path, mongo=kind) for kind in ("shared", "per-service"))
    assert [name for name in Stack(tmp_path, shared).processes if name.startswith("mongo")] == ["mongo"]
    assert len([name for name in Stack(tmp_path, own).processes if name.startswith("mongo")]) == len(SERVICES)
    assert len(shared.ports_in_use()) == len(own.ports_in_use()) - len(SERVICES) + 1


def test_the_settings_of_a_stack_are_readable_for_the_command_line(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    stack.write_settings()
    assert LocalSettings.model_validate(json.loads(settings_file(tmp_path).read_text())) == stack.settings


async def test_an_embedded_store_keeps_what_was_written_through_a_kill(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    server = MongoServer(tmp_path / "mongo", port, tmp_path / "mongo.log")
    server.process.start()
    try:
        await server.process.wait_ready()
        async with AsyncMongoClient[dict[str, object]](server.url) as client:
            await client["some"]["things"].insert_one({"_id": 1})
        await server.process.kill()
        server.process.start()
        await server.process.wait_ready()
        async with AsyncMongoClient[dict[str, object]](server.url) as client:
            assert await client["some"]["things"].count_documents({}) == 1
    finally:
        await server.process.kill()
