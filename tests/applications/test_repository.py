"""What the store promises: guards against old news, numbers given once."""

import asyncio
from uuid import UUID, uuid4

from contracts.identity import StaffMemberDeactivated
from contracts.roles import Role
from services.applications.repository.numbers import NumberRepository
from tests.applications import people
from tests.applications.conftest import Applicant, Hands
from tests.support import Component, Signer, eventually


async def test_an_event_delivered_again_or_late_changes_nothing(service: Component, signer: Signer) -> None:
    applicant = await Applicant(service, signer, uuid4(), Role.PRACTITIONER).become_known()
    newer, older = people.verified(applicant.id, version=5, surname="Новая"), people.verified(applicant.id, version=3, surname="Старая")
    for event in (newer, older, newer, newer):
        await service.publish(event)

    async def all_seen() -> bool:
        seen = await service.database["inbox"].count_documents({"stream": f"practitioner_id:{applicant.id}"})
        return seen == 3  # the first verdict, the newer, the older; repeats leave no second row

    await eventually(all_seen)
    draft = await applicant.ok("POST", "/applications", {"kind": "primary", "specialty_code": people.CARDIOLOGY})
    assert draft["personal"]["surname"] == "Новая"


async def test_the_first_numbers_of_a_year_are_given_though_all_come_at_once(service: Component) -> None:
    numbers: NumberRepository = service.app.state.usecases.numbers
    for year in range(2100, 2120):
        given = await asyncio.gather(*(numbers.next_application_number(year) for _ in range(8)))
        assert sorted(number.split("-")[2] for number in given) == [f"{ordinal:08d}" for ordinal in range(1, 9)]


async def test_a_submission_repeated_by_its_key_is_answered_again_and_without_one_is_a_conflict_that_names_it(
    service: Component, signer: Signer
) -> None:
    applicants = [await Applicant(service, signer, uuid4(), Role.PRACTITIONER).become_known() for _ in range(3)]
    drafts = [await one.confirm(await one.draft()) for one in applicants]
    calls = [
        one.call("POST", f"/applications/{draft['id']}/submission", Idempotency_Key=f"key-{draft['id']}")
        for one, draft in zip(applicants, drafts, strict=True)
    ]
    numbers = [answer.json()["number"] for answer in await asyncio.gather(*calls)]
    assert len(set(numbers)) == 3
    for one, draft, number in zip(applicants, drafts, numbers, strict=True):
        path = f"/applications/{draft['id']}/submission"
        assert (await one.ok("POST", path, Idempotency_Key=f"key-{draft['id']}"))["number"] == number
        refused = await one.call("POST", path)
        assert (refused.status_code, refused.json()["code"], refused.json()["number"]) == (409, "already-submitted", number)


async def test_a_record_from_before_there_were_rounds_and_days_of_rules_is_read_and_moved_on(
    service: Component, applicant: Applicant, reviewers: list[Hands]
) -> None:
    application = await applicant.under_review()
    later = {"rules_on": 1, "round": 1, "appeal": 1, "renews_certificate_id": 1}
    await service.database["applications"].update_one({"_id": UUID(application["id"])}, {"$unset": later})
    shown = await applicant.get(application["id"])
    assert (shown["state"], shown["kind_title"], shown["specialty_title"]) == ("under-review", "Первичная", "Кардиология")
    claimed = await reviewers[0].ok("PUT", f"/reviews/{application['id']}/claim")
    assert (claimed["desk"], claimed["version"]) == ("reviewer", shown["version"] + 1)


async def test_the_queue_hides_what_the_reviewer_may_not_judge(
    service: Component, signer: Signer, applicant: Applicant, reviewers: list[Hands]
) -> None:
    application = await applicant.under_review()
    colleague, other = (Hands(service, signer, uuid4(), Role.REVIEWER) for _ in range(2))
    await service.publish(people.reviewer(colleague.id, workplace_ogrn=people.ogrn()))
    await service.publish(people.reviewer(other.id, "31.08.49"))

    async def known() -> bool:
        return await service.database["staff_members"].count_documents({"_id": {"$in": [colleague.id, other.id]}}) == 2

    await eventually(known)
    for hands, is_shown in ((reviewers[0], True), (colleague, False), (other, False)):
        rows = (await hands.ok("GET", "/reviews?limit=100"))["items"]
        assert (application["id"] in [row["application_id"] for row in rows]) is is_shown
    refused = await colleague.call("PUT", f"/reviews/{application['id']}/claim")
    assert (refused.status_code, refused.json()["code"]) == (403, "conflict-of-interest")
    assert (await other.call("PUT", f"/reviews/{application['id']}/claim")).status_code == 404


async def test_a_deactivated_reviewer_gets_nothing_until_added_again(
    service: Component, applicant: Applicant, reviewers: list[Hands]
) -> None:
    application = await applicant.under_review()
    reviewer = reviewers[0]
    store = service.database["staff_members"]

    async def version(expected: int) -> None:
        await eventually(lambda: store.find_one({"_id": reviewer.id, "version": expected}))

    await service.publish(StaffMemberDeactivated(occurred_at=people.NOW, version=2, staff_id=reviewer.id))
    await version(2)
    assert (await reviewer.ok("GET", "/reviews?limit=100"))["items"] == []
    assert (await reviewer.call("PUT", f"/reviews/{application['id']}/claim")).status_code == 404
    late = people.reviewer(reviewer.id)
    await service.publish(late)
    await service.publish(late.model_copy(update={"event_id": uuid4(), "version": 3, "roles": (Role.REGISTRAR,)}))
    await version(3)
    assert (await reviewer.ok("GET", "/reviews?limit=100"))["items"] == [], "they have the specialty, and review nothing"
    assert (await reviewer.call("PUT", f"/reviews/{application['id']}/claim")).status_code == 404
    assert (await reviewer.call("POST", "/reviews/next")).status_code == 204
    await service.publish(late.model_copy(update={"event_id": uuid4(), "version": 4}))
    await version(4)
    assert (await reviewer.call("PUT", f"/reviews/{application['id']}/claim")).status_code == 200
