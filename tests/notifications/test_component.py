import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.applications import ElectronicDocumentIssued
from contracts.notifications import DeliveryFailed, DeliveryRequested
from contracts.roles import Role
from services.notifications.settings import Settings
from tests.notifications.events import NUMBER, code_issued, contacts_changed, provided, requested, submitted
from tests.notifications.outside import Gateway, MailServer
from tests.support import Component, Signer, eventually


@pytest.fixture
def person() -> UUID:
    return uuid4()


@pytest.fixture
def headers(signer: Signer, person: UUID) -> dict[str, str]:
    return signer.headers(person, Role.PRACTITIONER)


async def notices_of(service: Component, headers: dict[str, str], **query: Any) -> list[dict[str, Any]]:
    answer = await service.client.get("/notices", headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def await_notices(service: Component, headers: dict[str, str], count: int) -> list[dict[str, Any]]:
    async def enough() -> list[dict[str, Any]] | None:
        found = await notices_of(service, headers)
        return found if len(found) >= count else None

    found = await eventually(enough)
    assert found is not None
    return found


async def ledger(service: Component, **wanted: Any) -> list[dict[str, Any]]:
    return [row async for row in service.database["deliveries"].find(wanted)]


@asynccontextmanager
async def stream(service: Component, headers: dict[str, str]) -> AsyncIterator[AsyncIterator[tuple[str, str, dict[str, Any]]]]:
    """The live stream, open and positioned; gives (id, event, data)."""
    async with service.client.stream("GET", "/stream", headers=headers, timeout=10) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        async for line in lines:
            if line.startswith("id:"):
                break
        yield _events(lines)


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}


async def test_a_submission_reaches_inbox_and_live_stream_with_number_and_link(
    service: Component, headers: dict[str, str], person: UUID
) -> None:
    event = submitted(person, at=datetime.now(UTC))
    async with stream(service, headers) as live:
        await service.publish(event)
        async with asyncio.timeout(5):
            event_id, name, notice = await anext(live)
    assert (event_id, name, notice["kind"]) == ("1", "notice", "application-received")
    assert NUMBER in notice["title"]
    assert notice["link"] == f"http://cabinet.test/applications/{event.application_id}"
    assert notice == (await notices_of(service, headers))[0]


async def test_a_stream_resumes_after_the_last_event_the_person_saw(service: Component, headers: dict[str, str], person: UUID) -> None:
    for _ in range(3):
        await service.publish(submitted(person))
    await await_notices(service, headers, 3)
    async with stream(service, headers | {"Last-Event-ID": "1"}) as live, asyncio.timeout(5):
        assert [(await anext(live))[0], (await anext(live))[0]] == ["2", "3"]


async def test_a_stream_hears_what_another_replica_commits(service: Component, headers: dict[str, str], person: UUID) -> None:
    await service.publish(submitted(person))
    await await_notices(service, headers, 1)
    async with stream(service, headers) as live, asyncio.timeout(8):
        stored = await service.database["notices"].find_one({"recipient_id": person})
        assert stored is not None
        await service.database["recipients"].update_one({"_id": person}, {"$inc": {"sequence": 1}})
        await service.database["notices"].insert_one(stored | {"_id": uuid4(), "event_id": uuid4(), "sequence": 2})
        assert (await anext(live))[0] == "2"


async def test_a_stream_ends_with_its_token(service: Component, signer: Signer, person: UUID) -> None:
    soon = int(datetime.now(UTC).timestamp()) + 2
    async with stream(service, signer.headers(person, Role.PRACTITIONER, exp=soon)) as live, asyncio.timeout(5):
        assert [event async for event in live] == []


async def test_streams_of_one_person_are_bounded(service: Component, headers: dict[str, str]) -> None:
    limit = Settings.model_fields["streams_per_person"].default
    async with asyncio.timeout(10):
        opened = [stream(service, headers) for _ in range(limit)]
        for one in opened:
            await one.__aenter__()
        refused = await service.client.get("/stream", headers=headers)
        for one in opened:
            await one.__aexit__(None, None, None)
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-streams")
    assert "retry-after" in refused.headers


@pytest.mark.parametrize("wrong", ["abc", "-1", "1.5", str(2**63), ""])
async def test_a_malformed_last_event_id_is_named(service: Component, headers: dict[str, str], wrong: str) -> None:
    answer = await service.client.get("/stream", headers=headers | {"Last-Event-ID": wrong})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].lower() == "#header:last-event-id"


async def test_an_event_delivered_three_times_tells_once(service: Component, headers: dict[str, str], person: UUID) -> None:
    event = submitted(person)
    for _ in range(3):
        await service.publish(event)
    await service.publish(submitted(person))
    assert len(await await_notices(service, headers, 2)) == 2


async def test_a_request_goes_out_by_mail_and_sms_with_links_and_without_personal_data_in_the_sms(
    service: Component, person: UUID, mail: MailServer, sms: Gateway
) -> None:
    known = contacts_changed(person)
    await service.publish(known)
    await eventually(lambda: service.database["recipients"].find_one({"_id": person}))
    event = requested(person, at=datetime.now(UTC))
    await service.publish(event)
    await eventually(lambda: _all_delivered(service, event.event_id, 2))
    [letter] = mail.to(known.email)
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    link = f"http://cabinet.test/applications/{event.application_id}"
    assert NUMBER in letter["Subject"]
    assert "Вера Павловна" in plain.get_content()
    assert link in plain.get_content()
    assert f'href="{link}"' in html.get_content()
    [message] = sms.to(known.phone)
    assert NUMBER in message["text"]
    assert link in message["text"]
    assert "Вера" not in message["text"]


async def _all_delivered(service: Component, event_id: UUID, count: int) -> bool:
    rows = await ledger(service, event_id=event_id)
    return [row["state"] for row in rows] == ["delivered"] * count


async def test_a_notice_for_somebody_without_contacts_waits_outside_and_goes_when_they_come(
    service: Component, headers: dict[str, str], person: UUID, mail: MailServer
) -> None:
    event = requested(person, at=datetime.now(UTC))
    await service.publish(event)
    await await_notices(service, headers, 1)
    assert {row["state"] for row in await ledger(service, event_id=event.event_id)} == {"waiting"}
    known = contacts_changed(person)
    await service.publish(known)
    await eventually(lambda: _all_delivered(service, event.event_id, 2))
    assert len(mail.to(known.email)) == 1


async def test_contacts_are_encrypted_and_an_older_change_does_not_replace_a_newer(service: Component, person: UUID) -> None:
    newer, older = contacts_changed(person, version=2), contacts_changed(person, version=1)
    await service.publish(newer)
    await eventually(lambda: service.database["recipients"].find_one({"_id": person, "contacts_version": 2}))
    await service.publish(older)
    await eventually(lambda: service.database["inbox"].find_one({"_id": str(older.event_id)}))
    stored = await service.database["recipients"].find_one({"_id": person})
    assert stored is not None
    assert stored["contacts_version"] == 2
    assert newer.email.encode() not in b"".join(bytes(value) for value in stored["personal"].values())


async def test_a_code_arrives_by_sms_is_erased_and_never_in_the_inbox(service: Component, sms: Gateway) -> None:
    event = code_issued(at=datetime.now(UTC), address="+79001112233")
    await service.publish(event)
    await eventually(lambda: _all_delivered(service, event.event_id, 1))
    [message] = sms.to("+79001112233")
    assert event.code in message["text"]
    [row] = await ledger(service, event_id=event.event_id)
    assert "personal" not in row
    assert await service.database["notices"].find_one({"recipient_id": event.person_id}) is None


async def test_a_code_arrives_by_mail(service: Component, mail: MailServer) -> None:
    event = code_issued(at=datetime.now(UTC), channel="email", address="code@example.org", purpose="email-confirmation")
    await service.publish(event)
    await eventually(lambda: _all_delivered(service, event.event_id, 1))
    [letter] = mail.to("code@example.org")
    plain = letter.get_body(("plain",))
    assert plain is not None
    assert event.code in plain.get_content()


async def test_a_code_that_is_over_is_not_sent(service: Component, sms: Gateway) -> None:
    event = code_issued(at=datetime.now(UTC) - timedelta(hours=1), address="+79007770000")
    await service.publish(event)
    [row] = await eventually(lambda: ledger(service, event_id=event.event_id))
    assert row["state"] == "expired"
    assert "personal" not in row
    assert sms.to("+79007770000") == []


async def test_a_failing_provider_is_asked_again_and_the_ledger_keeps_each_attempt(service: Component, sms: Gateway) -> None:
    sms.status = 503
    event = code_issued(at=datetime.now(UTC), address="+79008880000")
    await service.publish(event)
    await eventually(lambda: _tried(sms, "+79008880000"))
    sms.status = 201
    service.clock.move(timedelta(seconds=5))
    await eventually(lambda: _all_delivered(service, event.event_id, 1))
    service.clock.reset()
    [row] = await ledger(service, event_id=event.event_id)
    assert [attempt["outcome"] for attempt in row["attempts"]] == ["sms-503", "delivered"]
    assert len(sms.to("+79008880000")) == 1


async def _tried(sms: Gateway, phone: str) -> bool:
    return any(message["to"] == phone for message in sms.tries)


async def test_a_refused_letter_fails_and_is_reported(service: Component, person: UUID, mail: MailServer) -> None:
    known = contacts_changed(person)
    await service.publish(known)
    await eventually(lambda: service.database["recipients"].find_one({"_id": person}))
    mail.reply = "550 no such mailbox"
    event = requested(person, at=datetime.now(UTC))
    await service.publish(event)
    failure = await service.tap.next(DeliveryFailed, where=lambda failed: failed.recipient_id == person)
    assert (failure.channel, failure.kind, failure.is_critical) == ("email", "information-requested", True)


async def test_a_delivery_asked_for_twice_leaves_once(service: Component, sms: Gateway) -> None:
    event = code_issued(at=datetime.now(UTC), address="+79009990000")
    await service.publish(event)
    await eventually(lambda: _all_delivered(service, event.event_id, 1))
    [row] = await ledger(service, event_id=event.event_id)
    again = DeliveryRequested(occurred_at=datetime.now(UTC), delivery_id=row["_id"])
    await service.publish(again)
    await eventually(lambda: service.database["inbox"].find_one({"_id": str(again.event_id)}))
    assert [message["to"] for message in sms.tries].count("+79009990000") == 1


async def test_a_receipt_carries_the_copy_of_the_document(service: Component, person: UUID, mail: MailServer, sms: Gateway) -> None:
    sms.file = b"%PDF-1.7 invented"
    known = contacts_changed(person)
    await service.publish(known)
    await eventually(lambda: service.database["recipients"].find_one({"_id": person}))
    event = ElectronicDocumentIssued(
        occurred_at=datetime.now(UTC),
        application_id=uuid4(),
        applicant_id=person,
        number=NUMBER,
        sha256=hashlib.sha256(sms.file).hexdigest(),
        link=f"http://127.0.0.1:{sms.port}/file",
    )
    await service.publish(event)
    await eventually(lambda: _all_delivered(service, event.event_id, 1))
    [letter] = mail.to(known.email)
    [copy] = letter.iter_attachments()
    assert (copy.get_filename(), copy.get_content()) == (f"{NUMBER}.pdf", sms.file)


async def test_reminders_come_every_48_hours_until_the_applicant_answers(service: Component, signer: Signer, person: UUID) -> None:
    headers = signer.headers(person, Role.PRACTITIONER, exp=int(datetime.now(UTC).timestamp()) + 10**6)
    event = requested(person, at=datetime.now(UTC))
    await service.publish(event)
    await await_notices(service, headers, 1)
    async with stream(service, headers) as live, asyncio.timeout(8):
        service.clock.move(timedelta(hours=49))
        event_id, _, repeated = await anext(live)
    service.clock.reset()
    assert (event_id, repeated["repetitions"], repeated["read_at"]) == ("2", 1, None)
    await service.publish(provided(event, at=datetime.now(UTC) + timedelta(seconds=1)))

    async def answered() -> bool:
        return not (await notices_of(service, headers))[0]["awaits_act"]

    await eventually(answered)
    assert await service.database["timers"].find_one({"_id": f"repeat:{repeated['notice_id']}"}) is None


async def test_reading_and_acting_are_kept_and_owned(service: Component, headers: dict[str, str], person: UUID, signer: Signer) -> None:
    await service.publish(requested(person, at=datetime.now(UTC)))
    [notice] = await await_notices(service, headers, 1)
    path = f"/notices/{notice['notice_id']}"
    stranger = signer.headers(uuid4(), Role.PRACTITIONER)
    for method, url in (("GET", path), ("PUT", f"{path}/reading"), ("PUT", f"{path}/act")):
        answer = await service.client.request(method, url, headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "notice-not-found")
    for step in ("reading", "reading", "act", "act"):
        assert (await service.client.put(f"{path}/{step}", headers=headers)).status_code == 204
    shown = (await service.client.get(path, headers=headers)).json()
    assert shown["read_at"]
    assert shown["acted_at"]
    assert shown["awaits_act"] is False
    assert await notices_of(service, headers, unread=True) == []
    assert len(await notices_of(service, headers, unread=False)) == 1


async def test_lists_are_paged_newest_first(service: Component, headers: dict[str, str], person: UUID) -> None:
    for _ in range(5):
        await service.publish(submitted(person))
    await await_notices(service, headers, 5)
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await service.client.get("/notices", headers=headers, params=query)).json()
        seen += [item["sequence"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [5, 4, 3, 2, 1]


async def test_preferences_are_kept_and_a_critical_kind_cannot_be_muted(service: Component, headers: dict[str, str]) -> None:
    chosen = await service.client.put("/preferences", headers=headers, json={"channels": {"review-begun": ["inbox", "sms"]}})
    assert chosen.status_code == 200, chosen.text
    kinds = {kind["kind"]: kind for kind in (await service.client.get("/preferences", headers=headers)).json()["kinds"]}
    assert kinds["review-begun"]["channels"] == ["inbox", "sms"]
    body = {"channels": {"information-requested": ["inbox"], "horoscope": ["email"]}}
    refused = await service.client.put("/preferences", headers=headers, json=body)
    assert refused.status_code == 422
    assert {(error["pointer"], error["code"]) for error in refused.json()["errors"]} == {
        ("/channels/information-requested", "critical-kind-muted"),
        ("/channels/horoscope", "unknown-kind"),
    }


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/notices"), ("GET", "/stream"), ("GET", "/preferences"), ("PUT", f"/notices/{UUID(int=1)}/act")]
)
async def test_nobody_gets_anything_without_a_token(service: Component, method: str, path: str) -> None:
    answer = await service.client.request(method, path)
    assert answer.status_code == httpx.codes.UNAUTHORIZED
