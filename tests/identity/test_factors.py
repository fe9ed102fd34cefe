"""Authenticator apps and recovery codes over HTTP, on real servers."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pyotp
import pytest

from contracts.identity import SecurityAlertRaised
from contracts.roles import Role, Scope
from tests.identity import people
from tests.identity.holders import Holder, a_practitioner, a_reviewer, claims_of
from tests.identity.walk import Walk
from tests.support import Signer

pytestmark = pytest.mark.usefixtures("back_to_normal")

FORGOTTEN = timedelta(minutes=16)


def alert_kinds(holder: Holder) -> list[str]:
    return [event.kind for event in holder.walk.identity.tap.all(SecurityAlertRaised) if event.person_id == holder.person_id]


async def told(holder: Holder, kind: str) -> None:
    event = await holder.walk.identity.tap.next(
        SecurityAlertRaised, where=lambda event: (event.person_id, event.kind) == (holder.person_id, kind)
    )
    assert event.kind == kind


async def test_an_app_counts_once_a_code_proved_it_and_the_session_knows(walk: Walk, signer: Signer) -> None:
    holder = await a_practitioner(walk, signer)
    assert await holder.ask("GET", "/factors") == {"totp_since": None, "passkeys": 0, "recovery_codes_left": 0}
    made = await holder.ask("POST", "/factors/totp")
    assert made["otpauth_uri"].startswith("otpauth://totp/")
    assert pyotp.parse_uri(made["otpauth_uri"]).secret == made["secret"]
    assert (await holder.ask("GET", "/factors"))["totp_since"] is None
    holder.app = pyotp.TOTP(made["secret"])
    tokens = await holder.ask("POST", "/factors/totp/confirmation", {"code": holder.shown()})
    assert set(claims_of(tokens)["factors"]) == {"password", "sms", "totp"}
    assert (await holder.ask("GET", "/factors"))["totp_since"] is not None
    refreshed = await walk.ask("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})
    assert claims_of(refreshed)["factors"] == claims_of(tokens)["factors"]
    await told(holder, "factor-added")
    rows = (await holder.ask("GET", "/access-log"))["items"]
    assert (rows[0]["action"], rows[0]["record"]) == ("factor-added", "factor:totp")
    document = await walk.identity.database["factors"].find_one({"_id": holder.person_id})
    assert made["secret"] not in str(document)


async def test_with_an_app_no_sms_is_sent_and_its_code_signs_in_once(walk: Walk, signer: Signer) -> None:
    holder = await a_practitioner(walk, signer)
    await holder.set_up()
    before = len(holder.sms())
    started = await holder.start()
    stranger = await walk.start_sign_in(people.email())
    assert started.keys() == stranger.keys()
    assert started["masked_address"] == stranger["masked_address"]
    replayed = await holder.finish(started, holder.shown())
    assert replayed.status_code == 401, "the code that proved the secret is used up"
    holder.next_step()
    code = holder.shown()
    finished = await holder.finish(started, code)
    assert set(claims_of(finished.json())["factors"]) == {"password", "totp"}
    again = await holder.finish(await holder.start(), code)
    earlier = await holder.finish(await holder.start(), holder.shown(-1))
    shown = [{name: value for name, value in answer.json().items() if name not in {"trace_id", "instance"}} for answer in (again, earlier)]
    assert {again.status_code, earlier.status_code} == {401}
    assert shown[0] == shown[1]
    assert len(holder.sms()) == before


async def test_a_code_that_is_too_old_is_refused_like_any_other(walk: Walk, signer: Signer) -> None:
    holder = await a_practitioner(walk, signer)
    await holder.set_up()
    holder.next_step()
    old = holder.shown()
    walk.identity.clock.move(timedelta(seconds=90))
    started = await holder.start()
    wrong, late = await holder.finish(started, "000000"), await holder.finish(started, old)
    assert (wrong.status_code, wrong.json()["detail"]) == (late.status_code, late.json()["detail"])
    assert (wrong.json()["tries_left"], late.json()["tries_left"]) == (4, 3)


@pytest.mark.parametrize("code", ["", "x" * 17, "\x00", "０１２３４５", "12 34 56", "-1"])
async def test_no_text_breaks_a_code_field(walk: Walk, signer: Signer, code: str) -> None:
    holder = await a_practitioner(walk, signer)
    await holder.ask("POST", "/factors/totp")
    assert (await holder.send("POST", "/factors/totp/confirmation", {"code": code})).status_code == 422
    assert (await holder.finish(await holder.start(), code)).status_code in {401, 422}


async def test_a_secret_waits_ten_minutes_and_five_tries(walk: Walk, signer: Signer) -> None:
    holder = await a_practitioner(walk, signer)
    none = await holder.send("POST", "/factors/totp/confirmation", {"code": "123456"})
    assert (none.status_code, none.json()["code"]) == (422, "code-expired")
    made = await holder.ask("POST", "/factors/totp")
    holder.app = pyotp.TOTP(made["secret"])
    wrong = f"{(int(holder.shown()) + 1) % 10**6:06d}"
    left = [(await holder.send("POST", "/factors/totp/confirmation", {"code": wrong})).json()["tries_left"] for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    spent = await holder.send("POST", "/factors/totp/confirmation", {"code": holder.shown()})
    assert (spent.status_code, spent.json()["code"]) == (422, "code-exhausted")
    made = await holder.ask("POST", "/factors/totp")
    holder.app = pyotp.TOTP(made["secret"])
    await holder.walk.identity.database["factors"].update_one(
        {"_id": holder.person_id}, {"$set": {"pending.expires_at": walk.identity.clock.now()}}
    )
    late = await holder.send("POST", "/factors/totp/confirmation", {"code": holder.shown()})
    assert (late.status_code, late.json()["code"]) == (422, "code-expired")


async def test_an_old_second_factor_changes_nothing(walk: Walk, signer: Signer) -> None:
    person_id = await walk.register()
    at = int((walk.identity.clock.now() - timedelta(minutes=11)).timestamp())
    stale = signer.headers(person_id, Role.PRACTITIONER, factors={"password": at, "sms": at})
    for method, path in (("POST", "/factors/totp"), ("DELETE", "/factors/totp"), ("POST", "/factors/recovery-codes")):
        answer = await walk.send(method, path, None, **stale)
        assert (answer.status_code, answer.json()["code"]) == (403, "step-up-required")
    assert (await walk.send("GET", "/factors", None, **stale)).status_code == 200
    assert (await walk.send("GET", "/factors")).status_code == 401


async def test_a_limited_token_sets_up_the_first_strong_factor_only(walk: Walk, signer: Signer) -> None:
    holder = await a_reviewer(walk, signer)
    sid = claims_of({"access_token": holder.headers["Authorization"].removeprefix("Bearer ")})["sid"]
    limited = signer.headers(holder.person_id, sid=sid, scope=str(Scope.ENROLMENT), factors={"password": 1})
    assert (await walk.send("DELETE", "/factors/totp", None, **limited)).status_code == 403
    assert (await walk.send("POST", "/factors/recovery-codes", None, **limited)).status_code == 403
    made = await walk.ask("POST", "/factors/totp", None, **limited)
    holder.app = pyotp.TOTP(made["secret"])
    tokens = await walk.ask("POST", "/factors/totp/confirmation", {"code": holder.shown()}, **limited)
    assert "totp" in claims_of(tokens)["factors"]
    for path, body in (("/factors/totp", None), ("/factors/totp/confirmation", {"code": holder.shown(1)})):
        again = await walk.send("POST", path, body, **limited)
        assert (again.status_code, again.json()["code"]) == (409, "factor-already-set-up")
    other = await a_reviewer(walk, signer)
    await walk.identity.database["factors"].insert_one(
        {"_id": other.person_id, "version": 1, "schema_version": 1, "passkeys": 1, "recovery": [], "personal": {}}
    )
    limited = signer.headers(other.person_id, scope=str(Scope.ENROLMENT))
    assert (await walk.send("POST", "/factors/totp", None, **limited)).status_code == 409


async def test_an_app_is_replaced_and_removed_by_its_owner(walk: Walk, signer: Signer) -> None:
    holder = await a_practitioner(walk, signer)
    assert (await holder.send("DELETE", "/factors/totp")).status_code == 404
    await holder.set_up()
    first = holder.app
    await holder.set_up()
    holder.next_step()
    assert first is not None
    started = await holder.start()
    assert (await holder.finish(started, first.at(walk.identity.clock.now()))).status_code == 401
    assert (await holder.finish(started, holder.shown())).status_code == 200
    assert (await holder.send("DELETE", "/factors/totp")).status_code == 204
    await told(holder, "factor-removed")
    assert (await walk.sign_in())["access_token"], "codes come by SMS again"


async def test_staff_with_an_app_neither_get_nor_may_use_sms_nor_recovery_codes(walk: Walk, signer: Signer) -> None:
    holder = await a_reviewer(walk, signer)
    await holder.start()
    code = await holder.walk.code(holder.walk.phone)
    await holder.set_up()
    before = len(holder.sms())
    started = await holder.start()
    await holder.ask("POST", f"/sign-ins/{started['sign_in_id']}/sms")
    assert (await holder.finish(started, code)).status_code == 401
    assert (await holder.send("POST", "/factors/recovery-codes")).status_code == 403
    holder.next_step()
    assert (await holder.finish(started, holder.shown())).status_code == 200
    assert len(holder.sms()) == before
    removal = await holder.send("DELETE", "/factors/totp")
    assert (removal.status_code, removal.json()["code"]) == (409, "last-factor")


async def test_sms_is_sent_on_request_once_per_interval_and_the_answer_tells_nothing(walk: Walk, signer: Signer) -> None:
    holder = await a_practitioner(walk, signer)
    await holder.set_up()
    walk.identity.clock.move(timedelta(seconds=61))
    started, wrong = await holder.start(), await holder.start("не-тот-пароль-вовсе")
    before = len(holder.sms())
    asked = [await walk.send("POST", f"/sign-ins/{one}/sms") for one in (started["sign_in_id"], wrong["sign_in_id"], uuid4())]
    assert {answer.status_code for answer in asked} == {202}
    assert len({answer.text for answer in asked}) == 1
    code = await walk.code(walk.phone)
    await walk.ask("POST", f"/sign-ins/{started['sign_in_id']}/sms")
    tokens = (await holder.finish(started, code)).json()
    assert set(claims_of(tokens)["factors"]) == {"password", "sms"}
    assert len(holder.sms()) == before + 1
    await walk.ask("POST", f"/sign-ins/{started['sign_in_id']}/sms")
    assert (await walk.send("POST", "/sign-ins/x/sms")).status_code == 422
    later = await holder.start()
    walk.identity.clock.move(timedelta(seconds=61))
    await walk.ask("POST", f"/sign-ins/{later['sign_in_id']}/sms")
    assert await walk.code(walk.phone) != ""
    assert len(holder.sms()) == before + 2, "none for the sign-in that was finished"


async def test_recovery_codes_work_once_each_and_a_new_set_voids_the_old(walk: Walk, signer: Signer) -> None:
    holder = await a_practitioner(walk, signer)
    codes = (await holder.ask("POST", "/factors/recovery-codes"))["codes"]
    assert len(set(codes)) == 10
    await told(holder, "recovery-codes-renewed")
    assert (await holder.ask("GET", "/factors"))["recovery_codes_left"] == 10
    finished = await holder.finish(await holder.start(), codes[0].lower().replace("-", " "))
    assert set(claims_of(finished.json())["factors"]) == {"password", "recovery-code"}
    await told(holder, "recovery-code-used")
    assert (await holder.finish(await holder.start(), codes[0])).status_code == 401
    assert (await holder.ask("GET", "/factors"))["recovery_codes_left"] == 9
    fresh = (await holder.ask("POST", "/factors/recovery-codes"))["codes"]
    started = await holder.start()
    assert (await holder.finish(started, codes[1])).status_code == 401
    assert (await holder.finish(started, fresh[1])).status_code == 200
    document = await walk.identity.database["factors"].find_one({"_id": holder.person_id})
    assert not any(code in str(document) or code.replace("-", "") in str(document) for code in fresh)


async def test_wrong_codes_of_every_kind_lock_the_account_and_its_owner_is_told(walk: Walk, signer: Signer) -> None:
    holder = await a_practitioner(walk, signer)
    codes = (await holder.ask("POST", "/factors/recovery-codes"))["codes"]
    await holder.set_up()
    walk.identity.clock.move(FORGOTTEN)
    first = await holder.start()
    for code in ("000000", "WRONG-CODES", "111111", "AAAAA-AAAAA"):
        assert (await holder.finish(first, code)).status_code == 401
    second = await holder.start()
    for code in ("222222", "BBBBB-BBBBB", "333333"):
        assert (await holder.finish(second, code)).status_code == 401
    assert "account-locked" not in alert_kinds(holder)
    assert (await holder.finish(second, "CCCCC-CCCCC")).status_code == 401
    await told(holder, "account-locked")
    for code in (holder.shown(), codes[3]):
        assert (await holder.finish(second, code)).status_code == 401
    third = await holder.start()
    assert third.keys() == first.keys(), "the lock is silent: an answer of its own would say that the password was right"
    assert (await holder.finish(third, holder.shown())).status_code == 401
    walk.identity.clock.move(FORGOTTEN)
    assert (await holder.finish(await holder.start(), holder.shown())).status_code == 200


def tokens_of(answers: list[httpx.Response]) -> list[Any]:
    assert {answer.status_code for answer in answers} <= {200, 401, 409}
    return [answer.json()["access_token"] for answer in answers if answer.status_code == 200]


async def test_two_finishes_at_once_with_one_code_give_tokens_once(walk: Walk, signer: Signer) -> None:
    holder = await a_practitioner(walk, signer)
    for _ in range(3):
        walk.identity.clock.move(timedelta(seconds=61))
        started = await holder.start()
        code = await walk.code(walk.phone)
        answers = await asyncio.gather(*(holder.finish(started, code) for _ in range(2)))
        assert len(tokens_of(list(answers))) == 1


async def test_one_code_of_an_app_in_two_sign_ins_at_once_gives_tokens_once(walk: Walk, signer: Signer) -> None:
    holder = await a_practitioner(walk, signer)
    await holder.set_up()
    for _ in range(3):
        holder.next_step()
        both = [await holder.start() for _ in range(2)]
        answers = await asyncio.gather(*(holder.finish(started, holder.shown()) for started in both))
        assert len(tokens_of(list(answers))) == 1


async def test_one_recovery_code_in_two_sign_ins_at_once_gives_tokens_once(walk: Walk, signer: Signer) -> None:
    holder = await a_practitioner(walk, signer)
    codes = (await holder.ask("POST", "/factors/recovery-codes"))["codes"]
    for code in codes[:3]:
        both = [await holder.start() for _ in range(2)]
        answers = await asyncio.gather(*(holder.finish(started, code) for started in both))
        assert len(tokens_of(list(answers))) == 1
    assert (await holder.ask("GET", "/factors"))["recovery_codes_left"] == 7
