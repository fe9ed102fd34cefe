"""Fifty at once: one wins, everybody else is told who did and where it is. Waves of repetitions look the same to the store."""

import asyncio
from collections import Counter
from uuid import UUID

import httpx

from contracts.applications import ApplicationSubmitted
from tests.applications import people
from tests.applications.conftest import Applicant

FIFTY = 50


def kinds(answers: list[httpx.Response]) -> Counter[tuple[int, str]]:
    return Counter((answer.status_code, answer.json().get("code", "")) for answer in answers)


async def told(applicant: Applicant, application_id: str) -> int:
    """How often it was told that the application was handed in."""
    await applicant.reach(application_id, "under-review")
    return sum(event.application_id == UUID(application_id) for event in applicant.service.tap.all(ApplicationSubmitted))


async def test_fifty_separate_submissions_at_once_hand_it_in_once_and_the_others_get_its_number_and_link(applicant: Applicant) -> None:
    confirmed = await applicant.confirm(await applicant.draft())
    path = f"/applications/{confirmed['id']}/submission"
    keys = [{"Idempotency_Key": f"separate-{place}"} if place % 2 else {} for place in range(FIFTY)]
    answers = await asyncio.gather(*(applicant.call("POST", path, **key) for key in keys))
    assert kinds(answers) == {(202, ""): 1, (409, "already-submitted"): FIFTY - 1}
    (number,) = [answer.json()["number"] for answer in answers if answer.status_code == 202]
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {(one["number"], one["application_id"], one["link"]) for one in refused} == {
        (number, confirmed["id"], f"/api/applications{path.removesuffix('/submission')}")
    }
    assert await told(applicant, confirmed["id"]) == 1


async def test_fifty_submissions_of_one_key_at_once_get_one_and_the_same_answer(applicant: Applicant) -> None:
    confirmed = await applicant.confirm(await applicant.draft())
    path = f"/applications/{confirmed['id']}/submission"
    answers = await asyncio.gather(*(applicant.call("POST", path, Idempotency_Key="once") for _ in range(FIFTY)))
    assert kinds(answers) == {(202, ""): FIFTY}
    assert len({answer.content for answer in answers}) == 1
    assert await told(applicant, confirmed["id"]) == 1


async def test_of_fifty_creations_at_once_one_is_made_and_the_others_get_a_link_to_it(applicant: Applicant) -> None:
    body = {"kind": "periodic", "specialty_code": people.CARDIOLOGY}
    answers = await asyncio.gather(*(applicant.call("POST", "/applications", body) for _ in range(FIFTY)))
    assert kinds(answers) == {(201, ""): 1, (409, "open-application-exists"): FIFTY - 1}
    (made,) = [answer for answer in answers if answer.status_code == 201]
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {(one["application_id"], one["link"], one["number"]) for one in refused} == {(made.json()["id"], made.headers["Location"], None)}
    assert [row["id"] for row in (await applicant.ok("GET", "/applications"))["items"]] == [made.json()["id"]]
