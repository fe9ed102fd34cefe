"""Registration and verification over HTTP and AMQP, on real servers."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from contracts.identity import (
    ContactsChanged,
    OneTimeCodeIssued,
    PractitionerRegistered,
    ProfileRefused,
    ProfileVerified,
    VerificationEscalated,
    VerificationRequested,
)
from contracts.roles import Role
from tests.identity import people
from tests.identity.registries import FakeRegistries
from tests.identity.walk import Walk
from tests.support import Component, Signer, eventually

pytestmark = pytest.mark.usefixtures("back_to_normal")

UNAVAILABLE = 503


async def test_a_registration_ends_with_a_verified_profile(identity: Component, registries: FakeRegistries) -> None:
    walk = Walk(identity)
    practitioner_id = await walk.register()

    registered = await identity.tap.next(PractitionerRegistered, where=lambda event: event.practitioner_id == practitioner_id)
    contacts = await identity.tap.next(ContactsChanged, where=lambda event: event.person_id == practitioner_id)
    verified = await identity.tap.next(ProfileVerified, where=lambda event: event.practitioner_id == practitioner_id)
    assert registered.version == 1
    assert (contacts.phone, contacts.email, contacts.salutation) == (walk.phone, walk.email, "Евстолия Мефодиевна")
    assert contacts.roles == (Role.PRACTITIONER,)
    assert verified.version == 2
    assert (verified.facts.snils, verified.facts.inn, verified.facts.licence.number) == (walk.snils, walk.inn, walk.licence_number)
    assert {name for name, _ in registries.asked} == {"passport", "snils", "inn", "diplomas", "licences", "training", "employment"}


async def test_completing_twice_gives_the_same_account(identity: Component) -> None:
    walk = Walk(identity)
    practitioner_id = await walk.register()
    assert await walk.complete() == practitioner_id
    changed = await walk.send("PUT", f"{walk.path}/passport", people.passport())
    assert (changed.status_code, changed.json()["code"]) == (409, "registration-completed")


async def test_a_registration_resumes_by_phone_and_shows_nothing_but_the_steps_done(identity: Component) -> None:
    walk = await Walk(identity).begin()
    first_id = walk.registration_id
    await walk.ask("PUT", f"{walk.path}/passport", people.passport())

    resumed = await Walk(identity, phone=walk.phone).begin()
    shown = await resumed.send("GET", resumed.path)
    assert resumed.registration_id == first_id
    assert {step["name"]: step["is_done"] for step in shown.json()["steps"]} == {
        "phone": True,
        "passport": True,
        "snils": False,
        "profile": False,
        "email": False,
        "password": False,
        "scans": False,
        "consents": False,
    }
    assert people.passport()["issued_by"] not in shown.text
    assert (await walk.send("GET", walk.path)).status_code == 401, "the token of the earlier confirmation is of no use any more"


async def test_a_code_only_just_sent_is_not_sent_again(identity: Component) -> None:
    walk = Walk(identity)
    first = await walk.ask("POST", "/registrations", {"phone": walk.phone})
    again = await walk.ask("POST", "/registrations", {"phone": walk.phone})
    assert again == first
    identity.clock.move(timedelta(seconds=61))
    later = await walk.ask("POST", "/registrations", {"phone": walk.phone})
    assert later["expires_at"] > first["expires_at"]
    assert [event.address for event in identity.tap.all(OneTimeCodeIssued)].count(walk.phone) in {1, 2}
    await walk.code(walk.phone)
    await walk.code(walk.phone)


async def test_ten_codes_a_day_are_enough_for_a_phone(identity: Component) -> None:
    walk = Walk(identity)
    for _ in range(10):
        assert (await walk.send("POST", "/registrations", {"phone": walk.phone})).status_code == 201
        identity.clock.move(timedelta(seconds=61))
    refused = await walk.send("POST", "/registrations", {"phone": walk.phone})
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-codes")
    assert int(refused.headers["Retry-After"]) > 3600


async def test_a_code_ends_after_five_wrong_tries_and_after_five_minutes(identity: Component) -> None:
    walk = Walk(identity)
    walk.registration_id = (await walk.ask("POST", "/registrations", {"phone": walk.phone}))["registration_id"]
    right = await walk.code(walk.phone)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    refusals = [await walk.send("POST", f"{walk.path}/phone-confirmation", {"code": wrong}) for _ in range(5)]
    assert [answer.json()["tries_left"] for answer in refusals] == [4, 3, 2, 1, 0]
    assert {answer.json()["errors"][0]["pointer"] for answer in refusals} == {"/code"}
    exhausted = await walk.send("POST", f"{walk.path}/phone-confirmation", {"code": right})
    assert (exhausted.status_code, exhausted.json()["code"]) == (422, "code-exhausted")

    await walk.ask("POST", "/registrations", {"phone": walk.phone})
    fresh = await walk.code(walk.phone)
    identity.clock.move(timedelta(minutes=5))
    expired = await walk.send("POST", f"{walk.path}/phone-confirmation", {"code": fresh})
    assert expired.json()["code"] == "code-expired"


async def test_every_step_needs_the_token(identity: Component) -> None:
    walk = await Walk(identity).begin()
    stranger = Walk(identity, registration_id=walk.registration_id, token="guessed")
    for method, step, body in [
        ("GET", "", None),
        ("POST", "/upload-tokens", None),
        ("PUT", "/passport", people.passport()),
        ("PUT", "/snils", {"snils": walk.snils}),
        ("PUT", "/profile", walk.profile),
        ("PUT", "/email", {"email": walk.email}),
        ("POST", "/email-confirmation", {"code": "123456"}),
        ("PUT", "/password", {"password": people.PASSWORD}),
        ("PUT", "/consents", {"consents": [{"document": "terms", "version": "1"}, {"document": "personal-data", "version": "1"}]}),
        ("POST", "/completion", None),
    ]:
        answer = await stranger.send(method, walk.path + step, body)
        assert (answer.status_code, answer.json()["code"]) == (401, "registration-token-refused"), step


async def test_wrong_values_are_named_and_completion_names_what_is_missing(identity: Component) -> None:
    walk = await Walk(identity).begin()
    wrong = await walk.send("PUT", f"{walk.path}/snils", {"snils": "112-233-445 96", "inn": "7701"})
    assert wrong.status_code == 422
    assert [(error["pointer"], error["code"]) for error in wrong.json()["errors"]] == [
        ("/snils", "snils-check-digits"),
        ("/inn", "inn-format"),
    ]
    ancient = await walk.send("PUT", f"{walk.path}/passport", people.passport(issued_on="1897-01-01"))
    assert [(error["pointer"], error["code"]) for error in ancient.json()["errors"]] == [("/issued_on", "passport-issued-too-early")]
    unborn = people.profile(licence=walk.profile["licence"] | {"valid_from": "1988-03-12"})
    refused = await walk.send("PUT", f"{walk.path}/profile", unborn)
    assert [(error["pointer"], error["code"]) for error in refused.json()["errors"]] == [
        ("/licence/valid_from", "licence-issued-too-early")
    ]
    await walk.ask("PUT", f"{walk.path}/passport", people.passport(issued_on="2002-01-01"))
    too_young = await walk.send("PUT", f"{walk.path}/profile", walk.profile)
    assert [(error["pointer"], error["code"]) for error in too_young.json()["errors"]] == [("/birth_date", "passport-issued-too-early")]
    own = await walk.send("PUT", f"{walk.path}/password", {"password": f"это-{walk.phone[2:]}-мой"})
    assert own.json()["errors"][0]["code"] == "password-own-data"
    old = await walk.send("PUT", f"{walk.path}/consents", {"consents": [{"document": "terms", "version": "0"}]})
    assert old.json()["errors"][0]["code"] == "consent-missing"
    early = await walk.send("POST", f"{walk.path}/email-confirmation", {"code": "123456"})
    assert early.json()["code"] == "email-not-given"
    incomplete = await walk.send("POST", f"{walk.path}/completion")
    missing = ["snils", "profile", "email", "password", "scans", "consents"]
    assert (incomplete.status_code, incomplete.json()["missing"]) == (409, missing)
    named = [(error["pointer"], error["code"]) for error in incomplete.json()["errors"]]
    assert named == [(f"/{step}", "step-missing") for step in missing]
    assert "СНИЛС" in incomplete.json()["errors"][0]["detail"]


async def test_phone_mail_and_snils_belong_to_one_account(identity: Component) -> None:
    first = Walk(identity)
    await first.register()

    same_phone = Walk(identity, phone=first.phone)
    same_phone.registration_id = (await same_phone.ask("POST", "/registrations", {"phone": first.phone}))["registration_id"]
    code = await same_phone.code(first.phone)
    answer = await same_phone.send("POST", f"{same_phone.path}/phone-confirmation", {"code": code})
    assert (answer.status_code, answer.json()["field"]) == (409, "phone")

    same_snils = await (await Walk(identity, snils=first.snils).begin()).fill()
    answer = await same_snils.send("POST", f"{same_snils.path}/completion")
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (409, "already-registered", "snils")

    same_mail = await Walk(identity, email=first.email).begin()
    await same_mail.ask("PUT", f"{same_mail.path}/email", {"email": first.email.upper()})
    code = await same_mail.code(first.email)
    answer = await same_mail.send("POST", f"{same_mail.path}/email-confirmation", {"code": code})
    assert (answer.status_code, answer.json()["field"]) == (409, "email")


async def test_a_mismatch_is_refused_with_advice_and_a_term(identity: Component, registries: FakeRegistries, signer: Signer) -> None:
    registries.answers["licences"] = {"outcome": "mismatch", "fields": [{"field": "licence.number", "code": "does-not-match"}]}
    practitioner_id = await Walk(identity).register()
    refused = await identity.tap.next(ProfileRefused, where=lambda event: event.practitioner_id == practitioner_id)
    assert [(item.field, item.registry) for item in refused.mismatches] == [("licence.number", "licences")]
    assert timedelta(days=13) < refused.correct_by - refused.occurred_at < timedelta(days=30)
    shown = await identity.client.get("/profile", headers=signer.headers(practitioner_id, Role.PRACTITIONER))
    assert shown.json()["status"] == "refused"
    assert "лицензии" in shown.json()["verification"]["mismatches"][0]["advice"]


async def test_a_silent_registry_delays_and_is_asked_alone_later(identity: Component, registries: FakeRegistries) -> None:
    registries.answers["diplomas"] = UNAVAILABLE
    walk = Walk(identity, profile=people.profile(qualification=f"Врач {uuid4().hex}"))
    practitioner_id = await walk.register()
    await eventually(lambda: scheduled(identity, practitioner_id))
    registries.answers.clear()
    registries.asked.clear()
    identity.clock.move(timedelta(seconds=61))
    await identity.tap.next(ProfileVerified, where=lambda event: event.practitioner_id == practitioner_id)
    asked = [name for name, fields in registries.asked if fields.get("qualification") == walk.profile["qualification"]]
    assert asked == ["diplomas"]
    assert "passport" not in {name for name, fields in registries.asked if fields.get("snils") == walk.snils}


async def test_registries_silent_for_a_day_end_in_the_administrators_queue(
    identity: Component, registries: FakeRegistries, signer: Signer
) -> None:
    registries.answers["inn"] = UNAVAILABLE
    practitioner_id = await Walk(identity).register()
    await eventually(lambda: scheduled(identity, practitioner_id))
    identity.clock.move(timedelta(hours=24))
    escalated = await identity.tap.next(VerificationEscalated, where=lambda event: event.practitioner_id == practitioner_id)
    assert escalated.registries == ("inn",)
    identity.clock.reset()  # tokens live five minutes

    administrator = signer.headers(uuid4(), Role.ADMINISTRATOR)
    queue = (await identity.client.get("/verifications", headers=administrator)).json()["items"]
    assert str(practitioner_id) in {item["practitioner_id"] for item in queue}
    registries.answers.clear()
    renewed = await identity.client.post(f"/verifications/{practitioner_id}/requests", headers=administrator)
    assert renewed.status_code == 202, renewed.text
    await identity.tap.next(ProfileVerified, where=lambda event: event.practitioner_id == practitioner_id)
    again = await identity.client.post(f"/verifications/{practitioner_id}/requests", headers=administrator)
    assert (again.status_code, again.json()["code"]) == (409, "verification-not-escalated")


async def test_a_request_delivered_twice_decides_once(identity: Component) -> None:
    practitioner_id = await Walk(identity).register()
    await identity.tap.next(ProfileVerified, where=lambda event: event.practitioner_id == practitioner_id)
    requested = next(event for event in identity.tap.all(VerificationRequested) if event.practitioner_id == practitioner_id)
    await identity.publish(requested)
    await identity.publish(requested.model_copy(update={"event_id": uuid4()}))
    await eventually(lambda: queue_is_worked_off(identity, practitioner_id))
    assert len([event for event in identity.tap.all(ProfileVerified) if event.practitioner_id == practitioner_id]) == 1


async def test_nothing_personal_lies_readable_in_the_store(identity: Component) -> None:
    walk = Walk(identity)
    practitioner_id = await walk.register()
    await identity.tap.next(ProfileVerified, where=lambda event: event.practitioner_id == practitioner_id)
    clear = (walk.phone, walk.email, walk.snils, str(walk.inn), walk.licence_number, "Березнеговская", "Евстолия", "127.0.0.1")
    for name in await identity.database.list_collection_names():
        async for document in identity.database[name].find({}):
            text = repr(document)
            assert not [value for value in clear if value in text], name


async def scheduled(identity: Component, practitioner_id: UUID) -> bool:
    return await identity.database["timers"].find_one({"_id": f"verification:{practitioner_id}"}) is not None


async def queue_is_worked_off(identity: Component, practitioner_id: UUID) -> bool:
    return await identity.database["inbox"].count_documents({"type": VerificationRequested.type, "stream": {"$ne": None}}) >= 2


async def test_id_1_a_password_is_asked_for_again_when_its_owners_data_come_later(identity: Component) -> None:
    walk = await Walk(identity).begin()

    async def is_done() -> bool:
        steps = (await walk.ask("GET", walk.path))["steps"]
        return any(step["is_done"] for step in steps if step["name"] == "password")

    own = walk.email.partition("@")[0]
    assert (await walk.send("PUT", f"{walk.path}/password", {"password": own})).is_success
    await walk.ask("PUT", f"{walk.path}/email", {"email": walk.email})
    assert not await is_done()
    refused = await walk.send("PUT", f"{walk.path}/password", {"password": own})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "password-own-data")
    assert (await walk.send("PUT", f"{walk.path}/password", {"password": people.PASSWORD})).is_success
    await walk.ask("PUT", f"{walk.path}/email", {"email": walk.email})
    assert await is_done()
