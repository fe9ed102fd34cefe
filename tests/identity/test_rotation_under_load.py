"""People register, sign in, read and write while the data key is replaced twice: no request is lost, nobody is there twice."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from unittest.mock import patch

import httpx
import pytest

from chassis.encryption import FieldCipher, KeyState, KeyVault, Phase, Progress, Rotation, usage
from contracts.roles import Role
from services.identity.main import create_app
from services.identity.settings import Settings
from tests.identity import people
from tests.identity.conftest import QUICK, RATES
from tests.identity.registries import FakeRegistries
from tests.identity.walk import Walk
from tests.support import Component, Infra, Signer, component, service_environment

SETTLE_SECONDS = 2.0
TURNING = {
    "IDENTITY_CODE_DAILY": "10000",
    "IDENTITY_KEY_REFRESH_SECONDS": "0.2",
    "IDENTITY_KEY_LEASE_SECONDS": "0.5",
    "IDENTITY_KEY_SETTLE_SECONDS": str(SETTLE_SECONDS),
}


@dataclass
class Turning:
    """A running identity and the vault of its keys."""

    identity: Component
    vault: KeyVault
    cipher: FieldCipher
    rotated: list[KeyState] = field(default_factory=list)
    phases: set[Phase] = field(default_factory=set)

    def rotate_twice(self) -> None:
        def watch(progress: Progress) -> None:
            self.phases.add(progress.phase)

        for _ in range(2):
            self.rotated.append(Rotation(self.vault, SETTLE_SECONDS, watch).run())


@pytest.fixture
async def turning(infra: Infra, registries: FakeRegistries) -> AsyncIterator[Turning]:
    rates = json.dumps(dict.fromkeys(RATES, "100000/minute"))
    settings = QUICK | TURNING | {"IDENTITY_REGISTRIES_URL": registries.url, "IDENTITY_RATE_LIMITS": rates}
    async with service_environment(infra, "identity", **settings) as env, component(create_app, Settings, env) as running:
        with patch.dict("os.environ", env):
            vault, cipher = KeyVault.from_settings(Settings()), FieldCipher.from_settings(Settings())
        await cipher.prepare()
        yield Turning(running, vault, cipher)
        await cipher.aclose()
        vault.close()


@pytest.mark.timeout(300)
async def test_no_request_is_lost_while_the_key_is_replaced_twice(turning: Turning, signer: Signer) -> None:
    residents = [Walk(turning.identity) for _ in range(3)]
    headers = [signer.headers(await resident.register(), Role.PRACTITIONER) for resident in residents]
    done: Counter[str] = Counter()
    twins: dict[str, Phase] = {}
    running = threading.Thread(target=turning.rotate_twice)
    running.start()

    async def while_it_turns(name: str, act: Callable[[], Awaitable[None]]) -> None:
        while running.is_alive():
            await act()
            done[name] += 1

    async def sign_in() -> None:
        turn = done["sign-in"] % len(residents)
        resident = residents[turn]
        await resident.sign_in((resident.licence_number, resident.snils, resident.email)[turn])
        shown = await turning.identity.client.get("/profile", headers=headers[turn])
        assert shown.status_code == httpx.codes.OK, shown.text
        assert resident.snils in shown.text

    async def register() -> None:
        walk = await (await Walk(turning.identity).begin()).fill()
        again = Walk(turning.identity, phone=walk.phone, email=walk.email, snils=walk.snils)
        begun = await again.ask("POST", "/registrations", {"phone": again.phone})
        assert begun["registration_id"] == walk.registration_id, "an open registration was not found by its phone"
        await walk.complete()

    async def register_twice() -> None:
        phone, phase = people.phone(), turning.vault.state().phase
        answers = await asyncio.gather(*(Walk(turning.identity).send("POST", "/registrations", {"phone": phone}) for _ in range(2)))
        assert {answer.status_code for answer in answers} == {httpx.codes.CREATED}, [answer.text for answer in answers]
        assert len({answer.json()["registration_id"] for answer in answers}) == 1
        twins[phone] = phase

    acts = {"sign-in": sign_in, "register": register, "twins": register_twice}
    try:
        await asyncio.gather(*(while_it_turns(name, act) for name, act in acts.items()))
    finally:
        await asyncio.to_thread(running.join)

    assert [(state.generation, state.phase) for state in turning.rotated] == [(2, Phase.STEADY), (3, Phase.STEADY)]
    assert turning.phases == {Phase.ADDING, Phase.REMOVING}
    assert set(twins.values()) >= {Phase.ADDING, Phase.REMOVING}
    assert min(done["sign-in"], done["register"], done["twins"]) > 3, done
    used = {bytes(key) for _, counts in usage(turning.vault) for key in counts}
    assert used == {bytes(turning.rotated[-1].writing[0])}
    assert len(turning.vault.data_keys()) == 1
    await _nobody_is_there_twice(turning, twins)


async def _nobody_is_there_twice(turning: Turning, twins: dict[str, Phase]) -> None:
    for collection, names in (("people", ("phone", "email", "snils", "inn")), ("registrations", ("phone",))):
        found = await turning.identity.database[collection].find({} if collection == "people" else {"is_open": True}).to_list()
        opened = await turning.cipher.decrypt_all([document["personal"] for document in found])
        for name in names:
            values = Counter(person[name] for person in opened if person.get(name))
            assert all(count == 1 for count in values.values()), (collection, name)
            assert collection == "people" or set(twins) <= set(values)
