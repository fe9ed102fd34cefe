"""Codes under way to an address that is no longer the person's: void with the change of the address."""

from dataclasses import dataclass
from uuid import UUID

from chassis.transaction import Transaction
from services.identity.domain.password_resets import ResetCode
from services.identity.domain.sign_ins import SentCode
from services.identity.repository.password_resets import PasswordResetRepository
from services.identity.repository.step_ups import StepUpRepository
from services.identity.repository.throttles import ThrottleRepository
from services.identity.usecases.codes import Codes


@dataclass(frozen=True, slots=True)
class SentCodes:
    """Every kind of code that goes to an address of an account. Codes of a profile change go with the change itself."""

    codes: Codes
    throttles: ThrottleRepository
    step_ups: StepUpRepository
    resets: PasswordResetRepository

    async def void_sms(self, tx: Transaction, person_id: UUID) -> None:
        """Codes for signing in and for a step-up.

        What sends one at this very moment writes one of the same rows, so one of the two runs again.
        """
        at = self.codes.now()
        (_, step_up_key) = self.codes.keys(person_id, channel="sms", address="", purpose="step-up")
        known = await self.throttles.read(tx, [person_id, step_up_key])
        sent = known.sent(person_id)
        void = SentCode(id=person_id, code=self.codes.decoy().voided(at), version=sent.version if sent else 0)
        await self.throttles.write(tx, [void, known.allowance(step_up_key)], at=at)
        await self.step_ups.remove_sent(tx, person_id)

    async def void_email(self, tx: Transaction, person_id: UUID) -> None:
        """The code for a new password."""
        known = await self.resets.code(tx, person_id)
        void = ResetCode(id=person_id, code=self.codes.decoy().voided(self.codes.now()), version=known.version if known else 0)
        await self.resets.save_code(tx, void)
