"""What a sign-in does not tell and does not let strangers do: over HTTP, on real servers."""

import json
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from joserfc import jws

from chassis.settings import load_settings
from contracts.roles import Role
from services.identity.settings import Settings
from tests.identity import people
from tests.identity.walk import Json, Walk
from tests.support import Signer

pytestmark = pytest.mark.usefixtures("back_to_normal")

WRONG_PASSWORD = "не-тот-пароль-вовсе"
FORGOTTEN = timedelta(minutes=16)
"""After this, earlier failures neither slow down nor lock."""


def lifetime(walk: Walk, started: Json) -> float:
    """How long the answer says that the code lives, in seconds from now."""
    return (datetime.fromisoformat(started["expires_at"]) - walk.identity.clock.now()).total_seconds()


async def try_code(walk: Walk, started: Json, code: str) -> tuple[int, int | None]:
    answer = await walk.send("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": code})
    return answer.status_code, answer.json().get("tries_left")


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


async def test_a_second_start_ends_when_everybodys_does_whether_the_password_is_right(walk: Walk) -> None:
    await walk.register()
    await walk.start_sign_in(walk.email)
    walk.identity.clock.move(timedelta(seconds=40))
    right = await walk.start_sign_in(walk.email)
    left = [lifetime(walk, right), lifetime(walk, await walk.start_sign_in(walk.email, WRONG_PASSWORD))]
    assert all(290 < seconds <= 300 for seconds in left), left


async def test_a_code_that_two_sign_ins_share_works_once(walk: Walk) -> None:
    await walk.register()
    first, second = [await walk.start_sign_in(walk.licence_number) for _ in range(2)]
    code = await walk.code(walk.phone)
    assert (await try_code(walk, first, code))[0] == 200
    assert await try_code(walk, second, code) == (401, 4)


async def test_tries_of_a_code_do_not_multiply_and_what_is_left_tells_nothing(walk: Walk) -> None:
    await walk.register()
    first, second = [await walk.start_sign_in(walk.email) for _ in range(2)]
    decoy = await walk.start_sign_in(walk.email, WRONG_PASSWORD)
    code = await walk.code(walk.phone)
    assert [await try_code(walk, first, wrong(code)) for _ in range(4)] == [(401, left) for left in (4, 3, 2, 1)]
    assert await try_code(walk, second, wrong(code)) == await try_code(walk, decoy, wrong(code)) == (401, 4)
    assert await try_code(walk, second, code) == await try_code(walk, decoy, code) == (401, 3)
    fresh = await walk.start_sign_in(walk.email)
    assert (await try_code(walk, fresh, await walk.code(walk.phone)))[0] == 200


async def test_registration_codes_that_strangers_ask_for_use_up_no_sign_in_codes(walk: Walk) -> None:
    await walk.register()
    for _ in range(9):
        walk.identity.clock.move(timedelta(seconds=61))
        await walk.ask("POST", "/registrations", {"phone": walk.phone})
        await walk.code(walk.phone)
    walk.identity.clock.move(timedelta(seconds=61))
    assert (await walk.send("POST", "/registrations", {"phone": walk.phone})).status_code == 429
    assert (await walk.sign_in())["access_token"]


async def test_when_the_days_codes_are_spent_the_answer_stays_the_same(walk: Walk) -> None:
    await walk.register()
    for _ in range(10):
        await walk.start_sign_in(walk.email)
        await walk.code(walk.phone)
        walk.identity.clock.move(FORGOTTEN)
    right = await walk.start_sign_in(walk.email)
    refused = await walk.start_sign_in(walk.email, WRONG_PASSWORD)
    assert right.keys() == refused.keys()
    assert await try_code(walk, right, "000000") == await try_code(walk, refused, "000000") == (401, 4)
    walk.identity.clock.move(timedelta(days=1))
    assert (await walk.sign_in())["access_token"], "the next code is tomorrow's: none was sent beyond the daily number"


async def test_a_made_up_licence_number_locks_nobody_out(walk: Walk) -> None:
    practitioner_id = await walk.register()
    liar = Walk(walk.identity)
    liar.profile["licence"]["number"] = walk.phone
    await liar.register()
    tokens = await walk.sign_in(walk.phone)
    payload = json.loads(jws.extract_compact(tokens["access_token"].encode()).payload)
    assert payload["sub"] == str(practitioner_id)


async def test_identifiers_nobody_has_are_in_no_access_log(walk: Walk, signer: Signer) -> None:
    practitioner_id = await walk.register()
    database = walk.identity.database
    rows = await database["access_rows"].count_documents({})
    strangers = await database["stranger_refusals"].count_documents({})
    stranger = people.email()
    for _ in range(2):
        await try_code(walk, await walk.start_sign_in(stranger), "000000")
    assert await database["access_rows"].count_documents({}) == rows
    assert await database["stranger_refusals"].count_documents({}) == strangers + 4, "a row for each refusal, as in the log of an account"
    indexes = await database["stranger_refusals"].index_information()
    assert indexes["kept"]["expireAfterSeconds"] == timedelta(days=30).total_seconds()

    await walk.start_sign_in(walk.email, WRONG_PASSWORD)
    log = await walk.ask("GET", "/access-log", None, **signer.headers(practitioner_id, Role.PRACTITIONER))
    assert log["items"][0]["action"] == "sign-in-refused", "an account's refusals stay in its log"


async def test_rows_of_failures_are_forgotten_after_a_sign_in_too(walk: Walk) -> None:
    await walk.register()
    await walk.sign_in()
    failures = walk.identity.database["throttles"]
    assert await failures.count_documents({"kind": "failures", "begun_at": []}) > 0
    assert await failures.count_documents({"changed_at": None}) == 0


def test_an_unknown_time_zone_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("IDENTITY_WORKING_TIME_ZONE", f"Nowhere/{uuid4().hex}")
    with pytest.raises(SystemExit):
        load_settings(Settings)
    assert "setting IDENTITY_WORKING_TIME_ZONE: " in capsys.readouterr().err
