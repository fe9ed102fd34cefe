"""What every use-case of notifications stands on, and how a notice turns into deliveries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from chassis.transaction import Begin, Transaction
from contracts.notifications import DeliveryRequested
from services.notifications.domain import OUTSIDE, Channel, Delivery, DeliveryState, Notice, Recipient, Retry
from services.notifications.gateways import Attachments, Providers, Templates
from services.notifications.repository import DeliveryRepository, NoticeRepository, RecipientRepository
from services.notifications.usecases.streaming import Bell


@dataclass(frozen=True, slots=True)
class Terms:
    """The numbers of the settings, as the use-cases need them."""

    delivery_lease: timedelta
    delivery_expiry: timedelta
    notice_retry: Retry
    code_retry: Retry
    repeat_every: timedelta
    repeat_limit: int
    stream_poll_seconds: float
    stream_heartbeat_seconds: int


@dataclass(frozen=True, slots=True)
class Base:
    """Dependencies of the use-cases, wired in `main.py`."""

    begin: Begin
    recipients: RecipientRepository
    notices: NoticeRepository
    deliveries: DeliveryRepository
    templates: Templates
    providers: Providers
    attachments: Attachments
    bell: Bell
    terms: Terms
    now: Callable[[], datetime]

    async def _send_outside(
        self,
        tx: Transaction,
        notice: Notice,
        recipient: Recipient,
        channels: tuple[Channel, ...],
        *,
        event_id: UUID,
        secrets: Mapping[str, str],
    ) -> None:
        """Ledger records of a notice's outside channels: asked for at once, or waiting until contacts come."""
        at = self.now()
        state = DeliveryState.PENDING if recipient.has_contacts else DeliveryState.WAITING
        kept = {channel: secrets if channel is Channel.EMAIL else {} for channel in channels if channel in OUTSIDE}
        deliveries = [
            self._fresh(event_id, recipient.id, channel, kind=notice.kind, notice_id=notice.id, state=state, secrets=own)
            for channel, own in kept.items()
        ]
        await self.deliveries.add(tx, deliveries)
        for delivery in deliveries:
            if state is DeliveryState.PENDING:
                await tx.publish(DeliveryRequested(occurred_at=at, delivery_id=delivery.id))
            else:
                await self._ask_again(tx, delivery, at=delivery.expires_at)

    def _fresh(
        self,
        event_id: UUID,
        recipient_id: UUID,
        channel: Channel,
        *,
        kind: str,
        secrets: Mapping[str, str],
        notice_id: UUID | None = None,
        state: DeliveryState = DeliveryState.PENDING,
        expires_at: datetime | None = None,
    ) -> Delivery:
        """A record for the ledger; of no notice where `notice_id` is None. Without `expires_at` it is tried as long as usual."""
        at = self.now()
        return Delivery(
            id=uuid4(),
            event_id=event_id,
            recipient_id=recipient_id,
            channel=channel,
            kind=kind,
            notice_id=notice_id,
            created_at=at,
            expires_at=expires_at or at + self.terms.delivery_expiry,
            state=state,
            secrets=secrets,
        )

    async def _ask_again(self, tx: Transaction, delivery: Delivery, *, at: datetime) -> None:
        """Have the delivery looked at again at the moment; replaces an earlier appointment."""
        await tx.schedule(_delivery_key(delivery.id), at, DeliveryRequested(occurred_at=self.now(), delivery_id=delivery.id))

    async def _never_mind(self, tx: Transaction, delivery: Delivery) -> None:
        """Forget the delivery's appointment."""
        await tx.cancel(_delivery_key(delivery.id))

    async def _stop_repeating(self, tx: Transaction, notice: Notice) -> None:
        """No further reminders; what has not left yet does not leave."""
        await tx.cancel(repeat_key(notice.id))
        for delivery in await self.deliveries.unsettled(tx, notice.id, notice.recipient_id):
            if delivery.state is not DeliveryState.SENDING:
                await self.deliveries.save(tx, delivery.expire(at=self.now()))
                await self._never_mind(tx, delivery)


def repeat_key(notice_id: UUID) -> str:
    """Timer key of a notice's repetitions."""
    return f"repeat:{notice_id}"


def _delivery_key(delivery_id: UUID) -> str:
    return f"delivery:{delivery_id}"
