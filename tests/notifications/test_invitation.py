"""A new account of staff is told as an invitation."""

from uuid import uuid4

from contracts.identity import SecurityAlertRaised
from services.notifications.domain import Channel
from tests.notifications.events import NOW
from tests.notifications.fakes import House


async def test_a_new_member_of_staff_is_invited_and_not_warned() -> None:
    house = House()
    await house.usecases.announce(SecurityAlertRaised(occurred_at=NOW, person_id=uuid4(), kind="account-opened"))
    notice = next(iter(house.notices.stored.values()))
    assert (notice.kind, "«Забыли пароль?»" in notice.text) == ("staff-account-opened", True)
    assert [delivery.channel for delivery in house.deliveries.stored.values()] == [Channel.EMAIL]
