"""Sending one-time codes: within the daily allowance of the address, known afterwards by their keyed hash only."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from chassis.transaction import Transaction
from contracts.identity import OneTimeCodeIssued, OneTimeCodeWithheld
from services.identity.domain.codes import CodeAllowance, CodePolicy, OneTimeCode
from services.identity.gateways.hashing import Secrets
from services.identity.repository.throttles import AllowanceRepository

Channel = Literal["sms", "email"]
Purpose = Literal["registration", "email-confirmation", "sign-in", "step-up", "password-reset", "profile-change"]


@dataclass(frozen=True, slots=True)
class MadeCode:
    """A code that has to be stored, with the allowances it took, and sent by the event."""

    code: OneTimeCode
    allowances: tuple[CodeAllowance, ...]
    event: OneTimeCodeIssued


@dataclass(frozen=True, slots=True)
class Codes:
    """Makes codes; notifications sends them."""

    allowances: AllowanceRepository
    secrets: Secrets
    policy: CodePolicy
    now: Callable[[], datetime]

    async def issue(self, tx: Transaction, owner: UUID, *, channel: Channel, address: str, purpose: Purpose) -> OneTimeCode:
        """A fresh code on its way. Raises `TooManyCodes` when the address or the owner had enough of this purpose today.

        Each purpose has its own allowance: asking for registration codes, which anybody can, uses up nobody's sign-in codes.
        """
        keys = self.keys(owner, channel=channel, address=address, purpose=purpose)
        made = self.make([await self.allowances.get(tx, key) for key in keys], owner, channel=channel, address=address, purpose=purpose)
        for allowance in made.allowances:
            await self.allowances.save(tx, allowance, at=made.code.issued_at)
        await tx.publish(made.event)
        return made.code

    def keys(self, owner: UUID, *, channel: Channel, address: str, purpose: Purpose) -> tuple[bytes, bytes]:
        """The keys of the allowances that a code takes from."""
        return self.secrets.digest("code-address", purpose, address), self.secrets.digest("code-owner", purpose, channel, str(owner))

    def make(self, allowances: Iterable[CodeAllowance], owner: UUID, *, channel: Channel, address: str, purpose: Purpose) -> MadeCode:
        """A fresh code for who stores and sends it. Raises `TooManyCodes`."""
        at = self.now()
        taken = tuple(allowance.take(at, self.policy) for allowance in allowances)
        text = self.secrets.code(self.policy.digits)
        code = OneTimeCode.issue(self.digest(purpose, owner, text), at=at, policy=self.policy)
        event = OneTimeCodeIssued(
            occurred_at=at, person_id=owner, channel=channel, address=address, code=text, purpose=purpose, expires_at=code.expires_at
        )
        return MadeCode(code, taken, event)

    def withheld(self, purpose: Purpose) -> OneTimeCodeWithheld:
        """What is published where no code is sent, so that publishing takes no longer for those who have an account."""
        return OneTimeCodeWithheld(occurred_at=self.now(), purpose=purpose)

    def decoy(self) -> OneTimeCode:
        """A code that was never sent and that nothing fits."""
        return OneTimeCode.issue(self.secrets.digest("decoy", self.secrets.token()), at=self.now(), policy=self.policy)

    def digest(self, purpose: Purpose, owner: UUID, text: str) -> bytes:
        """What a typed code is compared by."""
        return self.secrets.digest("code", purpose, str(owner), text.strip())
