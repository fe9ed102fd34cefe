from datetime import timedelta
from uuid import uuid4

import pytest

from services.notifications.domain import (
    KINDS,
    OUTSIDE,
    Channel,
    DeliveryState,
    InvalidPreferences,
    NotAwaitingAct,
    Recipient,
    check_preferences,
)
from tests.notifications.events import NOW
from tests.notifications.fakes import RETRY
from tests.notifications.test_repository import a_delivery, a_notice

LEASE = timedelta(seconds=60)


def test_every_critical_kind_has_an_outside_channel_by_default() -> None:
    assert all(set(kind.channels) & set(OUTSIDE) for kind in KINDS.values() if kind.is_critical)


def test_a_muted_critical_kind_still_goes_outside_and_any_other_kind_does_not() -> None:
    muted = Recipient(id=uuid4(), preferences={"security-alert": (), "review-begun": ()})
    assert muted.channels(KINDS["security-alert"]) == (Channel.INBOX, Channel.EMAIL)
    assert muted.channels(KINDS["review-begun"]) == (Channel.INBOX,)


def test_preferences_that_mute_a_critical_kind_are_refused_by_name() -> None:
    with pytest.raises(InvalidPreferences) as refused:
        check_preferences({"security-alert": (Channel.INBOX,), "a/b~c": (Channel.EMAIL,), "review-begun": ()})
    assert [error.pointer for error in refused.value.errors] == ["/channels/security-alert", "/channels/a~1b~0c"]


def test_a_notice_that_asks_for_nothing_cannot_be_acted_on() -> None:
    with pytest.raises(NotAwaitingAct):
        a_notice(uuid4(), kind="review-begun").act(at=NOW)


def test_a_repetition_is_unread_and_newest() -> None:
    repeated = a_notice(uuid4()).read(at=NOW).repeat(2, sequence=9, at=NOW + timedelta(hours=48))
    assert (repeated.read_at, repeated.sequence, repeated.repetitions, repeated.version) == (None, 9, 2, 3)


def test_a_delivery_under_a_lease_is_left_alone_and_taken_over_when_the_lease_is_over() -> None:
    held = a_delivery(uuid4()).begin(at=NOW, lease=LEASE)
    assert held is not None
    assert held.begin(at=NOW + timedelta(seconds=59), lease=LEASE) is None
    taken = held.begin(at=NOW + LEASE, lease=LEASE)
    assert taken is not None
    assert [attempt.outcome for attempt in taken.attempts] == ["interrupted", None]


@pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.WAITING])
def test_a_delivery_that_ended_or_waits_for_contacts_is_not_begun(state: DeliveryState) -> None:
    assert a_delivery(uuid4(), state=state).begin(at=NOW, lease=LEASE) is None


def test_a_settled_delivery_keeps_no_content() -> None:
    begun = a_delivery(uuid4()).begin(at=NOW, lease=LEASE)
    assert begun is not None
    for settled in (begun.deliver(at=NOW), begun.fail(at=NOW, reason="sms-400"), begun.expire(at=NOW)):
        assert settled.secrets == {}
        assert settled.attempts[-1].ended_at == NOW


def test_pauses_grow_and_are_bounded_and_tries_end() -> None:
    delivery, at, pauses = a_delivery(uuid4(), expires_at=NOW + timedelta(days=3)), NOW, []
    while True:
        begun = delivery.begin(at=at, lease=LEASE)
        assert begun is not None
        delivery, again = begun.postpone(at=at, reason="sms-503", retry=RETRY)
        if again is None:
            break
        pauses.append((again - at).total_seconds())
        at = again
    assert pauses == [10, 30]
    assert (delivery.state, len(delivery.attempts)) == (DeliveryState.FAILED, 3)
    assert RETRY.delay(1000) == RETRY.longest


def test_a_try_that_would_come_too_late_is_not_made() -> None:
    begun = a_delivery(uuid4(), expires_at=NOW + timedelta(seconds=10)).begin(at=NOW, lease=LEASE)
    assert begun is not None
    expired, again = begun.postpone(at=NOW, reason="sms-503", retry=RETRY)
    assert (expired.state, again) == (DeliveryState.EXPIRED, None)
