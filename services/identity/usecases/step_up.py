"""Step-up: whoever is signed in gives a fresh second factor, and the session remembers it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from chassis.transaction import Begin, Transaction, atomic
from contracts.factors import Factor
from contracts.identity import SecurityAlertKind, SecurityAlertRaised
from contracts.roles import STAFF
from services.identity.domain.access_log import Action
from services.identity.domain.codes import OneTimeCode, WrongCode
from services.identity.domain.factors import Factors
from services.identity.domain.sessions import Session, SessionOver
from services.identity.domain.step_ups import StepUp, Tried, channel_of
from services.identity.repository.factors import FactorRepository
from services.identity.repository.people import PersonRepository
from services.identity.repository.step_ups import StepUpRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.codes import Codes
from services.identity.usecases.factors import TypedCodes
from services.identity.usecases.guesses import Guesses
from services.identity.usecases.sessions import Access, SessionUseCases


@dataclass(frozen=True, slots=True)
class StepUpUseCases:
    """A fresh code for an open session."""

    begin: Begin
    people: PersonRepository
    factors: FactorRepository
    step_ups: StepUpRepository
    guesses: Guesses
    codes: Codes
    typed: TypedCodes
    sessions: SessionUseCases
    access: AccessUseCases
    now: Callable[[], datetime]

    @atomic
    async def start(self, *, session_id: UUID, person_id: UUID) -> StepUp:
        """A step-up that waits for its code; asking again at once gives the same one.

        Raises `SessionOver`, `TooManyGuesses`, `TooManyCodes`, `PasskeyNeeded`.
        """
        at = self.now()
        async with self.begin() as tx:
            session = await self.sessions.opened(tx, session_id, person_id=person_id)
            await self.guesses.check(tx, "step-up", person_id, at)
            latest = await self.step_ups.latest(tx, session_id=session_id, person_id=person_id)
            channel = channel_of(await self.factors.get(tx, person_id), is_staff=bool(session.roles & STAFF))
            if latest is not None and latest.channel == channel and latest.code.is_fresh(at, self.codes.policy):
                return latest
            code = await self._sent(tx, person_id) if channel == "sms" else self.codes.decoy()
            step_up = StepUp(id=uuid4(), session_id=session_id, person_id=person_id, created_at=at, code=code, channel=channel)
            return await self.step_ups.add(tx, step_up)

    @atomic
    async def finish(self, step_up_id: UUID, text: str, *, session_id: UUID, person_id: UUID, origin: Origin) -> Access:
        """An access token that names the fresh factor.

        Raises `NoSuchStepUp`, `CodeRefused`, `SessionOver`, `TooManyGuesses`. The refresh token stays as it is: an answer that gets lost
        costs the client nothing but another code.
        """
        at = self.now()
        async with self.begin() as tx:
            step_up = await self.step_ups.get(tx, step_up_id, session_id=session_id, person_id=person_id)
            await self.guesses.check(tx, "step-up", person_id, at)
            session = await self.sessions.opened(tx, session_id, person_id=person_id)
            factors = await self.factors.get(tx, person_id)
            typed = self.typed.read(text, factors, purpose="step-up", at=at)
            tried = step_up.tried(typed, factors, at, is_staff=bool(session.roles & STAFF))
            await self._keep(tx, tried, factors)
            if tried.proved is not None:
                return await self._proved(tx, session, tried.proved, origin)
            if isinstance(tried.refused, WrongCode):
                await self.guesses.count(tx, "step-up", person_id, at)
            await self.access.note(tx, Action.STEP_UP_REFUSED, person_id, actor_id=person_id, origin=origin, outcome="refused")
        raise tried.refused or SessionOver()

    async def _sent(self, tx: Transaction, person_id: UUID) -> OneTimeCode:
        phone = (await self.people.get(tx, person_id)).phone
        return await self.codes.issue(tx, person_id, channel="sms", address=phone, purpose="step-up")

    async def _keep(self, tx: Transaction, tried: Tried, before: Factors) -> None:
        await self.step_ups.save(tx, tried.step_up)
        if tried.factors != before:
            await self.factors.save(tx, tried.factors)

    async def _proved(self, tx: Transaction, session: Session, factor: Factor, origin: Origin) -> Access:
        at, person_id = self.now(), session.person_id
        await self.guesses.forgive(tx, "step-up", person_id, at)
        if factor is Factor.RECOVERY_CODE:
            await tx.publish(SecurityAlertRaised(occurred_at=at, person_id=person_id, kind=SecurityAlertKind.RECOVERY_CODE_USED))
        return await self.sessions.step_up(tx, session.id, person_id=person_id, factor=factor, origin=origin)
