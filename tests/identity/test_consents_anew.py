"""A consent given again after its withdrawal: who gives it wants to stay."""

import pytest

from contracts.identity import ErasureCancelled, ErasureTermReached
from tests.identity.samples import NOW
from tests.identity.test_rights import DAY, Owner, handled
from tests.identity.walk import Walk
from tests.support import Component, Signer


@pytest.fixture
async def owner(identity: Component, signer: Signer) -> Owner:
    identity.clock.reset()
    walk = Walk(identity)
    await walk.register()
    return Owner(identity, signer, walk)


async def test_a_consent_given_anew_cancels_the_erasure_its_withdrawal_began(owner: Owner) -> None:
    begun = await owner.ok("DELETE", "/consents/personal-data?confirm=erase")
    again = {"consents": [{"document": "personal-data", "version": "1"}]}
    shown = await owner.ok("POST", "/consents", again)
    erasure = await owner.ok("GET", f"/erasure-requests/{begun['erasure_request_id']}")
    assert (erasure["state"], shown["due"]) == ("cancelled", [])
    assert shown["cancelled_erasure_request_id"] == erasure["id"]
    assert (await owner.ok("POST", "/consents", again))["cancelled_erasure_request_id"] is None
    told = await owner.identity.tap.next(ErasureCancelled, where=lambda event: event.person_id == owner.id)
    assert str(told.request_id) == erasure["id"]
    assert "erasure-cancelled" in await owner.actions()
    owner.identity.clock.move(8 * DAY)
    late = ErasureTermReached(occurred_at=NOW, request_id=told.request_id)
    await owner.identity.publish(late)
    await handled(owner.identity, late.event_id)
    assert (await owner.ok("GET", "/profile"))["phone"] == owner.walk.phone


async def test_a_consent_given_anew_leaves_an_erasure_that_was_asked_for_by_itself(owner: Owner) -> None:
    erasure = await owner.ask_erasure()
    await owner.ok("DELETE", "/consents/personal-data?confirm=erase")
    shown = await owner.ok("POST", "/consents", {"consents": [{"document": "personal-data", "version": "1"}]})
    assert shown["cancelled_erasure_request_id"] is None
    assert (await owner.ok("GET", f"/erasure-requests/{erasure['id']}"))["state"] == "cooling-off"
