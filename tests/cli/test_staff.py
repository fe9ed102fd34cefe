"""`medkabinet staff add`: the first administrator without anybody, everybody else through an administrator."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from deploy.journey.people import invent_staff
from tests.support import Infra, service_environment


async def add(body: dict[str, object], *options: str) -> Result:
    arguments = ["staff", "add", "--from-stdin", *options]
    return await asyncio.to_thread(CliRunner().invoke, app, arguments, json.dumps(body))


@pytest.fixture
async def _identity(infra: Infra, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    async with service_environment(infra, "identity", IDENTITY_ARGON2_MEMORY_KIB="64", IDENTITY_ARGON2_TIME_COST="1") as env:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.mark.usefixtures("_identity")
async def test_the_first_administrator_adds_the_others() -> None:
    refused = await add(invent_staff("r0", ("reviewer",)))
    assert refused.exit_code == 1
    assert "--administrator" in refused.stderr

    first = await add(invent_staff("a1", ("administrator",)))
    assert first.exit_code == 0, first.stderr
    administrator_id = re.findall(r"[0-9a-f-]{36}", first.stdout)[0]

    again = await add(invent_staff("a2", ("administrator",)))
    assert again.exit_code == 1
    assert "Администратор уже есть" in again.stderr

    body = invent_staff("r1", ("reviewer",))
    chosen = await add(body, "--administrator", administrator_id)
    assert chosen.exit_code == 1
    assert "password" in chosen.stderr
    del body["password"]
    reviewer = await add(body, "--administrator", administrator_id)
    assert reviewer.exit_code == 0, reviewer.stderr
    assert "пароль" not in reviewer.stdout
    reviewer_id = re.findall(r"[0-9a-f-]{36}", reviewer.stdout)[0]

    by_reviewer = await add(body, "--administrator", reviewer_id)
    assert by_reviewer.exit_code == 1
    assert "не администратор" in by_reviewer.stderr


@pytest.mark.usefixtures("_identity")
async def test_wrong_values_are_named_and_the_password_is_never_repeated() -> None:
    answer = await add({**invent_staff("a3", ("administrator",)), "phone": "1", "password": "топ-секрет"})
    assert answer.exit_code == 1
    assert "phone" in answer.stderr
    assert "топ-секрет" not in answer.output


@pytest.mark.parametrize("text", ["", "[]", "{", '{"surname": 3}'])
def test_input_that_is_no_staff_member_is_refused_in_words(text: str) -> None:
    answer = CliRunner().invoke(app, ["staff", "add", "--from-stdin"], text)
    assert answer.exit_code == 1
    assert "Traceback" not in answer.output
    assert answer.stderr
