"""What applications keeps of a person who was erased, or never registered."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.transaction import AlreadyHandled
from contracts.applications import AppealDecided, ApplicationsExported, ApplicationSubmitted, ApplicationWithdrawn, CertificateIssued
from contracts.base import Event
from contracts.identity import (
    ContactsChanged,
    CorrectionOverdue,
    DataExportRequested,
    PersonErased,
    PortalConfirmed,
    ProfileChanged,
    ProfileRefused,
    RegistrationLapsed,
)
from contracts.roles import Role
from services.applications.domain.states import State
from tests.applications import people
from tests.applications.appealing import filed_appeal
from tests.applications.conftest import Applicant, Hands
from tests.applications.employing import EMPLOYER, HEADER, known_employer
from tests.support import Component, Signer, eventually
from tests.support.exports import exported, multiply

MANY = 1_001


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


async def test_what_was_handed_in_becomes_a_bare_record_and_its_certificate_still_verifies_without_a_name(
    service: Component, applicant: Applicant, reviewers: list[Hands], registrar: Hands
) -> None:
    application = await applicant.under_review()
    number = await certified(applicant, reviewers[0], registrar, application["id"])
    files = await keys_of(service, application["id"])
    assert len(files) == 2
    certificate = await service.database["certificates"].find_one({"number": number})
    assert certificate is not None
    notices = {"_id": {"$regex": f"^certificate-expiring:{certificate['_id']}:"}}
    assert await service.database["timers"].count_documents(notices) == 4
    protocol = await applicant.ok("GET", f"/applications/{application['id']}/protocol")

    await erase(service, applicant.id, times=2)

    assert await keys_of(service, application["id"]) == []
    assert await service.database["notes"].find_one({"application_id": UUID(application["id"])}) is None
    left = await service.app.state.usecases.applications.get_any(UUID(application["id"]))
    assert (left.number, left.state, left.specialty_code) == (application["number"], State.CERTIFIED, people.CARDIOLOGY)
    assert [(step.move.value, step.at.isoformat()) for step in left.history] == [
        (step["move"], step["at"].replace("Z", "+00:00")) for step in protocol["transitions"]
    ]
    assert [(one.decision, one.comment) for one in left.recommendations] == [("approve", "")]
    assert [remark.code for request in left.requests for remark in request.remarks] == ["contact-data-wrong"]
    assert (left.form.blocks(), left.snapshot_sha256, left.documents, left.electronic_document) == (
        {"personal": {}, "professional": {}, "documents": {}, "consent": {}}, None, (), None,
    )  # fmt: skip
    exported = [record async for record in service.app.state.usecases.applications.export(applicant.id)]
    told = json.dumps(exported, ensure_ascii=False)
    for word in (
        "Вымышленникова",
        people.snils(),
        "+79990001122",
        "Позвоните Алёне",
        "Всё верно",
        "Исправила",
        str(applicant.documents["diploma"]),
    ):
        assert word not in told, word

    shown = (await service.client.get(f"/certificates/{number}")).json()
    assert (shown["number"], shown["holder"], shown["status"]) == (number, None, "valid")
    page = (await service.client.get(f"{service.url}/verify/{number}")).text
    assert "Действует" in page
    assert "Вымышленникова" not in page
    assert "Владелец" not in page
    assert await service.database["timers"].count_documents(notices) == 0


async def test_links_and_what_employers_asked_are_part_of_the_export_and_go_with_their_holder(
    service: Component, signer: Signer, applicant: Applicant, reviewers: list[Hands], registrar: Hands
) -> None:
    application = await applicant.under_review()
    number = await certified(applicant, reviewers[0], registrar, application["id"])
    share = await applicant.ok("POST", f"/certificates/{number}/shares", {"days": 1, "views_max": 7})
    program = await known_employer(service, signer)
    wanted = {"certificate_number": number, "purpose": "licensing"}
    asked = await program.ok("POST", "/subscriptions", json=wanted)
    await applicant.ok("PUT", f"/employers/consents/{asked['id']}")
    assert (await program.check(f"{HEADER}{number};Вымышленникова;contract\n")).status_code == 200
    told = {next(iter(record)): record for record in await exported(service, ApplicationsExported, applicant.id)}
    assert told["share"]["share"]["views_max"] == "7"
    assert {told[kind][kind]["employer"] for kind in ("subscription", "verification")} == {EMPLOYER["name"]}
    assert told["subscription"]["subscription"]["state"] == "consented"

    await erase(service, applicant.id)
    assert (await service.client.post("/shares/views", json={"token": share["token"]})).status_code == 404
    assert (await program.ok("GET", "/subscriptions"))["items"] == []
    for name in ("shares", "subscriptions"):
        assert await service.database[name].find_one({"holder_id": applicant.id}) is None
    late = await program.call("POST", "/subscriptions", json=wanted)
    assert (late.status_code, late.json()["code"]) == (409, "certificate-not-valid")


async def test_an_application_still_open_is_withdrawn_for_who_is_erased(service: Component, applicant: Applicant) -> None:
    application = await applicant.under_review()
    await erase(service, applicant.id)
    await applicant.told(ApplicationWithdrawn)
    left = await service.app.state.usecases.applications.get_any(UUID(application["id"]))
    assert (left.state, left.form.personal) == (State.WITHDRAWN, {})
    assert await service.database["timers"].count_documents({"_id": {"$regex": f"^term:{application['id']}:"}}) == 0


async def test_an_appeal_is_part_of_the_export_and_becomes_a_bare_record_too(
    service: Component, applicant: Applicant, reviewers: list[Hands]
) -> None:
    appeal = await filed_appeal(applicant, reviewers)
    appeals = service.app.state.usecases.appeals
    told = json.dumps([one async for one in appeals.export(applicant.id)], ensure_ascii=False)
    assert "Прошу пересмотреть отказ" in told
    assert str(reviewers[0].id) not in told
    await erase(service, applicant.id, times=2)
    assert (await applicant.told(AppealDecided)).outcome == "withdrawn"
    [left] = [one async for one in appeals.export(applicant.id)]
    assert (left["number"], left["state"], left["statement"]) == (appeal["number"], "withdrawn", "")
    assert "Приложение было" not in json.dumps(left, ensure_ascii=False)
    refused = await service.app.state.usecases.applications.get_any(UUID(appeal["application_id"]))
    assert (refused.state, refused.anonymised_at is not None) == (State.REJECTED, True)
    assert await service.database["timers"].count_documents({"_id": {"$regex": f"^appeal:{appeal['id']}:"}}) == 0


async def test_what_comes_late_of_who_was_erased_brings_nothing_back(service: Component, applicant: Applicant) -> None:
    await erase(service, applicant.id)
    usecases, at, own = service.app.state.usecases, datetime.now(UTC), {"practitioner_id": applicant.id}
    contacts = {"email": "alena@example.org", "phone": "+79990001122", "salutation": "Алёна"}
    late: list[tuple[Callable[[Any], Awaitable[None]], Event]] = [
        (usecases.keep_verified, people.verified(applicant.id, version=99)),
        (usecases.keep_contacts, ContactsChanged(
            occurred_at=at, version=99, person_id=applicant.id, roles=(Role.PRACTITIONER,), **contacts,
        )),
        (usecases.keep_profile_changed, ProfileChanged(
            occurred_at=at, version=99, **own, profile_version=9, fields=(), confirmed_by="sms", is_to_be_verified=True,
        )),
        (usecases.keep_refused, ProfileRefused(occurred_at=at, version=99, **own, mismatches=(), correct_by=at)),
        (usecases.keep_correction_overdue, CorrectionOverdue(occurred_at=at, version=99, **own, correct_by=at)),
        (usecases.keep_portal_confirmed, PortalConfirmed(occurred_at=at, **own, provider="gosuslugi", confirmed_at=at)),
        (usecases.keep_document, people.accepted(applicant.id, "diploma")),
    ]  # fmt: skip
    for keep, event in late:
        with pytest.raises(AlreadyHandled):
            await keep(event)
    for name in ("practitioners", "practitioner_contacts", "portal_confirmations", "known_documents"):
        assert await service.database[name].find_one({"$or": [{"_id": applicant.id}, {"owner_id": applicant.id}]}) is None, name
    known = await service.database["erased_people"].find_one({"_id": applicant.id})
    assert known is not None
    assert set(known) == {"_id", "at"}


async def certified(applicant: Applicant, reviewer: Hands, registrar: Hands, application_id: str) -> str:
    """The number of the certificate, after a clarification with words of both sides."""
    path, pointer = f"/reviews/{application_id}", "/personal/phone"
    await reviewer.ok("PUT", f"{path}/claim")
    await reviewer.ok("POST", f"{path}/notes", {"text": "Алёна просила звонить вечером"})
    remark = {"code": "contact-data-wrong", "pointer": pointer, "comment": "Позвоните Алёне"}
    await reviewer.ok("POST", f"{path}/requests", {"remarks": [remark]})
    await applicant.ok("POST", f"/applications/{application_id}/answer", {"comment": "Исправила", "changes": {}})
    await reviewer.examine(application_id)
    await reviewer.judged("POST", f"{path}/recommendation", {"decision": "approve", "reasons": [], "comment": "Всё верно"})
    await registrar.judged("POST", f"/registry/{application_id}/decision", {"decision": "approve", "comment": "Всё верно"})
    number = (await applicant.told(CertificateIssued)).certificate_number
    await applicant.reach(application_id, "certified")
    return number


async def keys_of(service: Component, application_id: str) -> list[str]:
    """Generated files of the application and of its certificate."""
    files = service.app.state.usecases.files
    certificate = await service.database["certificates"].find_one({"application_id": UUID(application_id)})
    prefixes = [f"electronic/{application_id}/", f"certificates/{certificate['_id'] if certificate else '-'}"]
    return [key for prefix in prefixes for key in await files.objects.list_keys(files.bucket, prefix=prefix)]


async def erase(service: Component, person_id: UUID, *, times: int = 1) -> None:
    """Erase, and again with other events, as after a replay."""
    for _ in range(times):
        erased = PersonErased(occurred_at=datetime.now(UTC), person_id=person_id)
        await service.publish(erased)
        await eventually(lambda: service.database["inbox"].find_one({"_id": str(erased.event_id)}))  # noqa: B023


async def test_the_scans_of_who_never_registered_are_forgotten(applicant: Applicant) -> None:
    documents, owner = applicant.service.database["known_documents"], {"owner_id": applicant.id}
    assert await documents.count_documents(owner) == len(people.REQUIRED)
    other = await Applicant(applicant.service, applicant.signer, uuid4(), Role.PRACTITIONER).become_known()
    lapsed = RegistrationLapsed(occurred_at=datetime.now(UTC), owner_id=applicant.id)
    await applicant.service.publish(lapsed)
    await eventually(lambda: applicant.service.database["inbox"].find_one({"_id": str(lapsed.event_id)}))
    assert await documents.count_documents(owner) == 0, "once it is handled nothing is left"
    assert await is_forgotten(applicant.service, applicant.id)
    assert await documents.count_documents({"owner_id": other.id}) == len(people.REQUIRED)
    with pytest.raises(AlreadyHandled):
        await applicant.service.app.state.usecases.keep_document(people.accepted(applicant.id, "diploma"))


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


async def test_nothing_is_cut_from_the_export_however_many_applications_there_are(applicant: Applicant) -> None:
    await applicant.draft()
    await multiply(applicant.service, "applications", {"applicant_id": applicant.id}, MANY, is_open=lambda _: False)
    told = await exported(applicant.service, ApplicationsExported, applicant.id)
    assert len({record["id"] for record in told}) == MANY + 1
