"""Step-up over HTTP, on real servers."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pyotp
import pytest
from joserfc import jws

from contracts.identity import OneTimeCodeIssued, SecurityAlertRaised
from contracts.roles import Role
from tests.identity.conftest import running_identity
from tests.identity.provider import HostileProvider
from tests.identity.registries import FakeRegistries
from tests.identity.test_sign_in import claims_of
from tests.identity.walk import Json, Walk
from tests.support import Component, Infra, Signer

pytestmark = pytest.mark.usefixtures("back_to_normal")


class Caller:
    """Somebody signed in, calling with tokens of their session."""

    def __init__(self, walk: Walk, signer: Signer) -> None:
        self.walk, self.signer = walk, signer
        self.person_id = self.session_id = UUID(int=0)
        self.tokens: Json = {}

    async def sign_in(self) -> "Caller":
        self.tokens = await self.walk.sign_in()
        claims = await claims_of(self.walk.identity, self.tokens["access_token"])
        self.person_id, self.session_id = UUID(str(claims["sub"])), UUID(str(claims["sid"]))
        return self

    @property
    def headers(self) -> dict[str, str]:
        now = int(self.walk.identity.clock.now().timestamp())
        times = {"iat": now, "exp": now + 300}
        return self.signer.headers(self.person_id, Role.PRACTITIONER, sid=str(self.session_id), **times)

    async def start(self) -> Json:
        return await self.walk.ask("POST", "/step-ups", None, **self.headers)

    async def try_code(self, step_up_id: str, code: str, **headers: str) -> Any:
        return await self.walk.send("POST", f"/step-ups/{step_up_id}/code", {"code": code}, **(self.headers | headers))


@pytest.fixture
async def caller(identity: Component, signer: Signer) -> Caller:
    walk = Walk(identity)
    await walk.register()
    return await Caller(walk, signer).sign_in()


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_a_fresh_code_makes_the_factor_of_the_session_fresh(caller: Caller) -> None:
    identity = caller.walk.identity
    signed_in = await claims_of(identity, caller.tokens["access_token"])
    identity.clock.move(timedelta(minutes=11))
    begun = await caller.start()
    assert begun.keys() == {"step_up_id", "channel", "expires_at"}, "where the code goes is nobody's business"
    assert timedelta(minutes=4) < datetime.fromisoformat(begun["expires_at"]) - identity.clock.now() <= timedelta(minutes=5)
    issued = await identity.tap.next(
        OneTimeCodeIssued, where=lambda event: event.person_id == caller.person_id and event.purpose == "step-up"
    )
    assert issued.address == caller.walk.phone

    answer = await caller.try_code(begun["step_up_id"], issued.code)
    assert answer.headers["Cache-Control"] == "no-store"
    claims = await claims_of(identity, answer.json()["access_token"])
    before, after = dict(signed_in["factors"]), dict(claims["factors"])  # type: ignore[call-overload]
    assert (claims["sub"], claims["sid"], claims["roles"]) == (signed_in["sub"], signed_in["sid"], signed_in["roles"])
    assert after["password"] == before["password"]
    assert after["sms"] >= before["sms"] + 11 * 60

    refreshed = await caller.walk.ask("POST", "/tokens", {"refresh_token": caller.tokens["refresh_token"]})
    assert (await claims_of(identity, refreshed["access_token"]))["factors"] == after, "the refresh token stayed, the session remembers"
    log = await caller.walk.ask("GET", "/access-log?limit=1", None, **caller.headers)
    assert (log["items"][0]["action"], log["items"][0]["record"]) == ("stepped-up", f"session:{caller.session_id}")


async def test_a_repeated_answer_ends_no_session(caller: Caller) -> None:
    begun = await caller.start()
    code = await caller.walk.code(caller.walk.phone)
    key = {"Idempotency-Key": uuid4().hex}
    first, again = [await caller.try_code(begun["step_up_id"], code, **key) for _ in range(2)]
    assert first.json() == again.json()
    without_key = await caller.try_code(begun["step_up_id"], code)
    assert (without_key.status_code, without_key.json()["code"]) == (422, "code-expired")
    await caller.walk.ask("POST", "/tokens", {"refresh_token": caller.tokens["refresh_token"]})
    alerts = [event for event in caller.walk.identity.tap.all(SecurityAlertRaised) if event.person_id == caller.person_id]
    assert alerts == []


async def test_asking_again_at_once_sends_no_second_code_and_a_day_has_ten(caller: Caller) -> None:
    identity = caller.walk.identity
    first, second = [await caller.start() for _ in range(2)]
    assert first == second
    for _ in range(9):
        identity.clock.move(timedelta(seconds=61))
        assert (await caller.start())["step_up_id"] != first["step_up_id"]
    identity.clock.move(timedelta(seconds=61))
    refused = await caller.walk.send("POST", "/step-ups", None, **caller.headers)
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-codes")
    assert int(refused.headers["Retry-After"]) > 3600


async def test_a_step_up_belongs_to_its_session_and_person(caller: Caller, signer: Signer) -> None:
    begun = await caller.start()
    code = await caller.walk.code(caller.walk.phone)
    path = f"/step-ups/{begun['step_up_id']}/code"
    other_session = await Caller(caller.walk, signer).sign_in()
    stranger = signer.headers(uuid4(), Role.PRACTITIONER, sid=str(caller.session_id))
    for headers in (other_session.headers, stranger):
        answer = await caller.walk.send("POST", path, {"code": code}, **headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-step-up")
    unknown = await caller.try_code(str(uuid4()), code)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no-such-step-up")
    assert (await caller.walk.send("POST", path, {"code": code})).status_code == 401
    assert (await caller.try_code(begun["step_up_id"], code)).status_code == 200


async def test_an_ended_session_steps_up_no_more(caller: Caller) -> None:
    begun = await caller.start()
    code = await caller.walk.code(caller.walk.phone)
    assert (await caller.walk.send("DELETE", "/sessions/current", None, **caller.headers)).status_code == 204
    late = await caller.try_code(begun["step_up_id"], code)
    assert (late.status_code, late.json()["code"]) == (401, "session-over")
    again = await caller.walk.send("POST", "/step-ups", None, **caller.headers)
    assert (again.status_code, again.json()["code"]) == (401, "session-over")


async def test_each_wrong_code_has_its_own_answer(caller: Caller) -> None:
    begun = await caller.start()
    code = await caller.walk.code(caller.walk.phone)
    for tries_left in (4, 3, 2, 1, 0):
        wrong = await caller.try_code(begun["step_up_id"], other_than(code))
        assert (wrong.status_code, wrong.json()["code"], wrong.json()["tries_left"]) == (422, "wrong-code", tries_left)
    exhausted = await caller.try_code(begun["step_up_id"], code)
    assert (exhausted.status_code, exhausted.json()["code"]) == (422, "code-exhausted")

    fresh = await caller.start()
    late_code = await caller.walk.code(caller.walk.phone)
    caller.walk.identity.clock.move(timedelta(minutes=5))
    late = await caller.try_code(fresh["step_up_id"], late_code)
    assert (late.status_code, late.json()["code"]) == (422, "code-expired")
    for body in ({"code": ""}, {"code": "1" * 17}, {"code": 123456}, {}, {"code": code, "more": 1}):
        malformed = await caller.walk.send("POST", f"/step-ups/{fresh['step_up_id']}/code", body, **caller.headers)
        assert malformed.status_code == 422


async def test_ten_wrong_codes_lock_step_ups_and_sign_ins_and_the_owner_is_told(caller: Caller) -> None:
    """ID-6: brute force in a stolen session is bounded."""
    identity = caller.walk.identity
    for _ in range(2):
        begun = await caller.start()
        code = await caller.walk.code(caller.walk.phone)
        for _ in range(5):
            assert (await caller.try_code(begun["step_up_id"], other_than(code))).status_code == 422
    locked = await caller.walk.send("POST", "/step-ups", None, **caller.headers)
    assert (locked.status_code, locked.json()["code"]) == (429, "step-ups-locked")
    assert 890 < int(locked.headers["Retry-After"]) <= 901
    right = await caller.try_code(begun["step_up_id"], code)
    assert (right.status_code, right.json()["code"]) == (429, "step-ups-locked")
    alert = await identity.tap.next(SecurityAlertRaised, where=lambda event: event.person_id == caller.person_id)
    assert alert.kind == "account-locked"
    refused = await caller.walk.ask("GET", "/access-log?limit=1", None, **caller.headers)
    assert (refused["items"][0]["action"], refused["items"][0]["outcome"]) == ("step-up-refused", "refused")

    identity.clock.move(timedelta(minutes=14))
    caller.tokens = await caller.walk.ask("POST", "/tokens", {"refresh_token": caller.tokens["refresh_token"]})
    identity.clock.move(timedelta(minutes=2))
    begun = await caller.start()
    assert (await caller.try_code(begun["step_up_id"], await caller.walk.code(caller.walk.phone))).status_code == 200


async def test_locked_sign_ins_do_not_keep_from_stepping_up(caller: Caller) -> None:
    """Anybody can lock the sign-ins of an account they know of; whoever is signed in goes on."""
    identity = caller.walk.identity
    wrong, said = {"identifier": caller.walk.email, "password": "не-тот-пароль-вовсе"}, ""
    while said != "sign-ins-locked":
        answer = await caller.walk.send("POST", "/sign-ins", wrong)
        said = answer.json().get("code", "")
        if said == "sign-ins-slowed":
            identity.clock.move(timedelta(seconds=int(answer.headers["Retry-After"])))
    begun = await caller.start()
    assert (await caller.try_code(begun["step_up_id"], await caller.walk.code(caller.walk.phone))).status_code == 200


async def connected(caller: Caller) -> pyotp.TOTP:
    """An authenticator app of the caller."""
    app = pyotp.TOTP((await caller.walk.ask("POST", "/factors/totp", None, **caller.headers))["secret"])
    code = app.at(caller.walk.identity.clock.now())
    await caller.walk.ask("POST", "/factors/totp/confirmation", {"code": code}, **caller.headers)
    return app


async def test_whoever_has_an_app_steps_up_with_its_code_and_gets_no_sms(caller: Caller) -> None:
    identity = caller.walk.identity
    app = await connected(caller)
    identity.clock.move(timedelta(minutes=11))
    begun = await caller.start()
    assert begun["channel"] == "totp"
    sent = [event for event in identity.tap.all(OneTimeCodeIssued) if event.person_id == caller.person_id and event.purpose == "step-up"]
    assert sent == []
    code = app.at(identity.clock.now())
    answer = await caller.try_code(begun["step_up_id"], code)
    factors = dict((await claims_of(identity, answer.json()["access_token"]))["factors"])  # type: ignore[call-overload]
    assert identity.clock.now().timestamp() - factors["totp"] < 60
    replayed = await caller.try_code((await caller.start())["step_up_id"], code)
    assert (replayed.status_code, replayed.json()["code"], replayed.json()["tries_left"]) == (422, "wrong-code", 4)


async def test_wrong_codes_of_an_app_are_bounded_too(caller: Caller) -> None:
    """ID-6."""
    app = await connected(caller)
    wrong = other_than(app.at(caller.walk.identity.clock.now() + timedelta(hours=3)))
    for _ in range(2):
        begun = await caller.start()
        said = [(await caller.try_code(begun["step_up_id"], wrong)).json()["code"] for _ in range(5)]
        assert said == ["wrong-code"] * 5
    locked = await caller.walk.send("POST", "/step-ups", None, **caller.headers)
    assert (locked.status_code, locked.json()["code"]) == (429, "step-ups-locked")


async def test_keys_rotate_without_downtime(
    infra: Infra, registries: FakeRegistries, provider: HostileProvider, signing_folder: Path
) -> None:
    """ID-4: a token of the old key is good until it ends, and the successor is known before it signs."""
    async with running_identity(infra, registries, provider, signing_folder) as identity:
        walk = Walk(identity)
        await walk.register()

        async def kids() -> set[str]:
            return {key["kid"] for key in (await identity.client.get("/.well-known/jwks.json")).json()["keys"]}

        def kid_of(token: str) -> str:
            return str(jws.extract_compact(token.encode()).headers()["kid"])

        before = await kids()
        identity.clock.move(timedelta(days=31))
        old = (await walk.sign_in())["access_token"]
        published = await kids()
        assert (len(published - before), kid_of(old) in before) == (1, True)
        identity.clock.move(timedelta(minutes=14, seconds=30))
        last_of_old = (await walk.sign_in())["access_token"]
        identity.clock.move(timedelta(minutes=1))
        first_of_new = (await walk.sign_in())["access_token"]
        assert kid_of(old) == kid_of(last_of_old) != kid_of(first_of_new)
        assert kid_of(first_of_new) in published, "verifiers knew the new key long before its first token"
        assert kid_of(last_of_old) in await kids()
        claims = await claims_of(identity, last_of_old)
        assert int(str(claims["exp"])) > identity.clock.now().timestamp(), "this token outlived its key and still verifies"
