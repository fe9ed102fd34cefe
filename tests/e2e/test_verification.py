"""A person whom the registries do not confirm."""

from deploy.journey.gateway import Caller, Refused
from deploy.journey.people import SPECIALTY, invent_person
from deploy.journey.practitioner import Practitioner
from deploy.journey.waiting import until
from tests.e2e.conftest import Running
from tests.e2e.walk import KIND, refusal


async def test_who_is_not_confirmed_is_told_each_field_with_advice_and_cannot_apply(running: Running) -> None:
    person = invent_person("e2e mismatch", today=running.clock.now().date()).changed(surname="Несовпадова")
    practitioner = Practitioner.of(person, Caller(running.http), running.outside)
    await practitioner.register()
    await practitioner.sign_in()
    notice = await until(lambda: practitioner.notice("profile-refused"), "отказ реестров")
    assert notice["is_critical"]
    profile = await practitioner.caller.get("/api/identity/profile")
    mismatches = profile["verification"]["mismatches"]
    assert {mismatch["field"] for mismatch in mismatches} == {"surname"}
    assert all(mismatch["advice"] for mismatch in mismatches)
    refused = await refusal(practitioner.create_application(KIND, SPECIALTY))
    assert isinstance(refused, Refused)
    assert refused.status in (403, 409)
