"""`medkabinet documents recheck`, from the command to the steps made again."""

import asyncio
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from contracts.documents import CheckRequested
from deploy.cli.main import app
from tests.documents import samples
from tests.documents.person import Person
from tests.support import Component, Signer, eventually


async def recheck(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["documents", "recheck", *arguments])


async def test_a_checked_file_is_checked_again_in_the_steps_asked_for(
    service: Component, service_env: dict[str, str], signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in service_env.items():
        monkeypatch.setenv(name, value)
    person = Person(service, signer)
    document_id = (await person.upload(samples.pdf())).json()["document_id"]
    accepted = await person.pictured(document_id)
    before = await made_at(service, document_id)

    assert "telepathy" in (await recheck(document_id, "--step", "telepathy")).stderr
    assert (await recheck(document_id, "--file", "2")).exit_code == 1
    asked = await recheck(document_id, "--step", "malware")
    assert asked.exit_code == 0, asked.stderr
    told = await service.tap.next(CheckRequested, where=lambda one: str(one.document_id) == document_id, timeout=10)
    assert (told.steps, told.reason) == (("malware",), "demand")

    async def again() -> dict[str, object] | None:
        made = await made_at(service, document_id)
        return made if made.get("malware") not in (None, before["malware"]) and len(made) == len(before) else None

    after = await eventually(again)
    assert after is not None
    assert {step for step in before if after[step] != before[step]} == {"malware"}
    assert await person.document(document_id) == accepted


async def made_at(service: Component, document_id: str) -> dict[str, object]:
    """When each step was made."""
    case = await service.database["checks"].find_one({"document_id": UUID(document_id)})
    assert case is not None
    return {result["step"]: result["at"] for result in case["results"]}
