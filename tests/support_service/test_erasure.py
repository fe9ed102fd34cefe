"""Tickets of a person who was erased."""

import json
from uuid import UUID, uuid4

import pytest

from chassis.transaction import AlreadyHandled
from contracts.identity import DataExportRequested, PersonErased
from contracts.roles import Role
from contracts.support import SupportExported
from tests.support import Component, Signer, eventually
from tests.support.exports import exported, multiply
from tests.support_service.events import NOW, agent_added, submitted, undelivered

MANY = 1_001
TEXT = "Меня зовут Евстолия, мой телефон +79990001122"


async def test_no_word_of_an_erased_person_stays_and_the_tickets_are_closed(service: Component, signer: Signer) -> None:
    person, other, agent = uuid4(), uuid4(), uuid4()
    application = submitted(person, number="MK-2026-00000099-1")
    await service.publish(application)
    await service.publish(agent_added(agent))
    mine = [await open_ticket(service, signer, person) for _ in range(2)]
    theirs = await open_ticket(service, signer, other)
    await eventually(lambda: is_known(service, application.application_id))

    erased = PersonErased(occurred_at=NOW, person_id=person)
    await service.publish(erased)
    await service.publish(erased)
    await eventually(lambda: is_handled(service, erased))
    desk = signer.headers(agent, Role.SUPPORT_AGENT)
    for ticket_id in mine:
        shown = (await service.client.get(f"/desk/tickets/{ticket_id}", headers=desk)).json()
        assert shown["state"] == "closed"
        assert [message["text"] for message in shown["messages"]] == ["Текст удалён вместе с учётной записью."]
    kept = (await service.client.get(f"/desk/tickets/{theirs}", headers=desk)).json()
    assert (kept["state"], kept["messages"][0]["text"]) == ("open", TEXT)
    assert not await is_known(service, application.application_id)
    for handle, late in (
        (service.app.state.usecases.learn_application, submitted(person, number="MK-2026-00000099-1")),
        (service.app.state.usecases.follow_up_delivery, undelivered(person)),
    ):
        with pytest.raises(AlreadyHandled):
            await handle(late)
    assert await service.database["tickets"].count_documents({"requester_id": person}) == len(mine), "what comes late brings nothing back"
    timers = [f"ticket-term:{ticket_id}" for ticket_id in mine]
    assert await service.database["timers"].count_documents({"_id": {"$in": timers}}) == 0


async def open_ticket(service: Component, signer: Signer, person: UUID) -> str:
    headers = signer.headers(person, Role.PRACTITIONER)
    answer = await service.client.post("/tickets", headers=headers, json={"topic": "documents", "text": TEXT})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["ticket_id"])


async def is_known(service: Component, application_id: UUID) -> bool:
    return await service.database["applications"].find_one({"_id": application_id}) is not None


async def is_handled(service: Component, event: PersonErased) -> bool:
    return await service.database["inbox"].find_one({"_id": str(event.event_id)}) is not None


async def test_a_persons_tickets_are_told_for_the_export(service: Component, signer: Signer) -> None:
    person = uuid4()
    await open_ticket(service, signer, person)
    asked = DataExportRequested(occurred_at=NOW, person_id=person, export_id=uuid4())
    await service.publish(asked)
    part = await service.tap.next(SupportExported, where=lambda event: event.export_id == asked.export_id)
    assert (part.person_id, part.number, part.count) == (person, 1, 1)
    assert json.loads(part.content)[0]["messages"][0]["text"] == TEXT


async def test_nothing_is_cut_from_the_export_however_many_tickets_there_are(service: Component, signer: Signer) -> None:
    person = uuid4()
    await open_ticket(service, signer, person)
    await multiply(service, "tickets", {"requester_id": person}, MANY, number=lambda number: f"SD-{person}-{number}")
    told = await exported(service, SupportExported, person)
    assert len({record["number"] for record in told}) == MANY + 1
