"""Scans of passport and SNILS in registration, followed through documents' events, and registrations nobody completes."""

import base64
import itertools
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.documents import DocumentReceived, DocumentRejected
from contracts.identity import PractitionerRegistered, RegistrationLapsed, RegistrationTermReached
from services.identity.domain.scans import ScanState, ScanType, are_accepted, scan_of, with_news
from tests.identity.samples import NOW, a_scan
from tests.identity.walk import CONSENTS, Walk, scan_accepted, scan_told
from tests.support import Component, eventually

pytestmark = pytest.mark.usefixtures("back_to_normal")


def received(owner_id: UUID, document_type: str, **changes: Any) -> DocumentReceived:
    return DocumentReceived(**scan_told(owner_id, document_type, **changes), size_bytes=40_000, media_type="image/jpeg", sha256="0" * 64)


def rejected(owner_id: UUID, document_type: str, *codes: str, **changes: Any) -> DocumentRejected:
    return DocumentRejected(**scan_told(owner_id, document_type, **changes), codes=codes)


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


async def shown(walk: Walk, scan_type: str) -> dict[str, Any]:
    scans = (await walk.ask("GET", walk.path))["scans"]
    return next(dict(scan) for scan in scans if scan["type"] == scan_type)


async def in_state(walk: Walk, scan_type: str, state: str) -> dict[str, Any]:
    async def reached() -> dict[str, Any] | None:
        scan = await shown(walk, scan_type)
        return scan if scan["state"] == state else None

    return await eventually(reached)


async def handled(identity: Component, event: Any) -> None:
    async def is_noted() -> bool:
        return await identity.database["inbox"].find_one({"_id": str(event.event_id)}) is not None

    await eventually(is_noted)


async def lapsed(identity: Component, owner_id: UUID) -> bool:
    return any(event.owner_id == owner_id for event in identity.tap.all(RegistrationLapsed))


async def test_id1_a_registration_needs_accepted_scans_of_passport_and_snils(identity: Component) -> None:
    walk = await (await Walk(identity).begin()).fill(scans=False)
    assert await shown(walk, "passport") == {"type": "passport", "state": "missing", "document_id": None, "file_version": None, "codes": []}
    incomplete = await walk.send("POST", f"{walk.path}/completion")
    assert (incomplete.status_code, incomplete.json()["code"], incomplete.json()["missing"]) == (409, "registration-incomplete", ["scans"])

    document_id = uuid4()
    await identity.publish(received(walk.owner_id, "passport", document_id=document_id))
    await in_state(walk, "passport", "checking")
    await identity.publish(rejected(walk.owner_id, "passport", "image-blurred", document_id=document_id))
    refused = await in_state(walk, "passport", "rejected")
    assert (refused["document_id"], refused["codes"]) == (str(document_id), ["image-blurred"])
    await identity.publish(scan_accepted(walk.owner_id, "passport", document_id=document_id, file_version=2, version=4))
    assert (await in_state(walk, "passport", "accepted"))["file_version"] == 2
    half = await walk.send("POST", f"{walk.path}/completion")
    assert half.json()["missing"] == ["scans"]

    await identity.publish(scan_accepted(walk.owner_id, "snils"))
    await in_state(walk, "snils", "accepted")
    assert await walk.complete() == walk.owner_id, "the files belong to the practitioner from the start"


async def test_the_upload_token_is_limited_short_and_renewed_until_completion(identity: Component) -> None:
    walk = await Walk(identity).begin()
    renewed = await walk.send("POST", f"{walk.path}/upload-tokens")
    assert (renewed.status_code, renewed.headers["Cache-Control"]) == (201, "no-store")
    for token in (walk.upload_token, renewed.json()["upload_token"]):
        claims = claims_of(token)
        assert (claims["scope"], claims["roles"], claims["factors"]) == ("registration", [], {})
        assert claims["exp"] - claims["iat"] == renewed.json()["upload_token_expires_in"] == 300
        assert UUID(claims["sub"]) == walk.owner_id
    assert str(walk.owner_id) != walk.registration_id
    await walk.fill()
    await walk.complete()
    late = await walk.send("POST", f"{walk.path}/upload-tokens")
    assert (late.status_code, late.json()["code"]) == (409, "registration-completed")


async def test_the_upload_token_ends_with_the_registration(identity: Component) -> None:
    walk = Walk(identity)
    await walk.ask("POST", "/registrations", {"phone": walk.phone})
    await walk.code(walk.phone)
    identity.clock.move(timedelta(days=30) - timedelta(seconds=100))
    await walk.begin()
    claims = claims_of(walk.upload_token)
    assert claims["exp"] - claims["iat"] <= 100


async def test_a_resumed_registration_keeps_its_scans(identity: Component) -> None:
    walk = await Walk(identity).begin()
    await identity.publish(scan_accepted(walk.owner_id, "passport"))
    await in_state(walk, "passport", "accepted")
    resumed = await Walk(identity, phone=walk.phone).begin()
    assert (resumed.registration_id, resumed.owner_id) == (walk.registration_id, walk.owner_id)
    assert (await shown(resumed, "passport"))["state"] == "accepted"


async def test_other_peoples_documents_leave_no_trace(identity: Component) -> None:
    walk = await Walk(identity).begin()
    strangers = [scan_accepted(uuid4(), "passport"), scan_accepted(walk.owner_id, "diploma"), received(uuid4(), "snils")]
    for event in strangers:
        await identity.publish(event)
    await identity.publish(scan_accepted(walk.owner_id, "snils"))
    await identity.publish(received(walk.owner_id, "passport"))
    await in_state(walk, "snils", "accepted")
    await in_state(walk, "passport", "checking")
    ids = [str(event.event_id) for event in strangers]
    assert await identity.database["inbox"].count_documents({"_id": {"$in": ids}}) == 0
    assert await identity.database["registrations"].count_documents({"owner_id": strangers[0].owner_id}) == 0


async def test_a_registration_nobody_completes_lapses_and_its_owner_is_told_of(identity: Component) -> None:
    walk = await (await Walk(identity).begin()).fill()
    identity.clock.move(timedelta(days=30, seconds=1))
    told = await identity.tap.next(RegistrationLapsed, where=lambda event: event.owner_id == walk.owner_id)
    assert told.owner_id == walk.owner_id
    assert await identity.database["registrations"].count_documents({"_id": UUID(walk.registration_id)}) == 0
    assert (await walk.send("GET", walk.path)).status_code == 401
    anew = await Walk(identity, phone=walk.phone).begin()
    assert anew.owner_id != walk.owner_id


@pytest.mark.parametrize("is_row_gone", [False, True])
async def test_a_completed_registration_never_lapses(identity: Component, *, is_row_gone: bool) -> None:
    walk = Walk(identity)
    practitioner_id = await walk.register()
    await identity.tap.next(PractitionerRegistered, where=lambda event: event.practitioner_id == practitioner_id)
    assert await identity.database["timers"].count_documents({"_id": f"registration:{walk.registration_id}"}) == 0
    if is_row_gone:
        await identity.database["registrations"].delete_one({"_id": UUID(walk.registration_id)})
    identity.clock.move(timedelta(days=31))
    late = RegistrationTermReached(occurred_at=NOW, registration_id=UUID(walk.registration_id), owner_id=walk.owner_id)
    await identity.publish(late)
    await handled(identity, late)
    anew = await Walk(identity).begin()  # whatever the late timer published would have left before this code
    assert anew.owner_id != practitioner_id
    assert not await lapsed(identity, practitioner_id)


async def test_a_timer_that_finds_neither_row_nor_account_still_tells(identity: Component) -> None:
    late = RegistrationTermReached(occurred_at=NOW, registration_id=uuid4(), owner_id=uuid4())
    await identity.publish(late)
    told = await identity.tap.next(RegistrationLapsed, where=lambda event: event.owner_id == late.owner_id)
    assert told.owner_id == late.owner_id


async def test_an_open_registration_survives_an_early_timer(identity: Component) -> None:
    walk = await Walk(identity).begin()
    early = RegistrationTermReached(occurred_at=NOW, registration_id=UUID(walk.registration_id), owner_id=walk.owner_id)
    await identity.publish(early)
    await handled(identity, early)
    assert (await walk.send("PUT", f"{walk.path}/consents", {"consents": CONSENTS})).status_code == 200
    assert not await lapsed(identity, walk.owner_id)


class TestScans:
    def test_news_in_any_order_end_in_the_same_state(self) -> None:
        document_id = uuid4()
        first = [a_scan(document_id=document_id, state=state) for state in (ScanState.CHECKING, ScanState.REJECTED)]
        second = [a_scan(document_id=document_id, file_version=2, state=state) for state in (ScanState.CHECKING, ScanState.ACCEPTED)]
        for order in itertools.permutations(first + second):
            scans: tuple[Any, ...] = ()
            for news in order:
                scans = with_news(scans, news)
            assert scans == (second[1],)

    def test_old_news_change_nothing(self) -> None:
        scans = (a_scan(),)
        assert with_news(scans, a_scan(document_id=scans[0].document_id, state=ScanState.CHECKING)) is scans

    def test_an_accepted_scan_counts_before_a_later_refused_one(self) -> None:
        good = a_scan()
        bad = a_scan(state=ScanState.REJECTED, told_at=NOW + timedelta(hours=1))
        assert scan_of((good, bad), ScanType.PASSPORT) is good
        assert not are_accepted((good, bad))
        assert are_accepted((good, bad, a_scan(type=ScanType.SNILS)))
