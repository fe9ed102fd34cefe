"""Step-up: whoever is signed in gives a fresh second factor, and the session remembers it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from chassis.transaction import Begin, Transaction, atomic
from contracts.factors import Factor
from contracts.identity import SecurityAlertKind, SecurityAlertRaised
from services.identity.domain.access_log import Action
from services.identity.domain.codes import WrongCode
from services.identity.domain.sign_ins import FailurePolicy, Failures
from services.identity.domain.step_ups import StepUp, StepUpsLocked
from services.identity.gateways.hashing import Secrets
from services.identity.repository.people import PersonRepository
from services.identity.repository.sign_ins import FailureRepository
from services.identity.repository.step_ups import StepUpRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.codes import Codes
from services.identity.usecases.sessions import Access, SessionUseCases


@dataclass(frozen=True, slots=True)
class StepUpUseCases:
    """A fresh code for an open session."""

    begin: Begin
    people: PersonRepository
    step_ups: StepUpRepository
    failures: FailureRepository
    codes: Codes
    sessions: SessionUseCases
    access: AccessUseCases
    secrets: Secrets
    policy: FailurePolicy
    now: Callable[[], datetime]

    @atomic
    async def start(self, *, session_id: UUID, person_id: UUID) -> StepUp:
        """A step-up that waits for its code; asking again at once gives the same one.

        Raises `SessionOver`, `StepUpsLocked`, `TooManyCodes`.
        """
        at = self.now()
        async with self.begin() as tx:
            await self.sessions.opened(tx, session_id, person_id=person_id)
            _check(await self.failures.get(tx, self._key(person_id)), at)
            latest = await self.step_ups.latest(tx, session_id=session_id, person_id=person_id)
            if latest is not None and latest.code.is_fresh(at, self.codes.policy):
                return latest
            phone = (await self.people.get(tx, person_id)).phone
            code = await self.codes.issue(tx, person_id, channel="sms", address=phone, purpose="step-up")
            step_up = StepUp(id=uuid4(), session_id=session_id, person_id=person_id, created_at=at, code=code)
            return await self.step_ups.add(tx, step_up)

    @atomic
    async def finish(self, step_up_id: UUID, text: str, *, session_id: UUID, person_id: UUID, origin: Origin) -> Access:
        """An access token that names the fresh factor.

        Raises `NoSuchStepUp`, `CodeRefused`, `SessionOver`, `StepUpsLocked`. The refresh token stays as it is: an answer that gets lost
        costs the client nothing but another code.
        """
        at = self.now()
        async with self.begin() as tx:
            step_up = await self.step_ups.get(tx, step_up_id, session_id=session_id, person_id=person_id)
            _check(await self.failures.get(tx, self._key(person_id)), at)
            step_up, refused = step_up.tried(self.codes.digest("step-up", person_id, text), at)
            await self.step_ups.save(tx, step_up)
            if refused is None:
                await self.failures.save(tx, Failures(key=self._key(person_id)), at=at)
                return await self.sessions.step_up(tx, session_id, person_id=person_id, factor=Factor.SMS, origin=origin)
            if isinstance(refused, WrongCode):
                await self._count(tx, person_id, at)
            await self.access.note(tx, Action.STEP_UP_REFUSED, person_id, actor_id=person_id, origin=origin, outcome="refused")
        raise refused

    async def _count(self, tx: Transaction, person_id: UUID, at: datetime) -> None:
        """A wrong code counts against further step-ups, and against the account's sign-ins; its owner is told once it is locked.

        They are two counts, because anybody can lock the sign-ins of an account they know of: that must not stop who is signed in.
        """
        own = (await self.failures.get(tx, self._key(person_id))).begun(at, self.policy)
        before = await self.failures.get(tx, self.secrets.digest("account", str(person_id)))
        after = before.begun(at, self.policy)
        for failures in (own, after):
            await self.failures.save(tx, failures, at=at)
        if after.is_locked(at) and not before.is_locked(at):
            locked = SecurityAlertKind.ACCOUNT_LOCKED
            await tx.publish(SecurityAlertRaised(occurred_at=at, person_id=person_id, kind=locked))

    def _key(self, person_id: UUID) -> bytes:
        return self.secrets.digest("step-up", str(person_id))


def _check(failures: Failures, at: datetime) -> None:
    if failures.locked_until is not None and failures.is_locked(at):
        wait = int((failures.locked_until - at).total_seconds()) + 1
        raise StepUpsLocked("Слишком много неверных кодов. Подтвердить действие пока нельзя, попробуйте позже.", retry_after_seconds=wait)
