"""Trusted devices over HTTP, on real servers."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from contracts.identity import SecurityAlertRaised
from contracts.roles import Role
from tests.identity import people
from tests.identity.holders import Holder, a_practitioner, a_reviewer, claims_of
from tests.identity.walk import Json, Walk
from tests.support import Signer

pytestmark = pytest.mark.usefixtures("back_to_normal")

PATH = "/trusted-devices"


@pytest.fixture
async def holder(walk: Walk, signer: Signer) -> Holder:
    return await a_practitioner(walk, signer)


async def trusted(holder: Holder) -> str:
    """The token of one more trusted device."""
    started = await holder.start()
    body = {"code": await holder.walk.code(holder.walk.phone), "trust_device": True}
    finished = await holder.walk.ask("POST", f"/sign-ins/{started['sign_in_id']}/code", body)
    return str(finished["device_token"])


async def begin(holder: Holder, token: str, password: str = people.PASSWORD) -> Json:
    body = {"identifier": holder.identifier, "password": password, "device_token": token}
    return await holder.walk.ask("POST", "/sign-ins", body)


async def test_on_a_trusted_device_the_password_is_enough_and_proves_no_more(holder: Holder) -> None:
    token = await trusted(holder)
    before = len(holder.sms())
    started = await begin(holder, token)
    claims = claims_of(started["tokens"])
    assert (claims["sub"], set(claims["factors"])) == (str(holder.person_id), {"password"})
    assert len(holder.sms()) == before
    assert (await holder.finish(started, "000000")).status_code == 401
    refreshed = await holder.walk.ask("POST", "/tokens", {"refresh_token": started["tokens"]["refresh_token"]})
    assert set(claims_of(refreshed)["factors"]) == {"password"}
    document = await holder.walk.identity.database["factors"].find_one({"_id": holder.person_id})
    assert token not in str(document)
    assert "127.0.0.1" not in str(document)


async def test_the_owner_is_told_of_a_trusted_device(holder: Holder) -> None:
    await trusted(holder)
    told = (holder.person_id, "device-trusted")
    await holder.walk.identity.tap.next(SecurityAlertRaised, where=lambda event: (event.person_id, event.kind) == told)


@pytest.mark.parametrize(
    ("sent", "shown"), [(b"Firefox\t120\xad \x9b31m", "Firefox 120 31m"), (b"\xad\x80", None), (b"", None), (b"f" * 300, "f" * 200)]
)
async def test_a_device_is_called_what_is_seen_of_what_it_says(
    holder: Holder, monkeypatch: pytest.MonkeyPatch, sent: bytes, shown: str | None
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(holder.walk.identity.client, "headers", [(b"user-agent", sent)])
        await trusted(holder)
    [device] = (await holder.ask("GET", PATH))["items"]
    assert device["device"] == shown


async def test_without_asking_no_device_is_trusted(holder: Holder) -> None:
    started = await holder.start()
    finished = await holder.finish(started, await holder.walk.code(holder.walk.phone))
    assert finished.json()["device_token"] is None
    assert started["tokens"] is None
    assert await holder.ask("GET", PATH) == {"items": []}


@pytest.mark.parametrize("token", ["", "x", "\x00", "ы" * 256])
async def test_a_made_up_token_is_as_good_as_none(holder: Holder, token: str) -> None:
    started, stranger = await begin(holder, token), await holder.walk.start_sign_in(people.email())
    assert started["tokens"] is None
    assert started.keys() == stranger.keys()
    assert (await holder.finish(started, await holder.walk.code(holder.walk.phone))).status_code == 200


async def test_a_token_needs_the_right_password_of_its_own_person(holder: Holder, signer: Signer) -> None:
    token = await trusted(holder)
    assert (await begin(holder, token, "не-тот-пароль-вовсе"))["tokens"] is None
    other = await a_practitioner(Walk(holder.walk.identity), signer)
    assert (await begin(other, token))["tokens"] is None
    assert (await begin(holder, token))["tokens"] is not None


async def test_a_locked_account_is_locked_on_a_trusted_device_too(holder: Holder) -> None:
    token = await trusted(holder)
    for identifier in (holder.walk.email, holder.walk.phone):
        for _ in range(5):
            await holder.walk.start_sign_in(identifier, "не-тот-пароль-вовсе")
    assert (await begin(holder, token))["tokens"] is None


async def test_trust_ends_after_thirty_days(holder: Holder) -> None:
    token = await trusted(holder)
    [listed] = (await holder.ask("GET", PATH))["items"]
    ends_at = datetime.fromisoformat(listed["expires_at"])
    assert ends_at - datetime.fromisoformat(listed["trusted_at"]) == timedelta(days=30)
    assert (await begin(holder, token))["tokens"] is not None
    # not by the clock: a sign-in thirty days on makes the next signing key, for all tests
    over = {"$set": {"devices.0.expires_at": holder.walk.identity.clock.now()}}
    await holder.walk.identity.database["factors"].update_one({"_id": holder.person_id}, over)
    assert (await begin(holder, token))["tokens"] is None
    assert await holder.ask("GET", PATH) == {"items": []}


async def test_devices_are_listed_and_removed_by_their_owner(holder: Holder, signer: Signer) -> None:
    first = await trusted(holder)
    second = await trusted(holder)
    listed = (await holder.ask("GET", PATH))["items"]
    assert [item["address"] for item in listed] == ["127.0.0.1"] * 2
    assert listed[0]["trusted_at"] > listed[1]["trusted_at"]
    stranger = signer.headers(uuid4(), Role.PRACTITIONER)
    gone = f"{PATH}/{listed[1]['device_id']}"
    assert (await holder.walk.send("DELETE", gone, None, **stranger)).json()["code"] == "no-such-device"
    assert (await holder.send("DELETE", gone)).status_code == 204
    assert (await holder.send("DELETE", gone)).status_code == 404
    assert (await begin(holder, first))["tokens"] is None
    assert (await begin(holder, second))["tokens"] is not None
    rows = [(row["action"], row["record"]) for row in (await holder.ask("GET", "/access-log"))["items"]]
    assert ("device-distrusted", f"device:{listed[1]['device_id']}") in rows
    assert ("device-trusted", f"device:{listed[0]['device_id']}") in rows
    reviewer = signer.headers(uuid4(), Role.REVIEWER)
    assert (await holder.walk.send("GET", PATH, None, **reviewer)).status_code == 403
    assert (await holder.walk.send("GET", PATH)).status_code == 401


async def test_at_most_ten_devices_are_trusted_the_oldest_is_forgotten(holder: Holder) -> None:
    codes = (await holder.ask("POST", "/factors/recovery-codes"))["codes"]
    tokens = [await trusted(holder)]
    for code in codes:
        path = f"/sign-ins/{(await holder.start())['sign_in_id']}/code"
        tokens.append((await holder.walk.ask("POST", path, {"code": code, "trust_device": True}))["device_token"])
    assert len((await holder.ask("GET", PATH))["items"]) == 10
    assert (await begin(holder, tokens[0]))["tokens"] is None
    assert (await begin(holder, tokens[1]))["tokens"] is not None


async def test_a_changed_password_voids_them_all(holder: Holder) -> None:
    token, fresh = await trusted(holder), "совсем-новый-парус-38"
    assert (await begin(holder, token))["tokens"] is not None
    changed = await holder.send("PUT", "/password", {"current_password": people.PASSWORD, "password": fresh})
    assert changed.status_code == 204, changed.text
    assert (await begin(holder, token, fresh))["tokens"] is None
    assert await holder.ask("GET", PATH) == {"items": []}


async def test_staff_trust_no_device(walk: Walk, signer: Signer) -> None:
    holder = await a_reviewer(walk, signer)
    await holder.set_up()
    holder.next_step()
    path = f"/sign-ins/{(await holder.start())['sign_in_id']}/code"
    finished = await walk.ask("POST", path, {"code": holder.shown(), "trust_device": True})
    assert finished["device_token"] is None


async def test_two_devices_trusted_at_once_are_both_trusted(holder: Holder) -> None:
    codes = (await holder.ask("POST", "/factors/recovery-codes"))["codes"]

    async def trust(code: str) -> Any:
        path = f"/sign-ins/{(await holder.start())['sign_in_id']}/code"
        answer: httpx.Response = await holder.walk.send("POST", path, {"code": code, "trust_device": True})
        return answer.json()["device_token"]

    tokens = await asyncio.gather(*(trust(code) for code in codes[:2]))
    assert [(await begin(holder, token))["tokens"] is not None for token in tokens] == [True, True]
    assert (await holder.ask("GET", "/factors"))["recovery_codes_left"] == 8
