import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.access import PersonalDataRead
from contracts.identity import StaffMemberDeactivated
from contracts.roles import Role
from contracts.support import TicketAnswered, TicketClosed, TicketOpened, TicketOverdue
from tests.support import Component, Signer, eventually
from tests.support_service.events import agent_added, missed, submitted, undelivered

TEXT = "Файл диплома не загружается"


@pytest.fixture
def person() -> UUID:
    return uuid4()


@pytest.fixture
def headers(signer: Signer, person: UUID) -> dict[str, str]:
    return signer.headers(person, Role.PRACTITIONER)


@pytest.fixture
def agent() -> UUID:
    return uuid4()


@pytest.fixture
def desk(signer: Signer, agent: UUID) -> dict[str, str]:
    return signer.headers(agent, Role.SUPPORT_AGENT)


async def open_ticket(service: Component, headers: dict[str, str], **changes: Any) -> dict[str, Any]:
    answer = await service.client.post("/tickets", headers=headers, json={"topic": "documents", "text": TEXT} | changes)
    assert answer.status_code == 201, answer.text
    ticket: dict[str, Any] = answer.json()
    return ticket


async def test_a_ticket_has_number_term_and_event_and_its_text_is_encrypted(
    service: Component, headers: dict[str, str], person: UUID
) -> None:
    ticket = await open_ticket(service, headers)
    assert re.fullmatch(r"SU-\d{4}-\d{6}-\d", ticket["number"])
    assert (ticket["state"], ticket["messages"][0]["text"]) == ("open", TEXT)
    assert datetime.fromisoformat(ticket["due_at"]) - datetime.fromisoformat(ticket["opened_at"]) == timedelta(hours=48)
    opened = await service.tap.next(TicketOpened, where=lambda event: event.requester_id == person)
    assert (str(opened.ticket_id), opened.number) == (ticket["ticket_id"], ticket["number"])
    stored = await service.database["tickets"].find_one({"_id": opened.ticket_id})
    assert stored is not None
    assert TEXT not in repr(stored)
    again = (await service.client.get(f"/tickets/{ticket['ticket_id']}", headers=headers)).json()
    assert again["messages"][0]["text"] == TEXT


async def test_the_way_of_a_ticket_from_desk_to_closure(
    service: Component, headers: dict[str, str], person: UUID, desk: dict[str, str], agent: UUID
) -> None:
    ticket = await open_ticket(service, headers)
    path = f"/desk/tickets/{ticket['ticket_id']}"
    early = await service.client.post(f"{path}/messages", headers=desk, json={"text": "Попробуйте JPEG"})
    assert (early.status_code, early.json()["code"]) == (403, "not-ticket-owner")
    taken = await service.client.put(f"{path}/assignment", headers=desk)
    assert (taken.status_code, taken.json()["state"], taken.json()["owner_id"]) == (200, "assigned", str(agent))
    read = await service.tap.next(PersonalDataRead, where=lambda event: event.subject_id == person)
    assert (read.reader_id, read.record) == (agent, f"ticket:{ticket['ticket_id']}")
    answered = await service.client.post(f"{path}/messages", headers=desk, json={"text": "Попробуйте JPEG"})
    assert answered.status_code == 201, answered.text
    assert "messages" not in answered.json()
    await service.tap.next(TicketAnswered, where=lambda event: event.requester_id == person)
    shown = (await service.client.get(f"/tickets/{ticket['ticket_id']}", headers=headers)).json()
    assert (shown["state"], [message["side"] for message in shown["messages"]]) == ("answered", ["requester", "agent"])
    more = await service.client.post(f"/tickets/{ticket['ticket_id']}/messages", headers=headers, json={"text": "Спасибо"})
    assert (more.status_code, more.json()["state"]) == (201, "assigned")
    assert (await service.client.post(f"/tickets/{ticket['ticket_id']}/closure", headers=desk)).status_code == 403
    closed = await service.client.post(f"/tickets/{ticket['ticket_id']}/closure", headers=headers)
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    await service.tap.next(TicketClosed, where=lambda event: event.requester_id == person)
    late = await service.client.post(f"{path}/closure", headers=desk)
    assert (late.status_code, late.json()["code"]) == (409, "ticket-closed")


async def test_an_agent_settles_a_ticket_without_being_shown_its_messages(
    service: Component, headers: dict[str, str], desk: dict[str, str]
) -> None:
    path = f"/desk/tickets/{(await open_ticket(service, headers))['ticket_id']}"
    await service.client.put(f"{path}/assignment", headers=desk)
    closed = await service.client.post(f"{path}/closure", headers=desk)
    assert (closed.status_code, closed.json()["state"], "messages" in closed.json()) == (200, "closed", False)


async def test_nobody_sees_or_changes_a_strangers_ticket(service: Component, headers: dict[str, str], signer: Signer) -> None:
    ticket = await open_ticket(service, headers)
    stranger = signer.headers(uuid4(), Role.PRACTITIONER)
    path = f"/tickets/{ticket['ticket_id']}"
    for method, url, body in (("GET", path, None), ("POST", f"{path}/messages", {"text": "?"}), ("POST", f"{path}/closure", None)):
        answer = await service.client.request(method, url, headers=stranger, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "ticket-not-found")
    assert (await service.client.get("/tickets", headers=stranger)).json()["items"] == []
    assert (await service.client.get("/desk/tickets", headers=stranger)).status_code == 403


async def test_an_application_number_must_be_ones_own(service: Component, headers: dict[str, str], person: UUID, signer: Signer) -> None:
    event = submitted(person)
    await service.publish(event)
    await eventually(lambda: service.database["applications"].find_one({"_id": event.application_id}))
    ticket = await open_ticket(service, headers, application_number=event.number)
    assert ticket["application_id"] == str(event.application_id)
    stranger = signer.headers(uuid4(), Role.PRACTITIONER)
    body = {"topic": "application-status", "text": "Где заявление?", "application_number": event.number}
    refused = await service.client.post("/tickets", headers=stranger, json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-application")
    assert refused.json()["errors"][0]["pointer"] == "/application_number"


async def test_requests_about_an_overdue_application_rise_and_lead_the_queue(
    service: Component, headers: dict[str, str], person: UUID, desk: dict[str, str]
) -> None:
    event = submitted(person)
    await service.publish(event)
    await eventually(lambda: service.database["applications"].find_one({"_id": event.application_id}))
    ticket = await open_ticket(service, headers, application_number=event.number, topic="application-status")
    assert ticket["is_urgent"] is False
    await service.publish(missed(event))

    async def risen() -> bool:
        shown = await service.client.get(f"/tickets/{ticket['ticket_id']}", headers=headers)
        return bool(shown.json()["is_urgent"])

    await eventually(risen)
    queue = (await service.client.get("/desk/tickets", headers=desk, params={"limit": 100})).json()["items"]
    flags = [item["is_urgent"] for item in queue]
    assert flags == sorted(flags, reverse=True)
    assert {item["ticket_id"]: item["urgency"] for item in queue}[ticket["ticket_id"]] == ["overdue-application"]


async def test_the_queue_is_paged_without_losing_or_repeating(service: Component, signer: Signer, desk: dict[str, str]) -> None:
    made = {(await open_ticket(service, signer.headers(uuid4(), Role.PRACTITIONER)))["ticket_id"] for _ in range(5)}
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = await service.client.get("/desk/tickets", headers=desk, params=query)
        assert answer.status_code == 200, answer.text
        seen += [item["ticket_id"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            break
    assert made <= set(seen)
    assert len(seen) == len(set(seen))


async def test_an_unanswered_ticket_is_overdue_after_48_hours(service: Component, headers: dict[str, str], person: UUID) -> None:
    ticket = await open_ticket(service, headers)
    service.clock.move(timedelta(hours=48, minutes=1))
    overdue = await service.tap.next(TicketOverdue, where=lambda event: event.requester_id == person)
    assert str(overdue.ticket_id) == ticket["ticket_id"]


async def test_an_undelivered_important_notice_becomes_one_ticket_for_the_agents(
    service: Component, headers: dict[str, str], person: UUID, desk: dict[str, str]
) -> None:
    for event in (undelivered(person), undelivered(person), undelivered(person, is_critical=False)):
        await service.publish(event)
        await eventually(partial(service.database["inbox"].find_one, {"_id": str(event.event_id)}))
    queue = (await service.client.get("/desk/tickets", headers=desk, params={"limit": 100})).json()["items"]
    [ticket] = [item for item in queue if item["requester_id"] == str(person)]
    assert (ticket["kind"], ticket["is_urgent"]) == ("undelivered-notice", True)
    read = (await service.client.get(f"/desk/tickets/{ticket['ticket_id']}", headers=desk)).json()
    assert [message["side"] for message in read["messages"]] == ["system", "system"]
    assert (await service.client.get("/tickets", headers=headers)).json()["items"] == []


async def test_a_ticket_can_be_handed_to_a_known_agent_only(
    service: Component, headers: dict[str, str], desk: dict[str, str], signer: Signer
) -> None:
    ticket = await open_ticket(service, headers)
    path = f"/desk/tickets/{ticket['ticket_id']}/assignment"
    colleague = uuid4()
    refused = await service.client.put(path, headers=desk, json={"agent_id": str(colleague)})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/agent_id")
    await service.publish(agent_added(colleague, at=datetime.now(UTC)))
    await eventually(lambda: service.database["agents"].find_one({"_id": colleague}))
    given = await service.client.put(path, headers=desk, json={"agent_id": str(colleague)})
    assert given.json()["owner_id"] == str(colleague)
    late = await service.client.put(path, headers=desk)
    assert (late.status_code, late.json()["code"]) == (409, "ticket-taken")


async def test_the_tickets_of_a_deactivated_agent_go_back_to_the_desk(
    service: Component, headers: dict[str, str], desk: dict[str, str]
) -> None:
    ticket, closed = await open_ticket(service, headers), await open_ticket(service, headers)
    agent_id = uuid4()
    await service.publish(agent_added(agent_id, at=datetime.now(UTC)))
    await eventually(lambda: service.database["agents"].find_one({"_id": agent_id}))
    path = f"/desk/tickets/{ticket['ticket_id']}/assignment"
    for one in (ticket, closed):
        handed = await service.client.put(f"/desk/tickets/{one['ticket_id']}/assignment", headers=desk, json={"agent_id": str(agent_id)})
        assert handed.json()["owner_id"] == str(agent_id)
    await service.client.post(f"/tickets/{closed['ticket_id']}/closure", headers=headers)
    await service.publish(StaffMemberDeactivated(occurred_at=datetime.now(UTC), version=2, staff_id=agent_id))
    await eventually(lambda: service.database["tickets"].find_one({"_id": UUID(ticket["ticket_id"]), "owner_id": None}))
    assert await service.database["tickets"].find_one({"_id": UUID(closed["ticket_id"]), "owner_id": agent_id})
    refused = await service.client.put(path, headers=desk, json={"agent_id": str(agent_id)})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-agent")
    assert (await service.client.put(path, headers=desk)).status_code == 200, "anybody may take it now"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"topic": "weather", "text": "?"}, "/topic"),
        ({"topic": "undelivered-notice", "text": "?"}, "/topic"),
        ({"topic": "documents", "text": " "}, "/text"),
        ({"topic": "documents", "text": "x" * 5001}, "/text"),
        ({"topic": "documents", "text": "a\u0000b"}, "/text"),
        ({"topic": "documents"}, "/text"),
        ({"topic": "documents", "text": "?", "owner_id": "x"}, "/owner_id"),
    ],
)
async def test_a_wrong_request_is_refused_by_field(service: Component, headers: dict[str, str], body: dict[str, Any], pointer: str) -> None:
    answer = await service.client.post("/tickets", headers=headers, json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_repeated_request_with_the_same_key_is_one_ticket(service: Component, headers: dict[str, str]) -> None:
    keyed = headers | {"Idempotency-Key": str(uuid4())}
    first, second = await open_ticket(service, keyed), await open_ticket(service, keyed)
    assert first["ticket_id"] == second["ticket_id"]
    assert len((await service.client.get("/tickets", headers=headers)).json()["items"]) == 1
