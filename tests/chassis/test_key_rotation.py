"""A data key is replaced while others write: nothing is lost, doubled or unreadable, wherever the rotation is cut off."""

import asyncio
import base64
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from bson.binary import Binary
from pymongo.errors import ConnectionFailure, DuplicateKeyError
from pymongo.synchronous.collection import Collection

from chassis.encryption import (
    FieldCipher,
    KeyState,
    KeyStateLost,
    KeyVault,
    KmipMaster,
    MasterRing,
    Phase,
    Progress,
    Rotation,
    Unreadable,
    WrongMasterKey,
    fits,
    usage,
)
from chassis.encryption.values import key_of
from tests.support import Infra

FOREVER = 1000.0


def master() -> str:
    return base64.b64encode(secrets.token_bytes(96)).decode()


ALONE = master()
RING = MasterRing.from_text(ALONE)


@dataclass
class Place:
    """A database with one unique looked-up field."""

    infra: Infra
    name: str
    vault: KeyVault
    _opened: list[KeyVault] = field(default_factory=list)

    @property
    def people(self) -> Collection[dict[str, Any]]:
        return self.vault.database["people"]

    def another(self, ring: MasterRing = RING) -> KeyVault:
        vault = KeyVault(self.infra.mongo_url, self.name, ring)
        self._opened.append(vault)
        return vault

    async def cipher(self, *, refresh: float = 0.05, lease: float = 0.2) -> FieldCipher:
        made = FieldCipher(self.another(), refresh_seconds=refresh, lease_seconds=lease)
        await made.prepare()
        return made

    async def put(self, cipher: FieldCipher, phone: str) -> None:
        sealed = await cipher.encrypt({"phone": phone, "name": f"name of {phone}"}, lookup={"phone"})
        self.people.insert_one({"_id": uuid4(), "personal": sealed})

    async def found(self, cipher: FieldCipher, phone: str) -> dict[str, Any] | None:
        return self.people.find_one({"personal.phone": await cipher.lookup(phone)})

    def rotation(self, watch: Callable[[Progress], None] = lambda _: None, *, settle: float = 0.0, **options: Any) -> Rotation:
        return Rotation(self.another(), settle, watch, **options)

    def keys_in_use(self) -> set[bytes]:
        return {bytes(key) for _, counts in usage(self.vault) for key in counts}

    def close(self) -> None:
        for vault in [self.vault, *self._opened]:
            vault.close()


@pytest.fixture
async def place(infra: Infra) -> AsyncIterator[Place]:
    name = f"test_{infra.run}_{secrets.token_hex(3)}"
    made = Place(infra, name, KeyVault(infra.mongo_url, name, RING))
    made.vault.prepare()
    unique = {"personal.phone": {"$exists": True}}
    made.people.create_index([("personal.phone", 1)], unique=True, name="unique_phone", partialFilterExpression=unique)
    yield made
    made.close()
    await infra.drop_database(name)


def numbers(count: int) -> list[str]:
    return [f"+7900{number:07}" for number in range(count)]


async def test_everything_nested_is_written_anew_and_the_old_key_goes(place: Place) -> None:
    cipher = await place.cipher()
    clear = {"text": "x", "none": None, "moment": datetime(2026, 1, 1, tzinfo=UTC), "long": 2**40, "id": uuid4(), "raw": b"\x06bytes"}
    sealed = await cipher.encrypt({**clear, "snils": "1"}, lookup={"snils"})
    kept = {"number": 5, "real": 1.5, "at": datetime(9999, 1, 1, tzinfo=UTC), "empty": [], "uuid": uuid4(), "a.b": {"$x": "y"}}
    nested = {"_id": "one", "top": sealed["text"], "deep": {"list": [{"in": sealed}, [sealed["none"], 3]], **kept}, "plain": kept}
    place.vault.database["nested"].insert_one(nested)
    place.vault.database["other"].insert_many(
        [{"_id": key, "v": sealed["raw"]} for key in (1, "a", uuid4(), datetime(2026, 1, 1, tzinfo=UTC))]
    )
    old = place.vault.state().writing
    state = place.rotation(batch=3).run()

    assert (state.phase, state.generation, state.leaving) == (Phase.STEADY, 2, None)
    assert place.keys_in_use() == {bytes(state.writing[0])} != {bytes(old[0])}
    assert [key.id for key in place.vault.data_keys()] == list(state.writing)
    stored = place.vault.database["nested"].find_one({"_id": "one"}) or {}
    assert await cipher.decrypt(stored["deep"]["list"][0]["in"]) == {**clear, "snils": "1"}
    assert await cipher.decrypt({"top": stored["top"], "none": stored["deep"]["list"][1][0]}) == {"top": "x", "none": None}
    assert {name: stored["deep"][name] for name in kept} == kept == stored["plain"]
    assert [doc["v"][0] for doc in place.vault.database["other"].find()] == [2] * 4
    fresh = FieldCipher(place.another())  # its key cache is empty: nothing needs the key that is gone
    await fresh.prepare()
    assert await fresh.decrypt({"top": stored["top"]}) == {"top": "x"}


async def test_neighbouring_states_find_each_others_values_and_clash_over_them(place: Place) -> None:
    """A process that has not heard of a step beside one that has, in both directions, at every step."""
    before = await place.cipher(refresh=FOREVER, lease=2 * FOREVER)
    await place.put(before, "+70000000000")
    steps: list[KeyState] = []
    heard: list[Phase] = []

    def note(progress: Progress) -> None:
        if not steps or steps[-1].phase is not progress.phase:
            steps.append(place.vault.state())
            pause.release()
            assert go_on.acquire(timeout=60)

    pause, go_on = threading.Semaphore(0), threading.Semaphore(0)
    running = threading.Thread(target=place.rotation(note).run)
    running.start()
    for phase in (Phase.ADDING, Phase.REMOVING, Phase.STEADY):
        if phase is Phase.STEADY:
            go_on.release()
            running.join(60)
        else:
            if phase is Phase.REMOVING:
                go_on.release()
            assert pause.acquire(timeout=60)
        after = await place.cipher(refresh=FOREVER, lease=2 * FOREVER)
        heard.append(place.vault.state().phase)
        for number, (one, other) in enumerate([(before, after), (after, before), (before, before), (after, after)]):
            phone = f"+7{len(heard)}{number}"
            await place.put(one, phone)
            with pytest.raises(DuplicateKeyError):
                await place.put(other, phone)
            for cipher in (one, other):
                found = await place.found(cipher, phone)
                assert found is not None
                assert fits(await cipher.lookup(phone), found["personal"]["phone"])
                assert await cipher.decrypt(found["personal"]) == {"phone": phone, "name": f"name of {phone}"}
                assert await place.found(cipher, "+70000000000") is not None
        before = after
    assert heard == [Phase.ADDING, Phase.REMOVING, Phase.STEADY]
    assert place.people.count_documents({}) == 1 + 3 * 4


class Ended(Exception):
    pass


def ending_after(count: int) -> Callable[[Progress], None]:
    signs = iter(range(count))

    def watch(_: Progress) -> None:
        if next(signs, None) is None:
            raise Ended

    return watch


async def test_cut_off_anywhere_it_goes_on_where_it_stood(place: Place) -> None:
    """Ended at its first sign of life, at its second, and so on, each time started again."""
    cipher = await place.cipher()
    for phone in numbers(7):
        await place.put(cipher, phone)

    for ends in range(200):
        try:
            state = place.rotation(ending_after(ends), batch=2).run()
        except Ended:
            for phone in numbers(7):
                assert await place.found(cipher, phone) is not None
                with pytest.raises(DuplicateKeyError):
                    await place.put(cipher, phone)
        else:
            break
        await asyncio.sleep(0.06)  # as long as a rotation waits at least: until the cipher looks again
    assert ends > 8
    assert state.generation == 2
    assert place.keys_in_use() == {bytes(state.writing[0])}
    assert len(place.vault.data_keys()) == 1


async def test_one_that_was_overtaken_writes_nothing_of_an_earlier_phase(place: Place) -> None:
    cipher = await place.cipher()
    for phone in numbers(4):
        await place.put(cipher, phone)
    overtaken: list[KeyState] = []

    def overtake(progress: Progress) -> None:
        if progress.step == "walk" and not overtaken:
            overtaken.append(place.rotation().run())

    state = place.rotation(overtake, batch=1).run()
    assert overtaken == [state]
    assert place.keys_in_use() == {bytes(state.writing[0])}
    assert len(place.vault.data_keys()) == 1


async def test_who_writes_at_the_same_time_wins(place: Place) -> None:
    cipher = await place.cipher(refresh=0.02, lease=0.1)
    ids = [uuid4() for _ in range(6)]
    for number, person_id in enumerate(ids):
        sealed = await cipher.encrypt({"phone": str(number), "counter": 0}, lookup={"phone"})
        place.people.insert_one({"_id": person_id, "version": 0, "personal": sealed})
    rotation = place.rotation(settle=0.5, batch=2)
    running = threading.Thread(target=lambda: [rotation.run() for _ in range(2)])
    running.start()
    written = dict.fromkeys(ids, 0)
    while running.is_alive():
        for number, person_id in enumerate(ids):
            written[person_id] += 1
            fresh = await cipher.encrypt({"phone": str(number), "counter": written[person_id]}, lookup={"phone"})
            before = {"_id": person_id, "version": written[person_id] - 1}
            assert place.people.replace_one(before, {"version": written[person_id], "personal": fresh}).matched_count == 1
    state = place.vault.state()
    assert (state.phase, state.generation) == (Phase.STEADY, 3)
    assert place.keys_in_use() == {bytes(state.writing[0])}
    for person_id, counter in written.items():
        found = place.people.find_one({"_id": person_id}) or {}
        assert (await cipher.decrypt(found["personal"]))["counter"] == counter > 1


async def test_a_value_of_an_unknown_key_stops_it_and_names_the_place(place: Place) -> None:
    cipher = await place.cipher()
    await place.put(cipher, "+7")
    sealed = (await cipher.encrypt({"x": "y"}))["x"]
    foreign = Binary(bytes(sealed[:1]) + secrets.token_bytes(16) + bytes(sealed[17:]), 6)
    place.vault.database["strange"].insert_one({"_id": 7, "x": foreign})
    with pytest.raises(Unreadable, match=r"strange, _id 7"):
        place.rotation().run()
    assert place.vault.state().phase is Phase.ADDING
    assert await place.found(cipher, "+7") is not None
    place.vault.database["strange"].delete_one({"_id": 7})
    assert place.rotation().run().generation == 2


async def test_a_value_hidden_in_a_blob_keeps_its_key(place: Place) -> None:
    cipher = await place.cipher()
    sealed = (await cipher.encrypt({"x": "y"}))["x"]
    place.vault.database["strange"].insert_one({"_id": 7, "blob": b"before" + bytes(sealed) + b"after"})
    with pytest.raises(Unreadable, match=r"strange, _id 7"):
        place.rotation().run()
    assert place.vault.state().phase is Phase.REMOVING
    assert await cipher.decrypt({"x": sealed}) == {"x": "y"}
    assert len(place.vault.data_keys()) == 2
    place.vault.database["strange"].delete_one({"_id": 7})
    assert place.rotation().run().phase is Phase.STEADY
    assert len(place.vault.data_keys()) == 1


async def test_a_cipher_looks_again_after_the_refresh_time_and_trusts_nothing_older_than_the_lease(place: Place) -> None:
    class Cut(KeyVault):
        is_cut = False

        def state(self) -> KeyState:
            if self.is_cut:
                raise ConnectionFailure("cut off")
            return super().state()

    vault = Cut(place.infra.mongo_url, place.name, RING)
    cipher = FieldCipher(vault, refresh_seconds=0.05, lease_seconds=0.6)
    await cipher.prepare()
    begun_at = time.monotonic()
    place.rotation().run()
    await asyncio.sleep(0.06)
    assert key_of((await cipher.encrypt({"x": 1}))["x"]) == place.vault.state().writing[0]
    vault.is_cut = True
    await asyncio.sleep(0.06)
    known_at = time.monotonic()
    sealed = await cipher.encrypt({"x": 1})
    assert time.monotonic() - known_at < 0.5
    await asyncio.sleep(0.7)
    with pytest.raises(ConnectionFailure):
        await cipher.encrypt({"x": 1})
    with pytest.raises(ConnectionFailure):
        await cipher.lookup("x")
    assert await cipher.decrypt(sealed) == {"x": 1}
    vault.is_cut = False
    assert await cipher.decrypt(await cipher.encrypt({"x": 1})) == {"x": 1}
    assert time.monotonic() > begun_at
    await cipher.aclose()


def test_a_vault_of_one_key_that_has_no_state_is_taken_over(place: Place) -> None:
    state = place.vault.state()
    place.vault.database["key_state"].drop()
    assert place.another().prepare().writing == state.writing


def test_a_lost_state_is_never_guessed(place: Place) -> None:
    place.vault.key(2)
    place.vault.database["key_state"].drop()
    with pytest.raises(KeyStateLost, match="2 data keys"):
        place.another().prepare()


async def test_data_keys_are_rewrapped_while_both_masters_are_accepted(place: Place) -> None:
    cipher = await place.cipher()
    await place.put(cipher, "+7")
    sealed = await cipher.encrypt({"x": "y"})
    new = master()
    both = MasterRing.from_text(f'{{"active": "m2", "keys": {{"local": "{ALONE}", "m2": "{new}"}}}}')
    alone = MasterRing.from_text(f'{{"active": "m2", "keys": {{"m2": "{new}"}}}}')

    with pytest.raises(WrongMasterKey, match="do not have"):
        place.another(alone).prepare()
    assert [key.master for key in place.another(both).data_keys()] == ["local"]
    assert place.another(both).rewrap() == 1
    assert place.another(both).rewrap() == 0
    assert [key.master for key in place.vault.data_keys()] == ["local:m2"]

    assert await cipher.decrypt(sealed) == {"x": "y"}  # a process from before has it in memory
    for ring in (both, alone):
        fresh = FieldCipher(place.another(ring))
        await fresh.prepare()
        assert await place.found(fresh, "+7") is not None
        assert await fresh.decrypt(sealed) == {"x": "y"}
    with pytest.raises(WrongMasterKey, match="do not have"):
        place.another().prepare()
    back = MasterRing.from_text(f'{{"active": "local", "keys": {{"local": "{ALONE}", "m2": "{new}"}}}}')
    assert place.another(back).rewrap() == 1
    assert place.another().prepare().generation == 1


def test_rewrapping_by_a_master_that_cannot_open_changes_nothing(place: Place) -> None:
    stranger = MasterRing.from_text(f'{{"active": "m2", "keys": {{"local": "{master()}", "m2": "{master()}"}}}}')
    with pytest.raises(WrongMasterKey):
        place.another(stranger).rewrap()
    assert [key.master for key in place.vault.data_keys()] == ["local"]


def test_a_ring_is_what_the_driver_is_given() -> None:
    kmip = '{"kmip": "kms.example:5696", "ca_file": "/ca.pem", "certificate_file": "/me.pem", "key_id": "7"}'
    ring = MasterRing.from_text(f'{{"active": "hsm", "keys": {{"local": "{ALONE}", "m2": "{master()}", "hsm": {kmip}}}}}')
    assert isinstance(ring.masters["hsm"], KmipMaster)
    assert ring.wraps_by == "kmip:hsm"
    assert ring.wrapping == {"keyId": "7"}
    assert ring.providers["kmip:hsm"] == {"endpoint": "kms.example:5696"}
    assert ring.providers["local"] == {"key": base64.b64decode(ALONE)}
    assert set(ring.providers) == {"local", "local:m2", "kmip:hsm"}
    assert ring.tls == {"kmip:hsm": {"tlsCAFile": "/ca.pem", "tlsCertificateKeyFile": "/me.pem"}}
    assert ALONE not in repr(ring)
    assert str(base64.b64decode(ALONE)) not in repr(ring)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"active": "m", "keys": {}}',
        '{"active": "m", "keys": {"m": 5}}',
        '{"active": "m m", "keys": {"m m": "x"}}',
        '{"active": "m", "keys": {"m": "eHg="}}',
        '{"active": "m", "keys": {"m": {"kmip": "no port", "ca_file": "a", "certificate_file": "b"}}}',
        '{"active": "m", "keys": {"m": {"kmip": "host:1", "ca_file": "a"}}}',
        '{"active": "m", "keys": {"m": {"kmip": "host:1", "ca_file": "a", "certificate_file": "b", "key": "c"}}}',
    ],
)
def test_a_malformed_ring_is_refused(text: str) -> None:
    with pytest.raises(WrongMasterKey, match="FIELD_MASTER_KEY"):
        MasterRing.from_text(text)


async def test_nothing_opens_after_every_rotation_and_without_remembered_keys(place: Place) -> None:
    cipher = await place.cipher(refresh=0, lease=0)
    for _ in range(2):
        assert await cipher.decrypt_nothing() == ""
        place.rotation().run()
        cipher._vault.close()
        cipher._vault = place.another()  # the library remembers a deleted key for a minute
