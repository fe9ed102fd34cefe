from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chassis.transaction import AlreadyHandled
from contracts.access import PersonalDataRead
from contracts.base import Event
from contracts.support import TicketAnswered, TicketClosed, TicketOpened, TicketOverdue, TicketTermReached
from services.support.domain import Side, Ticket, TicketState, Topic, UnknownApplication, Urgency
from tests.support_service.events import appeal_decided, appeal_filed, missed, submitted, undelivered
from tests.support_service.fakes import House


@pytest.fixture
def house() -> House:
    return House()


async def open_one(house: House, text: str = "Файл не загружается", **changes: object) -> Ticket:
    fields: dict[str, object] = {"topic": Topic.DOCUMENTS, "text": text, "application_number": None, "requester_id": uuid4()} | changes
    return await house.usecases.open_ticket(**fields)  # type: ignore[arg-type]


async def pass_time(house: House, delta: timedelta) -> list[Event]:
    house.clock.move(delta)
    due = house.begin.due(house.clock.now())
    for event in due:
        assert isinstance(event, TicketTermReached)
        await house.usecases.reach_term(event)
    return due


async def test_numbers_count_by_moscow_years(house: House) -> None:
    house.clock.moment = datetime(2026, 12, 31, 20, 59, tzinfo=UTC)
    assert (await open_one(house)).number.startswith("SU-2026-000001-")
    house.clock.moment = datetime(2026, 12, 31, 21, 1, tzinfo=UTC)
    assert (await open_one(house)).number.startswith("SU-2027-000001-")


async def test_a_second_contact_within_a_day_is_urgent_and_later_ones_are_not(house: House) -> None:
    person = uuid4()
    assert not (await open_one(house, requester_id=person)).is_urgent
    house.clock.move(timedelta(hours=23))
    assert (await open_one(house, requester_id=person)).urgency == {Urgency.REPEATED_CONTACT}
    house.clock.move(timedelta(hours=25))
    assert not (await open_one(house, requester_id=person)).is_urgent


async def test_a_request_about_an_overdue_application_is_urgent_whichever_comes_first(house: House) -> None:
    person = uuid4()
    application = submitted(person)
    await house.usecases.learn_application(application)
    before = await open_one(house, requester_id=person, application_number=application.number)
    await house.usecases.learn_overdue(missed(application))
    assert house.tickets.stored[before.id].urgency == {Urgency.OVERDUE_APPLICATION}
    after = await open_one(house, requester_id=person, application_number=application.number)
    assert Urgency.OVERDUE_APPLICATION in after.urgency


async def test_an_appeal_is_put_on_record_where_its_application_is_spoken_about(house: House) -> None:
    person = uuid4()
    application = submitted(person)
    await house.usecases.learn_application(application)
    ticket = await open_one(house, requester_id=person, application_number=application.number)
    await house.usecases.learn_appeal(appeal_filed(application))
    await house.usecases.learn_appeal(appeal_decided(application, "overturned"))
    noted = house.tickets.stored[ticket.id]
    assert [(one.side, "MA-2026-00000001-1" in one.text) for one in noted.messages[1:]] == [(Side.SYSTEM, True)] * 2
    assert "отменён" in noted.messages[2].text
    assert (noted.state, noted.due_at) == (ticket.state, ticket.due_at), "it is nobody's turn for it"
    closed = await house.usecases.close_own(ticket.id, requester_id=person)
    await house.usecases.learn_appeal(appeal_decided(application, "upheld"))
    assert house.tickets.stored[ticket.id] == closed


async def test_an_unknown_application_opens_nothing(house: House) -> None:
    application = submitted(uuid4())
    await house.usecases.learn_application(application)
    with pytest.raises(UnknownApplication):
        await open_one(house, application_number=application.number)
    assert house.tickets.stored == {}
    assert house.begin.published == []


async def test_an_unanswered_ticket_is_reported_once_at_its_term(house: House) -> None:
    ticket = await open_one(house)
    [event] = await pass_time(house, timedelta(hours=48))
    [overdue] = house.begin.events(TicketOverdue)
    assert (overdue.ticket_id, overdue.owner_id) == (ticket.id, None)
    assert isinstance(event, TicketTermReached)
    with pytest.raises(AlreadyHandled):
        await house.usecases.reach_term(event)


async def test_a_closed_ticket_has_no_term_any_more(house: House) -> None:
    ticket = await open_one(house)
    await house.usecases.close_own(ticket.id, requester_id=ticket.requester_id)
    assert await pass_time(house, timedelta(hours=49)) == []
    assert [type(event) for event in house.begin.published] == [TicketOpened, TicketClosed]


async def test_a_message_that_reopens_the_work_begins_a_new_term(house: House) -> None:
    ticket, agent = await open_one(house), uuid4()
    await house.usecases.take(ticket.id, agent_id=agent, new_owner_id=None, address=None)
    await house.usecases.answer(ticket.id, "Попробуйте JPEG", agent_id=agent)
    assert len(await pass_time(house, timedelta(hours=48))) == 1
    reopened = await house.usecases.write(ticket.id, "Не помогло", requester_id=ticket.requester_id)
    assert reopened.due_at == house.clock.now() + timedelta(hours=48)
    await pass_time(house, timedelta(hours=48))
    [overdue] = house.begin.events(TicketOverdue)
    assert (overdue.ticket_id, overdue.owner_id) == (ticket.id, agent)


async def test_the_term_of_before_the_answer_does_not_count_after_it(house: House) -> None:
    ticket, agent = await open_one(house), uuid4()
    house.clock.move(timedelta(hours=48))
    [early] = house.begin.due(house.clock.now())
    await house.usecases.take(ticket.id, agent_id=agent, new_owner_id=None, address=None)
    await house.usecases.answer(ticket.id, "Попробуйте JPEG", agent_id=agent)
    await house.usecases.write(ticket.id, "Не помогло", requester_id=ticket.requester_id)
    assert isinstance(early, TicketTermReached)
    await house.usecases.reach_term(early)
    assert house.begin.events(TicketOverdue) == []


async def test_an_agent_takes_answers_and_closes_and_the_reading_is_logged(house: House) -> None:
    ticket, agent = await open_one(house), uuid4()
    await house.usecases.read_at_desk(ticket.id, agent_id=agent, address="192.0.2.1")
    await house.usecases.take(ticket.id, agent_id=agent, new_owner_id=None, address=None)
    await house.usecases.answer(ticket.id, "Попробуйте JPEG", agent_id=agent)
    closed = await house.usecases.close_at_desk(ticket.id, agent_id=agent)
    assert (closed.state, closed.version) == (TicketState.CLOSED, 4)
    assert [event.version for event in house.begin.published if not isinstance(event, PersonalDataRead)] == [1, 3, 4]
    assert len(house.begin.events(TicketAnswered)) == 1
    assert {event.subject_id for event in house.begin.events(PersonalDataRead)} == {ticket.requester_id}


async def test_undelivered_notices_of_one_person_gather_in_tickets_nobody_outside_hears_of(house: House) -> None:
    person, agent = uuid4(), uuid4()
    for _ in range(5):
        house.clock.move(timedelta(minutes=1))
        await house.usecases.follow_up_delivery(undelivered(person))
    await house.usecases.follow_up_delivery(undelivered(person, is_critical=False))
    full, ticket = house.tickets.stored.values()
    assert [len(full.messages), len(ticket.messages)] == [3, 2]
    assert ({message.side for message in ticket.messages}, ticket.is_urgent) == ({Side.SYSTEM}, True)
    await house.usecases.take(ticket.id, agent_id=agent, new_owner_id=None, address=None)
    await house.usecases.close_at_desk(ticket.id, agent_id=agent)
    assert {type(event) for event in house.begin.published} == {PersonalDataRead}
    await house.usecases.follow_up_delivery(undelivered(person))
    assert len(house.tickets.stored) == 3
