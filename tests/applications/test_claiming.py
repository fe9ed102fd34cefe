"""Claiming the next: fifty who ask at once get fifty applications, nobody waits while something is left, nobody gets what is not theirs."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import httpx

from contracts.applications import ReviewClaimed
from contracts.roles import Role
from services.applications.domain.application import Recommendation
from tests.applications import people
from tests.applications.conftest import Hands, known_reviewers
from tests.applications.planting import plant, waiting
from tests.support import Component, Signer, eventually

FIFTY = 50


async def ask_at_once(reviewers: list[Hands]) -> list[httpx.Response]:
    return await asyncio.gather(*(one.call("POST", "/reviews/next") for one in reviewers))


def given(answers: list[httpx.Response]) -> list[UUID]:
    return [UUID(answer.json()["application_id"]) for answer in answers if answer.status_code == 200]


async def test_fifty_at_once_get_fifty_and_of_thirty_more_each_goes_to_one_and_twenty_hear_that_none_is_left(
    service: Component, signer: Signer
) -> None:
    specialty = "31.08.68"
    reviewers = await known_reviewers(service, signer, FIFTY, specialty)
    first = [waiting(people.NOW + timedelta(days=3), specialty_code=specialty) for _ in range(FIFTY)]
    await plant(service, *first)
    answers = await ask_at_once(reviewers)
    assert Counter(answer.status_code for answer in answers) == {200: FIFTY}
    assert set(given(answers)) == {one.id for one in first}

    second = [waiting(people.NOW + timedelta(days=3), specialty_code=specialty) for _ in range(30)]
    await plant(service, *second)
    answers = await ask_at_once(reviewers)
    assert Counter(answer.status_code for answer in answers) == {200: 30, 204: 20}
    assert Counter(given(answers)) == {one.id: 1 for one in second}

    left_out = [one for one, answer in zip(reviewers, answers, strict=True) if answer.status_code == 204]
    third = [waiting(people.NOW + timedelta(days=3), specialty_code=specialty) for _ in range(20)]
    await plant(service, *third)
    assert set(given(await ask_at_once(left_out))) == {one.id for one in third}

    rows = service.database["applications"].find({"_id": {"$in": [one.id for one in (*first, *second, *third)]}}, {"claimed_by": 1})
    held = Counter([row["claimed_by"] async for row in rows])
    assert held == {one.id: 2 for one in reviewers}, "each answer is somebody's claim"


async def test_the_soonest_due_comes_first_and_a_repetition_by_its_key_takes_no_other(service: Component, signer: Signer) -> None:
    specialties = ("31.08.59", "31.08.57")
    [reviewer] = await known_reviewers(service, signer, 1, *specialties)
    planted = [waiting(people.NOW + timedelta(days=days), specialty_code=specialties[days % 2]) for days in (4, 1, 2, 3)]
    await plant(service, *planted)
    answers = [await reviewer.call("POST", "/reviews/next", Idempotency_Key=f"next-{place}") for place in (1, 2, 2, 3)]
    soonest = sorted(planted, key=lambda one: str(one.review_due_at))
    assert given(answers) == [soonest[0].id, soonest[1].id, soonest[1].id, soonest[2].id]
    claimed = await service.tap.next(ReviewClaimed, where=lambda one: one.application_id == soonest[0].id)
    assert (claimed.reviewer_id, claimed.number) == (reviewer.id, soonest[0].number)
    await reviewer.ok("DELETE", f"/reviews/{soonest[0].id}/claim")
    assert given([await reviewer.call("POST", "/reviews/next")]) == [soonest[3].id], "not what they gave back just now"
    assert (await reviewer.call("POST", "/reviews/next")).status_code == 204
    assert str(soonest[0].id) in {row["application_id"] for row in (await reviewer.ok("GET", "/reviews"))["items"]}
    await reviewer.ok("PUT", f"/reviews/{soonest[0].id}/claim")  # asked for by name


async def test_nobody_is_given_what_they_may_not_judge(service: Component, signer: Signer) -> None:
    specialty, ogrn = "31.08.54", people.ogrn("102770013555")
    [reviewer] = await known_reviewers(service, signer, 1, specialty)
    colleague, stranger = (Hands(service, signer, uuid4(), Role.REVIEWER) for _ in range(2))
    await service.publish(people.reviewer(colleague.id, specialty, workplace_ogrn=ogrn))
    await eventually(lambda: service.database["staff_members"].find_one({"_id": colleague.id}))
    form = waiting(people.NOW).form.merged({"professional": {"workplace": {"ogrn": ogrn}}})
    spoken = Recommendation(reviewer.id, "reject", (), "", people.NOW)
    await plant(
        service,
        waiting(people.NOW, specialty_code=specialty, applicant_id=reviewer.id),
        waiting(people.NOW, specialty_code=specialty, recommendations=(spoken,)),
        waiting(people.NOW, specialty_code="31.08.53"),
    )
    assert (await reviewer.call("POST", "/reviews/next")).status_code == 204
    assert (await stranger.call("POST", "/reviews/next")).status_code == 204
    theirs = waiting(people.NOW + timedelta(days=1), specialty_code=specialty, form=form)
    await plant(service, theirs)
    await colleague.ok("POST", "/reviews/next")  # both of what only the other may not judge
    await colleague.ok("POST", "/reviews/next")
    assert (await colleague.call("POST", "/reviews/next")).status_code == 204
    assert given([await reviewer.call("POST", "/reviews/next")]) == [theirs.id]
