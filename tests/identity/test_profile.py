"""Profile changes on real servers: proposed, confirmed by codes or by a signature, verified, every version kept."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.identity import ContactsChanged, ProfileChanged, ProfileRefused, ProfileVerified, VerificationRequested
from contracts.roles import Role
from tests.identity import people
from tests.identity.owner import Owner, licence, owner
from tests.identity.registries import FakeRegistries
from tests.identity.signing import Bureau
from tests.identity.walk import Json
from tests.support import Component, Signer, eventually

MISMATCH = {"outcome": "mismatch", "fields": [{"field": "licence.number", "code": "does-not-match"}]}


@pytest.fixture(autouse=True)
async def _confirming(identity: Component, registries: FakeRegistries) -> AsyncIterator[None]:
    identity.clock.reset()  # other tests move it as well
    registries.answers.clear()
    yield
    registries.answers.clear()
    identity.clock.reset()


@pytest.fixture(scope="session")
async def usual(identity: Component, signer: Signer) -> Owner:
    """For tests that change nothing."""
    return await owner(identity, signer)


async def test_a_change_takes_effect_once_confirmed_and_only_the_registries_concerned_are_asked(
    identity: Component, registries: FakeRegistries, signer: Signer
) -> None:
    person = await owner(identity, signer)
    number = people.digits(8)
    before = await person.profile()
    change = await person.propose(licence(number=number))
    assert change["changes"] == [
        {"field": "/practice/licence/number", "old": person.walk.licence_number, "new": number},
    ]
    assert change["sha256"] == hashlib.sha256(change["text"].encode()).hexdigest()
    text = json.loads(change["text"])
    assert change["text"] == json.dumps(text, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert (text["purpose"], text["person_id"], text["profile_version"]) == ("medkabinet.profile-change.v1", str(person.id), 1)
    assert await person.profile() == before

    registries.asked.clear()
    [code] = await person.codes(change, person.walk.phone)
    path = f"/profile/changes/{change['change_id']}"
    changed = await person.ask("POST", f"{path}/confirmation", {"code": code})
    assert (changed["status"], changed["profile_version"]) == ("awaiting-verification", 2)
    assert changed["verification"]["unanswered"] == ["licences"]
    told = await person.next(ProfileChanged)
    assert (told.fields, told.confirmed_by, told.is_to_be_verified) == (("/practice/licence/number",), "sms", True)
    assert (await person.next(VerificationRequested)).profile_version == 2
    assert (await person.next(ProfileVerified)).facts.licence.number == number
    assert [name for name, fields in registries.asked if number in str(fields)] == ["licences"]
    assert (await person.profile())["status"] == "verified"
    assert (await person.send("GET", path))[1]["code"] == "no-such-profile-change"
    log = (await person.ask("GET", "/access-log"))["items"]
    assert (log[0]["action"], log[0]["record"]) == ("profile-changed", "profile-version:2")


async def test_every_version_is_kept_and_shown_to_its_owner_alone(identity: Component, signer: Signer) -> None:
    person = await owner(identity, signer)
    for number in range(3):
        await person.change({"practice": {"workplace": {"department": f"Отделение {number}"}}})
    page = await person.ask("GET", "/profile/versions?limit=3")
    assert [version["number"] for version in page["items"]] == [4, 3, 2]
    rest = await person.ask("GET", f"/profile/versions?limit=3&cursor={page['next_cursor']}")
    [first] = rest["items"]
    assert (first["number"], first["method"], first["fields"], rest["next_cursor"]) == (1, "registration", [], None)
    assert [outcome["result"] for outcome in first["outcomes"]] == ["verified"]
    second = await person.ask("GET", "/profile/versions/2")
    assert (second["method"], second["fields"]) == ("sms", ["/practice/workplace/department"])
    assert second["stated"]["practice"]["workplace"]["department"] == "Отделение 0"
    assert hashlib.sha256(second["text"].encode()).hexdigest()
    assert (await person.send("GET", "/profile/versions/5"))[1]["code"] == "no-such-profile-version"
    stranger = signer.headers(uuid4(), Role.PRACTITIONER)
    assert (await identity.client.get("/profile/versions/1", headers=stranger)).status_code == 404
    assert (await identity.client.get("/profile/versions", headers=stranger)).json()["items"] == []


async def test_new_contacts_are_proved_and_ask_no_registry(identity: Component, registries: FakeRegistries, signer: Signer) -> None:
    person = await owner(identity, signer)
    phone, email = people.phone(), people.email()
    change = await person.propose({"phone": phone, "email": email})
    assert change["needed"] == ["phone", "new-phone", "new-email"]
    own, new_phone, new_email = await person.codes(change, person.walk.phone, phone, email)
    registries.asked.clear()
    path = f"/profile/changes/{change['change_id']}/confirmation"
    status, answer = await person.send("POST", path, {"code": own, "new_phone_code": new_phone})
    assert (status, answer["code"]) == (422, "code-missing")
    assert [error["pointer"] for error in answer["errors"]] == ["/new_email_code"]
    status, answer = await person.send("POST", path, {"new_email_code": "wrong"})
    assert [(error["pointer"], error["code"]) for error in answer["errors"]] == [("/new_email_code", "wrong-code")]
    assert (await person.profile())["phone"] == person.walk.phone
    changed = await person.ask("POST", path, {"new_email_code": new_email})
    assert (changed["phone"], changed["email"], changed["status"]) == (phone, email, "verified")
    contacts = await person.next(ContactsChanged)
    assert (contacts.phone, contacts.email) == (phone, email)
    assert not (await person.next(ProfileChanged)).is_to_be_verified
    assert registries.asked == []
    person.walk.phone = phone
    await person.walk.sign_in(email)


async def test_what_somebody_else_has_is_refused_after_the_proof(identity: Component, signer: Signer) -> None:
    person, other = await owner(identity, signer), await owner(identity, signer)
    change = await person.propose({"snils": other.walk.snils})
    [code] = await person.codes(change, person.walk.phone)
    status, answer = await person.send("POST", f"/profile/changes/{change['change_id']}/confirmation", {"code": code})
    assert (status, answer["code"], answer["errors"][0]["code"]) == (409, "already-registered", "snils-already-registered")
    change = await person.propose({"phone": other.walk.phone})
    own, new = await person.codes(change, person.walk.phone, other.walk.phone)
    body = {"code": own, "new_phone_code": new}
    status, answer = await person.send("POST", f"/profile/changes/{change['change_id']}/confirmation", body)
    assert (status, answer["errors"][0]["code"]) == (409, "phone-already-registered")
    assert (await person.profile())["profile_version"] == 1


async def test_everything_wrong_is_named_at_once_at_its_place(identity: Component, signer: Signer) -> None:
    person = await owner(identity, signer)
    patch = {
        "surname": "X1",
        "snils": "112-233-445 96",
        "inn": "7707083894",
        "phone": "+7 000",
        "email": "nobody",
        "passport": {"series": "1", "number": "000000", "issued_by": " ", "issued_on": "2000-01-01"},
        "practice": {
            "licence": {"valid_from": "2020-01-01", "valid_until": "2021-01-01"},
            "workplace": {"ogrn": "1027700000001", "address": None},
            "employments": [{"organisation": "A", "position": "B", "started_on": "2025-01-01", "ended_on": "2024-01-01"}],
        },
    }
    assert await person.refused(patch) == {
        ("/surname", "name-format"),
        ("/snils", "snils-check-digits"),
        ("/inn", "inn-check-digits"),
        ("/phone", "phone-format"),
        ("/email", "email-format"),
        ("/passport/series", "passport-series-format"),
        ("/passport/number", "passport-number-format"),
        ("/passport/issued_by", "issuing-body-empty"),
        ("/passport/issued_on", "passport-issued-too-early"),
        ("/practice/licence/valid_until", "licence-expired"),
        ("/practice/workplace/ogrn", "ogrn-check-digits"),
        ("/practice/workplace/address", "field-required"),
        ("/practice/employments/0/ended_on", "date-impossible"),
    }


@pytest.mark.parametrize(
    ("patch", "found"),
    [
        ({"passport": {"issued_on": "2026-02-30"}}, ("/passport/issued_on", "date-from-datetime-parsing")),
        ({"passport": {"issued_by": "А"}}, ("/passport/issued_by", "issuing-body-too-short")),
        ({"passport": {"issued_by": "ОВД\u0007 города"}}, ("/passport/issued_by", "issuing-body-characters")),
        ({"passport": None}, ("/passport", "field-required")),
        ({"phone": None}, ("/phone", "field-required")),
        ({"unknown": 1}, ("/unknown", "extra-forbidden")),
        ({"practice": {"birth_date": "2099-01-01"}}, ("/practice/birth_date", "birth-date-impossible")),
        ({"practice": {"licence": {"valid_from": "2099-01-01"}}}, ("/practice/licence/valid_from", "licence-not-yet-valid")),
        ({"passport": {"issued_on": "2099-01-01"}}, ("/passport/issued_on", "date-in-future")),
    ],
)
async def test_a_bad_value_has_its_own_code(usual: Owner, patch: Json, found: tuple[str, str]) -> None:
    assert found in await usual.refused(patch)


async def test_a_proposal_needs_the_version_seen_a_recent_factor_and_a_change(identity: Component, signer: Signer) -> None:
    person = await owner(identity, signer)
    status, answer = await person.send("POST", "/profile/changes", {"inn": None})
    assert (status, answer["code"]) == (428, "precondition-required")
    status, answer = await person.send("POST", "/profile/changes", {"inn": None}, **{"If-Match": '"1"'})
    assert (status, answer["code"]) == (412, "stale-profile")
    version = (await person.profile())["version"]
    status, answer = await person.send("POST", "/profile/changes", {"email": person.walk.email.upper()}, **{"If-Match": f'"{version}"'})
    assert (status, answer["code"]) == (422, "nothing-changed")
    old = signer.headers(person.id, Role.PRACTITIONER, factors={"password": 1, "sms": 1}) | {"If-Match": f'"{version}"'}
    refused = await identity.client.post("/profile/changes", json={"inn": None}, headers=old)
    assert (refused.status_code, refused.json()["code"]) == (403, "step-up-required")
    staff = signer.headers(person.id, Role.REVIEWER) | {"If-Match": f'"{version}"'}
    refused = await identity.client.post("/profile/changes", json={"inn": None}, headers=staff)
    assert (refused.status_code, refused.json()["code"]) == (403, "role-missing")


async def test_a_second_proposal_replaces_the_first_and_time_ends_the_second(identity: Component, signer: Signer) -> None:
    person = await owner(identity, signer)
    first, second = await person.propose({"inn": None}), await person.propose({"patronymic": None})
    for path in (f"/profile/changes/{first['change_id']}/code", f"/profile/changes/{first['change_id']}/confirmation"):
        assert (await person.send("POST", path, {}))[1]["code"] == "no-such-profile-change"
    path = f"/profile/changes/{second['change_id']}"
    assert (await person.send("POST", f"{path}/code", {"proofs": ["new-email"]}))[1]["code"] == "code-not-needed"
    assert (await person.send("POST", f"{path}/confirmation", {"code": "1"}))[1]["code"] == "code-expired"
    assert (await person.send("POST", f"{path}/confirmation", {}))[1]["code"] == "code-missing"
    identity.clock.move(timedelta(minutes=30))
    headers = signer.headers(person.id, Role.PRACTITIONER, exp=2**33)
    late = await identity.client.post(f"{path}/confirmation", json={"code": "1"}, headers=headers)
    assert (late.status_code, late.json()["code"]) == (409, "profile-change-expired")


async def test_a_wrong_code_counts_until_no_try_is_left(identity: Component, signer: Signer) -> None:
    person = await owner(identity, signer)
    change = await person.propose({"inn": None})
    [code] = await person.codes(change, person.walk.phone)
    path = f"/profile/changes/{change['change_id']}/confirmation"
    wrong = "".join("1" if digit == "0" else "0" for digit in code)
    codes = [(await person.send("POST", path, {"code": wrong}))[1]["code"] for _ in range(6)]
    assert codes == ["wrong-code"] * 5 + ["code-exhausted"]
    assert (await person.send("POST", path, {"code": code}))[1]["code"] == "code-exhausted"
    log = (await person.ask("GET", "/access-log"))["items"]
    assert (log[0]["action"], log[0]["outcome"]) == ("profile-change-refused", "refused")


async def test_two_confirmations_at_once_make_one_version(identity: Component, signer: Signer) -> None:
    person = await owner(identity, signer)
    change = await person.propose({"practice": {"birth_place": "г. Новый"}})
    [code] = await person.codes(change, person.walk.phone)
    path = f"/profile/changes/{change['change_id']}/confirmation"
    answers = await asyncio.gather(*(person.send("POST", path, {"code": code}) for _ in range(4)))
    assert sorted(status for status, _ in answers) == [200, 404, 404, 404]
    assert (await person.profile())["profile_version"] == 2
    assert [version["number"] for version in (await person.ask("GET", "/profile/versions"))["items"]] == [2, 1]


async def test_an_answer_about_an_old_version_decides_nothing_about_the_new_one(
    identity: Component, registries: FakeRegistries, signer: Signer
) -> None:
    person = await owner(identity, signer)
    registries.answers["licences"] = 503
    await person.change(licence(number=people.digits(8)))
    waiting = await person.next(VerificationRequested)
    await eventually(lambda: attempted(identity, person.id))
    await person.change(licence(number=people.digits(8)))
    assert (await person.next(VerificationRequested)).profile_version == 3
    registries.answers["licences"] = MISMATCH
    await identity.publish(waiting.model_copy(update={"event_id": uuid4(), "attempt": 50}))
    await eventually(lambda: inbox_holds(identity, VerificationRequested.type, 1))
    identity.clock.move(timedelta(minutes=2))
    refused = await person.next(ProfileRefused)
    assert [wrong.field for wrong in refused.mismatches] == ["licence.number"]
    assert await judged_versions(identity, person.id) == {1: True, 2: False, 3: True}


async def test_a_refused_profile_shows_advice_for_each_field_and_is_corrected_by_the_next_change(
    identity: Component, registries: FakeRegistries, signer: Signer
) -> None:
    person = await owner(identity, signer)
    registries.answers["licences"] = MISMATCH
    await person.change(licence(number=people.digits(8)))
    await person.next(ProfileRefused)
    shown = await person.profile()
    [wrong] = shown["verification"]["mismatches"]
    assert (shown["status"], wrong["field"], wrong["registry"]) == ("refused", "licence.number", "licences")
    assert "лицензи" in wrong["advice"]
    registries.answers.clear()
    await person.change(licence(number=people.digits(8)))
    await person.next(ProfileVerified)
    assert (await person.profile())["verification"]["mismatches"] == []
    refused = await person.ask("GET", "/profile/versions/2")
    assert [(outcome["result"], outcome["findings"][0]["field"]) for outcome in refused["outcomes"]] == [("refused", "licence.number")]


async def test_nothing_of_changes_and_versions_lies_readable_in_the_store(identity: Component, signer: Signer) -> None:
    person = await owner(identity, signer)
    await person.change({"surname": "Незабудкина-Тайная"})
    await person.propose({"surname": "Одуванчикова-Тайная"})
    for name in ("profile_changes", "profile_versions", "people"):
        async for document in identity.database[name].find({}):
            assert "Тайная" not in repr(document), name
            assert person.walk.snils not in repr(document), name


@pytest.fixture(scope="session")
def bureau(signing_folder: Any) -> Bureau:
    return Bureau(signing_folder)


async def test_a_change_is_confirmed_by_a_signature_gost_included(identity: Component, signer: Signer, bureau: Bureau) -> None:
    person = await owner(identity, signer)
    for name, kind in (("usual", "rsa"), ("gost", "gost256")):
        issuer = bureau.authority(f"trusted-{name}-{person.id.hex[:6]}", kind)
        trusted = bureau.folder / "trusted"
        (trusted / issuer.pem.name).write_bytes(issuer.pem.read_bytes())
        (bureau.folder / "lists" / f"{issuer.name}.crl").write_bytes(bureau.revocations(issuer).read_bytes())
        own = bureau.person(f"own-{issuer.name}", issuer, kind, subject=f"/CN=P/1.2.643.100.3={person.walk.snils}")
        change = await person.propose({"practice": {"birth_place": f"г. {name}"}})
        path = f"/profile/changes/{change['change_id']}/signature"
        foreign = bureau.person(f"foreign-{issuer.name}", issuer, kind, subject=f"/CN=P/1.2.643.100.3={people.snils()}")
        for text, by, code in (
            (change["text"], foreign, "signature-of-somebody-else"),
            (change["text"] + " ", own, "signature-content-differs"),
        ):
            body = {"signature": base64.b64encode(bureau.sign(text.encode(), by)).decode()}
            status, answer = await person.send("POST", path, body)
            assert (status, answer["code"], answer["errors"][0]["pointer"]) == (422, code, "/signature")
        assert (await person.send("POST", path, {"signature": "§"}))[1]["code"] == "signature-malformed"
        good = base64.b64encode(bureau.sign(change["text"].encode(), own)).decode()
        changed = await person.ask("POST", path, {"signature": good})
        assert changed["practice"]["birth_place"] == f"г. {name}"
        kept = await person.ask("GET", f"/profile/versions/{changed['profile_version']}")
        assert (kept["method"], kept["text"], kept["signature"]) == ("signature", change["text"], good)
        assert len(kept["certificate"]["sha256"]) == 64


async def test_a_signature_does_not_prove_a_new_address(identity: Component, signer: Signer, bureau: Bureau) -> None:
    person = await owner(identity, signer)
    issuer = bureau.authority("trusted-contacts")
    (bureau.folder / "trusted" / issuer.pem.name).write_bytes(issuer.pem.read_bytes())
    (bureau.folder / "lists" / f"{issuer.name}.crl").write_bytes(bureau.revocations(issuer).read_bytes())
    own = bureau.person("own-contacts", issuer, subject=f"/CN=P/1.2.643.3.131.1.1={person.walk.inn}")
    email = people.email()
    change = await person.propose({"email": email})
    assert change["needed_with_signature"] == ["new-email"]
    signature = base64.b64encode(bureau.sign(change["text"].encode(), own)).decode()
    path = f"/profile/changes/{change['change_id']}"
    assert (await person.send("POST", f"{path}/signature", {"signature": signature}))[1]["code"] == "code-missing"
    await person.ask("POST", f"{path}/code", {"proofs": ["new-email"]})
    code = await person.walk.code(email)
    changed = await person.ask("POST", f"{path}/signature", {"signature": signature, "new_email_code": code})
    assert changed["email"] == email


async def attempted(identity: Component, person_id: UUID) -> bool:
    return await identity.database["timers"].find_one({"_id": f"verification:{person_id}"}) is not None


async def inbox_holds(identity: Component, event_type: str, count: int) -> bool:
    return await identity.database["inbox"].count_documents({"type": event_type}) >= count


async def judged_versions(identity: Component, person_id: UUID) -> dict[int, bool]:
    """Number of each version to whether it was judged."""
    rows = identity.database["profile_versions"].find({"person_id": person_id})
    return {row["number"]: "outcomes" in row["personal"] async for row in rows}
