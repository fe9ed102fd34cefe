"""Somebody who registers brings the scans of passport and SNILS with a limited token; what nobody completes is removed."""

import json
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from chassis.transaction import AlreadyHandled
from contracts.applications import ApplicationWithdrawn
from contracts.documents import CheckTermReached, DocumentReceived, DocumentsExported, RemovalTermReached
from contracts.identity import DataExportRequested, PersonErased, RegistrationLapsed
from contracts.roles import Scope
from tests.documents import samples
from tests.documents.house import OWNER, House
from tests.documents.person import Person, keys_of
from tests.support import Component, Signer, eventually
from tests.support.exports import exported, multiply

MANY = 1_001


class Registrant(Person):
    """Holds a limited token whose subject is the account there will be."""

    def __init__(self, service: Component, signer: Signer) -> None:
        super().__init__(service, signer)
        self.practitioner = self.headers
        self.headers = signer.headers(self.id, scope=str(Scope.REGISTRATION), factors={}, exp=int(time.time()) + 3600)


@pytest.fixture(autouse=True)
def back_to_normal(service: Component) -> None:
    service.clock.reset()


@pytest.fixture
def registrant(service: Component, signer: Signer) -> Registrant:
    return Registrant(service, signer)


async def test_a_registrant_brings_replaces_and_sees_the_two_scans(service: Component, registrant: Registrant) -> None:
    first = await registrant.upload(samples.half(samples.pdf()), "passport")
    assert first.status_code == 202, first.text
    refused = await registrant.decided(first.json()["document_id"])
    assert (refused["state"], refused["owner_id"]) == ("rejected", str(registrant.id))
    path = f"/documents/{refused['document_id']}/file"
    headers = registrant.upload_headers("Паспорт.pdf") | {"If-Match": f'"{refused["version"]}"'}
    assert (await service.client.put(path, content=samples.pdf(), headers=headers)).status_code == 202
    assert (await registrant.decided(refused["document_id"]))["state"] == "accepted"
    assert (await registrant.upload(samples.pdf(), "snils")).status_code == 202
    listed = await service.client.get("/documents", headers=registrant.headers)
    assert {item["document_type"] for item in listed.json()["items"]} == {"passport", "snils"}


async def test_a_registrant_may_do_nothing_else(service: Component, registrant: Registrant) -> None:
    diploma = await registrant.upload(samples.pdf(), "diploma")
    assert (diploma.status_code, diploma.json()["code"]) == (403, "type-not-for-registration")
    scan = (await registrant.upload(samples.pdf(), "passport")).json()
    await registrant.decided(scan["document_id"])
    link = await service.client.post(f"/documents/{scan['document_id']}/links", headers=registrant.headers)
    assert (link.status_code, link.json()["code"]) == (403, "role-missing")

    later = await service.client.post(
        "/types/diploma/files", content=samples.pdf(), headers=registrant.upload_headers() | registrant.practitioner
    )
    assert later.status_code == 202, later.text
    mine = f"/documents/{later.json()['document_id']}"
    assert (await service.client.get(mine, headers=registrant.headers)).status_code == 404
    replacing = registrant.upload_headers() | {"If-Match": '"1"'}
    assert (await service.client.put(f"{mine}/file", content=samples.pdf(), headers=replacing)).status_code == 404
    assert (await service.client.get("/documents?document_type=diploma", headers=registrant.headers)).json()["items"] == []


async def test_a_registrant_sees_no_strangers_scan(service: Component, registrant: Registrant, signer: Signer) -> None:
    stranger = Registrant(service, signer)
    scan = (await stranger.upload(samples.pdf(), "snils")).json()
    assert (await service.client.get(f"/documents/{scan['document_id']}", headers=registrant.headers)).status_code == 404
    assert (await service.client.get("/documents", headers=registrant.headers)).json()["items"] == []


async def test_ten_documents_are_enough_for_a_registrant(registrant: Registrant) -> None:
    for _ in range(10):
        assert (await registrant.upload(samples.pdf(), "passport")).status_code == 202
    refused = await registrant.upload(samples.pdf(), "passport")
    assert (refused.status_code, refused.json()["code"]) == (409, "too-many-documents")


async def test_the_files_of_a_lapsed_registration_are_removed_with_their_rows(
    service: Component, registrant: Registrant, signer: Signer
) -> None:
    other = Registrant(service, signer)
    for person in (registrant, other):
        sent = await person.upload(samples.pdf(), "passport")
        await person.decided(sent.json()["document_id"])
    lapsed = RegistrationLapsed(occurred_at=datetime.now(UTC), owner_id=registrant.id)
    await service.publish(lapsed)
    await service.publish(lapsed)
    await eventually(lambda: is_gone(service, registrant.id))
    assert await keys_of(service, other.id) != []

    await eventually(lambda: is_planned(service, registrant.id))
    late = await registrant.upload(samples.pdf(), "passport")  # an upload that had begun before
    assert late.status_code == 202
    await registrant.decided(late.json()["document_id"])
    service.clock.move(timedelta(seconds=1801))
    await service.tap.next(RemovalTermReached, where=lambda event: event.owner_id == registrant.id)
    await eventually(lambda: is_gone(service, registrant.id))
    assert await service.database["documents"].count_documents({"owner_id": other.id}) == 1


async def is_gone(service: Component, owner_id: UUID) -> bool:
    rows = await service.database["documents"].count_documents({"owner_id": owner_id})
    return rows == 0 and await keys_of(service, owner_id) == []


async def is_planned(service: Component, owner_id: UUID) -> bool:
    return await service.database["timers"].find_one({"_id": f"removal:{owner_id}"}) is not None


class TestChecksOfRemovedFiles:
    async def test_a_check_of_a_removed_file_says_nothing(self, house: House) -> None:
        document = await house.upload()
        arrived = house.begin.events(DocumentReceived)[-1]
        await house.usecases.removals.remove_lapsed(RegistrationLapsed(occurred_at=house.clock.now(), owner_id=OWNER))
        told = len(house.begin.published)
        await house.worker.checks.check(arrived)
        term = CheckTermReached(
            occurred_at=house.clock.now(), document_id=document.id, owner_id=OWNER, document_type="diploma", file_version=1
        )
        await house.usecases.check_terms.end_of_term(term)
        assert len(house.begin.published) == told
        assert (house.documents.stored, house.files.stored) == ({}, {})

    async def test_only_the_owners_files_go(self, house: House) -> None:
        kept = await house.upload(owner_id=uuid4())
        await house.upload()
        await house.usecases.removals.remove_lapsed(RegistrationLapsed(occurred_at=house.clock.now(), owner_id=OWNER))
        assert list(house.documents.stored) == [kept.id]
        assert len(house.files.stored) == 1


async def test_the_files_of_an_erased_person_are_removed(service: Component, person: Person) -> None:
    sent = await person.upload(samples.pdf())
    await person.decided(sent.json()["document_id"])
    await service.publish(PersonErased(occurred_at=datetime.now(UTC), person_id=person.id))
    await eventually(lambda: is_gone(service, person.id))
    assert (await service.client.get(f"/documents/{sent.json()['document_id']}", headers=person.headers)).status_code == 404
    late = ApplicationWithdrawn(
        occurred_at=datetime.now(UTC), version=99, application_id=uuid4(), applicant_id=person.id, number="MK-2026-00000099-1"
    )
    with pytest.raises(AlreadyHandled):
        await service.app.state.usecases.holds.free(late)
    assert await service.database["holds"].find_one({"applicant_id": person.id}) is None, "what comes late brings nothing back"


@pytest.fixture
def person(service: Component, signer: Signer) -> Person:
    return Person(service, signer)


async def test_what_is_known_of_files_is_told_for_the_export(service: Component, person: Person) -> None:
    sent = await person.upload(samples.pdf())
    await person.decided(sent.json()["document_id"])
    asked = DataExportRequested(occurred_at=datetime.now(UTC), person_id=person.id, export_id=uuid4())
    await service.publish(asked)
    part = await service.tap.next(DocumentsExported, where=lambda event: event.export_id == asked.export_id)
    record = json.loads(part.content)[0]
    assert (record["document_id"], record["files"][0]["state"]) == (sent.json()["document_id"], "accepted")


async def test_nothing_is_cut_from_the_export_however_many_documents_there_are(service: Component, person: Person) -> None:
    sent = await person.upload(samples.pdf())
    await person.decided(sent.json()["document_id"])
    await multiply(service, "documents", {"owner_id": person.id}, MANY)
    told = await exported(service, DocumentsExported, person.id)
    assert len({record["document_id"] for record in told}) == MANY + 1
