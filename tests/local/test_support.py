"""The fixtures everybody stands on."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import aio_pika
import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from contracts.access import PersonalDataRead
from contracts.roles import Role
from contracts.sealed import KeyRing
from tests.conftest import pytest_collection_modifyitems
from tests.support import Infra, Signer, Tap, eventually, service_environment


async def test_each_environment_has_stores_of_its_own(infra: Infra) -> None:
    async with service_environment(infra, "identity") as one, service_environment(infra, "identity", IDENTITY_PORT="9") as other:
        assert one["IDENTITY_MONGO_DATABASE"] != other["IDENTITY_MONGO_DATABASE"]
        assert one["IDENTITY_AMQP_URL"] != other["IDENTITY_AMQP_URL"]
        assert other["IDENTITY_PORT"] == "9"


async def test_an_environment_leaves_no_database_on_servers_of_others(infra: Infra) -> None:
    async with service_environment(replace(infra, is_own=False), "identity") as env, infra.mongo() as client:
        await client[env["IDENTITY_MONGO_DATABASE"]]["things"].insert_one({"_id": 1})
        assert env["IDENTITY_MONGO_DATABASE"] in await client.list_database_names()
    async with infra.mongo() as client:
        assert env["IDENTITY_MONGO_DATABASE"] not in await client.list_database_names()


async def test_the_virtual_host_of_an_environment_is_usable(infra: Infra) -> None:
    async with service_environment(infra, "identity") as env, await aio_pika.connect(env["IDENTITY_AMQP_URL"]) as connection:
        assert not connection.is_closed


async def test_the_signer_makes_tokens_its_published_keys_verify(signer: Signer) -> None:
    person_id = uuid4()
    async with httpx.AsyncClient() as client:
        keys = KeySet.import_key_set((await client.get(signer.jwks_url)).json())
    token = jwt.decode(signer.token(person_id, Role.PRACTITIONER), keys, algorithms=["Ed25519"])
    assert token.claims["sub"] == str(person_id)
    assert token.claims["roles"] == ["practitioner"]


async def test_the_tap_gives_out_published_events(infra: Infra) -> None:
    async with service_environment(infra, "identity") as env:
        ring = KeyRing.from_json(env["SEALED_KEY_RING"])
        async with Tap(env["IDENTITY_AMQP_URL"], ring) as tap:
            event = PersonalDataRead(
                occurred_at=datetime.now(UTC),
                reader_id=uuid4(),
                reader_role=Role.REVIEWER,
                subject_id=uuid4(),
                service="applications",
                record="application:1",
                purpose="review",
                address="192.0.2.7",
            )
            with pytest.raises(AssertionError, match="no PersonalDataRead"):
                await tap.next(PersonalDataRead, timeout=0.05)
            await tap.publish(event)
            assert await tap.next(PersonalDataRead) == event
            assert b"192.0.2.7" not in tap.messages[0].body


async def test_eventually_returns_the_first_true_answer() -> None:
    answers = iter([0, None, 3])

    async def check() -> int | None:
        return next(answers)

    assert await eventually(check) == 3


async def test_eventually_tells_the_last_answer() -> None:
    async def check() -> bool:
        await asyncio.sleep(0)
        return False

    with pytest.raises(AssertionError, match="the last answer was False"):
        await eventually(check, timeout=0.05)


def test_each_folder_is_in_one_piece_in_its_order_of_chance_and_the_longest_begin() -> None:
    shuffled = ["cli/b", "documents/items/x", "identity/c", "cli/a", "documents/y", "census/d", "documents/items/w", "chaos/z"]
    items: list[Any] = [SimpleNamespace(nodeid=f"tests/{name}.py::test_it") for name in shuffled]
    pytest_collection_modifyitems(items)
    placed = [item.nodeid.removeprefix("tests/").partition(".")[0] for item in items]
    assert placed == ["chaos/z", "identity/c", "documents/y", "documents/items/x", "documents/items/w", "cli/b", "cli/a", "census/d"]
