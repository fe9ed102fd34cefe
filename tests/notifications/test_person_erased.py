"""The very last message: who was erased is told, and nothing of it stays."""

from uuid import uuid4

from contracts.identity import PersonErased, RegistrationLapsed
from services.notifications.domain import DeliveryState
from tests.notifications.events import NOW, contacts_changed
from tests.notifications.fakes import House
from tests.notifications.test_usecases import deliver_all


async def test_who_was_erased_is_told_once_and_then_nothing_of_them_stays() -> None:
    house, person = House(), uuid4()
    known = contacts_changed(person)
    await house.usecases.change_contacts(known)
    await house.usecases.forget(PersonErased(occurred_at=NOW, person_id=person))
    assert (house.recipients.people, house.recipients.known) == ({}, {})
    await deliver_all(house)
    [letter], [message] = house.mail.sent, house.sms.sent
    assert (letter.to, "мы удалили учётную запись" in letter.text) == (known.email, True)
    assert (message.to, "учётная запись и данные удалены" in message.text) == (known.phone, True)
    left = list(house.deliveries.stored.values())
    assert [(one.state, one.secrets) for one in left] == [(DeliveryState.DELIVERED, {})] * 2
    assert not [one for one in left if person in {one.id, one.recipient_id}]
    assert left[0].recipient_id == left[1].recipient_id


async def test_nobody_is_told_who_was_never_known_and_no_registration_that_lapsed() -> None:
    house, person = House(), uuid4()
    await house.usecases.forget(PersonErased(occurred_at=NOW, person_id=uuid4()))
    await house.usecases.change_contacts(contacts_changed(person))
    await house.usecases.forget(RegistrationLapsed(occurred_at=NOW, owner_id=person))
    assert (house.deliveries.stored, house.recipients.known) == ({}, {})
