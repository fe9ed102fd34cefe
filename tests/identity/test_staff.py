"""Accounts of staff and the help of locked people over HTTP, on real servers."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pyotp
import pytest

from contracts.identity import ContactsChanged, SecurityAlertRaised, StaffMemberAdded, StaffMemberDeactivated
from contracts.roles import Role
from services.identity.usecases import UseCases
from tests.identity import people
from tests.identity.authenticator import Authenticator
from tests.identity.passkey_owner import sign_in as passkey_sign_in
from tests.identity.test_sign_in import claims_of
from tests.identity.walk import Json, Walk
from tests.support import Component, Signer, eventually

pytestmark = pytest.mark.usefixtures("back_to_normal")

SPECIALTY = "31.08.49"


class Office:
    """An administrator at work; tokens name the administrator's real account."""

    def __init__(self, identity: Component, signer: Signer) -> None:
        self.walk, self.signer = Walk(identity), signer
        self.administrator_id = uuid4()

    def headers(self, person_id: UUID, *roles: Role, age_seconds: int = 0, **claims: Any) -> dict[str, str]:
        now = int(self.walk.identity.clock.now().timestamp())
        factors = {"password": now - age_seconds, "totp": now - age_seconds}
        return self.signer.headers(person_id, *roles, iat=now, exp=now + 300, factors=factors, **claims)

    async def send(self, method: str, path: str, body: Json | None = None, **headers: str) -> httpx.Response:
        own = self.headers(self.administrator_id, Role.ADMINISTRATOR)
        return await self.walk.send(method, path, body, **(own | headers))

    async def ask(self, method: str, path: str, body: Json | None = None, **headers: str) -> Json:
        answer = await self.send(method, path, body, **headers)
        assert answer.is_success, answer.text
        return dict(answer.json()) if answer.content else {}

    async def add(self, *roles: str, **changes: Any) -> tuple[UUID, Json]:
        body = people.staff(*roles, **changes)
        return UUID((await self.ask("POST", "/staff", body))["staff_id"]), body

    async def member(self, body: Json) -> Walk:
        """Whom the body added, with a password set."""
        walk = Walk(self.walk.identity, phone=body["phone"])
        await walk.set_password(body["email"])
        return walk

    async def open_office(self) -> "Office":
        """The caller becomes an administrator who has an account."""
        self.administrator_id, _ = await self.add("administrator")
        return self

    async def change(self, staff_id: UUID, **patch: Any) -> httpx.Response:
        shown = await self.send("GET", f"/staff/{staff_id}")
        return await self.send("PATCH", f"/staff/{staff_id}", patch, **{"If-Match": shown.headers["ETag"]})

    async def log_of(self, person_id: UUID) -> list[Json]:
        page = await self.walk.ask("GET", "/access-log?limit=50", None, **self.headers(person_id, Role.REVIEWER))
        return list(page["items"])

    def alerts(self, person_id: UUID) -> list[str]:
        return [event.kind for event in self.walk.identity.tap.all(SecurityAlertRaised) if event.person_id == person_id]

    async def alert(self, person_id: UUID, kind: str) -> SecurityAlertRaised:
        return await self.walk.identity.tap.next(
            SecurityAlertRaised, where=lambda event: event.person_id == person_id and event.kind == kind
        )


@pytest.fixture
async def office(identity: Component, signer: Signer) -> Office:
    return await Office(identity, signer).open_office()


async def test_a_member_is_listed_and_read_and_sees_who_did(office: Office) -> None:
    staff_id, body = await office.add("reviewer", specialty_codes=[SPECIALTY])
    answer = await office.send("GET", f"/staff/{staff_id}")
    shown = answer.json()
    assert (shown["email"], shown["roles"], shown["specialty_codes"], shown["is_active"]) == (
        body["email"],
        ["reviewer"],
        [SPECIALTY],
        True,
    )
    assert answer.headers["ETag"] == f'"{shown["version"]}"'
    listed = (await office.ask("GET", "/staff?limit=1&role=reviewer&is_active=true"))["items"]
    assert [row["staff_id"] for row in listed] == [str(staff_id)]
    assert listed[0].keys() == {"staff_id", "surname", "given_name", "patronymic", "roles", "is_active", "created_at"}
    rows = await office.log_of(staff_id)
    assert [row["action"] for row in rows] == ["staff-read", "staff-read", "staff-added"]
    assert {(row["actor_role"], row["is_own"], row["record"]) for row in rows} == {("administrator", False, f"staff:{staff_id}")}
    raised = [kind for kind in office.alerts(office.administrator_id) + office.alerts(staff_id) if kind != "account-opened"]
    assert raised == [], "looking through the list of staff is no alarm"


async def test_the_list_goes_on_page_by_page_and_is_filtered(office: Office) -> None:
    added = [(await office.add("auditor"))[0] for _ in range(3)]
    await office.ask("POST", f"/staff/{added[1]}/deactivation")
    seen: list[str] = []
    path = "/staff?limit=2&role=auditor"
    page = await office.ask("GET", path)
    while True:
        seen += [row["staff_id"] for row in page["items"]]
        if page["next_cursor"] is None or str(added[0]) in seen:
            break
        page = await office.ask("GET", f"{path}&cursor={page['next_cursor']}")
    assert [staff_id for staff_id in seen if UUID(staff_id) in added] == [str(staff_id) for staff_id in reversed(added)]
    without_access = (await office.ask("GET", "/staff?limit=1&role=auditor&is_active=false"))["items"]
    assert [row["staff_id"] for row in without_access] == [str(added[1])]
    for query in ("limit=0", "limit=101", "role=doctor", "is_active=perhaps", "cursor=x"):
        assert (await office.send("GET", f"/staff?{query}")).status_code == 422


async def test_changed_roles_count_at_once(office: Office) -> None:
    staff_id, body = await office.add("reviewer", specialty_codes=[SPECIALTY])
    member = await office.member(body)
    tokens = await member.sign_in(body["email"])
    ogrn = people.ogrn()
    changed = await office.change(staff_id, roles=["registrar", "auditor"], specialty_codes=[], workplace_ogrn=ogrn)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["roles"], changed.json()["workplace_ogrn"]) == (["auditor", "registrar"], ogrn)

    fact = await office.walk.identity.tap.next(StaffMemberAdded, where=lambda event: event.staff_id == staff_id and event.version > 1)
    assert (fact.roles, fact.specialty_codes, fact.workplace_ogrn) == ((Role.AUDITOR, Role.REGISTRAR), (), ogrn)
    contacts = await office.walk.identity.tap.next(ContactsChanged, where=lambda event: event.person_id == staff_id and event.version > 1)
    assert contacts.roles == (Role.AUDITOR, Role.REGISTRAR)
    refused = await member.send("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})
    assert (refused.status_code, refused.json()["code"]) == (401, "session-over")
    assert await office.alert(staff_id, "roles-changed")
    assert "staff-changed" in [row["action"] for row in await office.log_of(staff_id)]
    removed = await office.change(staff_id, workplace_ogrn=None)
    assert removed.json()["workplace_ogrn"] is None
    unchanged = await office.change(staff_id, roles=["auditor", "registrar"])
    assert unchanged.json()["version"] == removed.json()["version"]


async def test_a_change_names_its_version_and_its_mistakes(office: Office) -> None:
    staff_id, _ = await office.add("reviewer")
    path = f"/staff/{staff_id}"
    without = await office.send("PATCH", path, {"roles": ["auditor"]})
    assert without.status_code == 428
    stale = await office.send("PATCH", path, {"roles": ["auditor"]}, **{"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    practitioner = await office.change(staff_id, roles=["practitioner"])
    assert (practitioner.status_code, practitioner.json()["code"]) == (422, "roles-refused")
    wrong = await office.change(staff_id, specialty_codes=["терапия"], workplace_ogrn="1")
    assert {error["pointer"] for error in wrong.json()["errors"]} == {"/specialty_codes/0", "/workplace_ogrn"}
    patches: tuple[Json, ...] = ({"roles": []}, {"roles": None}, {"roles": ["doctor"]}, {"email": "x@example.org"})
    for patch in patches:
        assert (await office.change(staff_id, **patch)).status_code == 422


async def test_a_deactivated_member_is_out_at_once_and_unknown_at_the_door(office: Office) -> None:
    staff_id, body = await office.add("support-agent")
    identity = office.walk.identity
    member = await office.member(body)
    tokens = await member.sign_in(body["email"])
    begun = await member.start_sign_in(body["email"])
    code = await member.code(body["phone"])
    shown = await office.ask("POST", f"/staff/{staff_id}/deactivation")
    assert (shown["is_active"], shown["deactivated_at"] is None) == (False, False)
    assert await office.ask("POST", f"/staff/{staff_id}/deactivation") == shown

    assert (await member.send("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})).status_code == 401
    late = await member.send("POST", f"/sign-ins/{begun['sign_in_id']}/code", {"code": code})
    assert (late.status_code, late.json()["code"]) == (401, "sign-in-refused")
    refused = await member.start_sign_in(body["email"])
    stranger = await member.start_sign_in(people.email())
    assert refused.keys() == stranger.keys()
    answers = [await member.send("POST", f"/sign-ins/{one['sign_in_id']}/code", {"code": "000000"}) for one in (refused, stranger)]
    told = [{name: value for name, value in answer.json().items() if name not in {"trace_id", "instance"}} for answer in answers]
    assert told[0] == told[1]
    usecases: UseCases = identity.app.state.usecases
    assert await usecases.sessions.open_sessions(staff_id) == []

    gone = await identity.tap.next(StaffMemberDeactivated, where=lambda event: event.staff_id == staff_id)
    contacts = await identity.tap.next(ContactsChanged, where=lambda event: event.person_id == staff_id and event.version > 1)
    assert (contacts.roles, contacts.version) == ((), gone.version)
    assert await office.alert(staff_id, "account-deactivated")
    patched = await office.change(staff_id, roles=["auditor"])
    assert (patched.status_code, patched.json()["code"]) == (409, "staff-deactivated")

    identity.clock.move(timedelta(minutes=16))
    assert (await office.ask("POST", f"/staff/{staff_id}/activation"))["is_active"] is True
    assert await office.ask("POST", f"/staff/{staff_id}/activation")
    assert (await member.sign_in(body["email"]))["access_token"]
    back = await identity.tap.next(StaffMemberAdded, where=lambda event: event.staff_id == staff_id and event.version > gone.version)
    assert back.roles == (Role.SUPPORT_AGENT,)
    actions = [row["action"] for row in await office.log_of(staff_id)]
    assert {"staff-deactivated", "session-ended", "staff-activated"} <= set(actions)


async def test_administrators_do_not_shut_themselves_out(office: Office) -> None:
    own = f"/staff/{office.administrator_id}"
    await office.add("administrator")
    refusals = (
        (await office.send("POST", f"{own}/deactivation"), "own-deactivation"),
        (await office.change(office.administrator_id, roles=["auditor"]), "own-administrator-role"),
        (await office.send("POST", f"{own}/factor-reset"), "own-factor-reset"),
    )
    assert [(answer.status_code, answer.json()["code"]) for answer, _ in refusals] == [(409, code) for _, code in refusals]
    kept = await office.change(office.administrator_id, roles=["administrator", "auditor"])
    assert kept.json()["roles"] == ["administrator", "auditor"]


async def test_the_last_administrator_stays_also_when_two_remove_each_other(office: Office) -> None:
    rows = office.walk.identity.database["people"]
    second, _ = await office.add("administrator")
    two = [office.administrator_id, second]
    others = {"roles": "administrator", "_id": {"$nin": two}, "deactivated_at": None}
    hidden = [row["_id"] async for row in rows.find(others, {"_id": 1})]
    await rows.update_many({"_id": {"$in": hidden}}, {"$set": {"deactivated_at": office.walk.identity.clock.now()}})
    try:
        answers = await asyncio.gather(
            *(
                office.walk.send("POST", f"/staff/{whom}/deactivation", None, **office.headers(who, Role.ADMINISTRATOR))
                for who, whom in (two, two[::-1])
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"last-administrator"}
        assert await rows.count_documents({"roles": "administrator", "deactivated_at": None}) == 1
    finally:
        await rows.update_many({"_id": {"$in": hidden}}, {"$set": {"deactivated_at": None}})


async def test_a_member_who_lost_the_device_starts_again_by_sms(office: Office) -> None:
    staff_id, body = await office.add("registrar")
    identity = office.walk.identity
    member = await office.member(body)
    await member.sign_in(body["email"])
    usecases: UseCases = identity.app.state.usecases
    [session] = await usecases.sessions.open_sessions(staff_id)
    own = office.headers(staff_id, Role.REGISTRAR, sid=str(session.id))
    app = pyotp.TOTP((await member.ask("POST", "/factors/totp", None, **own))["secret"])
    tokens = await member.ask("POST", "/factors/totp/confirmation", {"code": app.at(identity.clock.now())}, **own)

    device, asked = Authenticator(), await member.ask("POST", "/factors/passkeys", None, **own)
    made = {"credential": device.create(asked["options"]), "name": "Ноутбук"}
    await member.ask("POST", f"/factors/passkeys/{asked['ceremony_id']}/attestation", made, **own)

    assert (await office.send("POST", f"/staff/{staff_id}/factor-reset")).status_code == 204
    forgotten = await passkey_sign_in(member, device)
    assert (forgotten.status_code, forgotten.json()["code"]) == (422, "passkey-not-accepted")
    assert (await member.ask("GET", "/factors/passkeys", None, **own))["items"] == []
    assert (await member.send("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})).status_code == 401
    assert await office.alert(staff_id, "factors-reset")
    assert (await member.sign_in(body["email"]))["access_token"], "the next sign-in is by SMS"
    assert "factors-reset" in [row["action"] for row in await office.log_of(staff_id)]


async def test_accounts_of_staff_are_the_administrators_with_a_fresh_factor_alone(office: Office) -> None:
    staff_id, _ = await office.add("reviewer")
    practitioner_id = await office.walk.register()
    routes = (
        ("GET", "/staff", None),
        ("POST", "/staff", people.staff("reviewer")),
        ("GET", f"/staff/{staff_id}", None),
        ("PATCH", f"/staff/{staff_id}", {"roles": ["auditor"]}),
        ("POST", f"/staff/{staff_id}/deactivation", None),
        ("POST", f"/staff/{staff_id}/activation", None),
        ("POST", f"/staff/{staff_id}/factor-reset", None),
    )
    old = office.headers(office.administrator_id, Role.ADMINISTRATOR, age_seconds=601)
    others = office.headers(uuid4(), *(set(Role) - {Role.ADMINISTRATOR}))
    for method, path, body in routes:
        changing = {"If-Match": '"1"'} if method == "PATCH" else {}
        assert (await office.walk.send(method, path, body, **changing)).status_code == 401
        stale = await office.walk.send(method, path, body, **(old | changing))
        assert (stale.status_code, stale.json()["code"]) == (403, "step-up-required")
        foreign = await office.walk.send(method, path, body, **(others | changing))
        assert (foreign.status_code, foreign.json()["code"]) == (403, "role-missing")
        if str(staff_id) in path:
            for nobody in (uuid4(), practitioner_id):
                missing = await office.send(method, path.replace(str(staff_id), str(nobody)), body, **changing)
                assert (missing.status_code, missing.json()["code"]) == (404, "no-such-person")


async def test_staff_without_a_strong_factor_get_no_role_until_they_prove_one(office: Office) -> None:
    """ID-11."""
    staff_id, body = await office.add("reviewer", "auditor")
    identity = office.walk.identity
    member = await office.member(body)

    async def claims(tokens: Json) -> Json:
        return dict(await claims_of(identity, tokens["access_token"]))

    limited = await member.sign_in(body["email"])
    assert limited["scope"] == "enrolment"
    first = await claims(limited)
    assert (first["scope"], first["roles"]) == ("enrolment", [])
    refreshed = await member.ask("POST", "/tokens", {"refresh_token": limited["refresh_token"]})
    assert (refreshed["scope"], (await claims(refreshed))["roles"]) == ("enrolment", []), "refreshing proves nothing"

    own = office.signer.headers(staff_id, sid=first["sid"], scope="enrolment")
    for method, path in (("GET", "/profile"), ("GET", "/sessions"), ("GET", "/access-log"), ("POST", "/step-ups")):
        refused = await member.send(method, path, None, **own)
        assert (refused.status_code, refused.json()["code"]) == (403, "role-missing")
    app = pyotp.TOTP((await member.ask("POST", "/factors/totp", None, **own))["secret"])
    full = await member.ask("POST", "/factors/totp/confirmation", {"code": app.at(identity.clock.now())}, **own)
    assert (full["scope"], (await claims(full))["roles"]) == (None, ["auditor", "reviewer"])
    again = await member.ask("POST", "/tokens", {"refresh_token": full["refresh_token"]})
    assert (again["scope"], (await claims(again))["roles"]) == (None, ["auditor", "reviewer"])

    identity.clock.move(timedelta(seconds=60))
    started = await member.start_sign_in(body["email"])
    strong = await member.ask("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": app.at(identity.clock.now())})
    assert (strong["scope"], (await claims(strong))["roles"]) == (None, ["auditor", "reviewer"])
    practitioner = Walk(identity)
    await practitioner.register()
    assert (await practitioner.sign_in())["scope"] is None


async def test_a_limited_session_can_be_ended_by_hand(office: Office) -> None:
    staff_id, body = await office.add("registrar")
    member = await office.member(body)
    limited = await member.sign_in(body["email"])
    sid = (await claims_of(member.identity, limited["access_token"]))["sid"]
    own = office.signer.headers(staff_id, sid=sid, scope="enrolment")
    assert (await member.send("DELETE", "/sessions/current", None, **own)).status_code == 204
    assert (await member.send("POST", "/tokens", {"refresh_token": limited["refresh_token"]})).status_code == 401


async def test_staff_with_a_passkey_alone_step_up_with_it(office: Office) -> None:
    staff_id, body = await office.add("registrar")
    member = await office.member(body)
    sid = (await claims_of(member.identity, (await member.sign_in(body["email"]))["access_token"]))["sid"]
    own = office.headers(staff_id, Role.REGISTRAR, sid=sid)
    device, asked = Authenticator(), await member.ask("POST", "/factors/passkeys", None, **own)
    made = {"credential": device.create(asked["options"]), "name": "Ноутбук"}
    await member.ask("POST", f"/factors/passkeys/{asked['ceremony_id']}/attestation", made, **own)
    refused = await member.send("POST", "/step-ups", None, **own)
    assert (refused.status_code, refused.json()["code"]) == (409, "passkey-needed")


async def lock(walk: Walk, identifier: str) -> None:
    """Fail to sign in until it is closed."""
    said = ""
    while said != "sign-ins-locked":
        answer = await walk.send("POST", "/sign-ins", {"identifier": identifier, "password": "не-тот-пароль-вовсе"})
        said = answer.json().get("code", "")
        if said == "sign-ins-slowed":
            walk.identity.clock.move(timedelta(seconds=int(answer.headers["Retry-After"])))


async def test_a_locked_person_is_helped_by_an_agent_and_told(office: Office) -> None:
    """ID-6."""
    walk = office.walk
    practitioner_id = await walk.register()
    await lock(walk, f"8{walk.phone.removeprefix('+7')}")
    agent = office.headers(uuid4(), Role.SUPPORT_AGENT)
    body = {"reason": "person-asked", "ticket_number": "SD-2026-000017"}
    path = f"/people/{practitioner_id}/unlock"
    assert (await walk.send("POST", path, body, **agent)).status_code == 204
    assert (await walk.sign_in(walk.licence_number))["access_token"]
    assert (await walk.start_sign_in(f"8{walk.phone.removeprefix('+7')}"))["sign_in_id"]
    assert await office.alert(practitioner_id, "account-unlocked")
    rows = await office.log_of(practitioner_id)
    unlocked = next(row for row in rows if row["action"] == "unlocked")
    assert (unlocked["actor_role"], unlocked["purpose"], unlocked["is_own"]) == ("support-agent", "person-asked SD-2026-000017", False)


async def test_unlocking_asks_for_a_reason_a_fresh_factor_and_the_right_person(office: Office) -> None:
    staff_id, body = await office.add("reviewer")
    path, good = f"/people/{staff_id}/unlock", {"reason": "others-tried"}
    agent = office.headers(uuid4(), Role.SUPPORT_AGENT)
    foreign = await office.walk.send("POST", path, good, **agent)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "no-such-person"), "staff are the administrators' to help"
    await lock(office.walk, body["email"])
    assert (await office.send("POST", path, good)).status_code == 204
    member = await office.member(body)
    assert (await eventually(lambda: member.sign_in(body["email"])))["access_token"]

    for wrong in ({}, {"reason": ""}, {"reason": "Иванов просил"}, {"reason": "person-asked", "ticket_number": "№ 1, Иванов"}):
        assert (await office.send("POST", path, wrong)).status_code == 422
    unknown = await office.send("POST", f"/people/{uuid4()}/unlock", good)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no-such-person")
    stale = await office.send("POST", path, good, **office.headers(uuid4(), Role.SUPPORT_AGENT, age_seconds=601))
    assert (stale.status_code, stale.json()["code"]) == (403, "step-up-required")
    for role in set(Role) - {Role.ADMINISTRATOR, Role.SUPPORT_AGENT}:
        assert (await office.send("POST", path, good, **office.headers(uuid4(), role))).status_code == 403
    assert (await office.walk.send("POST", path, good)).status_code == 401
