"""What a reviewer holds when they leave, or do other work: nobody's application waits for somebody who is gone."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.applications import ReviewReleased
from contracts.base import Event
from contracts.identity import StaffMemberAdded, StaffMemberDeactivated
from contracts.roles import Role
from tests.applications import people
from tests.applications.conftest import Applicant, Hands
from tests.support import Component, eventually


def leaving(reviewer: Hands) -> Event:
    return StaffMemberDeactivated(occurred_at=people.NOW, version=2, staff_id=reviewer.id)


def changing(reviewer: Hands, **changes: Any) -> StaffMemberAdded:
    return people.reviewer(reviewer.id).model_copy(update={"event_id": uuid4(), "version": 2} | changes)


async def handled(service: Component, event: Event) -> None:
    await service.publish(event)
    await eventually(lambda: service.database["inbox"].find_one({"_id": str(event.event_id)}))


async def holder_of(service: Component, application_id: str) -> UUID | None:
    found = await service.database["applications"].find_one({"_id": UUID(application_id)})
    assert found is not None
    held: UUID | None = found["claimed_by"]
    return held


@pytest.fixture
async def held(applicant: Applicant, reviewers: list[Hands]) -> dict[str, Any]:
    """Under review, in the hands of the first reviewer."""
    application = await applicant.under_review()
    await reviewers[0].ok("PUT", f"/reviews/{application['id']}/claim")
    return application


ENDINGS: dict[str, Callable[[Hands], Event]] = {
    "deactivated": leaving,
    "no reviewer": lambda reviewer: changing(reviewer, roles=(Role.REGISTRAR,)),
    "another specialty": lambda reviewer: changing(reviewer, specialty_codes=("31.08.49",)),
    "a colleague of the applicant": lambda reviewer: changing(reviewer, workplace_ogrn=people.ogrn()),
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_what_they_hold_is_free_for_others_at_once(
    service: Component, applicant: Applicant, reviewers: list[Hands], held: dict[str, Any], ending: str
) -> None:
    event = ENDINGS[ending](reviewers[0])
    await handled(service, event)
    assert await holder_of(service, held["id"]) is None
    released = await applicant.told(ReviewReleased)
    assert (released.reviewer_id, str(released.application_id), released.is_lapsed) == (reviewers[0].id, held["id"], False)
    timers = {"_id": {"$regex": f"^term:{held['id']}:claim"}}
    assert await service.database["timers"].count_documents(timers) == 0
    steps = (await applicant.ok("GET", f"/applications/{held['id']}/protocol"))["transitions"]
    assert steps[-1]["move"] == "release"
    await reviewers[1].ok("PUT", f"/reviews/{held['id']}/claim")

    await handled(service, event.model_copy(update={"event_id": uuid4()}))
    assert await holder_of(service, held["id"]) == reviewers[1].id, "what comes again takes nothing from others"


async def test_what_waits_for_the_applicant_is_free_with_the_answer(
    service: Component, applicant: Applicant, reviewers: list[Hands], held: dict[str, Any]
) -> None:
    remark = {"code": "contact-data-wrong", "pointer": "/personal/phone", "comment": "Уточните"}
    await reviewers[0].ok("POST", f"/reviews/{held['id']}/requests", {"remarks": [remark]})
    await handled(service, leaving(reviewers[0]))
    assert await holder_of(service, held["id"]) == reviewers[0].id
    answered = await applicant.ok("POST", f"/applications/{held['id']}/answer", {"comment": "Уточнила", "changes": {}})
    assert answered["state"] == "under-review"
    assert await holder_of(service, held["id"]) is None
    assert (await applicant.told(ReviewReleased)).reviewer_id == reviewers[0].id
    await reviewers[1].ok("PUT", f"/reviews/{held['id']}/claim")


async def test_who_still_reviews_such_applications_keeps_what_they_hold(
    service: Component, reviewers: list[Hands], held: dict[str, Any]
) -> None:
    await handled(service, changing(reviewers[0], specialty_codes=(people.CARDIOLOGY, "31.08.49")))
    await handled(service, StaffMemberDeactivated(occurred_at=people.NOW, version=2, staff_id=reviewers[1].id))
    assert await holder_of(service, held["id"]) == reviewers[0].id


async def test_whose_colleague_the_applicant_becomes_by_the_profile_judges_no_more(
    service: Component, applicant: Applicant, reviewers: list[Hands], held: dict[str, Any]
) -> None:
    theirs = people.ogrn("102770013300")
    await handled(service, changing(reviewers[0], workplace_ogrn=theirs))
    workplace = people.facts().model_dump()["workplace"] | {"ogrn": theirs}
    await handled(service, people.verified(applicant.id, version=5, workplace=workplace))
    assert await holder_of(service, held["id"]) is None
    assert (await applicant.told(ReviewReleased)).reviewer_id == reviewers[0].id
    refused = await reviewers[0].call("PUT", f"/reviews/{held['id']}/claim")
    assert (refused.status_code, refused.json()["code"]) == (403, "conflict-of-interest")


async def test_whose_colleague_the_applicant_becomes_by_an_answer_judges_no_more(
    service: Component, applicant: Applicant, reviewers: list[Hands], held: dict[str, Any]
) -> None:
    theirs = people.ogrn("102770013300")
    await handled(service, changing(reviewers[0], workplace_ogrn=theirs))
    assert await holder_of(service, held["id"]) == reviewers[0].id
    path, pointer = f"/reviews/{held['id']}", "/professional/workplace/ogrn"
    await reviewers[0].ok("POST", f"{path}/requests", {"remarks": [{"code": "contact-data-wrong", "pointer": pointer, "comment": "Где?"}]})
    workplace = people.facts().model_dump()["workplace"] | {"ogrn": theirs}
    await handled(service, people.verified(applicant.id, version=5, workplace=workplace))
    assert await holder_of(service, held["id"]) == reviewers[0].id, "what waits for its applicant stays until the answer"
    changes = {"professional": {"workplace": {"ogrn": theirs}}}
    await applicant.ok("POST", f"/applications/{held['id']}/answer", {"comment": "Перешла", "changes": changes})
    assert await holder_of(service, held["id"]) is None
    opinion = {"decision": "approve", "reasons": [], "comment": "Свой человек"}
    refused = await reviewers[0].judge("POST", f"{path}/recommendation", opinion)
    assert refused.status_code == 404, refused.text
