"""Sign-in: the same work and the same answer whether the account exists, until password and code are both right."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from chassis.transaction import Begin, Transaction, atomic
from contracts.identity import SecurityAlertKind, SecurityAlertRaised
from services.identity.domain.access_log import Action
from services.identity.domain.sign_ins import (
    FailurePolicy,
    Failures,
    SignIn,
    SignInRefused,
    identifier_candidates,
    normalised_identifier,
)
from services.identity.gateways.hashing import Passwords, Secrets
from services.identity.repository.people import Credentials, PersonRepository
from services.identity.repository.sign_ins import FailureRepository, SignInRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.codes import Codes
from services.identity.usecases.sessions import SessionUseCases, Tokens


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One try of a password. `keys` count failures: of what was typed, and of the account (or of the account there would be)."""

    at: datetime
    keys: tuple[bytes, bytes]
    subject_id: UUID
    credentials: Credentials | None
    is_right: bool


@dataclass(frozen=True, slots=True)
class SignInUseCases:
    """Identifier and password, then a one-time code."""

    begin: Begin
    people: PersonRepository
    sign_ins: SignInRepository
    failures: FailureRepository
    codes: Codes
    sessions: SessionUseCases
    access: AccessUseCases
    passwords: Passwords
    secrets: Secrets
    policy: FailurePolicy
    now: Callable[[], datetime]

    async def start(self, identifier: str, password: str, origin: Origin) -> SignIn:
        """A sign-in that waits for its code; a code is sent only if identifier and password are right, which nobody is told.

        Raises `SignInsSlowed`, `SignInsLocked`, `TooManyCodes`.
        """
        key = self.secrets.digest("identifier", normalised_identifier(identifier))
        credentials = await self._credentials(identifier, key)
        is_right = await self.passwords.verify(password, credentials.password_hash if credentials else None)
        subject_id = credentials.person_id if credentials else UUID(bytes=key[:16], version=4)
        account_key = self.secrets.digest("account", str(subject_id))
        return await self._open(_Attempt(self.now(), (key, account_key), subject_id, credentials, is_right), origin)

    @atomic
    async def _credentials(self, identifier: str, key: bytes) -> Credentials | None:
        async with self.begin(is_last=False) as tx:
            (await self.failures.get(tx, key)).check(self.now(), self.policy)
            return await self.people.credentials(tx, identifier_candidates(identifier))

    @atomic
    async def _open(self, attempt: _Attempt, origin: Origin) -> SignIn:
        async with self.begin() as tx:
            is_locked = await self._count(tx, attempt)
            person_id = attempt.credentials.person_id if attempt.credentials and attempt.is_right and not is_locked else None
            if person_id is None:
                code = self.codes.decoy()
                await self._note_refusal(tx, attempt.subject_id, origin)
            else:
                latest = await self.sign_ins.latest(tx, person_id)
                if latest is not None and latest.finished_at is None and latest.code.is_fresh(attempt.at, self.codes.policy):
                    code = latest.code
                else:
                    phone = (await self.people.get(tx, person_id)).phone
                    code = await self.codes.issue(tx, person_id, channel="sms", address=phone, purpose="sign-in")
            sign_in = SignIn(
                id=uuid4(),
                person_id=person_id,
                subject_id=attempt.subject_id,
                failure_keys=attempt.keys,
                created_at=attempt.at,
                password_at=attempt.at,
                code=code,
            )
            return await self.sign_ins.add(tx, sign_in)

    async def _count(self, tx: Transaction, attempt: _Attempt) -> bool:
        """Count the attempt as unfinished; True when the account is locked through whatever identifiers. Its owner is told once."""
        known = [await self.failures.get(tx, key) for key in attempt.keys]
        known[0].check(attempt.at, self.policy)
        counted = [failures.begun(attempt.at, self.policy) for failures in known]
        for failures in counted:
            await self.failures.save(tx, failures)
        was_locked = known[1].is_locked(attempt.at)
        if attempt.credentials is not None and counted[1].is_locked(attempt.at) and not was_locked:
            locked = SecurityAlertKind.ACCOUNT_LOCKED
            await tx.publish(SecurityAlertRaised(occurred_at=attempt.at, person_id=attempt.credentials.person_id, kind=locked))
        return was_locked

    @atomic
    async def finish(self, sign_in_id: UUID, text: str, origin: Origin) -> Tokens:
        """The tokens of a new session. Raises `SignInRefused`, also for an unknown sign-in."""
        at = self.now()
        async with self.begin() as tx:
            sign_in = await self.sign_ins.get(tx, sign_in_id)
            if sign_in is None:
                raise SignInRefused
            digest = self.codes.digest("sign-in", sign_in.subject_id, text)
            sign_in, refused = sign_in.tried(digest, at)
            await self.sign_ins.save(tx, sign_in)
            if refused is None and sign_in.person_id is not None:
                for key in sign_in.failure_keys:
                    await self.failures.save(tx, Failures(key=key))
                return await self.sessions.open(tx, sign_in.person_id, password_at=sign_in.password_at, sms_at=at, origin=origin)
            await self._note_refusal(tx, sign_in.subject_id, origin)
        raise refused or SignInRefused()

    async def _note_refusal(self, tx: Transaction, subject_id: UUID, origin: Origin) -> None:
        await self.access.note(tx, Action.SIGN_IN_REFUSED, subject_id, actor_id=None, origin=origin, outcome="refused")
