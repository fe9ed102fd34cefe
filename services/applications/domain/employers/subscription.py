"""What a holder lets an employer know about one certificate."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.applications.domain.errors.employer import AskedTooSoon, SubscriptionEnded
from services.applications.domain.terms import Terms


class SubscriptionState(StrEnum):
    """Asked by the employer, decided by the holder, who may take it back at any moment."""

    ASKED = "asked"
    CONSENTED = "consented"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One employer about one certificate."""

    id: UUID
    version: int
    employer_id: UUID
    certificate_id: UUID
    certificate_number: str
    holder_id: UUID
    purpose: str
    asked_at: datetime
    state: SubscriptionState = SubscriptionState.ASKED
    decided_at: datetime | None = None

    def asked_again(self, purpose: str, *, at: datetime, pause: timedelta, terms: Terms) -> "Subscription":
        """A second question after a refusal waits; one that is open stays as it is. Raises `AskedTooSoon`."""
        if self.state is not SubscriptionState.ENDED:
            return self
        again_at = None if self.decided_at is None else self.decided_at + pause
        if again_at is not None and at < again_at:
            day = f"{terms.local_date(again_at):%d.%m.%Y}"
            raise AskedTooSoon(f"Владелец отказал или отозвал согласие. Спросить снова можно после {day}.", again_at=again_at.isoformat())
        asked = replace(self, version=self.version + 1, purpose=purpose, asked_at=at)
        return replace(asked, state=SubscriptionState.ASKED, decided_at=None)

    def consented(self, *, at: datetime) -> "Subscription":
        """The holder agrees. Raises `SubscriptionEnded`."""
        if self.state is SubscriptionState.ENDED:
            raise SubscriptionEnded("Вы уже отказали этому работодателю. Он может спросить снова.")
        if self.state is SubscriptionState.CONSENTED:
            return self
        return replace(self, version=self.version + 1, state=SubscriptionState.CONSENTED, decided_at=at)

    def ended(self, *, at: datetime) -> "Subscription":
        """The holder refuses, or takes the consent back."""
        if self.state is SubscriptionState.ENDED:
            return self
        return replace(self, version=self.version + 1, state=SubscriptionState.ENDED, decided_at=at)
