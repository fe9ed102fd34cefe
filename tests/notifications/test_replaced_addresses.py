"""The last message to an address that is no longer the person's."""

from uuid import uuid4

from tests.notifications.events import contacts_changed
from tests.notifications.fakes import House
from tests.notifications.test_usecases import deliver_all


async def test_replaced_addresses_are_told_once_and_kept_ones_are_not() -> None:
    house = House()
    person = uuid4()
    first, second = contacts_changed(person), contacts_changed(person, version=2)
    assert (first.email != second.email, first.phone) == (True, second.phone)
    await house.usecases.change_contacts(first)
    assert house.deliveries.stored == {}
    await house.usecases.change_contacts(second)
    await house.usecases.change_contacts(second.model_copy(update={"event_id": uuid4()}))
    await deliver_all(house)
    [letter] = house.mail.sent
    assert (letter.to, "этот адрес заменили" in letter.text) == (first.email, True)
    assert house.sms.sent == []

    await house.usecases.change_contacts(second.model_copy(update={"event_id": uuid4(), "version": 3, "phone": "+79000000001"}))
    await deliver_all(house)
    [message] = house.sms.sent
    assert (message.to, "номер в вашей учётной записи заменили" in message.text) == (first.phone, True)
