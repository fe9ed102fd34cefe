"""What applications keeps of a person who was erased, or never registered."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

from contracts.applications import ApplicationsExported, ApplicationSubmitted
from contracts.identity import DataExportRequested, PersonErased, RegistrationLapsed
from tests.applications.conftest import Applicant
from tests.support import Component, eventually


async def test_drafts_and_facts_of_an_erased_person_go_and_what_was_handed_in_stays(applicant: Applicant) -> None:
    service = applicant.service
    submitted = await applicant.submit(await applicant.draft())
    await applicant.told(ApplicationSubmitted)
    draft = await applicant.ok("POST", "/applications", {"kind": "periodic", "specialty_code": "31.08.49"})
    erased = PersonErased(occurred_at=datetime.now(UTC), person_id=applicant.id)
    await service.publish(erased)
    await service.publish(erased)
    await eventually(lambda: is_forgotten(service, applicant.id))
    left = [row["_id"] async for row in service.database["applications"].find({"applicant_id": applicant.id})]
    assert left == [UUID(submitted["id"])]
    assert (await applicant.call("GET", f"/applications/{draft['id']}")).status_code == 404


async def test_the_scans_of_who_never_registered_are_forgotten(applicant: Applicant) -> None:
    await applicant.service.publish(RegistrationLapsed(occurred_at=datetime.now(UTC), owner_id=applicant.id))
    await eventually(lambda: is_forgotten(applicant.service, applicant.id))


async def is_forgotten(service: Component, person_id: UUID) -> bool:
    documents = await service.database["known_documents"].count_documents({"owner_id": person_id})
    return documents == 0 and await service.database["practitioners"].find_one({"_id": person_id}) is None


async def test_applications_are_told_for_the_export(applicant: Applicant) -> None:
    draft = await applicant.draft()
    asked = DataExportRequested(occurred_at=datetime.now(UTC), person_id=applicant.id, export_id=uuid4())
    await applicant.service.publish(asked)
    part = await applicant.service.tap.next(ApplicationsExported, where=lambda event: event.export_id == asked.export_id)
    assert [record["id"] for record in json.loads(part.content)] == [draft["id"]]
    assert "Вымышленникова" in part.content
