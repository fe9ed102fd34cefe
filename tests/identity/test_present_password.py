"""The password asked for again in an open session: who guesses at it is held back like who guesses at a sign-in."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from contracts.identity import SecurityAlertRaised
from contracts.roles import Role
from services.identity.settings import Settings
from tests.identity import people
from tests.identity.visitor import Visitor
from tests.support import Signer

pytestmark = pytest.mark.usefixtures("back_to_normal")

NEW = "ольха-невод-брусника-44"
WRONG = "не-тот-пароль-вовсе"
LOCK_FROM = int(Settings.model_fields["failures_lock"].default)
LOCKED = (429, "step-ups-locked")


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, "" if answer.is_success else answer.json()["code"]


async def change(visitor: Visitor, current: str) -> tuple[int, str]:
    return code_of(await visitor.send("PUT", "/password", {"current_password": current, "password": NEW}))


async def erase(visitor: Visitor, password: str) -> tuple[int, str]:
    return code_of(await visitor.send("POST", "/erasure-requests", {"password": password}))


async def test_id_6_ten_wrong_passwords_at_either_door_lock_both_and_the_account_and_the_owner_is_told(visitor: Visitor) -> None:
    for number in range(LOCK_FROM):
        status, _ = await (change if number % 2 else erase)(visitor, WRONG)
        assert status == 422
    assert await change(visitor, people.PASSWORD) == LOCKED
    answer = await visitor.send("POST", "/erasure-requests", {"password": people.PASSWORD})
    assert code_of(answer) == LOCKED
    assert 890 < int(answer.headers["Retry-After"]) <= 901
    alert = await visitor.next(SecurityAlertRaised, lambda event: event.kind == "account-locked")
    assert [event for event in visitor.told(SecurityAlertRaised) if event.kind == "account-locked"] == [alert]
    rows = (await visitor.ask("GET", "/access-log"))["items"]
    refused = Counter(row["action"] for row in rows if row["outcome"] == "refused")
    assert refused == {"password-changed": LOCK_FROM // 2, "erasure-requested": LOCK_FROM // 2}

    started = await visitor.walk.start_sign_in(visitor.walk.email)
    code = await visitor.walk.send("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": "000000"})
    assert code.status_code == 401
    sign_in = await visitor.walk.identity.database["sign_ins"].find_one({"subject_id": visitor.id}, sort=[("created_at", -1)])
    assert sign_in is not None
    assert sign_in["person_id"] is None, "the right password opens nothing while the account is locked"

    await visitor.stay(timedelta(minutes=16))
    await visitor.step_up()
    assert await change(visitor, people.PASSWORD) == (204, "")


async def test_passwords_guessed_at_once_get_no_more_tries_than_one_after_another(visitor: Visitor) -> None:
    answers = Counter(await asyncio.gather(*(change(visitor, WRONG) for _ in range(2 * LOCK_FROM))))
    while answers[LOCKED] == 0:
        answers[await change(visitor, WRONG)] += 1
    assert answers[422, "wrong-password"] == LOCK_FROM
    assert await change(visitor, people.PASSWORD) == LOCKED


async def test_a_right_password_forgives_the_wrong_ones_at_both_doors(visitor: Visitor) -> None:
    for _ in range(LOCK_FROM - 1):
        assert await change(visitor, WRONG) == (422, "wrong-password")
    assert await change(visitor, people.PASSWORD) == (204, "")
    assert await erase(visitor, WRONG) == (422, "password-refused")
    assert await erase(visitor, NEW) == (201, "")


async def test_a_right_code_leaves_the_wrong_passwords_counted_and_unlocking_forgets_them(visitor: Visitor, signer: Signer) -> None:
    for _ in range(LOCK_FROM - 1):
        await change(visitor, WRONG)
    await visitor.step_up()
    assert await change(visitor, WRONG) == (422, "wrong-password")
    assert await change(visitor, people.PASSWORD) == LOCKED
    now = int(visitor.now().timestamp())
    administrator = signer.headers(uuid4(), Role.ADMINISTRATOR, iat=now, exp=now + 60, factors={"password": now, "totp": now})
    unlocked = await visitor.walk.send("POST", f"/people/{visitor.id}/unlock", {"reason": "person-asked"}, **administrator)
    assert unlocked.status_code == 204
    assert await change(visitor, people.PASSWORD) == (204, "")
