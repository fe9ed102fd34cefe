"""`medkabinet keys`: rotation, rewrapping and what is shown of them, on a real store; also when it is killed."""

import asyncio
import base64
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner, Result

from chassis.encryption import FieldCipher, KeyVault, Phase
from deploy.cli.main import app
from deploy.cli.surroundings import settings_of
from deploy.local.settings import SERVICES
from tests.support import Infra, eventually, service_environment

QUICK = {"KEY_REFRESH_SECONDS": "0.05", "KEY_LEASE_SECONDS": "0.1", "KEY_SETTLE_SECONDS": "0.3"}
COUNT = 300


@dataclass
class Vaults:
    vault: KeyVault
    cipher: FieldCipher

    async def run(self, *arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, ["keys", *arguments], env={"COLUMNS": "200"})

    async def fill(self, count: int) -> None:
        groups = await self.cipher.encrypt_all([{"phone": str(number)} for number in range(count)], lookup={"phone"})
        self.vault.database["people"].insert_many([{"_id": number, "personal": group} for number, group in enumerate(groups)])

    async def all_are_found(self, count: int) -> bool:
        sought = await self.cipher.lookups({str(number): str(number) for number in range(count)})
        found = [self.vault.database["people"].find_one({"personal.phone": operand}) for operand in sought.values()]
        return [item and item["_id"] for item in found] == list(range(count))


@pytest.fixture
async def keys(infra: Infra, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Vaults]:
    async with service_environment(infra, "support", **{f"SUPPORT_{name}": value for name, value in QUICK.items()}) as env:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        vault, cipher = KeyVault.from_settings(settings_of("support")), FieldCipher.from_settings(settings_of("support"))
        await cipher.prepare()
        vault.database["people"].create_index([("personal.phone", 1)], unique=True)
        yield Vaults(vault, cipher)
        await cipher.aclose()
        vault.close()


async def test_a_key_is_rotated_and_shown(keys: Vaults) -> None:
    await keys.fill(5)
    before = await keys.run("show", "--service", "support", "--count")
    assert before.exit_code == 0, before.output
    assert "support: поколение 1, один ключ" in before.stdout
    assert "personal:1" in before.stdout
    done = await keys.run("rotate", "--service", "support")
    assert done.exit_code == 0, done.output
    assert "support: поколение 2, старый ключ удалён" in done.stdout
    after = await keys.run("show", "--service", "support", "--count")
    assert "personal:2" in after.stdout
    assert "personal:1" not in after.stdout
    assert await keys.all_are_found(5)


async def test_a_young_key_is_left_alone(keys: Vaults) -> None:
    left = await keys.run("rotate", "--service", "support", "--older-than", "90d")
    assert left.exit_code == 0, left.output
    assert keys.vault.state().generation == 1
    assert (await keys.run("rotate", "--service", "support", "--older-than", "0s")).exit_code == 0
    assert keys.vault.state().generation == 2


async def test_services_must_be_named(keys: Vaults) -> None:
    assert (await keys.run("rotate")).exit_code == 1
    assert (await keys.run("rotate", "--service", "nobody")).exit_code == 1
    assert (await keys.run("show", "--all", "--service", "support")).exit_code == 1
    assert keys.vault.state().generation == 1


@pytest.mark.parametrize("phase", [Phase.ADDING, Phase.REMOVING])
async def test_a_killed_rotation_goes_on(keys: Vaults, phase: Phase) -> None:
    await keys.fill(COUNT)
    command = [sys.executable, "-m", "deploy.cli", "keys", "rotate", "--service", "support"]
    running = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)

    async def walks() -> bool:
        return running.returncode is not None or keys.vault.state().phase is phase

    await eventually(walks, timeout=60, interval=0.005)
    running.send_signal(signal.SIGKILL)
    assert await running.wait() == -signal.SIGKILL
    assert keys.vault.state().phase is phase
    assert await keys.all_are_found(COUNT)
    done = await keys.run("rotate", "--service", "support")
    assert "поколение 2" in done.stdout, done.output
    assert await keys.all_are_found(COUNT)
    assert len(keys.vault.data_keys()) == 1


async def test_data_keys_are_rewrapped_by_the_active_master(keys: Vaults, monkeypatch: pytest.MonkeyPatch) -> None:
    await keys.fill(3)
    old, new = os.environ["SUPPORT_FIELD_MASTER_KEY"], base64.b64encode(secrets.token_bytes(96)).decode()
    monkeypatch.setenv("SUPPORT_FIELD_MASTER_KEY", json.dumps({"active": "m2", "keys": {"local": old, "m2": new}}))
    done = await keys.run("rewrap", "--service", "support")
    assert "мастер-ключ local:m2, перешифровано ключей: 1" in done.stdout, done.output
    assert "local:m2" in (await keys.run("show", "--service", "support")).stdout
    assert new not in done.output
    monkeypatch.setenv("SUPPORT_FIELD_MASTER_KEY", old)
    refused = await keys.run("show", "--service", "support")
    assert refused.exit_code == 1
    assert "a master that the settings do not have" in refused.output
    assert await keys.all_are_found(3)


def test_every_service_has_keys() -> None:
    assert set(SERVICES) == {"identity", "applications", "documents", "notifications", "support"}
