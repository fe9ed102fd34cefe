"""Forgotten and changed passwords over HTTP, on real servers."""

import json
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from joserfc import jws

from contracts.identity import OneTimeCodeIssued, SecurityAlertRaised
from contracts.roles import Role
from tests.identity import people
from tests.identity.walk import Json, Walk
from tests.support import Signer, eventually

pytestmark = pytest.mark.usefixtures("back_to_normal")

NEW = "ольха-невод-брусника-44"
OTHER = "рябина-полынья-скворец-9"


async def forget(walk: Walk, identifier: str) -> str:
    """The id of a reset that was looked up."""
    reset_id = str((await walk.ask("POST", "/password-resets", {"identifier": identifier}))["reset_id"])
    resets = walk.identity.database["password_resets"]
    await eventually(lambda: resets.find_one({"_id": UUID(reset_id), "subject_id": {"$ne": None}}))
    return reset_id


async def answer_to(walk: Walk, reset_id: str, code: str, password: str = NEW) -> tuple[int, Json]:
    answer = await walk.send("PUT", f"/password-resets/{reset_id}", {"code": code, "password": password})
    body = answer.json() if answer.content else {}
    return answer.status_code, {name: value for name, value in body.items() if name not in {"trace_id", "instance"}}


async def reason(walk: Walk, reset_id: str, code: str, password: str = NEW) -> str:
    """Why it was refused; empty if it was not."""
    return str((await answer_to(walk, reset_id, code, password))[1].get("code", ""))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


def session_of(tokens: Json) -> str:
    return str(json.loads(jws.extract_compact(tokens["access_token"].encode()).payload)["sid"])


async def is_open(walk: Walk, tokens: Json) -> bool:
    return (await walk.send("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})).is_success


async def signs_in(walk: Walk, password: str) -> bool:
    started = await walk.start_sign_in(walk.email, password)
    code = (await walk.code(walk.phone)) if password != people.PASSWORD else "000000"
    return (await walk.send("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": code})).is_success


async def test_a_forgotten_password_is_set_by_mail_and_every_session_ends(walk: Walk, signer: Signer) -> None:
    practitioner_id = await walk.register()
    sessions = [await walk.sign_in() for _ in range(2)]
    reset_id = await forget(walk, walk.licence_number)
    assert await answer_to(walk, reset_id, await walk.code(walk.email)) == (204, {})
    assert [await is_open(walk, tokens) for tokens in sessions] == [False, False]
    alert = await walk.identity.tap.next(SecurityAlertRaised, where=lambda event: event.person_id == practitioner_id)
    assert alert.kind == "password-changed"
    log = await walk.ask("GET", "/access-log", None, **signer.headers(practitioner_id, Role.PRACTITIONER))
    actions = [item["action"] for item in log["items"]]
    assert actions[:4] == ["password-changed", "session-ended", "session-ended", "password-reset-requested"]

    started = await walk.start_sign_in(walk.email, NEW)
    without_code = await walk.send("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": "000000"})
    assert without_code.status_code == 401, "the second factor is still asked for"
    assert await signs_in(walk, NEW)
    assert not await signs_in(walk, people.PASSWORD)


async def test_known_and_unknown_accounts_are_answered_alike(walk: Walk) -> None:
    await walk.register()
    started = [await walk.send("POST", "/password-resets", {"identifier": one}) for one in (walk.email, people.email())]
    assert {answer.status_code for answer in started} == {202}
    shown = [answer.json() for answer in started]
    assert shown[0].keys() == shown[1].keys() == {"reset_id", "expires_at"}
    left = [(datetime.fromisoformat(body["expires_at"]) - walk.identity.clock.now()).total_seconds() for body in shown]
    assert all(295 < seconds <= 300 for seconds in left), left
    code = await walk.code(walk.email)
    ids = [body["reset_id"] for body in shown]
    resets = walk.identity.database["password_resets"]
    await eventually(lambda: resets.find_one({"_id": UUID(ids[1]), "subject_id": {"$ne": None}}))
    weak = [await answer_to(walk, reset_id, wrong(code), "короткий") for reset_id in ids]
    assert weak[0] == weak[1]
    own_data = [await answer_to(walk, reset_id, wrong(code), f"{walk.phone[-10:]}-пароль") for reset_id in ids]
    assert own_data[0] == own_data[1]
    assert own_data[0][1]["tries_left"] == 4, "what is wrong with any password costs no try and comes first"
    for _ in range(5):
        tried = [await answer_to(walk, reset_id, wrong(code)) for reset_id in ids]
        assert tried[0] == tried[1]
    assert tried[0][1]["code"] == "code-exhausted"
    walk.identity.clock.move(timedelta(minutes=5))
    late = [await answer_to(walk, reset_id, code) for reset_id in (*ids, str(uuid4()))]
    assert late[0] == late[1] == late[2]
    assert late[0][1]["code"] == "code-expired"


async def test_a_code_is_good_once_and_for_its_own_time_only(walk: Walk) -> None:
    await walk.register()
    reset_id = await forget(walk, walk.email)
    code = await walk.code(walk.email)
    walk.identity.clock.move(timedelta(minutes=5))
    assert await reason(walk, reset_id, code) == "code-expired"
    reset_id = await forget(walk, walk.email)
    code = await walk.code(walk.email)
    assert await reason(walk, reset_id, wrong(code)) == "wrong-code"
    assert await reason(walk, reset_id, code) == ""
    assert await reason(walk, reset_id, code, OTHER) == "code-expired"
    assert await signs_in(walk, NEW)


async def test_after_five_tries_the_right_code_is_refused(walk: Walk) -> None:
    await walk.register()
    reset_id = await forget(walk, walk.email)
    code = await walk.code(walk.email)
    assert [await reason(walk, reset_id, wrong(code)) for _ in range(5)] == ["wrong-code"] * 5
    assert await reason(walk, reset_id, code) == "code-exhausted"
    second = await forget(walk, walk.email)
    assert await reason(walk, second, code) == "wrong-code", "tries do not multiply by starting again"


async def test_a_password_of_the_persons_own_data_leaves_the_code_good(walk: Walk) -> None:
    await walk.register()
    reset_id = await forget(walk, walk.email)
    code = await walk.code(walk.email)
    status, body = await answer_to(walk, reset_id, code, f"{walk.snils}-пароль")
    assert (status, [error["code"] for error in body["errors"]]) == (422, ["password-own-data"])
    assert await reason(walk, reset_id, code) == ""


async def test_starting_again_at_once_sends_no_second_code_and_the_first_counts(walk: Walk) -> None:
    practitioner_id = await walk.register()
    first, second = [await forget(walk, one) for one in (walk.email, walk.snils)]
    code = await walk.code(walk.email)
    sent = [
        event
        for event in walk.identity.tap.all(OneTimeCodeIssued)
        if (event.person_id, event.purpose) == (practitioner_id, "password-reset")
    ]
    assert [event.channel for event in sent] == ["email"]
    assert await reason(walk, second, code) == ""
    assert await reason(walk, first, code, OTHER) == "wrong-code", "used by the other reset"


async def test_when_the_days_codes_are_spent_nobody_is_told(walk: Walk) -> None:
    await walk.register()
    for _ in range(10):
        await forget(walk, walk.email)
        await walk.code(walk.email)
        walk.identity.clock.move(timedelta(seconds=61))
    spent, unknown = await forget(walk, walk.email), await forget(walk, people.email())
    assert await answer_to(walk, spent, "000000") == await answer_to(walk, unknown, "000000")
    assert (await walk.sign_in())["access_token"], "reset codes that strangers ask for use up no sign-in codes"


async def test_identifiers_nobody_has_get_no_mail_and_start_no_access_log(walk: Walk) -> None:
    database = walk.identity.database
    rows = await database["access_rows"].count_documents({})
    codes = len(walk.identity.tap.all(OneTimeCodeIssued))
    await forget(walk, people.email())
    assert await database["access_rows"].count_documents({}) == rows
    assert len(walk.identity.tap.all(OneTimeCodeIssued)) == codes


async def test_a_known_password_is_changed_and_the_other_sessions_end(walk: Walk, signer: Signer) -> None:
    practitioner_id = await walk.register()
    here, there = [await walk.sign_in() for _ in range(2)]
    caller = signer.headers(practitioner_id, Role.PRACTITIONER, sid=session_of(here))

    async def change(current: str, password: str) -> tuple[int, str]:
        answer = await walk.send("PUT", "/password", {"current_password": current, "password": password}, **caller)
        return answer.status_code, answer.json()["errors"][0]["code"] if answer.content else ""

    assert await change("не-тот-пароль-вовсе", NEW) == (422, "wrong-password")
    assert await change(people.PASSWORD, "короткий") == (422, "password-short")
    assert await change(people.PASSWORD, f"{walk.phone[-10:]}-пароль") == (422, "password-own-data")
    assert await change(people.PASSWORD, people.PASSWORD) == (422, "password-unchanged")
    assert await change("не-тот-пароль-вовсе", "не-тот-пароль-вовсе") == (422, "wrong-password")
    assert await is_open(walk, there)
    assert await change(people.PASSWORD, NEW) == (204, "")
    assert (await is_open(walk, here), await is_open(walk, there)) == (True, False)
    alert = await walk.identity.tap.next(
        SecurityAlertRaised, where=lambda event: (event.person_id, event.kind) == (practitioner_id, "password-changed")
    )
    assert alert.occurred_at <= walk.identity.clock.now()
    assert await signs_in(walk, NEW)
    rows = (await walk.ask("GET", "/access-log", None, **caller))["items"]
    changes = [(row["action"], row["outcome"]) for row in rows if row["action"] == "password-changed"]
    assert changes == [("password-changed", "allowed"), ("password-changed", "refused"), ("password-changed", "refused")]


async def test_changing_a_password_asks_for_a_recent_second_factor(walk: Walk, signer: Signer) -> None:
    practitioner_id = await walk.register()
    old = int((walk.identity.clock.now() - timedelta(minutes=11)).timestamp())
    caller = signer.headers(practitioner_id, Role.PRACTITIONER, factors={"password": old, "sms": old})
    answer = await walk.send("PUT", "/password", {"current_password": people.PASSWORD, "password": NEW}, **caller)
    assert (answer.status_code, answer.json()["code"]) == (403, "step-up-required")
    assert (await walk.send("PUT", "/password", {"current_password": people.PASSWORD, "password": NEW})).status_code == 401
