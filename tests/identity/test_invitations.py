"""How somebody who is to work here gets in: told by e-mail, with a password only they know."""

from uuid import UUID, uuid4

import pytest

from contracts.identity import OneTimeCodeIssued, SecurityAlertRaised
from contracts.roles import Role
from tests.identity import people
from tests.identity.walk import Json, Walk
from tests.support import Component, Signer

pytestmark = pytest.mark.usefixtures("back_to_normal")


async def signs_in_with(member: Walk, email: str, password: str, code: str = "000000") -> Json:
    started = await member.start_sign_in(email, password)
    return dict((await member.send("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": code})).json())


async def test_a_new_member_is_told_and_sets_the_password_nobody_knew(identity: Component, signer: Signer) -> None:
    body = people.staff("reviewer")
    member = Walk(identity, phone=body["phone"], email=body["email"])
    added = await member.ask("POST", "/staff", body, **signer.headers(uuid4(), Role.ADMINISTRATOR))
    staff_id = UUID(added["staff_id"])
    told = await identity.tap.next(SecurityAlertRaised, where=lambda event: event.person_id == staff_id)
    assert told.kind == "account-opened"
    assert added.keys() == {"staff_id"}, "nothing to sign in with is answered to the administrator"

    for guess in (people.PASSWORD, body["email"], body["phone"]):
        assert (await signs_in_with(member, body["email"], guess))["code"] == "sign-in-refused"
    assert [event for event in identity.tap.all(OneTimeCodeIssued) if event.person_id == staff_id] == []

    await member.set_password(body["email"])
    tokens = await member.sign_in(body["email"])
    assert tokens["scope"] == "enrolment", "the password alone opens nothing: a strong factor comes next"


async def test_passwords_nobody_knows_differ(identity: Component, signer: Signer) -> None:
    walk = Walk(identity)
    hashes = set()
    for _ in range(2):
        added = await walk.ask("POST", "/staff", people.staff("auditor"), **signer.headers(uuid4(), Role.ADMINISTRATOR))
        row = await identity.database["people"].find_one({"_id": UUID(added["staff_id"])})
        hashes.add(str(row and row["password_hash"]))
    assert len(hashes) == 2
    assert all(one.startswith("$argon2id$") for one in hashes), "as costly to try as anybody's"
