"""What a profile that is not confirmed means for applications."""

from datetime import datetime
from typing import Any

from contracts.identity import ContactsChanged, CorrectionOverdue, PersonErased, ProfileChanged, ProfileRefused
from contracts.roles import Role
from tests.applications import people
from tests.applications.conftest import Applicant
from tests.support import Component, eventually


def changed(applicant: Applicant, version: int, *, is_to_be_verified: bool) -> ProfileChanged:
    return ProfileChanged(
        occurred_at=people.NOW,
        version=version,
        practitioner_id=applicant.id,
        profile_version=version,
        fields=("/surname",),
        confirmed_by="sms",
        is_to_be_verified=is_to_be_verified,
    )


async def known(service: Component, applicant: Applicant, version: int) -> None:
    async def is_kept() -> bool:
        return await service.database["practitioners"].find_one({"_id": applicant.id, "version": version}) is not None

    await eventually(is_kept)


async def submission(applicant: Applicant, draft: dict[str, Any]) -> tuple[int, str]:
    answer = await applicant.call("POST", f"/applications/{draft['id']}/submission")
    return answer.status_code, answer.json().get("code", "")


async def codes(applicant: Applicant, draft: dict[str, Any]) -> set[str]:
    checked = await applicant.ok("POST", f"/applications/{draft['id']}/check")
    return {found["code"] for found in checked["findings"]}


async def test_nothing_is_handed_in_while_a_profile_is_refused_or_overdue_and_the_refusal_says_which(
    service: Component, applicant: Applicant
) -> None:
    draft = await applicant.draft()
    confirmed = await applicant.confirm(draft)
    term: datetime = people.NOW
    await service.publish(ProfileRefused(occurred_at=people.NOW, version=5, practitioner_id=applicant.id, mismatches=(), correct_by=term))
    await known(service, applicant, 5)
    assert await submission(applicant, confirmed) == (409, "not-verified")
    assert "profile-not-verified" in await codes(applicant, draft)
    await service.publish(CorrectionOverdue(occurred_at=people.NOW, version=6, practitioner_id=applicant.id, correct_by=term))
    await known(service, applicant, 6)
    assert await submission(applicant, confirmed) == (409, "correction-overdue")
    assert "profile-correction-overdue" in await codes(applicant, draft)
    again = await applicant.call("POST", "/applications", {"kind": "periodic", "specialty_code": people.CARDIOLOGY})
    assert (again.status_code, again.json()["code"]) == (409, "correction-overdue")
    await service.publish(people.verified(applicant.id, version=7))
    await known(service, applicant, 7)
    assert (await submission(applicant, confirmed))[0] < 300


async def test_a_changed_profile_holds_applications_up_until_it_is_verified_but_new_contacts_do_not(
    service: Component, applicant: Applicant
) -> None:
    confirmed = await applicant.confirm(await applicant.draft())
    await service.publish(changed(applicant, 5, is_to_be_verified=True))
    await known(service, applicant, 5)
    assert await submission(applicant, confirmed) == (409, "not-verified")
    await service.publish(people.verified(applicant.id, version=6))
    await known(service, applicant, 6)
    late, contacts = changed(applicant, 7, is_to_be_verified=False), new_contacts(applicant, 7)
    for event in (late, contacts):
        await service.publish(event)

    async def are_kept() -> bool:
        handled = {str(late.event_id), str(contacts.event_id)}
        return await service.database["inbox"].count_documents({"_id": {"$in": list(handled)}}) == 2

    await eventually(are_kept)
    assert (await submission(applicant, confirmed))[0] < 300


def new_contacts(applicant: Applicant, version: int) -> ContactsChanged:
    return ContactsChanged(
        occurred_at=people.NOW,
        version=version,
        person_id=applicant.id,
        roles=(Role.PRACTITIONER,),
        email="fresh@example.org",
        phone="+79167654321",
        salutation="Алёна",
    )


async def test_new_contacts_are_in_the_next_form_whatever_came_first(service: Component, applicant: Applicant) -> None:
    store = service.database["practitioner_contacts"]
    for version in (9, 8):  # the older one comes late
        event = new_contacts(applicant, version).model_copy(update={} if version == 9 else {"email": "stale@example.org"})
        await service.publish(event)
    await eventually(lambda: store.find_one({"_id": applicant.id, "version": 9}))
    draft = await applicant.draft()
    assert (draft["personal"]["email"], draft["personal"]["phone"]) == ("fresh@example.org", "+79167654321")
    stored = repr(await store.find({}).to_list(100))
    assert "fresh@example.org" not in stored
    await service.publish(people.verified(applicant.id, version=10))
    await known(service, applicant, 10)
    newest = await applicant.draft("periodic")
    assert newest["personal"]["email"] == people.facts().email


async def test_contacts_of_an_erased_person_go_too(service: Component, applicant: Applicant) -> None:
    store = service.database["practitioner_contacts"]
    await service.publish(new_contacts(applicant, 9))
    await eventually(lambda: store.find_one({"_id": applicant.id, "version": 9}))
    erased = PersonErased(occurred_at=people.NOW, person_id=applicant.id)
    await service.publish(erased)
    await eventually(lambda: service.database["inbox"].find_one({"_id": str(erased.event_id)}))
    assert await store.find_one({"_id": applicant.id}) is None
