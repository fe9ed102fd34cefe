"""The export of everything that is known of a person."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.exports import PORTION
from chassis.transaction import Begin, atomic
from contracts import applications, documents, notifications, support
from contracts.exports import DataExportPiece
from contracts.identity import DataExportReady, DataExportRequested
from services.identity.domain.access_log import Action, Entry, entry_id
from services.identity.domain.exports import DataExport, Part
from services.identity.repository.access_log import AccessLogRepository
from tests.identity import people
from tests.identity.conftest import RATES, running_identity
from tests.identity.provider import HostileProvider
from tests.identity.registries import FakeRegistries
from tests.identity.samples import NOW, an_entry
from tests.identity.test_rights import Owner
from tests.identity.walk import Walk
from tests.support import Component, Infra, Signer, eventually
from tests.support.exports import multiply

SERVICES: dict[str, type[DataExportPiece]] = {
    "applications": applications.ApplicationsExported,
    "documents": documents.DocumentsExported,
    "notifications": notifications.NotificationsExported,
    "support": support.SupportExported,
}

MANY = 1_001


@dataclass
class Writer:
    """Rows of the access log, as many as are wanted."""

    begin: Begin

    @atomic
    async def write(self, log: AccessLogRepository, entries: Sequence[Entry]) -> None:
        async with self.begin() as tx:
            await log.append_all(tx, entries)


@pytest.fixture
async def owner(identity: Component, signer: Signer) -> Owner:
    identity.clock.reset()
    walk = Walk(identity)
    await walk.register()
    return Owner(identity, signer, walk)


async def send(owner: Owner, export_id: str, service: str, *contents: str, numbers: tuple[int, ...] | None = None) -> None:
    for number in numbers or tuple(range(1, len(contents) + 1)):
        names = {"occurred_at": owner.identity.clock.now(), "export_id": UUID(export_id), "person_id": owner.id}
        piece = SERVICES[service](**names, number=number, count=len(contents), content=contents[number - 1])
        await owner.identity.publish(piece)


async def parts(owner: Owner, export_id: str) -> set[str]:
    shown = await owner.ok("GET", f"/data-exports/{export_id}")
    return {part["service"] for part in shown["parts"] if part["is_here"]}


async def have(owner: Owner, export_id: str, *services: str) -> None:
    async def are_here() -> bool:
        return await parts(owner, export_id) == set(services)

    await eventually(are_here)


async def test_id11_the_export_holds_every_services_part_without_secrets(owner: Owner) -> None:
    await owner.walk.sign_in()
    export = await owner.ok("POST", "/data-exports")
    asked = await owner.identity.tap.next(DataExportRequested, where=lambda event: event.person_id == owner.id)
    assert str(asked.export_id) == export["id"]
    await have(owner, export["id"], "identity")
    early = await owner.call("GET", f"/data-exports/{export['id']}/file")
    assert (early.status_code, early.json()["code"]) == (409, "data-export-not-ready")

    for service in ("documents", "notifications", "support"):
        await send(owner, export["id"], service, f'[{{"from": "{service}"}}]')
    await send(owner, export["id"], "applications", '[{"n": 1}]', "[]", '[{"n": 3}]', numbers=(3, 1))
    await have(owner, export["id"], "identity", "documents", "notifications", "support")
    await send(owner, export["id"], "applications", '[{"n": 1}]', "[]", '[{"n": 3}]', numbers=(1, 2))
    ready = await owner.identity.tap.next(DataExportReady, where=lambda event: event.person_id == owner.id)
    assert ready.missing == ()

    file = await owner.call("GET", f"/data-exports/{export['id']}/file")
    assert file.status_code == 200, file.text
    assert file.headers["Cache-Control"] == "no-store"
    assert file.headers["Content-Disposition"].startswith("attachment")
    content = json.loads(file.content)
    assert content["parts"]["applications"] == [{"n": 1}, {"n": 3}]
    assert content["parts"]["support"] == [{"from": "support"}]
    own = content["parts"]["identity"]
    assert {"account", "session", "factors", "access"} <= {record["kind"] for record in own}
    account = next(record for record in own if record["kind"] == "account")
    assert (account["phone"], account["numbers"]["snils"]) == (owner.walk.phone, owner.walk.snils)
    assert account["consents"]
    assert not [word for word in ("password_hash", "digest", "argon2", people.PASSWORD) if word in file.text]
    assert {"data-exported", "data-export-requested"} <= set(await owner.actions())


async def test_nothing_is_cut_however_much_there_is_of_a_kind(owner: Owner) -> None:
    await owner.walk.sign_in()
    identity, own, usecases = owner.identity, {"person_id": owner.id}, owner.identity.app.state.usecases
    await multiply(identity, "sessions", own, MANY)
    numbered = {"_id": lambda number: f"{owner.id}:{number + 1}", "number": lambda number: number + 1}
    await multiply(identity, "profile_versions", own, PORTION, **numbered)
    at = identity.clock.now()
    shown = {"at": at, "subject_id": owner.id, "actor_id": owner.id, "action": Action.PROFILE_CHANGED}
    entries = [an_entry(id=entry_id(at, uuid4()), record=f"profile-version:{number}", **shown) for number in range(MANY)]
    await Writer(usecases.access.begin).write(usecases.access.log, entries)

    export = await owner.ok("POST", "/data-exports")
    await have(owner, export["id"], "identity")
    for service in SERVICES:
        await send(owner, export["id"], service, "[]")
    await owner.identity.tap.next(DataExportReady, where=lambda event: event.person_id == owner.id)
    file = json.loads((await owner.call("GET", f"/data-exports/{export['id']}/file")).content)
    told = Counter(record["kind"] for record in file["parts"]["identity"])
    assert (told["session"], told["profile-version"], told["account"], told["factors"]) == (MANY + 1, PORTION + 1, 1, 1)
    assert {record["record"] for record in file["parts"]["identity"] if record["kind"] == "access"} >= {entry.record for entry in entries}


async def test_an_export_is_encrypted_the_owners_alone_and_one_at_a_time(owner: Owner) -> None:
    export = await owner.ok("POST", "/data-exports")
    again = await owner.call("POST", "/data-exports")
    assert (again.status_code, again.json()["code"], again.json()["export_id"]) == (409, "data-export-under-way", export["id"])
    await have(owner, export["id"], "identity")
    stored = [row async for row in owner.identity.database["data_export_pieces"].find({"person_id": owner.id})]
    assert stored
    assert owner.walk.phone not in repr(stored)
    stranger = Owner(owner.identity, owner.signer, owner.walk)
    stranger.id = uuid4()
    for path in ("", "/file"):
        assert (await stranger.call("GET", f"/data-exports/{export['id']}{path}")).status_code == 404
    stale = await owner.call("POST", "/data-exports", factors={"sms": int(owner.identity.clock.now().timestamp()) - 3600})
    assert (stale.status_code, stale.json()["code"]) == (403, "step-up-required")


async def test_only_exports_that_were_begun_count_against_the_hour(
    infra: Infra, registries: FakeRegistries, provider: HostileProvider, signing_folder: Path, signer: Signer
) -> None:
    rates = json.dumps({name: "100000/minute" for name in RATES if name != "data-exports"})
    async with running_identity(infra, registries, provider, signing_folder, IDENTITY_RATE_LIMITS=rates) as identity:
        walk = Walk(identity)
        await walk.register()
        owner = Owner(identity, signer, walk)
        for _ in range(5):
            export = await owner.ok("POST", "/data-exports")
            repeated = [await owner.call("POST", "/data-exports") for _ in range(2)]
            assert [answer.json()["code"] for answer in repeated] == ["data-export-under-way"] * 2
            await have(owner, export["id"], "identity")
            over = {"is_open": False, "ready_at": identity.clock.now()}
            await identity.database["data_exports"].update_one({"_id": UUID(export["id"])}, {"$set": over})
        refused = await owner.call("POST", "/data-exports")
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-data-exports")
        assert 3500 < int(refused.headers["Retry-After"]) <= 3601
        identity.clock.move(timedelta(hours=1, seconds=1))
        await owner.ok("POST", "/data-exports")


async def test_what_does_not_come_within_a_day_is_named_and_the_file_ends_after_seven_days(owner: Owner) -> None:
    export = await owner.ok("POST", "/data-exports")
    await have(owner, export["id"], "identity")
    owner.identity.clock.move(timedelta(hours=24, seconds=1))
    ready = await owner.identity.tap.next(DataExportReady, where=lambda event: event.person_id == owner.id)
    assert ready.missing == ("applications", "documents", "notifications", "support")
    shown = await owner.ok("GET", f"/data-exports/{export['id']}")
    assert shown["missing"] == list(ready.missing)
    file = json.loads((await owner.call("GET", f"/data-exports/{export['id']}/file")).content)
    assert (file["missing"], file["parts"]["support"]) == (list(ready.missing), [])
    owner.identity.clock.move(timedelta(days=6))
    over = await owner.call("GET", f"/data-exports/{export['id']}/file")
    assert (over.status_code, over.json()["code"]) == (404, "no-such-data-export")


class TestParts:
    def test_a_part_is_whole_with_all_its_pieces_in_any_order(self) -> None:
        sample: dict[str, Any] = {"id": uuid4(), "person_id": uuid4(), "requested_at": NOW, "expires_at": NOW, "parts": {}}
        export = DataExport(**sample).with_piece("support", 2, 2).with_piece("support", 2, 2)
        assert "support" in export.missing
        whole = export.with_piece("support", 1, 2)
        assert whole.parts["support"] == Part(2, (1, 2))
        assert "support" not in whole.missing
