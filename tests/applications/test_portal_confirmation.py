"""Whom the state portal confirmed by a sign-in need not upload its confirmation."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from contracts.identity import PortalConfirmed
from services.applications.domain.check import CheckInput, check
from services.applications.domain.facts import Verdict
from tests.applications import people
from tests.applications.conftest import Applicant
from tests.applications.test_domain import AT, RULES, TERMS, documents, drafted
from tests.support import Component, eventually

MISSING = ("document-missing", "/documents/gosuslugi-confirmation")


@pytest.fixture
def unconfirmed(applicant: Applicant) -> Applicant:
    del applicant.documents["gosuslugi-confirmation"]
    return applicant


def confirmed(practitioner_id: UUID, *, later: timedelta = timedelta()) -> PortalConfirmed:
    at = people.NOW + later
    return PortalConfirmed(occurred_at=at, practitioner_id=practitioner_id, provider="gosuslugi", confirmed_at=at)


async def found(applicant: Applicant, draft: dict) -> list[tuple[str, str]]:  # type: ignore[type-arg]
    answer = await applicant.ok("POST", f"/applications/{draft['id']}/check")
    return [(one["code"], one["pointer"]) for one in answer["findings"]]


async def test_a_sign_in_through_the_portal_stands_for_its_confirmation(service: Component, unconfirmed: Applicant) -> None:
    draft = await unconfirmed.edit(await unconfirmed.draft(), documents={"gosuslugi-confirmation": None})
    assert await found(unconfirmed, draft) == [MISSING]
    await service.publish(confirmed(uuid4()))
    latest = confirmed(unconfirmed.id, later=timedelta(hours=1))
    for event in (latest, latest, confirmed(unconfirmed.id)):
        await service.publish(event)

    async def handled() -> bool:
        return await service.database["inbox"].count_documents({"type": PortalConfirmed.type}) >= 3

    await eventually(handled)
    held = await service.database["portal_confirmations"].find_one({"_id": unconfirmed.id})
    assert held is not None
    assert (held["provider"], held["confirmed_at"]) == ("gosuslugi", latest.confirmed_at)
    assert await found(unconfirmed, draft) == []
    submitted = await unconfirmed.submit(draft)
    await unconfirmed.reach(submitted["id"], "under-review")


async def test_nobody_elses_sign_in_counts(service: Component, unconfirmed: Applicant) -> None:
    stranger = confirmed(uuid4())
    await service.publish(stranger)
    await eventually(lambda: service.database["portal_confirmations"].find_one({"_id": stranger.practitioner_id}))
    draft = await unconfirmed.edit(await unconfirmed.draft(), documents={"gosuslugi-confirmation": None})
    assert await found(unconfirmed, draft) == [MISSING]


def test_a_confirmation_that_is_attached_must_still_be_good() -> None:
    known = documents(Verdict.REJECTED)
    draft, practitioner = drafted(known)
    told = check(CheckInput(draft, practitioner, known, None, TERMS.local_date(AT), RULES, portal_confirmed_at=AT))
    assert "/documents/gosuslugi-confirmation" in {one.pointer for one in told}
