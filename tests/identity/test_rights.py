"""A person's rights over their own data: consents in versions, and erasure with what the law makes us keep."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.applications import AppealDecided, AppealFiled, ApplicationRejected, ApplicationSubmitted, CertificateIssued
from contracts.identity import ErasureCancelled, ErasurePlanned, ErasureTermReached, PersonErased, SecurityAlertRaised
from contracts.roles import Role
from services.identity.domain.consents import Withdrawal
from services.identity.domain.erasure import Erasure, ErasureState, Hold, Retention, Standing
from services.identity.repository.erasure import OWN_ROWS, WATCH
from tests.identity import people
from tests.identity.holders import Holder, claims_of
from tests.identity.owner import Owner as ProfileOwner
from tests.identity.passkey_owner import Owner as PasskeyOwner
from tests.identity.provider import HostileProvider
from tests.identity.samples import NOW
from tests.identity.trip import Trip
from tests.identity.walk import Walk
from tests.support import Component, Signer, eventually

pytestmark = pytest.mark.usefixtures("back_to_normal")

DAY = timedelta(days=1)


class Owner:
    """A registered practitioner before their own data."""

    def __init__(self, identity: Component, signer: Signer, walk: Walk) -> None:
        self.identity, self.signer, self.walk = identity, signer, walk
        self.id = walk.owner_id

    def headers(self, **claims: Any) -> dict[str, str]:
        now = int(self.identity.clock.now().timestamp())
        return self.signer.headers(self.id, Role.PRACTITIONER, **{"iat": now, "exp": now + 300, "factors": {"sms": now}} | claims)

    async def call(self, method: str, path: str, body: Any = None, **claims: Any) -> httpx.Response:
        return await self.identity.client.request(method, path, json=body, headers=self.headers(**claims))

    async def ok(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = await self.call(method, path, body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def ask_erasure(self, **changes: Any) -> dict[str, Any]:
        return await self.ok("POST", "/erasure-requests", {"password": people.PASSWORD} | changes)

    async def actions(self) -> list[str]:
        return [row["action"] for row in (await self.ok("GET", "/access-log"))["items"]]

    def application(self, **changes: Any) -> dict[str, Any]:
        now = self.identity.clock.now()
        names = {"application_id": uuid4(), "applicant_id": self.id, "number": "MK-2026-00000017-4", "occurred_at": now, "version": 3}
        return names | changes

    async def submit(self) -> dict[str, Any]:
        application = self.application()
        body = {"kind": "primary", "specialty_code": "31.08.49", "document_ids": (), "snapshot_sha256": "0" * 64}
        await self.identity.publish(ApplicationSubmitted(**application, **body, due_at=application["occurred_at"] + DAY))
        await self.held(application["application_id"], "open")
        return application

    async def held(self, application_id: UUID, standing: str) -> None:
        async def is_kept() -> bool:
            row = await self.identity.database["legal_holds"].find_one({"_id": application_id})
            return row is not None and row["standing"] == standing

        await eventually(is_kept)

    async def erased(self) -> PersonErased:
        return await self.identity.tap.next(PersonErased, where=lambda event: event.person_id == self.id)

    async def planned(self) -> ErasurePlanned:
        return await self.identity.tap.next(ErasurePlanned, where=lambda event: event.person_id == self.id)


@pytest.fixture
async def owner(identity: Component, signer: Signer) -> Owner:
    walk = Walk(identity)
    await walk.register()
    return Owner(identity, signer, walk)


async def test_id11_consents_are_shown_with_version_time_and_address(owner: Owner) -> None:
    shown = await owner.ok("GET", "/consents")
    assert [(item["document"], item["version"], item["is_in_force"]) for item in shown["items"]] == [
        ("terms", "1", True),
        ("personal-data", "1", True),
    ]
    assert all(item["given_at"] and item["address"] and item["withdrawn_at"] is None for item in shown["items"])
    assert shown["due"] == []


async def test_a_newer_version_asks_and_blocks_nothing(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    required = owner.identity.app.state.usecases.consents.rules.required
    monkeypatch.setitem(required, "terms", "2")
    assert (await owner.ok("GET", "/profile"))["consents_due"] == [{"document": "terms", "version": "2"}]
    old = await owner.call("POST", "/consents", {"consents": [{"document": "terms", "version": "1"}]})
    assert (old.status_code, old.json()["errors"][0]["code"]) == (422, "consent-unknown")
    for _ in range(2):
        agreed = await owner.ok("POST", "/consents", {"consents": [{"document": "terms", "version": "2"}]})
    assert [(item["version"], item["is_in_force"]) for item in agreed["items"] if item["document"] == "terms"] == [
        ("1", False),
        ("2", True),
    ]
    assert (await owner.ok("GET", "/profile"))["consents_due"] == []
    assert (await owner.actions()).count("consent-given") == 1


async def test_withdrawals_do_what_the_settings_say(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = await owner.call("DELETE", "/consents/terms", factors={"sms": int(time.time()) - 3600})
    assert (stale.status_code, stale.json()["code"]) == (403, "step-up-required")
    kept = await owner.call("DELETE", "/consents/terms")
    assert (kept.status_code, kept.json()["code"]) == (409, "consent-needed")
    monkeypatch.setitem(owner.identity.app.state.usecases.consents.rules.withdrawals, "terms", Withdrawal.ALLOWED)
    shown = await owner.ok("DELETE", "/consents/terms")
    assert shown["due"] == [{"document": "terms", "version": "1"}]
    assert shown["erasure_request_id"] is None
    assert next(item for item in shown["items"] if item["document"] == "terms")["withdrawn_at"] is not None
    again = await owner.call("DELETE", "/consents/terms")
    assert (again.status_code, again.json()["code"]) == (404, "no-such-consent")
    assert "consent-withdrawn" in await owner.actions()


async def test_withdrawing_personal_data_asks_first_and_then_starts_the_erasure(owner: Owner) -> None:
    asked = await owner.call("DELETE", "/consents/personal-data")
    assert (asked.status_code, asked.json()["code"]) == (409, "erasure-confirmation-needed")
    assert (await owner.ok("GET", "/consents"))["due"] == []
    shown = await owner.ok("DELETE", "/consents/personal-data?confirm=erase")
    erasure = await owner.ok("GET", f"/erasure-requests/{shown['erasure_request_id']}")
    assert (erasure["state"], erasure["grounds"], erasure["source"]) == ("cooling-off", [], None)


async def test_erasure_needs_the_password_a_recent_factor_and_is_asked_for_once(owner: Owner) -> None:
    stale = await owner.call("POST", "/erasure-requests", {"password": people.PASSWORD}, factors={"sms": int(time.time()) - 3600})
    assert (stale.status_code, stale.json()["code"]) == (403, "step-up-required")
    wrong = await owner.call("POST", "/erasure-requests", {"password": "не тот пароль совсем"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "password-refused")
    erasure = await owner.ask_erasure()
    again = await owner.call("POST", "/erasure-requests", {"password": people.PASSWORD})
    assert (again.status_code, again.json()["code"], again.json()["request_id"]) == (409, "erasure-requested-already", erasure["id"])
    stranger = Owner(owner.identity, owner.signer, owner.walk)
    stranger.id = uuid4()
    assert (await stranger.call("GET", f"/erasure-requests/{erasure['id']}")).status_code == 404
    assert (await stranger.call("DELETE", f"/erasure-requests/{erasure['id']}")).status_code == 404


async def test_an_erasure_can_be_cancelled_within_seven_days(owner: Owner) -> None:
    erasure = await owner.ask_erasure()
    assert datetime.fromisoformat(erasure["due_at"]) - datetime.fromisoformat(erasure["requested_at"]) == 7 * DAY
    assert not (await owner.planned()).is_held
    owner.identity.clock.move(6 * DAY)
    assert (await owner.call("DELETE", f"/erasure-requests/{erasure['id']}")).status_code == 204
    cancelled = await owner.identity.tap.next(ErasureCancelled, where=lambda event: event.person_id == owner.id)
    over = await owner.call("DELETE", f"/erasure-requests/{erasure['id']}")
    assert (over.status_code, over.json()["code"]) == (409, "erasure-over")
    owner.identity.clock.move(2 * DAY)
    late = ErasureTermReached(occurred_at=NOW, request_id=cancelled.request_id)
    await owner.identity.publish(late)
    await handled(owner.identity, late.event_id)
    assert (await owner.ok("GET", "/profile"))["phone"] == owner.walk.phone


async def test_after_seven_days_nothing_of_the_person_is_left_and_all_is_free_again(owner: Owner, provider: HostileProvider) -> None:
    tokens = await owner.walk.sign_in()
    before = await set_up_everything(owner, provider)
    assert {"factors", "passkeys", "passkey_ceremonies", "portal_links", "profile_changes", "profile_versions", "data_exports"} <= before
    watched = owner.identity.database["access_watch"]
    await eventually(lambda: watched.find_one({"_id": f"devices:{owner.id}"}))
    await owner.ask_erasure()
    owner.identity.clock.move(7 * DAY + timedelta(seconds=1))
    assert (await owner.erased()).person_id == owner.id

    assert (await owner.call("GET", "/profile")).status_code == 404
    refresh = await owner.identity.client.post("/tokens", json={"refresh_token": tokens["refresh_token"]})
    assert (refresh.status_code, refresh.json()["code"]) == (401, "session-over")
    started = await owner.walk.start_sign_in(owner.walk.licence_number)
    guess = await owner.identity.client.post(f"/sign-ins/{started['sign_in_id']}/code", json={"code": "000000"})
    assert (guess.status_code, guess.json()["code"]) == (401, "sign-in-refused")

    left = await rows_of(owner.identity, owner.id)
    assert set(left) <= {"people", "access_rows", "sessions", "erasure_requests", "sign_ins"}
    person = left["people"][0]
    assert (person["status"], person["personal"], person["password_hash"]) == ("erased", {}, "")
    assert all(row["personal"] == {} and row["ended_at"] for row in left["sessions"])
    assert "person-erased" in {row["action"] for row in left["access_rows"]}

    reborn = Walk(owner.identity, phone=owner.walk.phone, email=owner.walk.email, snils=owner.walk.snils, inn=owner.walk.inn)
    assert await reborn.register() != owner.id


async def test_an_open_application_holds_everything_until_its_term_after_the_decision(owner: Owner) -> None:
    application = await owner.submit()
    erasure = await owner.ask_erasure()
    assert (erasure["state"], erasure["due_at"]) == ("held", None)
    assert [(ground["application_number"], ground["until"]) for ground in erasure["grounds"]] == [("MK-2026-00000017-4", None)]
    assert erasure["source"]
    assert (await owner.planned()).due_at is None

    await owner.identity.publish(ApplicationRejected(**application | {"version": 5}, reasons=()))
    await owner.held(application["application_id"], "rejected")
    known = (await owner.ok("GET", "/erasure-requests"))["items"][0]
    until = datetime.fromisoformat(known["due_at"])
    assert timedelta(days=5 * 365) < until - application["occurred_at"] < timedelta(days=5 * 366)
    assert (await owner.planned()).due_at == until

    appeal = {"appeal_id": uuid4(), "appeal_number": "MA-2026-00000001-1", "document_ids": ()}
    await owner.identity.publish(AppealFiled(**application | {"version": 6}, **appeal, due_at=application["occurred_at"] + DAY))
    await owner.held(application["application_id"], "open")
    assert (await owner.planned()).due_at is None, "an appeal holds everything again"
    await owner.identity.publish(AppealDecided(**application | {"version": 7}, **appeal, outcome="overturned"))
    await owner.identity.publish(AppealDecided(**application | {"version": 8}, **appeal, outcome="upheld"))
    await owner.held(application["application_id"], "rejected")

    owner.identity.clock.move(30 * DAY)
    assert (await owner.ok("GET", "/profile"))["phone"] == owner.walk.phone
    owner.identity.clock.move(timedelta(days=5 * 366))
    assert (await owner.erased()).person_id == owner.id


async def test_an_application_handed_in_meanwhile_holds_the_erasure(owner: Owner) -> None:
    erasure = await owner.ask_erasure()
    await owner.submit()
    assert (await owner.ok("GET", f"/erasure-requests/{erasure['id']}"))["state"] == "held"
    early = ErasureTermReached(occurred_at=NOW, request_id=UUID(erasure["id"]))
    owner.identity.clock.move(8 * DAY)
    await owner.identity.publish(early)
    await handled(owner.identity, early.event_id)
    assert (await owner.ok("GET", "/profile"))["phone"] == owner.walk.phone


async def test_a_held_account_is_closed_for_sign_in_only_if_the_person_wants(owner: Owner) -> None:
    tokens = await owner.walk.sign_in()
    await owner.submit()
    erasure = await owner.ask_erasure(closes_account=True)
    assert erasure["state"] == "held"
    refresh = await owner.identity.client.post("/tokens", json={"refresh_token": tokens["refresh_token"]})
    assert refresh.status_code == 401
    owner.identity.clock.move(timedelta(minutes=2))
    started = await owner.walk.start_sign_in(owner.walk.licence_number)
    sent = await owner.identity.database["sign_ins"].find_one({"_id": UUID(started["sign_in_id"])})
    assert sent is not None
    assert sent["person_id"] is None, "as for an account that does not exist"
    assert "account-closed" in await owner.actions()


async def test_a_closed_account_is_opened_again_by_an_administrator_who_says_why(owner: Owner, signer: Signer) -> None:
    await owner.submit()
    path, why = f"/people/{owner.id}/reopening", {"reason": "person-asked", "ticket_number": "SD-2026-000018"}

    async def reopen(role: Role, age_seconds: int = 0, body: dict[str, Any] | None = None) -> httpx.Response:
        now = int(owner.identity.clock.now().timestamp())
        given = {"totp": now - age_seconds, "password": now - age_seconds}
        headers = signer.headers(uuid4(), role, iat=now, exp=now + 300, factors=given)
        return await owner.identity.client.post(path, json=why if body is None else body, headers=headers)

    early = await reopen(Role.ADMINISTRATOR)
    assert (early.status_code, early.json()["code"]) == (409, "account-not-closed")
    await owner.ask_erasure(closes_account=True)
    assert (await reopen(Role.SUPPORT_AGENT)).status_code == 403
    assert (await reopen(Role.ADMINISTRATOR, age_seconds=601)).json()["code"] == "step-up-required"
    assert (await reopen(Role.ADMINISTRATOR, body={"reason": "Иванов просил"})).status_code == 422

    assert (await reopen(Role.ADMINISTRATOR)).status_code == 204
    told = (owner.id, "account-reopened")
    await owner.identity.tap.next(SecurityAlertRaised, where=lambda event: (event.person_id, event.kind) == told)
    owner.identity.clock.move(timedelta(minutes=2))
    assert (await owner.walk.sign_in())["access_token"]
    rows = (await owner.ok("GET", "/access-log"))["items"]
    row = next(row for row in rows if row["action"] == "account-reopened")
    assert (row["actor_role"], row["purpose"]) == ("administrator", "person-asked SD-2026-000018")
    assert (await owner.ok("GET", "/erasure-requests"))["items"][0]["state"] == "held", "what was asked for stays asked for"


async def test_a_certificate_holds_for_its_validity_and_the_term_after(owner: Owner) -> None:
    application = await owner.submit()
    valid_until = datetime.now(UTC) + timedelta(days=5 * 365)
    issued = {"certificate_id": uuid4(), "certificate_number": "MC-1", "valid_until": valid_until}
    await owner.identity.publish(CertificateIssued(**application | {"version": 9}, **issued))
    await owner.held(application["application_id"], "certified")
    late = ApplicationRejected(**application | {"version": 8}, reasons=())
    await owner.identity.publish(late)
    await handled(owner.identity, late.event_id)
    erasure = await owner.ask_erasure()
    assert datetime.fromisoformat(erasure["due_at"]) - valid_until > timedelta(days=5 * 365)


async def set_up_everything(owner: Owner, provider: HostileProvider) -> set[str]:
    """Every factor, a trusted device, a link to the portal, versions of the profile, an export, and things begun; the collections."""
    walk, signer = owner.walk, owner.signer
    started = await walk.start_sign_in(walk.licence_number)
    body = {"code": await walk.code(walk.phone), "trust_device": True}
    finished = await walk.ask("POST", f"/sign-ins/{started['sign_in_id']}/code", body)
    sid = str(claims_of(finished)["sid"])
    passkeys = PasskeyOwner(walk, signer, owner.id, sid)
    await passkeys.add()
    await passkeys.asked()
    holder = Holder(walk, owner.id, passkeys.headers, walk.licence_number)
    await holder.set_up()
    trip = Trip(walk, provider, owner=owner.id, headers=passkeys.headers)
    linked = await (await trip.start()).come_back(trip.agree())
    assert linked.status_code == 200, linked.text
    profile = ProfileOwner(owner.identity, signer, walk, owner.id)
    await profile.change({"practice": {"workplace": {"department": "Отделение"}}})
    await profile.propose({"practice": {"workplace": {"department": "Другое"}}})
    await owner.ok("POST", "/data-exports")
    return set(await rows_of(owner.identity, owner.id))


NOBODYS_OWN = {
    "people": "its row becomes a bare one under the id",
    "sessions": "end, lose address and device, and stay bare to void access tokens",
    "erasure_requests": "say that a person was erased, without anything personal",
    "legal_holds": "numbers and moments of applications, without anything personal",
    "access_rows": "the access log is kept whoever was erased",
    "access_blocks": "of the chain", "access_anchors": "of the chain", "access_head": "of the chain",
    "sign_ins": "name an id alone, forgotten within two days",
    "stranger_refusals": "of nobody who has an account",
    "signing_keys": "of the service",
}  # fmt: skip


async def test_every_collection_goes_with_the_person_or_says_why_not(identity: Component) -> None:
    machinery = {
        *("inbox", "outbox", "timers", "leases", "erased_people", "dead_letters", "key_state", "__keyVault"),
        *("idempotency_answers", "rate_counters", "rate_windows"),  # encrypted or under keyed hashes, forgotten within days
    }
    there = set(await identity.database.list_collection_names()) - machinery
    removed = {WATCH, *(name for name, _ in OWN_ROWS)}
    assert removed & set(NOBODYS_OWN) == set()
    assert there <= removed | set(NOBODYS_OWN), there - removed - set(NOBODYS_OWN)


async def handled(identity: Component, event_id: UUID) -> None:
    async def is_noted() -> bool:
        return await identity.database["inbox"].find_one({"_id": str(event_id)}) is not None

    await eventually(is_noted)


async def rows_of(identity: Component, person_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Rows that name the person anywhere, by collection; the machinery of events apart."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name in await identity.database.list_collection_names():
        if name not in {"inbox", "outbox", "timers"}:
            async for row in identity.database[name].find({}):
                if str(person_id) in repr(row):
                    found.setdefault(name, []).append(row)
    return found


class TestPlanning:
    RETENTION = Retention(application_years=5, certificate_years=5, source="номенклатура дел")

    def planned(self, *holds: Hold, at: datetime = NOW) -> Erasure:
        fresh = Erasure(id=uuid4(), person_id=uuid4(), requested_at=NOW, state=ErasureState.COOLING_OFF, due_at=None)
        return fresh.planned(holds, at=at, cooling_off=7 * DAY, retention=self.RETENTION)

    def hold(self, standing: Standing, **changes: Any) -> Hold:
        sample: dict[str, Any] = {"id": uuid4(), "person_id": uuid4(), "number": "MK-1", "version": 1, "standing": standing, "since": NOW}
        return Hold(**sample | changes)

    def test_the_longest_hold_counts_and_an_open_one_has_no_end(self) -> None:
        refused, certified = self.hold(Standing.REJECTED), self.hold(Standing.CERTIFIED, valid_until=NOW.replace(year=2031))
        assert self.planned(refused, certified).due_at == NOW.replace(year=2036)
        assert self.planned(refused, self.hold(Standing.OPEN)).due_at is None

    def test_a_hold_that_ends_within_the_cooling_off_does_not_shorten_it(self) -> None:
        nearly_over = self.hold(Standing.WITHDRAWN, since=NOW.replace(year=2021) + DAY)
        assert self.planned(nearly_over).due_at == NOW + 7 * DAY

    def test_once_every_hold_is_over_it_is_due(self) -> None:
        over = self.hold(Standing.REJECTED, since=NOW.replace(year=2021))
        assert self.planned(over, at=NOW + 7 * DAY).is_due(NOW + 7 * DAY)
        assert not self.planned(over, at=NOW).is_due(NOW)
        assert not self.planned(self.hold(Standing.OPEN), at=NOW + 7 * DAY).is_due(NOW + 7 * DAY)

    def test_the_29th_of_february_has_an_end_too(self) -> None:
        leap = self.hold(Standing.REJECTED, since=datetime(2028, 2, 29, 12, tzinfo=UTC))
        assert leap.ends_at(self.RETENTION) is not None
