"""Who sees documents, for how long they are there, and what waits for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx

from chassis.settings import ServiceSettings
from contracts.access import PersonalDataRead
from contracts.applications import DraftSaved, ReviewClaimed
from contracts.documents import DocumentRemovalPlanned, DocumentRemoved
from contracts.roles import Role
from deploy.local.clamd import Clamd
from services.applications.main import create_app as applications_app
from services.applications.settings import Settings as ApplicationsSettings
from services.documents.settings import Settings
from services.notifications.main import create_app as notifications_app
from services.notifications.settings import Settings as NotificationsSettings
from tests.applications import people
from tests.applications.conftest import Applicant
from tests.documents import samples
from tests.documents.corpus.makers import MAKERS
from tests.documents.person import Person, keys_of, submitted
from tests.documents.processes import create_both
from tests.support import Component, Infra, Signer, component, eventually, service_environment

LINK_SECONDS = 300


@asynccontextmanager
async def beside(infra: Infra, service_env: dict[str, str], name: str) -> AsyncIterator[Component]:
    """Another service that hears what documents says."""
    create_app, settings = OTHERS[name]
    shared = {one: service_env[one] for one in ("SEALED_KEY_RING", "SANDBOX_CLOCK_FILE")}
    shared[f"{name.upper()}_AMQP_URL"] = service_env["DOCUMENTS_AMQP_URL"]
    async with service_environment(infra, name) as env, component(create_app, settings, env | shared) as running:
        yield running


async def test_do_7_a_rejected_document_is_told_by_name_and_once_it_is_replaced_the_application_goes_on_by_itself(
    infra: Infra, service_env: dict[str, str], person: Person, signer: Signer, clamd: Clamd
) -> None:
    proved = {"gosuslugi-confirmation": ("confirmation_of_the_portal", "снимок.png", "image/png")}

    async def sent(document_type: str, maker: str = "honest_pdf") -> str:
        maker, name, media_type = proved.get(document_type, (maker, "документ.pdf", "application/pdf"))
        answer = await person.upload(MAKERS[maker](), document_type, **person.upload_headers(name, media_type))
        return str(answer.json()["document_id"])

    async with beside(infra, service_env, "applications") as applications, beside(infra, service_env, "notifications") as notifications:
        applicant = Applicant(applications, signer, person.id, Role.PRACTITIONER)
        await applications.publish(people.verified(person.id))
        await eventually(lambda: applications.database["practitioners"].find_one({"_id": person.id}))
        documents = {name: await sent(name) for name in people.REQUIRED if name != "licence"}
        for document_id in documents.values():
            assert (await person.decided(document_id))["state"] == "accepted"
        draft = await applicant.draft()
        check = await applicant.ok("POST", f"/applications/{draft['id']}/check")
        assert "document-missing" in {one["code"] for one in check["findings"]}, "the set is not complete"

        clamd.process.freeze()
        documents["licence"] = await sent("licence", "password")
        await eventually(lambda: applications.database["known_documents"].find_one({"_id": UUID(documents["licence"])}))
        draft = await applicant.edit(await applicant.get(draft["id"]), documents=documents)
        submitted = await applicant.submit(draft)
        clamd.process.thaw()
        asked = await applicant.reach(submitted["id"], "information-requested")
        assert [one["pointer"] for one in asked["request"]["remarks"]] == ["/documents/licence"]

        async def told() -> list[str]:
            items = (await notifications.client.get("/notices", headers=person.headers)).json()["items"]
            return [notice["title"] + notice["text"] for notice in items if notice["kind"] == "document-rejected"]

        [notice] = await eventually(told)
        assert "лицензия" in notice.lower()
        await person.await_lock(documents["licence"], is_locked=False)
        rejected = await person.document(documents["licence"])
        headers = person.upload_headers() | {"If-Match": f'"{rejected["version"]}"'}
        path = f"/documents/{documents['licence']}/file"
        assert (await person.service.client.put(path, content=samples.pdf(2), headers=headers)).status_code == 202
        await applicant.reach(submitted["id"], "under-review")


OTHERS: dict[str, tuple[Any, type[ServiceSettings]]] = {
    "applications": (applications_app, ApplicationsSettings),
    "notifications": (notifications_app, NotificationsSettings),
}


async def test_do_9_a_short_lived_link_for_the_owner_and_whoever_reviews_and_each_look_is_told(
    service: Component, person: Person, signer: Signer
) -> None:
    made = await person.decided((await person.upload(samples.pdf())).json()["document_id"])
    path = f"/documents/{made['document_id']}"
    reviewer_id = uuid4()
    reviewer = signer.headers(reviewer_id, Role.REVIEWER)
    assert (await service.client.get(path, headers=reviewer)).status_code == 404
    handed_in = submitted(person.id, made["document_id"])
    names = {name: getattr(handed_in, name) for name in ("application_id", "applicant_id", "number", "occurred_at", "document_ids")}
    await service.publish(ReviewClaimed(version=5, reviewer_id=reviewer_id, **names))

    async def readable() -> bool:
        return (await service.client.get(path, headers=reviewer)).status_code == 200

    await eventually(readable)
    told = await service.tap.next(PersonalDataRead, where=lambda one: one.reader_id == reviewer_id)
    assert (told.subject_id, told.record, told.purpose) == (person.id, f"document:{made['document_id']}", "review")
    assert told.reader_role == Role.REVIEWER
    for headers in (person.headers, reviewer):
        link = await service.client.post(f"{path}/links", json={"file_version": 1}, headers=headers)
        assert link.status_code == 201
        asked = parse_qs(urlsplit(link.json()["url"]).query)
        assert asked["X-Amz-Expires"] == [str(LINK_SECONDS)]
        left = datetime.fromisoformat(link.json()["expires_at"]) - service.clock.now()
        assert timedelta(seconds=LINK_SECONDS - 10) < left <= timedelta(seconds=LINK_SECONDS)
        async with httpx.AsyncClient() as outside:
            got = await outside.get(link.json()["url"])
        assert got.headers["Content-Disposition"].startswith("attachment")
        assert asked["response-content-disposition"] == ["attachment; filename=\"diploma-1.pdf\"; filename*=UTF-8''diploma-1.pdf"]
    await service.tap.next(PersonalDataRead, where=lambda one: one.reader_id == reviewer_id)
    for role, status in ((Role.REVIEWER, 404), (Role.REGISTRAR, 404), (Role.PRACTITIONER, 404), (Role.AUDITOR, 403)):
        headers = signer.headers(uuid4(), role)
        assert (await service.client.get(path, headers=headers)).status_code == status
        assert (await service.client.post(f"{path}/links", headers=headers)).status_code == status
    assert (await service.client.get(path)).status_code == 401
    assert not [one for one in service.tap.all(PersonalDataRead) if one.subject_id == person.id and one.reader_id != reviewer_id]


async def test_do_9_a_document_no_draft_has_named_for_90_days_ends_and_the_night_is_swept(infra: Infra, signer: Signer) -> None:
    async with service_environment(infra, "documents") as env, component(create_both, Settings, env) as running:
        person = Person(running, signer)
        forgotten, drafted, passport = [
            UUID((await person.decided((await person.upload(samples.pdf(pages), kind)).json()["document_id"]))["document_id"])
            for pages, kind in ((1, "diploma"), (2, "licence"), (3, "passport"))
        ]
        running.clock.move(timedelta(days=76))
        told = await running.tap.next(DocumentRemovalPlanned, where=lambda one: one.document_id == forgotten)
        assert told.owner_id == person.id
        await running.tap.next(DocumentRemovalPlanned, where=lambda one: one.document_id == drafted)
        names: dict[str, Any] = {"application_id": uuid4(), "applicant_id": person.id, "document_ids": (drafted,)}
        await running.publish(DraftSaved(occurred_at=running.clock.now(), version=1, **names))
        await eventually(lambda: running.database["holds"].find_one({"applicant_id": person.id}))
        running.clock.move(timedelta(days=14))
        removed = await running.tap.next(DocumentRemoved)
        assert removed.document_id == forgotten

        async def left() -> set[str]:
            return {key.split("/")[1] for key in await keys_of(running, person.id)}

        async def is_gone() -> bool:
            return await left() == {str(drafted), str(passport)}

        await eventually(is_gone)
        rows = await running.database["documents"].find({"owner_id": person.id}, {"_id": 1}).to_list(9)
        assert {row["_id"] for row in rows} == {drafted, passport}

        async def is_swept() -> dict[str, object] | None:
            return await running.database["sweeps"].find_one({"phase": "done", "damage_count": 0, "share.of": 7})

        await eventually(is_swept)
