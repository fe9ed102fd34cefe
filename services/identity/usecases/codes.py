"""Sending one-time codes: within the daily allowance of the address, known afterwards by their keyed hash only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from chassis.transaction import Transaction
from contracts.identity import OneTimeCodeIssued
from services.identity.domain.codes import CodePolicy, OneTimeCode
from services.identity.gateways.hashing import Secrets
from services.identity.repository.sign_ins import AllowanceRepository

Purpose = Literal["registration", "email-confirmation", "sign-in", "step-up", "password-reset", "profile-change"]


@dataclass(frozen=True, slots=True)
class Codes:
    """Makes codes; notifications sends them."""

    allowances: AllowanceRepository
    secrets: Secrets
    policy: CodePolicy
    now: Callable[[], datetime]

    async def issue(self, tx: Transaction, owner: UUID, *, channel: Literal["sms", "email"], address: str, purpose: Purpose) -> OneTimeCode:
        """A fresh code on its way. Raises `TooManyCodes` when the address or the owner had enough of this purpose today.

        Each purpose has its own allowance: asking for registration codes, which anybody can, uses up nobody's sign-in codes.
        """
        at = self.now()
        keys = (self.secrets.digest("code-address", purpose, address), self.secrets.digest("code-owner", purpose, channel, str(owner)))
        taken = [(await self.allowances.get(tx, key)).take(at, self.policy) for key in keys]
        for allowance in taken:
            await self.allowances.save(tx, allowance, at=at)
        text = self.secrets.code(self.policy.digits)
        code = OneTimeCode.issue(self.digest(purpose, owner, text), at=at, policy=self.policy)
        await tx.publish(
            OneTimeCodeIssued(
                occurred_at=at, person_id=owner, channel=channel, address=address, code=text, purpose=purpose, expires_at=code.expires_at
            )
        )
        return code

    def decoy(self) -> OneTimeCode:
        """A code that was never sent and that nothing fits."""
        return OneTimeCode.issue(self.secrets.digest("decoy", self.secrets.token()), at=self.now(), policy=self.policy)

    def digest(self, purpose: Purpose, owner: UUID, text: str) -> bytes:
        """What a typed code is compared by."""
        return self.secrets.digest("code", purpose, str(owner), text.strip())
