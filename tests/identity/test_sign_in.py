"""Sign-in, sessions, staff and the access log over HTTP, on real servers."""

from datetime import timedelta
from uuid import UUID, uuid4

import pyotp
import pytest
from joserfc import jws, jwt
from joserfc.jwk import OKPKey

from contracts.access import PersonalDataRead
from contracts.identity import ContactsChanged, OneTimeCodeIssued, SecurityAlertRaised, StaffMemberAdded
from contracts.roles import Role
from tests.identity import people
from tests.identity.walk import Walk
from tests.support import Component, Signer, eventually

pytestmark = pytest.mark.usefixtures("back_to_normal")


async def claims_of(identity: Component, token: str) -> dict[str, object]:
    jwks = (await identity.client.get("/.well-known/jwks.json")).json()["keys"]
    keys = {key["kid"]: OKPKey.import_key({name: key[name] for name in ("kty", "crv", "x")}) for key in jwks}
    return jwt.decode(token, keys[jwt_kid(token)], algorithms=["Ed25519"]).claims


async def test_every_identifier_signs_in(walk: Walk) -> None:
    practitioner_id = await walk.register()
    licence = walk.profile["licence"]
    spaced = f"{walk.snils[:3]}-{walk.snils[3:6]}-{walk.snils[6:9]} {walk.snils[9:]}"
    for identifier in (walk.licence_number, f"{licence['series']} {licence['number']}", spaced, str(walk.inn), walk.email, walk.phone):
        tokens = await walk.sign_in(identifier)
        claims = await claims_of(walk.identity, tokens["access_token"])
        assert (claims["sub"], claims["roles"]) == (str(practitioner_id), ["practitioner"])
        assert claims["iss"] == claims["aud"] == "medkabinet"
        assert set(claims["factors"]) == {"password", "sms"}  # type: ignore[call-overload]
        assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 300)


async def test_an_unknown_account_and_a_wrong_password_are_answered_alike(walk: Walk) -> None:
    await walk.register()
    codes = len(walk.identity.tap.all(OneTimeCodeIssued))
    unknown = await walk.start_sign_in(people.email())
    wrong = await walk.start_sign_in(walk.email, "совсем-другой-пароль")
    right = await walk.start_sign_in(walk.email)
    assert unknown.keys() == wrong.keys() == right.keys()
    assert unknown["masked_address"] == wrong["masked_address"] == right["masked_address"]
    answers = [await walk.send("POST", f"/sign-ins/{one['sign_in_id']}/code", {"code": "000000"}) for one in (unknown, wrong)]
    shown = [{name: value for name, value in answer.json().items() if name not in {"trace_id", "instance"}} for answer in answers]
    assert shown[0] == shown[1]
    assert {answer.status_code for answer in answers} == {401}
    await walk.code(walk.phone)
    assert len(walk.identity.tap.all(OneTimeCodeIssued)) <= codes + 3


async def test_a_code_signs_in_once(walk: Walk) -> None:
    await walk.register()
    started = await walk.start_sign_in(walk.licence_number)
    code = await walk.code(walk.phone)
    await walk.ask("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": code})
    again = await walk.send("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": code})
    assert (again.status_code, again.json()["code"]) == (401, "sign-in-refused")
    unknown = await walk.send("POST", f"/sign-ins/{uuid4()}/code", {"code": code})
    assert unknown.status_code == 401


async def test_starting_again_at_once_lets_the_code_on_its_way_count(walk: Walk) -> None:
    await walk.register()
    await walk.start_sign_in(walk.licence_number)
    second = await walk.start_sign_in(walk.snils)
    code = await walk.code(walk.phone)
    tokens = await walk.ask("POST", f"/sign-ins/{second['sign_in_id']}/code", {"code": code})
    assert tokens["access_token"]


async def test_unfinished_sign_ins_slow_down_then_lock_and_the_owner_is_told(walk: Walk) -> None:
    practitioner_id = await walk.register()
    stranger = people.email()
    for identifier in (walk.email, stranger):
        statuses = []
        for _ in range(10):
            answer = await walk.send("POST", "/sign-ins", {"identifier": identifier, "password": "не-тот-пароль-вовсе"})
            statuses.append(answer.status_code)
            if answer.status_code == 429:
                assert answer.json()["code"] == "sign-ins-slowed"
                break
        assert statuses == [201] * 5 + [429]
        for _ in range(5):
            walk.identity.clock.move(timedelta(seconds=int(answer.headers["Retry-After"])))
            assert (await walk.send("POST", "/sign-ins", {"identifier": identifier, "password": "снова-не-тот"})).status_code == 201
            answer = await walk.send("POST", "/sign-ins", {"identifier": identifier, "password": "снова-не-тот"})
        assert (answer.status_code, answer.json()["code"]) == (429, "sign-ins-locked")
        assert 890 < int(answer.headers["Retry-After"]) <= 901
    alert = await walk.identity.tap.next(SecurityAlertRaised, where=lambda event: event.person_id == practitioner_id)
    assert alert.kind == "account-locked"

    silent = await walk.start_sign_in(walk.snils)
    sent = [event for event in walk.identity.tap.all(OneTimeCodeIssued) if event.person_id == practitioner_id]
    assert sent == [], "locked through one identifier, the account is silently locked through all"
    assert silent["masked_address"]


async def test_a_refresh_token_works_once_and_its_reuse_ends_the_session(walk: Walk) -> None:
    practitioner_id = await walk.register()
    first = await walk.sign_in()
    second = await walk.ask("POST", "/tokens", {"refresh_token": first["refresh_token"]})
    assert second["refresh_token"] != first["refresh_token"]
    before, after = [await claims_of(walk.identity, tokens["access_token"]) for tokens in (first, second)]
    assert (before["sid"], before["factors"]) == (after["sid"], after["factors"])

    reused = await walk.send("POST", "/tokens", {"refresh_token": first["refresh_token"]})
    assert (reused.status_code, reused.json()["code"]) == (401, "session-over")
    assert (await walk.send("POST", "/tokens", {"refresh_token": second["refresh_token"]})).status_code == 401
    alert = await walk.identity.tap.next(SecurityAlertRaised, where=lambda event: event.person_id == practitioner_id)
    assert alert.kind == "refresh-token-reused"


@pytest.mark.parametrize("token", ["", "x", f"{UUID(int=0).hex}.guess", "ы" * 200])
async def test_a_made_up_refresh_token_is_refused(walk: Walk, token: str) -> None:
    answer = await walk.send("POST", "/tokens", {"refresh_token": token})
    assert (answer.status_code, answer.json()["code"]) == (401, "session-over")


async def test_guessing_a_token_of_a_known_session_does_not_end_it(walk: Walk) -> None:
    await walk.register()
    tokens = await walk.sign_in()
    guessed = tokens["refresh_token"].split(".")[0] + ".guess"
    assert (await walk.send("POST", "/tokens", {"refresh_token": guessed})).status_code == 401
    await walk.ask("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})


async def test_a_session_ends_when_idle_and_after_twelve_hours(walk: Walk) -> None:
    await walk.register()
    idle = await walk.sign_in()
    walk.identity.clock.move(timedelta(minutes=15))
    assert (await walk.send("POST", "/tokens", {"refresh_token": idle["refresh_token"]})).status_code == 401

    tokens = await walk.sign_in()
    for _ in range(51):
        walk.identity.clock.move(timedelta(minutes=14))
        tokens = await walk.ask("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})
    assert tokens["expires_in"] == 300
    walk.identity.clock.move(timedelta(minutes=6))
    assert (await walk.send("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})).status_code == 401


async def test_staff_are_idle_after_ten_minutes(walk: Walk, signer: Signer) -> None:
    body = people.staff("reviewer", specialty_codes=["31.08.49"])
    added = await walk.ask("POST", "/staff", body, **signer.headers(uuid4(), Role.ADMINISTRATOR))
    reviewer = Walk(walk.identity, phone=body["phone"])
    await reviewer.set_password(body["email"])
    limited = await reviewer.sign_in(body["email"])
    sid = (await claims_of(walk.identity, limited["access_token"]))["sid"]
    own = signer.headers(UUID(added["staff_id"]), sid=sid, scope="enrolment")
    app = pyotp.TOTP((await walk.ask("POST", "/factors/totp", None, **own))["secret"])
    tokens = await walk.ask("POST", "/factors/totp/confirmation", {"code": app.at(walk.identity.clock.now())}, **own)
    assert (await claims_of(walk.identity, tokens["access_token"]))["roles"] == ["reviewer"]
    walk.identity.clock.move(timedelta(minutes=9))
    tokens = await walk.ask("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})
    walk.identity.clock.move(timedelta(minutes=10))
    assert (await walk.send("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})).status_code == 401

    staff_id = UUID(added["staff_id"])
    fact = await walk.identity.tap.next(StaffMemberAdded, where=lambda event: event.staff_id == staff_id)
    assert (fact.roles, fact.specialty_codes) == ((Role.REVIEWER,), ("31.08.49",))
    contacts = await walk.identity.tap.next(ContactsChanged, where=lambda event: event.person_id == staff_id)
    assert contacts.email == body["email"]


async def test_staff_are_added_by_administrators_with_right_data_only(walk: Walk, signer: Signer) -> None:
    reviewer = await walk.send("POST", "/staff", people.staff("reviewer"), **signer.headers(uuid4(), Role.REVIEWER))
    assert reviewer.status_code == 403
    administrator = signer.headers(uuid4(), Role.ADMINISTRATOR)
    practitioner = await walk.send("POST", "/staff", people.staff("practitioner"), **administrator)
    assert (practitioner.status_code, practitioner.json()["code"]) == (422, "roles-refused")
    wrong = people.staff("reviewer", phone="12", email="?", workplace_ogrn="1")
    answer = await walk.send("POST", "/staff", wrong, **administrator)
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/phone", "/email", "/workplace_ogrn"}
    chosen = await walk.send("POST", "/staff", people.staff("reviewer", password=people.PASSWORD), **administrator)
    assert (chosen.status_code, [error["pointer"] for error in chosen.json()["errors"]]) == (422, ["/password"])
    twin = people.staff("reviewer")
    await walk.ask("POST", "/staff", twin, **administrator)
    again = await walk.send("POST", "/staff", twin | {"phone": people.phone()}, **administrator)
    assert (again.status_code, again.json()["field"]) == (409, "email")


async def test_sessions_are_listed_and_ended(walk: Walk, signer: Signer) -> None:
    practitioner_id = await walk.register()
    signed_in = [await walk.sign_in() for _ in range(3)]
    ids = [str((await claims_of(walk.identity, tokens["access_token"]))["sid"]) for tokens in signed_in]
    caller = signer.headers(practitioner_id, Role.PRACTITIONER, sid=ids[0])

    async def open_ids() -> set[str]:
        answer = await walk.ask("GET", "/sessions", None, **caller)
        assert [item["session_id"] for item in answer["items"] if item["is_current"]] in ([ids[0]], [])
        return {item["session_id"] for item in answer["items"]}

    assert await open_ids() == set(ids)
    stranger = signer.headers(uuid4(), Role.PRACTITIONER)
    assert (await walk.send("DELETE", f"/sessions/{ids[1]}", None, **stranger)).status_code == 404
    assert (await walk.send("DELETE", f"/sessions/{ids[1]}", None, **caller)).status_code == 204
    assert await open_ids() == {ids[0], ids[2]}
    assert (await walk.send("DELETE", "/sessions/others", None, **caller)).status_code == 204
    assert await open_ids() == {ids[0]}
    assert (await walk.send("DELETE", "/sessions/current", None, **caller)).status_code == 204
    assert await open_ids() == set()
    for tokens in signed_in:
        assert (await walk.send("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})).status_code == 401


async def test_the_person_sees_who_opened_their_data(walk: Walk, signer: Signer) -> None:
    practitioner_id = await walk.register()
    await walk.sign_in()
    await walk.start_sign_in(walk.licence_number, "не-тот-пароль-вовсе")
    read = PersonalDataRead(
        occurred_at=walk.identity.clock.now(),
        reader_id=uuid4(),
        reader_role=Role.REVIEWER,
        subject_id=practitioner_id,
        service="documents",
        record=f"document:{uuid4()}",
        purpose="review",
        address="10.1.2.3",
    )
    await walk.identity.publish(read)
    await walk.identity.publish(read)
    caller = signer.headers(practitioner_id, Role.PRACTITIONER)

    async def rows() -> list[dict[str, object]]:
        items = (await walk.ask("GET", "/access-log?limit=2", None, **caller))["items"]
        return list(items) if items[0]["action"] == "record-read" else []

    latest = await eventually(rows)
    assert (latest[0]["record"], latest[0]["actor_role"], latest[0]["purpose"]) == (read.record, "reviewer", "review")
    assert latest[0]["address"] is None, "a reader's address is for auditors"
    assert (latest[1]["action"], latest[1]["outcome"], latest[1]["address"]) == ("sign-in-refused", "refused", "127.0.0.1")

    page = await walk.ask("GET", "/access-log?limit=2", None, **caller)
    rest = await walk.ask("GET", f"/access-log?cursor={page['next_cursor']}", None, **caller)
    assert [item["action"] for item in rest["items"]] == ["signed-in", "sign-in-begun", "registered"]
    assert rest["next_cursor"] is None


async def test_the_profile_is_the_callers_own(walk: Walk, signer: Signer) -> None:
    practitioner_id = await walk.register()
    shown = await walk.ask("GET", "/profile", None, **signer.headers(practitioner_id, Role.PRACTITIONER))
    assert (shown["person_id"], shown["snils"], shown["passport"]["series"]) == (str(practitioner_id), walk.snils, "4509")
    assert shown["practice"]["licence"]["number"] == walk.licence_number
    assert (await walk.send("GET", "/profile")).status_code == 401
    assert (await walk.send("GET", "/profile", None, **signer.headers(uuid4(), Role.PRACTITIONER))).status_code == 404


def jwt_kid(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


async def test_a_repeated_request_gets_the_first_answer(walk: Walk) -> None:
    await walk.register()
    body = {"identifier": walk.email, "password": people.PASSWORD}
    key = {"Idempotency-Key": uuid4().hex}
    first, second = [await walk.ask("POST", "/sign-ins", body, **key) for _ in range(2)]
    assert first == second
    code = {"code": await walk.code(walk.phone)}
    finished = [await walk.ask("POST", f"/sign-ins/{first['sign_in_id']}/code", code, **{"Idempotency-Key": "k" * 20}) for _ in range(2)]
    assert finished[0] == finished[1]


async def test_who_sends_the_right_code_again_and_again_is_not_locked_out(walk: Walk) -> None:
    await walk.register()
    started = await walk.start_sign_in(walk.email)
    path, body = f"/sign-ins/{started['sign_in_id']}/code", {"code": await walk.code(walk.phone)}
    assert (await walk.send("POST", path, body)).status_code == 200
    repeated = [await walk.send("POST", path, body) for _ in range(11)]
    assert {answer.status_code for answer in repeated} == {401}
    walk.identity.clock.move(timedelta(minutes=2))
    started = await walk.start_sign_in(walk.email)
    assert (await walk.send("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": await walk.code(walk.phone)})).status_code == 200
