"""What notifications tells: which delivery must happen and which did not."""

from typing import ClassVar
from uuid import UUID

from contracts.base import Count, Event
from contracts.exports import DataExportPiece


class DeliveryRequested(Event):
    """A message waits in the ledger for one channel; now is the time to hand it to the provider."""

    type: ClassVar[str] = "notifications.delivery-requested.v1"
    delivery_id: UUID


class RepeatDue(Event):
    """The person has not acted; time to remind once more."""

    type: ClassVar[str] = "notifications.repeat-due.v1"
    notice_id: UUID
    repetition: Count


class DeliveryFailed(Event):
    """Every attempt on this channel failed; somebody should look how else to reach the person."""

    type: ClassVar[str] = "notifications.delivery-failed.v1"
    about: ClassVar[str | None] = "recipient_id"
    delivery_id: UUID
    recipient_id: UUID
    channel: str
    kind: str
    is_critical: bool


class NotificationsExported(DataExportPiece):
    """What notifications has of a person, asked for by that person."""

    type: ClassVar[str] = "notifications.notifications-exported.v1"
