"""Personal fields are unreadable at rest, found by equality where asked, and one data key serves all replicas."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from bson import Binary
from pymongo import AsyncMongoClient

from chassis.encryption import ENCRYPTED_SUBTYPE, KEY_STATE, KEY_VAULT, UNREADABLE, FieldCipher, KeyVault, MasterRing, WrongMasterKey, fits
from tests.support import Infra

RING = MasterRing.from_text(base64.b64encode(secrets.token_bytes(96)).decode())


@pytest.fixture(scope="module")
async def database_name(infra: Infra) -> AsyncIterator[str]:
    name = f"test_{infra.run}_cipher"
    yield name
    await infra.drop_database(name)


@pytest.fixture(scope="module")
async def cipher(infra: Infra, database_name: str) -> AsyncIterator[FieldCipher]:
    made = FieldCipher(KeyVault(infra.mongo_url, database_name, RING))
    await made.prepare()
    yield made
    await made.aclose()


PERSON = {
    "surname": "Тестова",
    "patronymic": None,
    "birth_date": date(1985, 2, 3),
    "seen_at": datetime(2026, 1, 1, tzinfo=UTC),
    "age": 41,
    "is_staff": False,
    "employments": [{"organisation": "Больница № 1", "ended_on": None, "started_on": date(2020, 1, 1)}],
    "workplace": {"ogrn": "1027700000000"},
    "raw": b"bytes",
}


async def test_every_kind_of_value_comes_back(cipher: FieldCipher) -> None:
    sealed = await cipher.encrypt(PERSON)
    assert all(value.subtype == ENCRYPTED_SUBTYPE for value in sealed.values())
    assert not any("Тестова".encode() in bytes(value) or "Больница".encode() in bytes(value) for value in sealed.values())
    expected = PERSON | {"birth_date": "1985-02-03"}
    expected["employments"] = [{"organisation": "Больница № 1", "ended_on": None, "started_on": "2020-01-01"}]
    assert await cipher.decrypt(sealed) == expected


async def test_random_differs_and_lookup_is_equal(cipher: FieldCipher) -> None:
    one, two = [await cipher.encrypt({"snils": "x", "surname": "x"}, lookup={"snils"}) for _ in range(2)]
    assert one["surname"] != two["surname"]
    assert one["snils"] == two["snils"]
    assert await cipher.lookup("x") == {"$eq": one["snils"]}
    assert fits(await cipher.lookup("x"), one["snils"])
    assert not fits(await cipher.lookup("y"), one["snils"])
    assert await cipher.lookups({"a": "x", "b": "y"}) == {"a": await cipher.lookup("x"), "b": await cipher.lookup("y")}


async def test_a_lookup_field_may_be_absent_but_only_text(cipher: FieldCipher) -> None:
    assert await cipher.decrypt(await cipher.encrypt({"inn": None}, lookup={"inn"})) == {"inn": None}
    with pytest.raises(TypeError, match="inn"):
        await cipher.encrypt({"inn": 5}, lookup={"inn"})


async def test_what_is_not_encrypted_passes_through(cipher: FieldCipher) -> None:
    assert await cipher.decrypt({"version": 3, "other": b"x"}) == {"version": 3, "other": b"x"}


async def test_altered_values_among_many_are_told_apart(cipher: FieldCipher) -> None:
    clear: list[Any] = [None if number % 7 == 0 else {"number": number} for number in range(700)]
    sealed = [value and (await cipher.encrypt({"value": value}))["value"] for value in clear]
    of_no_key = Binary(sealed[9][:1] + bytes(16) + sealed[9][17:], ENCRYPTED_SUBTYPE)
    sealed[9], sealed[10], sealed[660] = of_no_key, Binary(sealed[10][:-1], ENCRYPTED_SUBTYPE), Binary(sealed[660][:30], ENCRYPTED_SUBTYPE)
    found = [(await cipher.encrypt({"snils": "x"}, lookup={"snils"}))["snils"]]
    opened = await cipher.decrypt_each([*sealed, found, "clear"])
    altered = dict.fromkeys((9, 10, 660), UNREADABLE)
    assert opened == [*(altered.get(number, value) for number, value in enumerate(clear)), "x", "clear"]


async def test_replicas_that_start_together_share_one_key(infra: Infra) -> None:
    name = f"test_{infra.run}_replicas"
    replicas = [FieldCipher(KeyVault(infra.mongo_url, name, RING)) for _ in range(6)]
    try:
        await asyncio.gather(*(replica.prepare() for replica in replicas))
        sealed = await replicas[0].encrypt({"x": "clear"}, lookup={"x"})
        assert await asyncio.gather(*(replica.lookup("clear") for replica in replicas)) == [{"$eq": sealed["x"]}] * 6
        async with AsyncMongoClient[dict[str, Any]](infra.mongo_url) as client:
            assert await client[name][KEY_VAULT].count_documents({}) == 1
            assert await client[name][KEY_STATE].count_documents({}) == 1
    finally:
        await asyncio.gather(*(replica.aclose() for replica in replicas))
        await infra.drop_database(name)


async def test_another_master_key_is_named_at_start(infra: Infra, cipher: FieldCipher, database_name: str) -> None:
    assert cipher
    stranger = FieldCipher(
        KeyVault(infra.mongo_url, database_name, MasterRing.from_text(base64.b64encode(secrets.token_bytes(96)).decode()))
    )
    with pytest.raises(WrongMasterKey, match="made with another"):
        await stranger.prepare()
    await stranger.aclose()


@pytest.mark.parametrize("master_key", ["", "not base64!", base64.b64encode(b"x" * 32).decode()])
def test_a_malformed_master_key_is_refused_before_anything(master_key: str) -> None:
    with pytest.raises(WrongMasterKey, match="FIELD_MASTER_KEY"):
        MasterRing.from_text(master_key)


async def test_many_at_once(cipher: FieldCipher) -> None:
    sealed = await asyncio.gather(*(cipher.encrypt({"n": number, "t": "x" * 100}) for number in range(100)))
    found = await asyncio.gather(*(cipher.decrypt(one) for one in sealed))
    assert [one["n"] for one in found] == list(range(100))


async def test_groups_go_and_come_back_in_order(cipher: FieldCipher) -> None:
    groups = [{"n": number} for number in range(5)]
    assert await cipher.decrypt_all(await cipher.encrypt_all(groups)) == groups
