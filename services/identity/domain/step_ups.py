"""Step-up: a fresh second factor for a session that is open already."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from chassis.errors import Conflict, NotFound
from contracts.factors import Factor
from services.identity.domain.codes import CodeRefused, OneTimeCode, WrongCode
from services.identity.domain.factors import Factors, TypedCode

Channel = Literal["sms", "totp"]


class NoSuchStepUp(NotFound):
    """No step-up of this id in the caller's session."""

    code = "no-such-step-up"


class PasskeyNeeded(Conflict):
    """Staff with a passkey and no authenticator app step up with the passkey."""

    code = "passkey-needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUp:
    """One step-up of one session."""

    id: UUID
    session_id: UUID
    person_id: UUID
    created_at: datetime
    code: OneTimeCode
    """What was sent; a decoy for an authenticator app, which only says until when and how often it may be tried."""
    channel: Channel = "sms"
    version: int = 0

    def tried(self, typed: TypedCode, factors: Factors, at: datetime, *, is_staff: bool) -> "Tried":
        """One try. What was sent, the app and a recovery code count."""
        code, refused = self.code.tried(typed.sent, at)
        if refused is None:
            return Tried(replace(self, code=code), factors, Factor.SMS, None)
        if isinstance(refused, WrongCode):
            factors, proved = factors.proved(typed, is_staff=is_staff)
            if proved is not None:
                return Tried(replace(self, code=replace(self.code, used_at=at)), factors, proved, None)
        return Tried(replace(self, code=code), factors, None, refused)


@dataclass(frozen=True, slots=True)
class Tried:
    """A step-up and the factors of its owner after one try, both to be stored in any case; what was proved, or why it was refused."""

    step_up: StepUp
    factors: Factors
    proved: Factor | None
    refused: CodeRefused | None


def channel_of(factors: Factors, *, is_staff: bool) -> Channel:
    """Which code is asked for. Raises `PasskeyNeeded` for staff who have nothing but passkeys."""
    if factors.totp is not None:
        return "totp"
    if not factors.takes_sms(is_staff=is_staff):
        raise PasskeyNeeded("Подтвердите действие ключом доступа: код по SMS сотрудникам с ключом не отправляется.")
    return "sms"
