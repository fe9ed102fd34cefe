"""What protects people: the access log, encryption, the accounts of staff, the rights of whose data it is."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from bson import Binary
from typer.testing import CliRunner

from contracts import applications, documents, notifications, support
from contracts.access import PersonalDataRead
from contracts.applications import ApplicationSubmitted
from contracts.identity import BulkReadingDetected, DataExportReady, PersonErased, ProfileVerified, SecurityAlertRaised
from contracts.roles import Role
from deploy.cli.main import app as medkabinet
from services.identity.domain.access_proof import Break
from services.identity.main import create_app
from services.identity.repository.access_log import UNSEALED
from services.identity.settings import Settings
from tests.identity import people
from tests.identity.conftest import QUICK
from tests.identity.holders import claims_of
from tests.identity.registries import FakeRegistries
from tests.identity.visitor import Visitor
from tests.identity.walk import Json, Walk
from tests.support import Component, Infra, Signer, component, eventually, service_environment

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
WHY, PURPOSE = "reason=complaint&case_number=SU-2026-000017-4", "complaint SU-2026-000017-4"
QUICK_KEYS = {"IDENTITY_KEY_REFRESH_SECONDS": "0.05", "IDENTITY_KEY_LEASE_SECONDS": "0.1", "IDENTITY_KEY_SETTLE_SECONDS": "0.3"}


def record_read(identity: Component, reader_id: UUID, subject_id: UUID) -> PersonalDataRead:
    """What another service tells when one of staff opens something about a person."""
    return PersonalDataRead(
        occurred_at=identity.clock.now(),
        reader_id=reader_id,
        reader_role=Role.REVIEWER,
        subject_id=subject_id,
        service="documents",
        record=f"document:{uuid4()}",
        purpose="review",
        address="10.1.2.3",
    )


async def test_id_7_people_see_who_opened_their_data_and_auditors_search_and_export(
    identity: Component, visitor: Visitor, signer: Signer
) -> None:
    await visitor.walk.start_sign_in(visitor.walk.email, "не-тот-пароль-вовсе")
    reviewer = await Visitor.member(identity, signer, "reviewer")
    read = record_read(identity, reviewer.id, visitor.id)
    await identity.publish(read)
    await eventually(lambda: identity.database["access_rows"].find_one({"actor_id": reviewer.id, "subject_id": visitor.id}))
    own = (await visitor.ask("GET", "/access-log"))["items"]
    assert [row["action"] for row in own] == ["record-read", "sign-in-refused", "signed-in", "sign-in-begun", "registered"]
    assert (own[0]["actor_role"], own[0]["purpose"], own[0]["record"], own[0]["is_own"]) == ("reviewer", "review", read.record, False)
    assert (own[1]["outcome"], own[2]["is_own"], own[2]["address"]) == ("refused", True, "127.0.0.1")

    auditor = await Visitor.member(identity, signer, "auditor")
    query = f"?subject_id={visitor.id}&{WHY}"
    found = (await auditor.ask("GET", f"/audit/access-log{query}"))["items"]
    assert {"record-read", "sign-in-refused", "signed-in", "registered"} <= {row["action"] for row in found}
    assert next(row["address"] for row in found if row["action"] == "record-read") == "10.1.2.3"
    table = await auditor.send("GET", f"/audit/access-log.csv{query}")
    assert read.record in table.text
    for stranger in (visitor, reviewer):
        assert (await stranger.send("GET", f"/audit/access-log{query}")).status_code == 403
    latest = (await visitor.ask("GET", "/access-log?limit=1"))["items"][0]
    assert (latest["action"], latest["purpose"]) == ("log-exported", PURPOSE), "who searches is seen as well"


async def test_id_7_a_removed_or_changed_row_is_found(identity: Component, visitor: Visitor) -> None:
    rows = identity.database["access_rows"]
    audit = identity.app.state.usecases.audit

    async def breaks() -> list[Break]:
        return [found async for progress in audit.verify() for found in progress.breaks]

    sealed = await eventually(lambda: rows.find_one({"subject_id": visitor.id, "action": "signed-in", "place": {"$gt": UNSEALED}}))
    before = await breaks()
    await rows.delete_one({"_id": sealed["_id"]})
    removed = await breaks()
    await rows.insert_one(sealed | {"outcome": "refused"})
    changed = await breaks()
    await rows.replace_one({"_id": sealed["_id"]}, sealed)
    assert [found.place for found in removed if found not in before] == [sealed["place"]]
    assert [found.place for found in changed if found not in before] == [sealed["place"]]
    assert await breaks() == before


async def test_id_7_suspicious_patterns_are_told(visitor: Visitor) -> None:
    """A new device and twenty refusals to the person; one who reads the records of fifty people to those who watch."""
    walk, identity = visitor.walk, visitor.walk.identity
    for identifier in (walk.email, walk.phone, walk.snils, str(walk.inn), walk.licence_number):
        for _ in range(4):
            await walk.start_sign_in(identifier, "не-тот-пароль-вовсе")
    await visitor.next(SecurityAlertRaised, where=lambda event: event.kind == "many-refusals")
    identity.clock.move(timedelta(minutes=31))
    since, firefox = visitor.now(), {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    started = await walk.start_sign_in(walk.email)
    await walk.ask("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": await visitor.code(since)}, **firefox)
    await visitor.next(SecurityAlertRaised, where=lambda event: event.kind == "new-device")

    reader_id = uuid4()
    for _ in range(50):
        await identity.publish(record_read(identity, reader_id, uuid4()))
    told = await identity.tap.next(BulkReadingDetected, where=lambda event: event.reader_id == reader_id, timeout=15)
    assert (told.people, told.reader_role) == (50, "reviewer")


def ciphertexts(value: Any) -> set[bytes]:
    """Every encrypted value of a document."""
    if isinstance(value, Binary) and value.subtype == 6:
        return {bytes(value)}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {found for item in inner for found in ciphertexts(item)}


async def test_id_10_personal_data_lie_encrypted_and_only_what_is_looked_up_equals_itself(
    identity: Component, visitor: Visitor, signer: Signer
) -> None:
    twin = await Visitor.registered(identity, signer, profile=visitor.walk.profile | {"licence": people.profile()["licence"]})
    await twin.next(ProfileVerified)
    walk, profile = visitor.walk, visitor.walk.profile
    secret = (walk.phone, walk.email, walk.snils, str(walk.inn), walk.licence_number, profile["surname"], profile["birth_place"])
    documents_of = [await identity.database["people"].find_one({"_id": one.id}) for one in (visitor, twin)]
    assert ciphertexts(documents_of[0])
    assert not ciphertexts(documents_of[0]) & ciphertexts(documents_of[1]), "the same name is encrypted differently each time"
    for name in await identity.database.list_collection_names():
        async for document in identity.database[name].find({}):
            assert not [value for value in secret if value in repr(document)], name
    for message in identity.tap.messages:
        assert not [value for value in secret if value.encode() in message.body], message.routing_key
    with_other_case = await visitor.sign_in(walk.email.upper())
    assert with_other_case.id == visitor.id, "found by equality although encrypted"


async def test_id_10_keys_rotate_while_the_service_runs(infra: Infra, registries: FakeRegistries, signer: Signer) -> None:
    settings = QUICK | QUICK_KEYS | {"IDENTITY_REGISTRIES_URL": registries.url}
    async with service_environment(infra, "identity", **settings) as env, component(create_app, Settings, env) as own:
        visitor = await Visitor.registered(own, signer)
        await visitor.next(ProfileVerified)
        before = await own.database["people"].find_one({"_id": visitor.id})
        done = await asyncio.to_thread(CliRunner().invoke, medkabinet, ["keys", "rotate", "--service", "identity"], env=env)
        assert "поколение 2, старый ключ удалён" in done.stdout, done.output
        after = await own.database["people"].find_one({"_id": visitor.id})
        assert not ciphertexts(before) & ciphertexts(after)
        own.clock.move(timedelta(minutes=2))
        assert (await visitor.sign_in(visitor.walk.snils)).id == visitor.walk.owner_id
        assert (await visitor.ask("GET", "/profile"))["phone"] == visitor.walk.phone


async def test_id_11_staff_are_added_by_an_administrator_and_need_a_strong_factor(
    identity: Component, visitor: Visitor, signer: Signer
) -> None:
    assert (await visitor.send("POST", "/staff", people.staff("auditor"))).status_code == 403
    administrator = await Visitor.member(identity, signer, "administrator")
    body = people.staff("auditor")
    await administrator.ask("POST", "/staff", body)
    walk = Walk(identity, phone=body["phone"], email=body["email"])
    await walk.set_password(walk.email)
    member = await Visitor(walk, signer).sign_in(walk.email)
    assert (member.claims["roles"], member.claims["scope"]) == ([], "enrolment"), "a code by SMS lets them set up a factor, no more"
    assert (await member.send("GET", "/audit/access-log?reason=complaint")).status_code == 403
    await member.set_up_app()
    assert member.claims["roles"] == ["auditor"]
    assert (await member.send("GET", f"/audit/access-log?{WHY}")).status_code == 200
    identity.clock.move(timedelta(minutes=1))
    assert set(claims_of(await member.finish(member.shown()))["factors"]) == {"password", "totp"}


async def test_id_11_people_export_all_their_data(visitor: Visitor) -> None:
    export = await visitor.ask("POST", "/data-exports")
    pieces = (applications.ApplicationsExported, documents.DocumentsExported, notifications.NotificationsExported, support.SupportExported)
    for piece in pieces:
        names: Json = {"occurred_at": visitor.now(), "export_id": UUID(export["id"]), "person_id": visitor.id}
        await visitor.walk.identity.publish(piece(**names, number=1, count=1, content=f'["{piece.__name__}"]'))
    assert (await visitor.next(DataExportReady)).missing == ()
    file = json.loads((await visitor.send("GET", f"/data-exports/{export['id']}/file")).content)
    assert [file["parts"][name] for name in ("applications", "support")] == [["ApplicationsExported"], ["SupportExported"]]
    account = next(record for record in file["parts"]["identity"] if record["kind"] == "account")
    assert (account["phone"], account["email"]) == (visitor.walk.phone, visitor.walk.email)


async def test_id_11_consents_are_withdrawn_and_erasure_waits_for_what_must_be_kept(visitor: Visitor) -> None:
    identity, application_id = visitor.walk.identity, uuid4()
    submitted = ApplicationSubmitted(
        occurred_at=visitor.now(),
        version=2,
        application_id=application_id,
        applicant_id=visitor.id,
        number="MK-2026-00000017-4",
        kind="primary",
        specialty_code="31.08.49",
        document_ids=(),
        snapshot_sha256="0" * 64,
        due_at=visitor.now() + DAY,
    )
    await identity.publish(submitted)
    await eventually(lambda: identity.database["legal_holds"].find_one({"_id": application_id}))
    asked = await visitor.send("DELETE", "/consents/personal-data")
    assert (asked.status_code, asked.json()["code"]) == (409, "erasure-confirmation-needed")
    withdrawn = await visitor.ask("DELETE", "/consents/personal-data?confirm=erase")
    held = await visitor.ask("GET", f"/erasure-requests/{withdrawn['erasure_request_id']}")
    assert (held["state"], held["grounds"][0]["application_number"]) == ("held", submitted.number)


async def test_id_11_an_account_is_erased_when_nothing_holds_it(visitor: Visitor) -> None:
    identity = visitor.walk.identity
    await visitor.ask("POST", "/erasure-requests", {"password": people.PASSWORD})
    identity.clock.move(7 * DAY - timedelta(minutes=1))
    assert visitor.told(PersonErased) == []
    identity.clock.move(timedelta(minutes=2))
    await visitor.next(PersonErased)
    left = await identity.database["people"].find_one({"_id": visitor.id})
    assert left is not None
    assert ciphertexts(left) == set()
    assert (await visitor.refresh()).status_code == 401
