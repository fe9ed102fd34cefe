"""One behaviour of the stores, on the fakes and on the real ones."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.testing import FakeBegin
from contracts.roles import Role
from services.notifications.domain import Channel, Contacts, Delivery, DeliveryState, Notice, NoticeNotFound, StaleRecord
from services.notifications.repository import DeliveryRepository, NoticeRepository, RecipientRepository
from tests.notifications.events import NOW
from tests.notifications.fakes import FakeDeliveryRepository, FakeNoticeRepository, FakeRecipientRepository
from tests.support import Component
from tests.support.work import Work

CONTACTS = Contacts(email="vera@example.org", phone="+79000000001", salutation="Вера Павловна")


@dataclass(frozen=True)
class Stores:
    recipients: RecipientRepository
    notices: NoticeRepository
    deliveries: DeliveryRepository
    work: Work


@pytest.fixture(params=["fake", "real"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "fake":
        return Stores(FakeRecipientRepository(), FakeNoticeRepository(), FakeDeliveryRepository(), Work(FakeBegin()))
    service: Component = request.getfixturevalue("service")
    usecases = service.app.state.usecases
    return Stores(usecases.recipients, usecases.notices, usecases.deliveries, Work(usecases.begin))


def a_notice(recipient_id: UUID, **changes: Any) -> Notice:
    notice = Notice(
        id=uuid4(),
        event_id=uuid4(),
        recipient_id=recipient_id,
        sequence=1,
        kind="information-requested",
        title="Требуется уточнение",
        text="Ответьте",
        link="/applications/1",
        template="information-requested.v1",
        subject="application:1",
        facts={"number": "MK-1", "due_at": NOW, "application_id": uuid4()},
        created_at=NOW,
        occurred_at=NOW,
        notified_at=NOW,
    )
    return replace(notice, **changes)


def a_delivery(recipient_id: UUID, **changes: Any) -> Delivery:
    delivery = Delivery(
        id=uuid4(),
        event_id=uuid4(),
        recipient_id=recipient_id,
        channel=Channel.SMS,
        kind="one-time-code",
        notice_id=None,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=5),
        secrets={"address": "+79000000001", "code": "402917"},
    )
    return replace(delivery, **changes)


async def test_a_notice_comes_back_as_it_was_kept(stores: Stores) -> None:
    notice = a_notice(uuid4())
    await stores.work(lambda tx: stores.notices.add(tx, notice))
    assert await stores.notices.get(notice.id, recipient_id=notice.recipient_id) == notice


async def test_a_strangers_notice_is_not_found(stores: Stores) -> None:
    notice = a_notice(uuid4())
    await stores.work(lambda tx: stores.notices.add(tx, notice))
    with pytest.raises(NoticeNotFound):
        await stores.notices.get(notice.id, recipient_id=uuid4())


async def test_a_notice_written_by_somebody_else_meanwhile_is_stale(stores: Stores) -> None:
    notice = a_notice(uuid4())
    await stores.work(lambda tx: stores.notices.add(tx, notice))
    await stores.work(lambda tx: stores.notices.save(tx, notice.read(at=NOW)))
    with pytest.raises(StaleRecord):
        await stores.work(lambda tx: stores.notices.save(tx, notice.act(at=NOW)))


async def test_lists_go_down_and_streams_go_up(stores: Stores) -> None:
    person = uuid4()
    made = [a_notice(person, sequence=number, read_at=NOW if number == 2 else None) for number in (1, 2, 3, 4)]
    for notice in made:
        await stores.work(partial(stores.notices.add, notice=notice))

    async def sequences(*, before: int | None = None, is_unread: bool | None = None, limit: int = 9) -> list[int]:
        return [found.sequence for found in await stores.notices.newest(person, before=before, is_unread=is_unread, limit=limit)]

    assert await sequences(limit=2) == [4, 3]
    assert await sequences(before=3) == [2, 1]
    assert await sequences(is_unread=True) == [4, 3, 1]
    assert await sequences(is_unread=False) == [2]
    assert [found.sequence for found in await stores.notices.after(person, 1, limit=2)] == [2, 3]


async def test_only_notices_from_before_an_act_are_answered_by_it(stores: Stores) -> None:
    person, subject = uuid4(), f"application:{uuid4()}"
    earlier, later = (a_notice(person, subject=subject, occurred_at=NOW + timedelta(hours=hours)) for hours in (0, 2))
    informs = a_notice(person, subject=subject, kind="review-begun")
    for notice in (earlier, later, informs):
        await stores.work(partial(stores.notices.add, notice=notice))
    found = await stores.work(lambda tx: stores.notices.awaiting(tx, person, subject, before=NOW + timedelta(hours=1)))
    assert [notice.id for notice in found] == [earlier.id]


async def test_the_latest_act_counts_whatever_order_acts_are_heard_in(stores: Stores) -> None:
    subject = f"application:{uuid4()}"
    assert await stores.work(lambda tx: stores.notices.last_act(tx, subject)) is None
    for hours in (2, 1):
        await stores.work(partial(stores.notices.record_act, subject=subject, at=NOW + timedelta(hours=hours)))
    assert await stores.work(lambda tx: stores.notices.last_act(tx, subject)) == NOW + timedelta(hours=2)


async def test_a_later_notice_of_a_kind_is_known(stores: Stores) -> None:
    person = uuid4()
    await stores.work(lambda tx: stores.notices.add(tx, a_notice(person, kind="application-received", created_at=NOW)))
    for moment, known in ((NOW - timedelta(hours=1), True), (NOW, False)):
        found = await stores.work(partial(stores.notices.has_later, recipient_id=person, kind="application-received", after=moment))
        assert found is known


async def test_notices_are_numbered_without_gaps_by_concurrent_writers(stores: Stores) -> None:
    person = uuid4()
    await stores.work(lambda tx: stores.recipients.next_notice(tx, person))
    taken = await asyncio.gather(*(stores.work(lambda tx: stores.recipients.next_notice(tx, person)) for _ in range(3)))
    assert sorted(recipient.sequence for recipient in taken) == [2, 3, 4]


async def test_older_contacts_do_not_replace_newer_ones(stores: Stores) -> None:
    person = uuid4()

    async def change(version: int, email: str) -> bool:
        contacts = replace(CONTACTS, email=email)
        return await stores.work(
            lambda tx: stores.recipients.change_contacts(tx, person, contacts, frozenset({Role.PRACTITIONER}), version)
        )

    assert await stores.recipients.contacts(person) is None
    assert [await change(2, "two@example.org"), await change(1, "one@example.org"), await change(2, "x@example.org")] == [
        True,
        False,
        False,
    ]
    assert await stores.recipients.contacts(person) == replace(CONTACTS, email="two@example.org")
    assert (await stores.recipients.find(person)).has_contacts


async def test_people_are_found_by_role(stores: Stores) -> None:
    registrar, reviewer = uuid4(), uuid4()
    for person, role in ((registrar, Role.REGISTRAR), (reviewer, Role.REVIEWER)):
        await stores.work(
            partial(stores.recipients.change_contacts, recipient_id=person, contacts=CONTACTS, roles=frozenset({role}), version=1)
        )
    found = await stores.work(lambda tx: stores.recipients.with_role(tx, Role.REGISTRAR, limit=100))
    assert registrar in found
    assert reviewer not in found


async def test_preferences_survive_contacts_and_numbers(stores: Stores) -> None:
    person = uuid4()
    wished = {"review-begun": (Channel.INBOX,)}
    await stores.work(lambda tx: stores.recipients.save_preferences(tx, person, wished))
    await stores.work(lambda tx: stores.recipients.change_contacts(tx, person, CONTACTS, frozenset(), 1))
    taken = await stores.work(lambda tx: stores.recipients.next_notice(tx, person))
    assert (taken.sequence, taken.has_contacts, dict(taken.preferences)) == (1, True, wished)


async def test_a_delivery_comes_back_with_attempts_and_content(stores: Stores) -> None:
    delivery = a_delivery(uuid4())
    await stores.work(lambda tx: stores.deliveries.add(tx, [delivery]))
    begun = delivery.begin(at=NOW, lease=timedelta(minutes=1))
    assert begun is not None
    await stores.work(lambda tx: stores.deliveries.save(tx, begun))
    assert await stores.deliveries.find(delivery.id) == begun
    settled = begun.deliver(at=NOW)
    await stores.work(lambda tx: stores.deliveries.save(tx, settled))
    assert await stores.deliveries.find(delivery.id) == settled
    with pytest.raises(StaleRecord):
        await stores.work(lambda tx: stores.deliveries.save(tx, begun))


async def test_what_waits_and_what_is_unsettled_is_found(stores: Stores) -> None:
    person, notice_id = uuid4(), uuid4()
    waiting = a_delivery(person, state=DeliveryState.WAITING, notice_id=notice_id, secrets={})
    failed = replace(a_delivery(person, notice_id=notice_id).fail(at=NOW, reason="sms-400"), version=1)
    await stores.work(lambda tx: stores.deliveries.add(tx, [waiting, failed]))
    assert await stores.work(lambda tx: stores.deliveries.waiting(tx, person, limit=5)) == [waiting]
    assert await stores.work(lambda tx: stores.deliveries.unsettled(tx, notice_id, person)) == [waiting]
    assert await stores.deliveries.find(uuid4()) is None
