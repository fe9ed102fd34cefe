"""Terms of a profile, shown by moving the clock: corrections, licences, and decisions for registries that keep silent."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.identity import (
    CorrectionDueSoon,
    CorrectionOverdue,
    ProfileRefused,
    ProfileTermReached,
    ProfileVerified,
    VerificationEscalated,
)
from contracts.roles import Role
from services.identity.domain.calendar import working_days_later
from tests.identity import people
from tests.identity.owner import Owner, licence, owner
from tests.identity.registries import FakeRegistries
from tests.identity.test_usecases import MOSCOW
from tests.identity.walk import Json, Walk
from tests.support import Component, Signer, eventually

MISMATCH = {"outcome": "mismatch", "fields": [{"field": "licence.number", "code": "does-not-match"}]}
PLANNED = ("verification", "correction-due-soon", "correction-due", "licence")


@pytest.fixture(autouse=True)
async def _confirming(identity: Component, registries: FakeRegistries) -> AsyncIterator[None]:
    identity.clock.reset()  # other tests move it as well
    registries.answers.clear()
    yield
    registries.answers.clear()
    identity.clock.reset()


async def planned(identity: Component, person_id: UUID) -> set[str]:
    """Which of the person's timers wait."""
    found = identity.database["timers"].find({"_id": {"$in": [f"{name}:{person_id}" for name in PLANNED]}})
    return {row["_id"].partition(":")[0] async for row in found}


async def handled(identity: Component, event_id: UUID) -> bool:
    return await identity.database["inbox"].find_one({"_id": str(event_id)}) is not None


async def refused(identity: Component, registries: FakeRegistries, signer: Signer) -> tuple[Owner, ProfileRefused]:
    person = await owner(identity, signer)
    registries.answers["licences"] = MISMATCH
    await person.change(licence(number=people.digits(8)))
    told: ProfileRefused = await person.next(ProfileRefused)
    registries.answers.clear()
    return person, told


async def test_a_refused_profile_is_reminded_of_two_days_before_its_term_and_overdue_at_it(
    identity: Component, registries: FakeRegistries, signer: Signer
) -> None:
    person, told = await refused(identity, registries, signer)
    assert told.correct_by == working_days_later(told.occurred_at, 10, MOSCOW)
    assert await planned(identity, person.id) == {"correction-due-soon", "correction-due"}
    identity.clock.move(told.correct_by - timedelta(days=2, minutes=1) - identity.clock.now())
    assert await planned(identity, person.id) == {"correction-due-soon", "correction-due"}
    identity.clock.move(timedelta(minutes=1, seconds=1))
    assert (await person.next(CorrectionDueSoon)).correct_by == told.correct_by
    assert (await person.profile())["verification"]["overdue_at"] is None
    identity.clock.move(timedelta(days=2))
    overdue = await person.next(CorrectionOverdue)
    shown = await person.profile()
    assert (shown["status"], shown["version"]) == ("refused", overdue.version)
    assert shown["verification"]["overdue_at"] is not None

    await person.change(licence(number=people.digits(8)))
    await person.next(ProfileVerified)
    shown = await person.profile()
    assert (shown["status"], shown["verification"]["overdue_at"], shown["verification"]["correct_by"]) == ("verified", None, None)


async def test_a_correction_in_time_forgets_the_terms_and_a_term_that_comes_late_does_nothing(
    identity: Component, registries: FakeRegistries, signer: Signer
) -> None:
    person, told = await refused(identity, registries, signer)
    await person.change(licence(number=people.digits(8)))
    await person.next(ProfileVerified)
    assert await planned(identity, person.id) == set()
    before = await person.profile()
    for term in ("correction-due-soon", "correction-due", "licence-expired", "unknown"):
        late = ProfileTermReached(occurred_at=told.occurred_at, practitioner_id=person.id, term=term, due_at=told.correct_by)
        await identity.publish(late)
        await eventually(lambda event_id=late.event_id: handled(identity, event_id))  # type: ignore[misc]
    nobody = ProfileTermReached(occurred_at=told.occurred_at, practitioner_id=uuid4(), term="correction-due", due_at=told.correct_by)
    await identity.publish(nobody)
    await eventually(lambda: handled(identity, nobody.event_id))
    assert await person.profile() == before
    assert not [event for event in identity.tap.all(CorrectionDueSoon) if event.practitioner_id == person.id]


async def test_contacts_changed_meanwhile_do_not_end_the_term(identity: Component, registries: FakeRegistries, signer: Signer) -> None:
    person, told = await refused(identity, registries, signer)
    email = people.email()
    change = await person.propose({"email": email})
    own, new = await person.codes(change, person.walk.phone, email)
    body = {"code": own, "new_email_code": new}
    changed = await person.ask("POST", f"/profile/changes/{change['change_id']}/confirmation", body)
    assert (changed["status"], changed["profile_version"]) == ("refused", 3)
    assert await planned(identity, person.id) == {"correction-due-soon", "correction-due"}
    identity.clock.move(told.correct_by - identity.clock.now() + timedelta(seconds=1))
    await person.next(CorrectionOverdue)


async def test_a_licence_that_ends_is_to_be_corrected(identity: Component, signer: Signer) -> None:
    today = identity.clock.now().astimezone(MOSCOW).date()
    until = today + timedelta(days=3)
    ending = people.profile()["licence"] | {"valid_until": until.isoformat()}
    person = await owner(identity, signer, licence=ending)
    assert await planned(identity, person.id) == {"licence"}
    identity.clock.move(timedelta(days=2))
    assert await planned(identity, person.id) == {"licence"}
    identity.clock.move(timedelta(days=2))
    told = await person.next(ProfileRefused)
    assert [(wrong.field, wrong.registry, wrong.code) for wrong in told.mismatches] == [
        ("licence.valid_until", "licences", "licence-expired"),
    ]
    shown = await person.profile()
    assert (shown["status"], shown["verification"]["mismatches"][0]["advice"][:27]) == ("refused", "Укажите действующую лицензи")
    assert await person.refused({"surname": "Иная"}) == {("/practice/licence/valid_until", "licence-expired")}
    await person.change(licence(valid_until=None))
    await person.next(ProfileVerified)
    assert await planned(identity, person.id) == set()
    outcomes = (await person.ask("GET", "/profile/versions/1"))["outcomes"]
    assert [outcome["result"] for outcome in outcomes] == ["verified", "refused"]


async def escalated(identity: Component, registries: FakeRegistries, signer: Signer) -> Owner:
    """A practitioner whose INN registry has kept silent for a day."""
    registries.answers["inn"] = 503
    walk = Walk(identity)
    person = Owner(identity, signer, walk, await walk.register())

    async def is_waiting() -> bool:
        return await planned(identity, person.id) == {"verification"}

    await eventually(is_waiting)
    identity.clock.move(timedelta(hours=24))
    await person.next(VerificationEscalated)
    return person


def administrator(person: Owner, **claims: Any) -> dict[str, str]:
    now = int(person.identity.clock.now().timestamp())
    usual = {"iat": now, "exp": now + 300, "factors": {"password": now, "totp": now}}
    return person.signer.headers(uuid4(), Role.ADMINISTRATOR, **usual | claims)


async def decide(person: Owner, body: Json, **claims: Any) -> tuple[int, Json]:
    answer = await person.identity.client.post(f"/verifications/{person.id}/decision", json=body, headers=administrator(person, **claims))
    return answer.status_code, answer.json()


async def test_an_administrator_decides_for_registries_that_kept_silent(
    identity: Component, registries: FakeRegistries, signer: Signer
) -> None:
    person = await escalated(identity, registries, signer)
    body = {"outcome": "mismatch", "fields": ["inn"], "reason": "ФНС ответила письмом: ИНН другого лица."}
    assert (await decide(person, body, factors={"password": 1, "totp": 1}))[1]["code"] == "step-up-required"
    status, answer = await decide(person, {"outcome": "mismatch", "fields": ["licence.number"], "reason": " "})
    assert status == 422
    assert {(error["pointer"], error["code"]) for error in answer["errors"]} == {
        ("/fields/0", "field-not-asked"),
        ("/reason", "text-empty"),
    }
    for wrong in ({"outcome": "match", "fields": ["inn"]}, {"outcome": "mismatch", "fields": []}):
        assert (await decide(person, wrong | {"reason": "нет"}))[0] == 422
    status, answer = await decide(person, body)
    assert (status, answer["verification"]["mismatches"][0]["field"]) == (200, "inn")
    told = await person.next(ProfileRefused)
    assert [(wrong.field, wrong.registry) for wrong in told.mismatches] == [("inn", "inn")]
    assert (await decide(person, body))[1]["code"] == "verification-not-escalated"
    [outcome] = [one for one in (await person.ask("GET", "/profile/versions/1"))["outcomes"] if one["is_by_hand"]]
    assert (outcome["result"], outcome["reason"]) == ("refused", body["reason"])
    log = (await person.ask("GET", "/access-log"))["items"]
    assert "verification-decided" in [row["action"] for row in log]
    registries.answers.clear()
    await person.change({"inn": people.inn()})
    await person.next(ProfileVerified)


async def test_a_decision_that_all_matches_verifies(identity: Component, registries: FakeRegistries, signer: Signer) -> None:
    person = await escalated(identity, registries, signer)
    status, _ = await decide(person, {"outcome": "match", "reason": "Сверено по выписке ФНС."})
    assert status == 200
    assert (await person.next(ProfileVerified)).facts.inn == person.walk.inn
    assert (await person.profile())["status"] == "verified"
    stranger = signer.headers(uuid4(), Role.REVIEWER)
    refusal = await identity.client.post(
        f"/verifications/{person.id}/decision", json={"outcome": "match", "reason": "нет"}, headers=stranger
    )
    assert refusal.json()["code"] in ("role-missing", "invalid-token")
