import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from pymongo.errors import AutoReconnect, ServerSelectionTimeoutError

from chassis.transaction import AlreadyHandled
from contracts.applications import ApplicationApproved, ApplicationRejected, DeadlineMissed, DeadlineNear, Reason
from contracts.base import Event
from contracts.identity import BulkReadingDetected, Mismatch, ProfileRefused, SecurityAlertRaised, VerificationEscalated
from contracts.notifications import DeliveryFailed, DeliveryRequested, RepeatDue
from contracts.roles import Role
from contracts.topology import SUBSCRIPTIONS
from services.notifications.domain import Channel, DeliveryState, Notice
from services.notifications.gateways import MessageRefused, ProviderUnavailable
from services.notifications.usecases import ACTS, TABLE, UseCases
from services.notifications.usecases.base import Base
from tests.notifications.events import NOW, NUMBER, code_issued, contacts_changed, document_issued, provided, requested, submitted
from tests.notifications.fakes import TERMS, House


@pytest.fixture
def house() -> House:
    return House()


async def deliver_all(house: House) -> None:
    """What the queue would hand over."""
    for event in house.begin.events(DeliveryRequested):
        if str(event.event_id) not in house.begin.handled:
            await house.usecases.deliver(event)


async def pass_time(house: House, delta: timedelta) -> list[Event]:
    house.clock.move(delta)
    due = house.begin.due(house.clock.now())
    for event in due:
        if isinstance(event, DeliveryRequested):
            await house.usecases.deliver(event)
        elif isinstance(event, RepeatDue):
            await house.usecases.repeat(event)
    return due


def only_notice(house: House) -> Notice:
    [notice] = house.notices.stored.values()
    return notice


ABOUT_ALL_DATA = ("person-erased", "registration-lapsed", "data-export-requested")


def test_every_subscription_is_in_the_table_or_has_a_use_case_of_its_own() -> None:
    own = {f"identity.{name}.v1" for name in ("contacts-changed", "one-time-code-issued", *ABOUT_ALL_DATA)}
    told = {rule.event.type for rule in TABLE} | own
    assert told | {event.type for event in ACTS} == {
        event.type for event in SUBSCRIPTIONS["notifications"] if not event.type.startswith("notifications.")
    }


async def test_a_notice_is_told_once_however_often_the_event_comes(house: House) -> None:
    event = submitted(uuid4())
    await house.usecases.announce(event)
    with pytest.raises(AlreadyHandled):
        await house.usecases.announce(event)
    notice = only_notice(house)
    assert (notice.sequence, notice.link) == (1, f"/applications/{event.application_id}")
    assert "2 марта 2026 г., 12:00 (UTC+3)" in notice.text


async def test_a_notice_has_the_time_of_its_event_as_the_store_keeps_it(house: House) -> None:
    await house.usecases.announce(submitted(uuid4(), at=NOW.replace(microsecond=654_321)))
    assert only_notice(house).occurred_at.microsecond == 654_000


async def test_outside_messages_wait_for_contacts_and_expire_without_them(house: House) -> None:
    person = uuid4()
    await house.usecases.announce(requested(person))
    assert {delivery.state for delivery in house.deliveries.stored.values()} == {DeliveryState.WAITING}
    assert house.begin.events(DeliveryRequested) == []
    await house.usecases.change_contacts(contacts_changed(person))
    await deliver_all(house)
    assert {delivery.state for delivery in house.deliveries.stored.values()} == {DeliveryState.DELIVERED}
    assert (len(house.mail.sent), len(house.sms.sent)) == (1, 1)

    await house.usecases.announce(requested(uuid4()))
    await pass_time(house, timedelta(hours=72))
    assert sum(delivery.state is DeliveryState.EXPIRED for delivery in house.deliveries.stored.values()) == 2
    assert len(house.begin.events(DeliveryFailed)) == 2


async def test_a_failing_provider_is_asked_again_then_given_up_and_reported(house: House) -> None:
    person = uuid4()
    await house.usecases.change_contacts(contacts_changed(person))
    house.mail.failure = ProviderUnavailable("smtp-421")
    await house.usecases.announce(requested(person))
    await deliver_all(house)
    await pass_time(house, timedelta(seconds=10))
    await pass_time(house, timedelta(seconds=30))
    [letter] = [one for one in house.deliveries.stored.values() if one.channel is Channel.EMAIL]
    assert (letter.state, [attempt.outcome for attempt in letter.attempts]) == (DeliveryState.FAILED, ["smtp-421"] * 3)
    [failure] = house.begin.events(DeliveryFailed)
    assert (failure.channel, failure.is_critical) == ("email", True)
    assert len(house.sms.sent) == 1


async def test_a_refused_message_fails_at_once(house: House) -> None:
    house.sms.failure = MessageRefused("sms-400")
    await house.usecases.send_code(code_issued())
    await deliver_all(house)
    [delivery] = house.deliveries.stored.values()
    assert (delivery.state, delivery.secrets) == (DeliveryState.FAILED, {})


async def test_a_crash_between_sending_and_recording_is_repeated_under_the_same_id(house: House) -> None:
    await house.usecases.send_code(code_issued())
    [event] = house.begin.events(DeliveryRequested)
    claimed = await house.usecases._claim(event)
    assert claimed is not None
    await house.sms.send(await house.usecases._compose(claimed))
    await pass_time(house, timedelta(seconds=60))
    [delivery] = house.deliveries.stored.values()
    assert [attempt.outcome for attempt in delivery.attempts] == ["interrupted", "delivered"]
    assert {message.id for message in house.sms.sent} == {delivery.id}


async def test_an_outcome_is_written_when_the_store_is_back_and_nothing_is_sent_twice(house: House) -> None:
    house.deliveries.failures[DeliveryState.DELIVERED] = [ServerSelectionTimeoutError("away"), AutoReconnect("away"), TimeoutError()]
    await house.usecases.send_code(code_issued())
    await deliver_all(house)
    [delivery] = house.deliveries.stored.values()
    assert (delivery.state, len(house.sms.sent)) == (DeliveryState.DELIVERED, 1)
    await pass_time(house, timedelta(seconds=60))
    assert len(house.sms.sent) == 1


async def test_a_store_that_stays_away_is_waited_for_no_longer_than_the_lease(house: House) -> None:
    short = replace(TERMS, delivery_lease=timedelta(milliseconds=20))
    usecases = UseCases(**{name: getattr(house.usecases, name) for name in Base.__dataclass_fields__} | {"terms": short})
    house.deliveries.failures[DeliveryState.DELIVERED] = [AutoReconnect("away"), AutoReconnect("away")]
    await usecases.send_code(code_issued())
    [event] = house.begin.events(DeliveryRequested)
    with pytest.raises(AutoReconnect):
        await usecases.deliver(event)


async def test_a_message_that_cannot_be_made_fails_after_as_many_attempts_as_any_other(house: House) -> None:
    person = uuid4()
    await house.usecases.change_contacts(contacts_changed(person))
    await house.usecases.announce(requested(person))
    house.sms.failure = house.mail.failure = RuntimeError("unexpected")
    for event in house.begin.events(DeliveryRequested):
        with pytest.raises(RuntimeError):
            await house.usecases.deliver(event)
    for _ in range(TERMS.notice_retry.attempts - 1):
        house.clock.move(TERMS.delivery_lease)
        for due in house.begin.due(house.clock.now()):
            assert isinstance(due, DeliveryRequested)
            with pytest.raises(RuntimeError):
                await house.usecases.deliver(due)
    await pass_time(house, TERMS.delivery_lease)
    assert [[attempt.outcome for attempt in one.attempts] for one in house.deliveries.stored.values()] == [["interrupted"] * 3] * 2
    assert {one.state for one in house.deliveries.stored.values()} == {DeliveryState.FAILED}
    assert len(house.begin.events(DeliveryFailed)) == 2


async def test_a_letter_waits_for_its_attachment_and_goes_without_it_only_when_it_is_gone(house: House) -> None:
    person = uuid4()
    await house.usecases.change_contacts(contacts_changed(person))
    house.attachments.failure = ProviderUnavailable("attachment-unavailable")
    await house.usecases.announce(document_issued(person))
    await deliver_all(house)
    [delivery] = house.deliveries.stored.values()
    assert (delivery.state, house.mail.sent) == (DeliveryState.PENDING, [])
    house.attachments.failure = None
    await pass_time(house, timedelta(seconds=10))
    [late] = house.mail.sent
    assert late.attachments == ()
    assert "приложить не удалось" in late.text
    house.attachments.body = b"%PDF"
    await house.usecases.announce(document_issued(person))
    await deliver_all(house)
    whole = house.mail.sent[-1]
    assert [one.body for one in whole.attachments] == [b"%PDF"]
    assert "приложена к этому письму" in whole.text
    assert "приложить не удалось" not in whole.text


async def test_an_approval_is_told_before_the_certificate_is_there(house: House) -> None:
    person = uuid4()
    approved = ApplicationApproved(occurred_at=NOW, application_id=uuid4(), applicant_id=person, number=NUMBER, registrar_id=uuid4())
    await house.usecases.announce(approved)
    notice = only_notice(house)
    assert (notice.kind, notice.title) == ("application-approved", f"Заявление {NUMBER} одобрено")


async def test_a_code_is_never_sent_after_its_end(house: House) -> None:
    house.sms.failure = ProviderUnavailable("sms-503")
    await house.usecases.send_code(code_issued(minutes=5))
    await deliver_all(house)
    house.sms.failure = None
    await pass_time(house, timedelta(minutes=6))
    [delivery] = house.deliveries.stored.values()
    assert (delivery.state, delivery.secrets, house.sms.sent) == (DeliveryState.EXPIRED, {}, [])


async def test_a_dead_provider_is_left_alone_without_using_up_attempts(house: House) -> None:
    house.sms.failure = ProviderUnavailable("sms-503")
    for _ in range(4):
        await house.usecases.send_code(code_issued(minutes=10))
    await deliver_all(house)
    attempts = sorted(len(delivery.attempts) for delivery in house.deliveries.stored.values())
    assert attempts == [0, 1, 1, 1]
    house.sms.failure = None
    house.monotonic[0] = 16
    await pass_time(house, timedelta(seconds=16))
    assert {delivery.state for delivery in house.deliveries.stored.values()} == {DeliveryState.DELIVERED}


async def test_a_slow_provider_takes_only_its_share_of_consumers(house: House) -> None:
    house.sms.gate = asyncio.Event()
    for _ in range(3):
        await house.usecases.send_code(code_issued())
    events = house.begin.events(DeliveryRequested)
    running = [asyncio.create_task(house.usecases.deliver(event)) for event in events[:2]]
    await house.sms.waiting.acquire()
    await house.sms.waiting.acquire()
    async with asyncio.timeout(1):
        await house.usecases.deliver(events[2])
    house.sms.gate.set()
    await asyncio.gather(*running)
    assert len(house.sms.sent) == 2


async def test_reminders_end_after_five(house: House) -> None:
    person = uuid4()
    await house.usecases.change_contacts(contacts_changed(person))
    await house.usecases.announce(requested(person))
    await deliver_all(house)
    for _ in range(8):
        await pass_time(house, timedelta(hours=48))
        await deliver_all(house)
    assert only_notice(house).repetitions == 5
    assert (len(house.mail.sent), only_notice(house).sequence) == (6, 6)
    assert house.mail.sent[-1].subject.startswith("Напоминание: ")


async def test_reminders_end_with_the_answer_and_what_has_not_left_does_not_leave(house: House) -> None:
    person = uuid4()
    request = requested(person)
    await house.usecases.announce(request)
    await house.usecases.announce(provided(request, at=NOW + timedelta(minutes=5)))
    assert only_notice(house).acted_at is not None
    assert house.begin.scheduled == {}
    await house.usecases.change_contacts(contacts_changed(person))
    await deliver_all(house)
    assert house.mail.sent == []


async def test_an_answer_that_overtook_its_request_still_ends_it(house: House) -> None:
    request = requested(uuid4())
    await house.usecases.announce(provided(request, at=NOW + timedelta(minutes=5)))
    await house.usecases.announce(request)
    assert only_notice(house).acted_at is not None
    assert not any(key.startswith("repeat:") for key in house.begin.scheduled)


async def test_a_refusal_is_repeated_until_the_person_acknowledges_or_applies_again(house: House) -> None:
    for is_resubmitted in (True, False):
        person = uuid4()
        event = ApplicationRejected(
            occurred_at=house.clock.now(), application_id=uuid4(), applicant_id=person, number=NUMBER,
            reasons=(Reason(code="licence-expired", pointer="/professional/licence"),),
        )  # fmt: skip
        await house.usecases.announce(event)
        [refusal] = [notice for notice in house.notices.stored.values() if notice.recipient_id == person]
        assert refusal.awaits_act
        house.clock.move(timedelta(hours=1))
        if is_resubmitted:
            await house.usecases.announce(submitted(person, at=house.clock.now()))
        else:
            await house.usecases.mark_acted(refusal.id, recipient_id=person)
        await pass_time(house, timedelta(hours=48))
        assert house.notices.stored[refusal.id].repetitions == 0
        assert house.notices.stored[refusal.id].acted_at is not None


async def test_deadlines_go_to_whoever_must_act_and_misses_to_the_administrators_too(house: House) -> None:
    applicant, reviewer, administrator, registrar = uuid4(), uuid4(), uuid4(), uuid4()
    for person, role in ((administrator, Role.ADMINISTRATOR), (registrar, Role.REGISTRAR)):
        await house.usecases.change_contacts(contacts_changed(person, roles=(role,)))
    known = {"occurred_at": NOW, "application_id": uuid4(), "applicant_id": applicant, "number": NUMBER, "due_at": NOW}
    await house.usecases.announce(DeadlineNear(**known, term="review", responsible="reviewer", responsible_id=reviewer))
    approval = {"term": "approval", "responsible": "registrar", "responsible_id": None, "called_ids": (registrar,)}
    await house.usecases.announce(DeadlineNear(**known, **approval))
    await house.usecases.announce(DeadlineMissed(**known, term="review", responsible="reviewer", responsible_id=reviewer))
    told = sorted((notice.kind, notice.recipient_id) for notice in house.notices.stored.values())
    assert told == sorted([
        ("review-deadline-near", reviewer), ("approval-deadline-near", registrar),
        ("deadline-missed", applicant), ("review-deadline-missed", reviewer), ("deadline-escalated", administrator),
    ])  # fmt: skip


async def test_bulk_reading_is_told_to_auditors_and_administrators_once_each(house: House) -> None:
    auditor, administrator, both, reviewer = uuid4(), uuid4(), uuid4(), uuid4()
    roles: dict[UUID, tuple[Role, ...]] = {auditor: (Role.AUDITOR,), administrator: (Role.ADMINISTRATOR,), reviewer: (Role.REVIEWER,)}
    roles[both] = (Role.AUDITOR, Role.ADMINISTRATOR)
    for person, held in roles.items():
        await house.usecases.change_contacts(contacts_changed(person, roles=held))
    await house.usecases.announce(
        BulkReadingDetected(occurred_at=NOW, reader_id=reviewer, reader_role="reviewer", people=50, window_seconds=3600)
    )
    told = list(house.notices.stored.values())
    assert sorted(notice.recipient_id for notice in told) == sorted((auditor, administrator, both))
    assert all(str(reviewer) in notice.text and "50 разных людей за 60 мин" in notice.text for notice in told)


async def test_words_for_unknown_codes_are_general_ones(house: House) -> None:
    person = uuid4()
    await house.usecases.announce(SecurityAlertRaised(occurred_at=NOW, person_id=person, kind="something-new"))
    mismatches = (Mismatch(field="snils", registry="snils", code="x"), Mismatch(field="shoe_size", registry="y", code="z"))
    await house.usecases.announce(ProfileRefused(occurred_at=NOW, practitioner_id=person, mismatches=mismatches, correct_by=NOW))
    alert, refused = sorted(house.notices.stored.values(), key=lambda notice: notice.sequence)
    assert "необычные действия" in alert.text
    assert "СНИЛС, другие сведения" in refused.text


async def test_an_event_for_a_role_nobody_holds_tells_nobody(house: House) -> None:
    await house.usecases.announce(VerificationEscalated(occurred_at=NOW, practitioner_id=uuid4(), registries=("snils",)))
    assert house.notices.stored == {}


async def test_a_stream_gets_missed_then_live_notices_in_order_and_each_once(house: House) -> None:
    person = uuid4()
    await house.usecases.announce(submitted(person))
    after = await house.usecases.open_stream(person, after=0)
    following = house.usecases.follow(person, after=after, until=NOW + timedelta(minutes=5), stopped=asyncio.Event().wait)
    async with asyncio.timeout(2), aclosing(following) as live:
        seen = [(await anext(live)).sequence]
        waiting = asyncio.ensure_future(anext(live))
        await asyncio.sleep(0)
        await house.usecases.announce(submitted(person))
        seen.append((await waiting).sequence)
        house.usecases.bell.ring(next(iter(house.notices.stored.values())))
        await house.usecases.announce(submitted(person))
        seen.append((await anext(live)).sequence)
    assert seen == [1, 2, 3]


async def test_a_stream_starts_now_or_where_the_person_left_never_in_the_future(house: House) -> None:
    person = uuid4()
    await house.usecases.announce(submitted(person))
    assert await house.usecases.open_stream(person, after=None) == 1
    assert await house.usecases.open_stream(person, after=2**60) == 1
    assert await house.usecases.open_stream(person, after=0) == 0


async def test_a_stream_ends_when_the_service_stops(house: House) -> None:
    stop = asyncio.Event()
    following = house.usecases.follow(uuid4(), after=0, until=NOW + timedelta(minutes=5), stopped=stop.wait)
    async with asyncio.timeout(2), aclosing(following) as live:
        waiting = asyncio.ensure_future(anext(live))
        await asyncio.sleep(0)
        stop.set()
        with pytest.raises(StopAsyncIteration):
            await waiting
