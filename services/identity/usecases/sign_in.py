"""Sign-in: the same work and the same answer whether the account exists, until password and code are both right."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid4

from chassis.transaction import Begin, Transaction, atomic
from contracts.factors import Factor
from contracts.identity import SecurityAlertKind, SecurityAlertRaised
from contracts.roles import STAFF
from services.identity.domain.access_log import Action
from services.identity.domain.codes import TooManyCodes
from services.identity.domain.sign_ins import (
    FailurePolicy,
    Failures,
    Proofs,
    SentCode,
    SignIn,
    SignInRefused,
    identifier_candidates,
    normalised_identifier,
)
from services.identity.gateways.hashing import Passwords, Secrets
from services.identity.repository.factors import FactorRepository
from services.identity.repository.people import Credentials, PersonRepository
from services.identity.repository.sign_ins import FailureRepository, SentCodeRepository, SignInRepository, StrangerRefusalRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.codes import Codes
from services.identity.usecases.devices import DeviceUseCases
from services.identity.usecases.factors import TypedCodes
from services.identity.usecases.sessions import SessionUseCases, Tokens


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One try of a password. `keys` count failures: of what was typed, and of the account (or of the account there would be)."""

    at: datetime
    keys: tuple[bytes, bytes]
    subject_id: UUID
    credentials: Credentials | None
    is_right: bool
    device: bytes

    @property
    def is_staff(self) -> bool:
        """Whether the account is one of staff."""
        return self.credentials is not None and bool(self.credentials.roles & STAFF)


@dataclass(frozen=True, slots=True)
class Started:
    """A sign-in under way; `tokens` if it needed no code, because the device is trusted."""

    sign_in: SignIn
    tokens: Tokens | None


@dataclass(frozen=True, slots=True)
class Finished:
    """The tokens of a new session; `device_token` if the device is trusted from now on."""

    tokens: Tokens
    device_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignInUseCases:
    """Identifier and password, then a code: by SMS, of an authenticator app, or a recovery code."""

    begin: Begin
    people: PersonRepository
    factors: FactorRepository
    sign_ins: SignInRepository
    sent_codes: SentCodeRepository
    failures: FailureRepository
    strangers: StrangerRefusalRepository
    codes: Codes
    typed: TypedCodes
    devices: DeviceUseCases
    sessions: SessionUseCases
    access: AccessUseCases
    passwords: Passwords
    secrets: Secrets
    policy: FailurePolicy
    now: Callable[[], datetime]

    async def start(self, identifier: str, password: str, origin: Origin, *, device_token: str | None = None) -> Started:
        """A sign-in that waits for its code; one is sent only if identifier and password are right, which nobody is told.

        On a trusted device the right password is enough. Raises `SignInsSlowed`, `SignInsLocked`.
        """
        key = self.secrets.digest("identifier", normalised_identifier(identifier))
        credentials = await self._credentials(identifier, key)
        is_right = await self.passwords.verify(password, credentials.password_hash if credentials else None)
        subject_id = credentials.person_id if credentials else UUID(bytes=key[:16], version=4)
        account_key = self.secrets.digest("account", str(subject_id))
        device = self.devices.digest(subject_id, device_token or self.secrets.token())
        return await self._open(_Attempt(self.now(), (key, account_key), subject_id, credentials, is_right, device), origin)

    @atomic
    async def _credentials(self, identifier: str, key: bytes) -> Credentials | None:
        async with self.begin(is_last=False) as tx:
            (await self.failures.get(tx, key)).check(self.now(), self.policy)
            return await self.people.credentials(tx, identifier_candidates(identifier))

    @atomic
    async def _open(self, attempt: _Attempt, origin: Origin) -> Started:
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
                is_staff=attempt.is_staff,
            )
            factors = await self.factors.get(tx, attempt.subject_id)
            if person_id is not None and not attempt.is_staff and factors.trusts(attempt.device, attempt.at):
                sign_in = await self.sign_ins.add(tx, replace(sign_in, finished_at=attempt.at))
                return Started(sign_in, await self._opened(tx, sign_in, person_id, None, origin))
            is_sent = factors.is_sent_sms(is_staff=attempt.is_staff)
            if person_id is None or (is_sent and not await self._is_code_sent(tx, person_id, attempt.at)):
                await self._note_refusal(tx, sign_in, origin)
            return Started(await self.sign_ins.add(tx, sign_in), None)

    @atomic
    async def send_sms(self, sign_in_id: UUID) -> None:
        """Send a practitioner a code by SMS after all, if it is not too early. Nobody is told whether it was sent."""
        at = self.now()
        async with self.begin() as tx:
            sign_in = await self.sign_ins.get(tx, sign_in_id)
            if sign_in is None or sign_in.person_id is None or sign_in.is_staff or not sign_in.is_waiting(at):
                return
            failures = await self.failures.get(tx, sign_in.failure_keys[-1])
            if not failures.is_locked_since(sign_in.created_at, at, self.policy):
                await self._is_code_sent(tx, sign_in.person_id, at)

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
        if attempt.credentials is not None:
            await self._tell_if_locked(tx, attempt.credentials.person_id, known[1], counted[1], attempt.at)
        return known[1].is_locked(attempt.at)

    async def _tell_if_locked(self, tx: Transaction, person_id: UUID, before: Failures, after: Failures, at: datetime) -> None:
        if after.is_locked(at) and not before.is_locked(at):
            await tx.publish(SecurityAlertRaised(occurred_at=at, person_id=person_id, kind=SecurityAlertKind.ACCOUNT_LOCKED))

    @atomic
    async def finish(self, sign_in_id: UUID, text: str, origin: Origin, *, trusts_device: bool = False) -> Finished:
        """A new session for a right code. Raises `SignInRefused`, also for an unknown sign-in."""
        at = self.now()
        async with self.begin() as tx:
            sign_in = await self.sign_ins.get(tx, sign_in_id)
            if sign_in is None:
                raise SignInRefused
            known = Proofs(await self.sent_codes.get(tx, sign_in.subject_id), await self.factors.get(tx, sign_in.subject_id))
            typed = self.typed.read(text, known.factors, purpose="sign-in", at=at)
            failures = await self.failures.get(tx, sign_in.failure_keys[-1])
            tried = sign_in.tried(typed, known, at, is_barred=failures.is_locked_since(sign_in.created_at, at, self.policy))
            sign_in = await self.sign_ins.save(tx, tried.sign_in)
            if tried.proved is None or sign_in.person_id is None:
                await self._keep(tx, known, tried.proofs)
                await self._note_wrong(tx, sign_in, failures, origin)
            else:
                proofs, device_token = tried.proofs, None
                if trusts_device and not sign_in.is_staff:
                    factors, device_token = self.devices.trusted(proofs.factors, origin)
                    proofs = replace(proofs, factors=factors)
                    await self.devices.note_trusted(tx, factors, origin)
                await self._keep(tx, known, proofs)
                return Finished(await self._opened(tx, sign_in, sign_in.person_id, tried.proved, origin), device_token)
        raise tried.refused or SignInRefused()

    async def _keep(self, tx: Transaction, known: Proofs, proofs: Proofs) -> None:
        if proofs.sent is not None:
            await self.sent_codes.save(tx, proofs.sent)
        if proofs.factors != known.factors:
            await self.factors.save(tx, proofs.factors)

    async def _opened(self, tx: Transaction, sign_in: SignIn, person_id: UUID, proved: Factor | None, origin: Origin) -> Tokens:
        at = self.now()
        for key in sign_in.failure_keys:
            await self.failures.save(tx, Failures(key=key), at=at)
        if proved is Factor.RECOVERY_CODE:
            await tx.publish(SecurityAlertRaised(occurred_at=at, person_id=person_id, kind=SecurityAlertKind.RECOVERY_CODE_USED))
        factors = {Factor.PASSWORD: sign_in.password_at} | ({} if proved is None else {proved: at})
        return await self.sessions.open(tx, person_id, factors=factors, origin=origin)

    async def _note_wrong(self, tx: Transaction, sign_in: SignIn, failures: Failures, origin: Origin) -> None:
        """A wrong code after a right password is a failure of the account, not of the identifier: nobody may see that it counts."""
        at = self.now()
        if sign_in.person_id is not None:
            counted = failures.begun(at, self.policy)
            await self.failures.save(tx, counted, at=at)
            await self._tell_if_locked(tx, sign_in.person_id, failures, counted, at)
        await self._note_refusal(tx, sign_in, origin)

    async def _note_refusal(self, tx: Transaction, sign_in: SignIn, origin: Origin) -> None:
        """In the access log of the account, if there is one: an identifier nobody has must not start a chain that is kept for ever."""
        if sign_in.is_known:
            await self.access.note(tx, Action.SIGN_IN_REFUSED, sign_in.subject_id, actor_id=None, origin=origin, outcome="refused")
        else:
            await self.strangers.note(tx, sign_in.subject_id, self.now(), origin.address)
