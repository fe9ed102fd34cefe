"""`medkabinet audit`: a whole log, a broken one, and one that was set back."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from tests.identity.chain_desk import Desk, running_desk
from tests.identity.samples import NOW
from tests.support import Infra, service_environment


async def audit(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["audit", *arguments])


@pytest.fixture
async def desk(infra: Infra, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    async with service_environment(infra, "identity") as env, running_desk(infra, env, NOW) as made:
        for name, value in (env | {"IDENTITY_MONGO_DATABASE": made.database.name}).items():
            monkeypatch.setenv(name, value)
        await made.fill(5, 3)
        yield made


async def test_a_whole_log_is_said_to_be_whole(desk: Desk) -> None:
    answer = await audit("verify")
    assert answer.exit_code == 0, answer.output
    assert "журнал цел; записей 8, блоков 3" in answer.stdout


async def test_each_break_is_named_with_its_place_and_the_status_is_1(desk: Desk) -> None:
    row_id = await desk.id_at(7)
    await desk.database["access_rows"].update_one({"place": 7}, {"$set": {"action": "signed-in"}})
    answer = await audit("verify")
    assert answer.exit_code == 1
    assert f"changed (изменено): запись, день 2026-11-21, блок 3, место 7, номер записи {row_id}" in answer.stdout
    assert "нарушений: 1" in answer.stdout
    assert (await audit("verify", "--day", "2026-11-20")).exit_code == 0
    assert (await audit("verify", "--from", "2026-11-21", "--to", "2026-11-21")).exit_code == 1


async def test_kept_anchors_show_a_log_that_was_set_back(desk: Desk, tmp_path: Path) -> None:
    earlier = await desk.kept()
    await desk.fill(0, 4)
    printed = await audit("anchors")
    # services of other tests run in this process too, and log to the output the command was given
    kept = [anchor for line in printed.stdout.splitlines() if "logger" not in (anchor := json.loads(line))]
    assert [(anchor["day"], anchor["is_final"]) for anchor in kept] == [("2026-11-20", True), ("2026-11-21", True), ("2026-11-22", False)]
    file = tmp_path / "anchors.jsonl"
    file.write_text("".join(f"{json.dumps(anchor)}\n" for anchor in kept))
    assert (await audit("verify", "--anchors", str(file))).exit_code == 0
    await desk.restore(earlier)
    assert (await audit("verify")).exit_code == 0
    answer = await audit("verify", "--anchors", str(file))
    assert answer.exit_code == 1
    assert "truncated (обрезано): якорь, день 2026-11-21" in answer.stdout
    assert "truncated (обрезано): блок, день 2026-11-22" in answer.stdout


async def test_a_file_that_holds_no_anchors_is_refused(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "anchors.jsonl"
    file.write_text("{}")
    answer = await audit("verify", "--anchors", str(file))
    assert answer.exit_code == 1
    assert "не похож на вывод audit anchors" in answer.stderr
