"""Sign-in: the same work and the same answer whether the account exists, until password and code are both right."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from chassis.transaction import Begin, Transaction, atomic
from contracts.factors import Factor
from contracts.identity import SecurityAlertKind, SecurityAlertRaised
from services.identity.domain.access_log import Action
from services.identity.domain.codes import TooManyCodes
from services.identity.domain.sign_ins import (
    FailurePolicy,
    Failures,
    SentCode,
    SignIn,
    SignInRefused,
    identifier_candidates,
    normalised_identifier,
)
from services.identity.gateways.hashing import Passwords, Secrets
from services.identity.repository.people import Credentials, PersonRepository
from services.identity.repository.sign_ins import FailureRepository, SentCodeRepository, SignInRepository, StrangerRefusalRepository
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
    sent_codes: SentCodeRepository
    failures: FailureRepository
    strangers: StrangerRefusalRepository
    codes: Codes
    sessions: SessionUseCases
    access: AccessUseCases
    passwords: Passwords
    secrets: Secrets
    policy: FailurePolicy
    now: Callable[[], datetime]

    async def start(self, identifier: str, password: str, origin: Origin) -> SignIn:
        """A sign-in that waits for its code; a code is sent only if identifier and password are right, which nobody is told.

        Raises `SignInsSlowed`, `SignInsLocked`.
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
            sign_in = SignIn(
                id=uuid4(),
                person_id=person_id,
                subject_id=attempt.subject_id,
                failure_keys=attempt.keys,
                created_at=attempt.at,
                password_at=attempt.at,
                code=self.codes.decoy(),
                is_known=attempt.credentials is not None,
            )
            if person_id is None or not await self._is_code_sent(tx, person_id, attempt.at):
                await self._note_refusal(tx, sign_in, origin)
            return await self.sign_ins.add(tx, sign_in)

    async def _is_code_sent(self, tx: Transaction, person_id: UUID, at: datetime) -> bool:
        """Send a code unless one has only just been sent. False when the account had enough today.

        That is not told: an answer of its own would say that the password was right.
        """
        sent = await self.sent_codes.get(tx, person_id)
        if sent is not None and sent.code.is_fresh(at, self.codes.policy):
            return True
        phone = (await self.people.get(tx, person_id)).phone
        try:
            code = await self.codes.issue(tx, person_id, channel="sms", address=phone, purpose="sign-in")
        except TooManyCodes:
            return False
        await self.sent_codes.save(tx, SentCode(id=person_id, code=code, version=sent.version if sent else 0))
        return True

    async def _count(self, tx: Transaction, attempt: _Attempt) -> bool:
        """Count the attempt as unfinished; True when the account is locked through whatever identifiers. Its owner is told once."""
        known = [await self.failures.get(tx, key) for key in attempt.keys]
        known[0].check(attempt.at, self.policy)
        counted = [failures.begun(attempt.at, self.policy) for failures in known]
        for failures in counted:
            await self.failures.save(tx, failures, at=attempt.at)
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
            sign_in, sent, refused = sign_in.tried(digest, await self.sent_codes.get(tx, sign_in.subject_id), at)
            sign_in = await self.sign_ins.save(tx, sign_in)
            if sent is not None:
                await self.sent_codes.save(tx, sent)
            if refused is None and sign_in.person_id is not None:
                for key in sign_in.failure_keys:
                    await self.failures.save(tx, Failures(key=key), at=at)
                factors = {Factor.PASSWORD: sign_in.password_at, Factor.SMS: at}
                return await self.sessions.open(tx, sign_in.person_id, factors=factors, origin=origin)
            await self._note_refusal(tx, sign_in, origin)
        raise refused or SignInRefused()

    async def _note_refusal(self, tx: Transaction, sign_in: SignIn, origin: Origin) -> None:
        """In the access log of the account, if there is one: an identifier nobody has must not start a chain that is kept for ever."""
        if sign_in.is_known:
            await self.access.note(tx, Action.SIGN_IN_REFUSED, sign_in.subject_id, actor_id=None, origin=origin, outcome="refused")
        else:
            await self.strangers.note(tx, sign_in.subject_id, self.now(), origin.address)
