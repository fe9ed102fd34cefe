"""What people are told of their erasure, and that nothing is kept of them afterwards."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from chassis.transaction import AlreadyHandled
from contracts.base import Event
from contracts.identity import DataExportReady, DataExportRequested, ErasureCancelled, ErasurePlanned, PersonErased, RegistrationLapsed
from contracts.notifications import NotificationsExported
from contracts.roles import Role
from tests.notifications.events import contacts_changed, requested
from tests.support import Component, Signer, eventually
from tests.support.exports import exported, multiply

MANY = 1_001
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
OWN = {"recipients": "_id", "notices": "recipient_id", "deliveries": "recipient_id"}


async def rows(service: Component, person: UUID) -> int:
    return sum([await service.database[name].count_documents({field: person}) for name, field in OWN.items()])


async def texts(service: Component, signer: Signer, person: UUID, count: int) -> list[str]:
    async def told() -> list[str] | None:
        answer = await service.client.get("/notices", headers=signer.headers(person, Role.PRACTITIONER))
        found = [item["text"] for item in answer.json()["items"]]
        return found if len(found) >= count else None

    return await eventually(told)


@pytest.mark.parametrize("ending", [PersonErased, RegistrationLapsed])
async def test_contacts_inbox_and_ledger_of_who_is_no_more_are_forgotten(service: Component, ending: type[Event]) -> None:
    person, other = uuid4(), uuid4()
    for who in (person, other):
        await service.publish(contacts_changed(who))
        await service.publish(requested(who))
        await eventually(partial(has_notice, service, who))
    fields = {"person_id" if ending is PersonErased else "owner_id": person}
    event = ending(occurred_at=NOW, **fields)
    await service.publish(event)
    await service.publish(event)
    await eventually(lambda: is_gone(service, person))
    assert await rows(service, other) > 1
    usecases = service.app.state.usecases
    for handle, late in ((usecases.change_contacts, contacts_changed(person, version=99)), (usecases.announce, requested(person))):
        with pytest.raises(AlreadyHandled):
            await handle(late)
    assert await rows(service, person) == 0, "what comes late brings nothing back"


async def has_contacts(service: Component, person: UUID) -> bool:
    return await service.database["recipients"].find_one({"_id": person, "personal": {"$exists": True}}) is not None


async def has_notice(service: Component, person: UUID) -> bool:
    return await service.database["deliveries"].count_documents({"recipient_id": person}) > 0


async def is_gone(service: Component, person: UUID) -> bool:
    return await rows(service, person) == 0


async def test_people_are_told_when_they_will_be_erased_why_not_earlier_and_when_it_is_cancelled(
    service: Component, signer: Signer
) -> None:
    person = uuid4()
    await service.publish(contacts_changed(person))
    planned = {"occurred_at": NOW, "person_id": person, "request_id": uuid4()}
    await service.publish(ErasurePlanned(**planned, due_at=NOW + timedelta(days=7), is_held=False))
    assert "9 марта 2026" in (await texts(service, signer, person, 1))[0]
    await service.publish(ErasurePlanned(**planned, due_at=None, is_held=True))
    assert "не раньше, чем закончится рассмотрение" in (await texts(service, signer, person, 2))[0]
    await service.publish(ErasurePlanned(**planned, due_at=NOW + timedelta(days=1826), is_held=True))
    assert "обязаны хранить" in (await texts(service, signer, person, 3))[0]
    await service.publish(ErasureCancelled(**planned))
    assert "Ничего не удалено" in (await texts(service, signer, person, 4))[0]


async def test_contacts_and_inbox_are_told_for_the_export(service: Component) -> None:
    person = uuid4()
    await service.publish(contacts_changed(person))
    await eventually(partial(has_contacts, service, person))
    await service.publish(requested(person))
    await eventually(partial(has_notice, service, person))
    asked = DataExportRequested(occurred_at=NOW, person_id=person, export_id=uuid4())
    await service.publish(asked)
    part = await service.tap.next(NotificationsExported, where=lambda event: event.export_id == asked.export_id)
    told = json.loads(part.content)
    assert {"contacts", "preferences"} == set(told[0])
    assert told[0]["contacts"]["email"]
    assert [record["kind"] for record in told[1:]] == ["information-requested"]


async def test_people_are_told_that_their_export_is_ready(service: Component, signer: Signer) -> None:
    person = uuid4()
    ready = DataExportReady(occurred_at=NOW, person_id=person, export_id=uuid4(), expires_at=NOW + timedelta(days=7), missing=())
    await service.publish(ready)
    assert "9 марта 2026" in (await texts(service, signer, person, 1))[0]


async def test_nothing_is_cut_from_the_export_however_many_notices_there_are(service: Component) -> None:
    person = uuid4()
    await service.publish(contacts_changed(person))
    await service.publish(requested(person))
    await eventually(partial(has_notice, service, person))
    own = {"event_id": lambda _: uuid4(), "sequence": lambda number: number + 1, "title": lambda number: f"№ {number}"}
    await multiply(service, "notices", {"recipient_id": person}, MANY, **own)
    told = await exported(service, NotificationsExported, person)
    assert [record["title"] for record in told[1:-1]] == [f"№ {number}" for number in range(MANY, 0, -1)]
