"""Passkeys over HTTP with a software authenticator, on real servers."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.identity import SecurityAlertRaised
from contracts.roles import Role, Scope
from tests.identity import people
from tests.identity.authenticator import BACKED_UP, ELIGIBLE, HONEST, PRESENT, VERIFIED, Answering, Authenticator, encoded
from tests.identity.passkey_owner import Owner, asked_to_sign_in, assertion, claims_of, shown, sign_in
from tests.identity.walk import Walk
from tests.support import Signer

pytestmark = pytest.mark.usefixtures("back_to_normal")

WRONG = {
    "foreign-origin": Answering(origin="https://cabinet.test.evil.example"),
    "wrong-relying-party": Answering(rp_id="evil.example"),
    "wrong-challenge": Answering(challenge=encoded(b"another challenge of the same length...")),
    "user-not-verified": Answering(flags=PRESENT),
}


@pytest.fixture
async def owner(walk: Walk, signer: Signer) -> Owner:
    return await Owner.registered(walk, signer)


def reason(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


async def alerts(owner: Owner, kind: str) -> SecurityAlertRaised:
    tap = owner.walk.identity.tap
    return await tap.next(SecurityAlertRaised, where=lambda event: (event.person_id, event.kind) == (owner.person_id, kind))


class TestRegistration:
    async def test_options_ask_for_a_resident_key_and_a_verified_person(self, owner: Owner) -> None:
        first = await owner.add()
        asked = await owner.asked()
        options = asked["options"]
        assert options["rp"] == {"name": "Медкабинет", "id": "cabinet.test"}
        selection = options["authenticatorSelection"]
        assert (selection["residentKey"], selection["requireResidentKey"], selection["userVerification"]) == ("required", True, "required")
        assert options["attestation"] == "none"
        assert [excluded["id"] for excluded in options["excludeCredentials"]] == [encoded(first.credential_id)]
        assert [wanted["alg"] for wanted in options["pubKeyCredParams"]] == [-8, -7, -257]
        assert options["user"]["id"] == encoded(owner.person_id.bytes)

    async def test_a_passkey_counts_in_the_session_that_added_it(self, owner: Owner) -> None:
        asked, device = await owner.asked(), Authenticator()
        answer = await owner.attest(asked, device.create(asked["options"]), "  Телефон   Samsung ")
        assert answer.status_code == 201, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        claims = claims_of(answer.json())
        assert (claims["sid"], set(claims["factors"])) == (owner.session_id, {"password", "sms", "passkey"})
        (listed,) = await owner.listed()
        assert (listed["name"], listed["last_used_at"], listed["transports"]) == ("Телефон Samsung", None, ["hybrid", "internal"])
        assert (await owner.ask("GET", "/factors"))["passkeys"] == 1
        assert (await alerts(owner, "factor-added")).occurred_at <= owner.walk.identity.clock.now()
        log = await owner.ask("GET", "/access-log")
        assert (log["items"][0]["action"], log["items"][0]["record"]) == ("factor-added", f"passkey:{listed['passkey_id']}")
        stored = await owner.walk.identity.database["passkeys"].find_one({"credential_id": device.credential_id})
        assert stored is not None
        assert "Samsung" not in repr(stored), "names may be personal"

    @pytest.mark.parametrize("code", WRONG)
    async def test_an_answer_made_wrongly_is_refused_by_name_and_uses_the_ceremony_up(self, owner: Owner, code: str) -> None:
        asked, device = await owner.asked(), Authenticator()
        refused = await owner.attest(asked, device.create(asked["options"], WRONG[code]))
        assert (refused.status_code, reason(refused)) == (422, code)
        again = await owner.attest(asked, device.create(asked["options"]))
        assert (again.status_code, reason(again)) == (422, "ceremony-over")
        assert await owner.listed() == []

    async def test_a_frame_on_our_page_is_foreign(self, owner: Owner) -> None:
        asked = await owner.asked()
        framed = await owner.attest(asked, Authenticator().create(asked["options"], Answering(is_cross_origin=True)))
        assert reason(framed) == "foreign-origin"

    async def test_a_signature_is_no_registration(self, owner: Owner) -> None:
        asked = await owner.asked()
        answer = await owner.attest(asked, Authenticator().create(asked["options"], Answering(kind="webauthn.get")))
        assert reason(answer) == "wrong-challenge"

    async def test_a_late_answer_and_somebody_elses_ceremony_are_over(self, owner: Owner, signer: Signer) -> None:
        stranger = await Owner.registered(Walk(owner.walk.identity), signer)
        asked = await owner.asked()
        assert reason(await stranger.attest(asked, Authenticator().create(asked["options"]))) == "ceremony-over"
        assert reason(await owner.attest({"ceremony_id": str(uuid4())}, Authenticator().create(asked["options"]))) == "ceremony-over"
        owner.walk.identity.clock.move(timedelta(minutes=5))
        assert reason(await owner.attest(asked, Authenticator().create(asked["options"]))) == "ceremony-over"

    async def test_a_credential_belongs_to_one_account(self, owner: Owner, signer: Signer) -> None:
        device = await owner.add()
        stranger = await Owner.registered(Walk(owner.walk.identity), signer)
        for person in (owner, stranger):
            asked = await person.asked()
            answer = await person.attest(asked, device.clone().create(asked["options"]))
            assert (answer.status_code, reason(answer)) == (409, "passkey-already-registered")
        assert await stranger.listed() == []

    async def test_nobody_has_more_than_ten_not_even_by_adding_at_once(self, owner: Owner) -> None:
        for _ in range(8):
            await owner.add()
        waiting = [await owner.asked() for _ in range(4)]
        answers = await asyncio.gather(*(owner.attest(asked, Authenticator().create(asked["options"])) for asked in waiting))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses[:2] == [201, 201]
        assert {(answer.status_code, reason(answer)) for answer in answers if answer.status_code != 201} == {(409, "too-many-passkeys")}
        assert len(await owner.listed()) == (await owner.ask("GET", "/factors"))["passkeys"] == 10
        more = await owner.send("POST", "/factors/passkeys")
        assert (more.status_code, reason(more), more.json()["limit"]) == (409, "too-many-passkeys", 10)

    async def test_a_recent_second_factor_is_asked_for(self, owner: Owner) -> None:
        old = int((owner.walk.identity.clock.now() - timedelta(minutes=11)).timestamp())
        owner.claims = {"factors": {"password": old, "sms": old}}
        answer = await owner.send("POST", "/factors/passkeys")
        assert (answer.status_code, reason(answer)) == (403, "step-up-required")

    async def test_a_limited_token_sets_up_the_first_factor_only(self, owner: Owner) -> None:
        limited = replace(owner, roles=(), claims={"scope": str(Scope.ENROLMENT)})
        waiting = await limited.asked()
        await limited.add()
        refused = await limited.send("POST", "/factors/passkeys")
        assert (refused.status_code, reason(refused)) == (409, "factor-already-set-up")
        late = await limited.attest(waiting, Authenticator().create(waiting["options"]))
        assert (late.status_code, reason(late)) == (409, "factor-already-set-up")
        assert len(await owner.listed()) == 1

    async def test_passkeys_are_renamed_and_removed_by_their_owner_alone(self, owner: Owner, signer: Signer) -> None:
        device = await owner.add()
        stranger = await Owner.registered(Walk(owner.walk.identity), signer)
        path = f"/factors/passkeys/{(await owner.listed())[0]['passkey_id']}"
        for method, body in (("PATCH", {"name": "Мой"}), ("DELETE", None)):
            assert reason(await stranger.send(method, path, body)) == "no-such-passkey"
        for nothing in ("", " \t", "\u200b\u2060", "\x07\u202e", "\u3164"):
            assert (await owner.ask("PATCH", path, {"name": nothing}))["name"] == "Ключ доступа"
        assert (await owner.ask("PATCH", path, {"name": " \u202eДомаш\u0438\u0306\u00adний\x1b[2J "}))["name"] == "Домаш\u0439ний[2J"
        too_long = await owner.send("PATCH", path, {"name": "я" * 301})
        assert (too_long.status_code, too_long.json()["errors"][0]["pointer"]) == (422, "/name")
        assert (await owner.ask("PATCH", path, {"name": "Рабочий"}))["name"] == "Рабочий"
        assert (await owner.send("DELETE", path)).status_code == 204
        assert await owner.listed() == []
        assert reason(await owner.send("DELETE", path)) == "no-such-passkey"
        assert reason(await sign_in(owner.walk, device)) == "passkey-not-accepted"
        assert (await alerts(owner, "factor-removed")).person_id == owner.person_id

    async def test_staff_keep_one_strong_factor(self, walk: Walk, signer: Signer) -> None:
        body = people.staff("reviewer", specialty_codes=["31.08.49"])
        added = await walk.ask("POST", "/staff", body, **signer.headers(uuid4(), Role.ADMINISTRATOR))
        staff = Walk(walk.identity, phone=body["phone"])
        await staff.set_password(body["email"])
        session_id = str(claims_of(await staff.sign_in(body["email"]))["sid"])
        reviewer = Owner(staff, signer, UUID(added["staff_id"]), session_id, roles=(Role.REVIEWER,))
        await reviewer.add()
        path = f"/factors/passkeys/{(await reviewer.listed())[0]['passkey_id']}"
        kept = await reviewer.send("DELETE", path)
        assert (kept.status_code, reason(kept)) == (409, "last-factor")
        await reviewer.add()
        assert (await reviewer.send("DELETE", path)).status_code == 204


class TestSignIn:
    async def test_a_passkey_signs_in_without_identifier_and_password(self, owner: Owner) -> None:
        device = await owner.add()
        owner.walk.identity.clock.move(timedelta(minutes=1))
        asked = await asked_to_sign_in(owner.walk)
        assert (asked["options"]["allowCredentials"], asked["options"]["userVerification"]) == ([], "required")
        answer = await assertion(owner.walk, asked, device.get(asked["options"]))
        assert answer.status_code == 200, answer.text
        claims = claims_of(answer.json())
        now = int(owner.walk.identity.clock.now().timestamp())
        assert (claims["sub"], claims["roles"], list(claims["factors"])) == (str(owner.person_id), ["practitioner"], ["passkey"])
        assert abs(claims["factors"]["passkey"] - now) <= 2
        assert claims["sid"] != owner.session_id
        assert (await owner.listed())[0]["last_used_at"] is not None
        assert (await owner.ask("GET", "/access-log"))["items"][0]["action"] == "signed-in"

    @pytest.mark.parametrize("code", WRONG)
    async def test_what_is_wrong_with_any_account_is_named_alike_for_known_and_unknown_keys(self, owner: Owner, code: str) -> None:
        device, stranger = await owner.add(), Authenticator(user_handle=b"nobody")
        answers = [await sign_in(owner.walk, one, WRONG[code]) for one in (device, stranger)]
        assert shown(answers[0]) == shown(answers[1])
        assert (answers[0].status_code, reason(answers[0])) == (422, code)

    async def test_unknown_keys_forged_signatures_and_foreign_handles_are_answered_alike(self, owner: Owner, signer: Signer) -> None:
        device = await owner.add()
        other = await Owner.registered(Walk(owner.walk.identity), signer)
        forger = Authenticator(credential_id=device.credential_id, user_handle=device.user_handle)
        borrowed = replace(device.clone(), user_handle=other.person_id.bytes)
        nameless = replace(device.clone(), user_handle=None)
        answers = [await sign_in(owner.walk, one) for one in (Authenticator(user_handle=b"x"), forger, borrowed, nameless)]
        assert [shown(answer) for answer in answers] == [shown(answers[0])] * 4
        assert (answers[0].status_code, reason(answers[0])) == (422, "passkey-not-accepted")
        log = (await owner.ask("GET", "/access-log"))["items"]
        assert [(item["action"], item["outcome"]) for item in log[:3]] == [("sign-in-refused", "refused")] * 3
        assert (await sign_in(owner.walk, device)).status_code == 200

    async def test_a_signature_is_good_once_and_in_time(self, owner: Owner) -> None:
        device = await owner.add()
        asked = await asked_to_sign_in(owner.walk)
        credential = device.get(asked["options"])
        assert (await assertion(owner.walk, asked, credential)).status_code == 200
        assert reason(await assertion(owner.walk, asked, credential)) == "ceremony-over"
        other = await asked_to_sign_in(owner.walk)
        assert reason(await assertion(owner.walk, other, credential)) == "wrong-challenge"
        assert reason(await assertion(owner.walk, other, device.get(other["options"]))) == "ceremony-over"
        late = await asked_to_sign_in(owner.walk)
        owner.walk.identity.clock.move(timedelta(minutes=5))
        assert reason(await assertion(owner.walk, late, device.get(late["options"]))) == "ceremony-over"

    async def test_one_signature_sent_twice_at_once_signs_in_once(self, owner: Owner) -> None:
        device = await owner.add()
        asked = await asked_to_sign_in(owner.walk)
        credential = device.get(asked["options"])
        answers = await asyncio.gather(*(assertion(owner.walk, asked, credential) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 422, 422]

    async def test_a_counter_that_goes_back_is_refused_and_the_owner_is_told(self, owner: Owner) -> None:
        device = await owner.add()
        copy = device.clone()
        assert (await sign_in(owner.walk, device)).status_code == 200
        assert (await sign_in(owner.walk, device)).status_code == 200
        assert reason(await sign_in(owner.walk, copy)) == "passkey-not-accepted"
        assert (await alerts(owner, "passkey-cloned")).person_id == owner.person_id
        assert (await sign_in(owner.walk, device)).status_code == 200

    async def test_a_forged_signature_raises_no_alert_of_a_clone(self, owner: Owner) -> None:
        device = await owner.add()
        assert (await sign_in(owner.walk, device)).status_code == 200
        forger = Authenticator(credential_id=device.credential_id, user_handle=device.user_handle)
        assert reason(await sign_in(owner.walk, replace(forger, counts=False))) == "passkey-not-accepted"
        kinds = [event.kind for event in owner.walk.identity.tap.all(SecurityAlertRaised) if event.person_id == owner.person_id]
        assert "passkey-cloned" not in kinds

    async def test_an_authenticator_that_counts_nothing_stays_good(self, owner: Owner) -> None:
        device = await owner.add(Authenticator(counts=False))
        assert [(await sign_in(owner.walk, device)).status_code for _ in range(2)] == [200, 200]

    async def test_whether_a_key_is_backed_up_follows_what_it_says_last(self, owner: Owner) -> None:
        device = Authenticator()
        asked = await owner.asked()
        synced = Answering(flags=PRESENT | VERIFIED | ELIGIBLE)
        assert (await owner.attest(asked, device.create(asked["options"], synced))).status_code == 201
        assert (await owner.listed())[0]["is_backed_up"] is False
        backed_up = replace(synced, flags=synced.flags | BACKED_UP)
        assert (await sign_in(owner.walk, device, backed_up)).status_code == 200
        assert (await owner.listed())[0]["is_backed_up"] is True
        impossible = Answering(flags=PRESENT | VERIFIED | BACKED_UP)
        assert reason(await sign_in(owner.walk, device, impossible)) == "passkey-not-accepted"

    async def test_a_locked_account_is_told_to_its_owner_alone(self, owner: Owner) -> None:
        device = await owner.add()
        for _ in range(10):
            started = await owner.walk.send("POST", "/sign-ins", {"identifier": owner.walk.email, "password": "не-тот-пароль-вовсе"})
            if started.status_code == 429:
                owner.walk.identity.clock.move(timedelta(seconds=int(started.headers["Retry-After"])))
                await owner.walk.send("POST", "/sign-ins", {"identifier": owner.walk.email, "password": "не-тот-пароль-вовсе"})
        locked = await sign_in(owner.walk, device)
        assert (locked.status_code, reason(locked)) == (429, "sign-ins-locked")
        assert int(locked.headers["Retry-After"]) > 0
        forger = Authenticator(credential_id=device.credential_id, user_handle=device.user_handle)
        assert reason(await sign_in(owner.walk, forger)) == "passkey-not-accepted"
        owner.walk.identity.clock.move(timedelta(seconds=int(locked.headers["Retry-After"])))
        assert (await sign_in(owner.walk, device)).status_code == 200


class TestStepUp:
    async def test_a_passkey_renews_the_factor_of_the_session(self, owner: Owner) -> None:
        device = await owner.add()
        owner.walk.identity.clock.move(timedelta(minutes=11))
        asked = await owner.ask("POST", "/step-ups/passkey")
        assert [allowed["id"] for allowed in asked["options"]["allowCredentials"]] == [encoded(device.credential_id)]
        answer = await owner.step_up(replace(device, user_handle=None))
        assert answer.status_code == 200, answer.text
        claims = claims_of(answer.json())
        assert claims["sid"] == owner.session_id
        assert abs(claims["factors"]["passkey"] - int(owner.walk.identity.clock.now().timestamp())) <= 2
        assert "refresh_token" not in answer.json()

    async def test_only_a_passkey_of_the_caller_counts(self, owner: Owner, signer: Signer) -> None:
        other = await Owner.registered(Walk(owner.walk.identity), signer)
        own, others = await owner.add(), await other.add()
        assert reason(await owner.step_up(others)) == "passkey-not-accepted"
        nameless = replace(others.clone(), user_handle=None)
        assert reason(await owner.step_up(nameless)) == "passkey-not-accepted"
        log = (await owner.ask("GET", "/access-log"))["items"]
        assert (log[0]["action"], log[0]["outcome"], log[0]["record"]) == ("step-up-refused", "refused", None)
        assert (await owner.step_up(own)).status_code == 200

    @pytest.mark.parametrize("code", WRONG)
    async def test_an_answer_made_wrongly_is_refused_by_name(self, owner: Owner, code: str) -> None:
        device = await owner.add()
        assert reason(await owner.step_up(device, WRONG[code])) == code

    async def test_a_ceremony_counts_for_its_own_purpose_and_session_only(self, owner: Owner, signer: Signer) -> None:
        device = await owner.add()
        other_session = replace(owner, session_id=str(claims_of(await owner.walk.sign_in())["sid"]))
        asked = await owner.ask("POST", "/step-ups/passkey")
        body = {"credential": device.get(asked["options"], HONEST)}
        assert reason(await other_session.send("POST", f"/step-ups/passkey/{asked['ceremony_id']}/assertion", body)) == "ceremony-over"
        assert reason(await assertion(owner.walk, asked, body["credential"])) == "ceremony-over"
        assert (await owner.send("POST", f"/step-ups/passkey/{asked['ceremony_id']}/assertion", body)).status_code == 200

    async def test_without_a_passkey_or_a_session_there_is_nothing_to_ask_for(self, owner: Owner) -> None:
        answer = await owner.send("POST", "/step-ups/passkey")
        assert (answer.status_code, reason(answer)) == (409, "no-passkey")
        await owner.add()
        await owner.ask("GET", "/factors")
        ended = replace(owner, session_id=str(uuid4()))
        assert reason(await ended.send("POST", "/step-ups/passkey")) == "session-over"
