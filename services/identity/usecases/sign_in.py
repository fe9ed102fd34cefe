"""Sign-in: the same work and the same answer whether the account exists, until password and code are both right."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid4

from chassis.errors import TooManyRequests
from chassis.transaction import Begin, Transaction, atomic
from contracts.factors import Factor
from contracts.identity import OneTimeCodeIssued, OneTimeCodeWithheld, SecurityAlertKind, SecurityAlertRaised
from contracts.roles import STAFF
from services.identity.domain.access_log import Action, Outcome
from services.identity.domain.codes import TooManyCodes
from services.identity.domain.factors import Factors
from services.identity.domain.sign_ins import (
    FailurePolicy,
    Failures,
    Proofs,
    SentCode,
    SignIn,
    SignInRefused,
    Tried,
    identifier_candidates,
    normalised_identifier,
)
from services.identity.gateways.hashing import Passwords, Secrets, stand_in_id
from services.identity.repository.encoding import overtaken_if_stale
from services.identity.repository.factors import FactorRepository
from services.identity.repository.people import Credentials, PersonRepository
from services.identity.repository.sign_ins import SignInRepository
from services.identity.repository.throttles import Throttle, ThrottleRepository, Throttles
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.codes import Codes
from services.identity.usecases.devices import DeviceUseCases
from services.identity.usecases.factors import TypedCodes
from services.identity.usecases.sessions import SessionUseCases, Tokens


@dataclass(frozen=True, slots=True)
class _Account:
    """The account that is tried, or the one there would be. `keys` count failures: of what was typed, and of the account."""

    id: UUID
    keys: tuple[bytes, ...]
    credentials: Credentials | None

    @property
    def is_staff(self) -> bool:
        """Whether it is one of staff."""
        return self.credentials is not None and bool(self.credentials.roles & STAFF)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is stored about an account; about nobody as much is read."""

    throttles: Throttles
    factors: Factors
    phone: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Sending:
    """What to store and tell of a code, which is only seemingly sent where the event says that it is withheld.

    The rows are as many in any case, where nothing changed as they were: the time to write them must not tell either.
    """

    noted: Action
    event: OneTimeCodeIssued | OneTimeCodeWithheld
    rows: tuple[Throttle, ...]


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
    """Identifier and password, then a code: by SMS, of an authenticator app, or a recovery code.

    Everything is read before the transaction, at once and while the password is hashed; the transaction only writes, and each write
    names the version that was read: who was overtaken runs again.
    """

    begin: Begin
    people: PersonRepository
    factors: FactorRepository
    sign_ins: SignInRepository
    throttles: ThrottleRepository
    strangers: AccessUseCases
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
        candidates = identifier_candidates(identifier)
        seen, credentials = await asyncio.gather(self.throttles.read(None, [key]), self.people.credentials(None, candidates))
        await self._check(seen.failures(key))
        account_id = credentials.person_id if credentials else stand_in_id(key)
        account = _Account(account_id, (key, self.secrets.digest("account", str(account_id))), credentials)
        verifying = self.passwords.verify(password, credentials.password_hash if credentials else None)
        is_right, known = await asyncio.gather(verifying, self._read(account))
        device = self.devices.digest(account_id, device_token or self.secrets.token())
        return await self._open(account, [known], device, origin, is_right=is_right)

    async def _check(self, failures: Failures) -> None:
        """Raises `SignInsSlowed`, `SignInsLocked`; a repeated request gets its first answer also then."""
        try:
            failures.check(self.now(), self.policy)
        except TooManyRequests:
            await self._replay()
            raise

    @atomic
    async def _replay(self) -> None:
        async with self.begin(is_last=False):
            """Nothing but the request's key is looked at."""

    async def _read(self, account: _Account) -> _Known:
        phone, factors = await asyncio.gather(self.people.open_phone(account.credentials), self.factors.get(None, account.id))
        sent_to = [(account.id, phone), self._stand_in(account.id)]
        codes = [key for owner, address in sent_to for key in (owner, *self._allowances(owner, address))]
        throttles = await self.throttles.read(None, [*account.keys, *codes])
        return _Known(throttles, factors, phone)

    @atomic
    async def _open(self, account: _Account, ahead: list[_Known], device: bytes, origin: Origin, *, is_right: bool) -> Started:
        """What was read `ahead` serves the first run alone; who changed telephone or password meanwhile is read again."""
        if ahead:
            known = ahead.pop()
        else:
            credentials = await self.people.credentials_of(None, account.id)
            is_right = is_right and self._password_digest(credentials) == self._password_digest(account.credentials)
            account = replace(account, credentials=credentials)
            known = await self._read(account)
        at = self.now()
        before = [known.throttles.failures(key) for key in account.keys]
        await self._check(before[0])
        sign_in = self._begun(account, at, is_right=is_right and not before[-1].is_locked(at))
        is_trusted = sign_in.person_id is not None and not sign_in.is_staff and known.factors.trusts(device, at)
        counted = [failures.begun(at, self.policy) for failures in before]
        sending = self._sending(sign_in, known, is_due=known.factors.is_sent_sms(is_staff=sign_in.is_staff))
        async with self.begin() as tx:
            if is_trusted:
                return await self._open_trusted(tx, replace(sign_in, finished_at=at), known, origin)
            sign_in = await self.sign_ins.add(tx, sign_in)
            await self.throttles.write(tx, [*counted, *sending.rows], at=at)
            if account.credentials is not None:
                await self._tell_if_locked(tx, account.id, before[-1], counted[-1])
            await self._send(tx, sign_in, sending, origin)
        return Started(sign_in, None)

    def _begun(self, account: _Account, at: datetime, *, is_right: bool) -> SignIn:
        return SignIn(
            id=uuid4(),
            person_id=account.id if account.credentials and is_right else None,
            subject_id=account.id,
            failure_keys=account.keys,
            created_at=at,
            password_at=at,
            code=self.codes.decoy(),
            is_known=account.credentials is not None,
            is_staff=account.is_staff,
            password_digest=self._password_digest(account.credentials),
        )

    def _password_digest(self, credentials: Credentials | None) -> bytes:
        """By which a sign-in knows at its end that the password is still the one it began with."""
        return self.secrets.digest("password-hash", credentials.password_hash if credentials else "")

    async def _open_trusted(self, tx: Transaction, sign_in: SignIn, known: _Known, origin: Origin) -> Started:
        sign_in = await self.sign_ins.add(tx, sign_in)
        await self.factors.save(tx, known.factors)  # so that a change of the password, which voids devices, is not passed by
        return Started(sign_in, await self._session(tx, sign_in, sign_in.subject_id, known.throttles, (), None, origin))

    @atomic
    async def send_sms(self, sign_in_id: UUID, origin: Origin) -> None:
        """Send a practitioner a code by SMS after all, if it is not too early. Nobody is told whether it was sent."""
        sign_in = await self.sign_ins.get(None, sign_in_id)
        if sign_in is None:
            return
        credentials = await self.people.credentials_of(None, sign_in.subject_id)
        known = await self._read(_Account(sign_in.subject_id, sign_in.failure_keys, credentials))
        failures, at = known.throttles.failures(sign_in.failure_keys[-1]), self.now()
        is_barred = failures.is_locked_since(sign_in.created_at, at, self.policy)
        is_due = credentials is not None and sign_in.is_waiting(at) and not sign_in.is_staff and not is_barred
        sending = self._sending(sign_in, known, is_due=is_due)
        async with self.begin() as tx:
            await self.throttles.write(tx, [failures, *sending.rows], at=at)
            await self._send(tx, sign_in, sending, origin)

    def _sending(self, sign_in: SignIn, known: _Known, *, is_due: bool) -> _Sending:
        """What to send if the password was right and a code is due; else as much is stored about a stand-in, and nobody gets a code.

        That the account had enough codes today is not told: an answer of its own would say that the password was right.
        """
        is_right = sign_in.person_id is not None
        owner, address = (sign_in.subject_id, known.phone) if is_right and is_due else self._stand_in(sign_in.subject_id)
        noted, withheld = Action.SIGN_IN_BEGUN if is_right else Action.SIGN_IN_REFUSED, self.codes.withheld("sign-in")
        allowances = [known.throttles.allowance(key) for key in self._allowances(owner, address)]
        sent = known.throttles.sent(owner) or SentCode(id=owner, code=self.codes.decoy().voided(self.now()))
        if sent.code.is_fresh(self.now(), self.codes.policy):
            return _Sending(noted, withheld, (sent, *allowances))
        try:
            made = self.codes.make(allowances, owner, channel="sms", address=address, purpose="sign-in")
        except TooManyCodes:
            return _Sending(Action.SIGN_IN_REFUSED, withheld, (sent, *allowances))
        event = made.event if owner == sign_in.person_id else withheld
        return _Sending(noted, event, (replace(sent, code=made.code), *made.allowances))

    def _stand_in(self, account_id: UUID) -> tuple[UUID, str]:
        """Who is written about, and the address, when nobody is sent a code."""
        owner = stand_in_id(self.secrets.digest("stand-in", str(account_id)))
        return owner, str(owner)

    def _allowances(self, owner: UUID, address: str) -> tuple[bytes, bytes]:
        return self.codes.keys(owner, channel="sms", address=address, purpose="sign-in")

    async def _send(self, tx: Transaction, sign_in: SignIn, sending: _Sending, origin: Origin) -> None:
        """One row of the outbox and one of a log in any case: what is done afterwards must not show in time either."""
        await tx.publish(sending.event)
        await self._note(tx, sign_in, sending.noted, origin)

    @atomic
    async def finish(self, sign_in_id: UUID, text: str, origin: Origin, *, trusts_device: bool = False) -> Finished:
        """A new session for a right code. Raises `SignInRefused`, also for an unknown sign-in."""
        sign_in = await self.sign_ins.get(None, sign_in_id)
        if sign_in is None:
            raise SignInRefused
        subject_id = sign_in.subject_id
        throttles, factors, credentials = await asyncio.gather(
            self.throttles.read(None, [*sign_in.failure_keys, subject_id]),
            self.factors.get(None, subject_id),
            self.people.credentials_of(None, subject_id),
        )
        at = self.now()
        typed = self.typed.read(text, factors, purpose="sign-in", at=at)
        is_locked = throttles.failures(sign_in.failure_keys[-1]).is_locked_since(sign_in.created_at, at, self.policy)
        is_barred = is_locked or self._password_digest(credentials) != sign_in.password_digest
        tried = sign_in.tried(typed, Proofs(throttles.sent(subject_id), factors), at, is_barred=is_barred)
        async with self.begin() as tx:
            if tried.proved is not None:
                return await self._finished(tx, tried, throttles, factors, origin, trusts_device=trusts_device)
            await self._keep_refused(tx, tried, throttles, origin)
        raise tried.refused or SignInRefused()

    async def _finished(
        self, tx: Transaction, tried: Tried, throttles: Throttles, known: Factors, origin: Origin, *, trusts_device: bool
    ) -> Finished:
        factors, device_token = tried.proofs.factors, None
        if trusts_device and not tried.sign_in.is_staff:
            factors, device_token = self.devices.trusted(factors, origin)
            await self.devices.note_trusted(tx, factors, origin)
        with overtaken_if_stale():
            sign_in = await self.sign_ins.save(tx, tried.sign_in)
        if factors != known:
            await self.factors.save(tx, factors)
        if tried.proved is Factor.RECOVERY_CODE:
            await self._alert(tx, factors.id, SecurityAlertKind.RECOVERY_CODE_USED)
        tokens = await self._session(tx, sign_in, factors.id, throttles, _changed(throttles, tried), tried.proved, origin)
        return Finished(tokens, device_token)

    async def _session(
        self,
        tx: Transaction,
        sign_in: SignIn,
        person_id: UUID,
        throttles: Throttles,
        changed: Sequence[Throttle],
        proved: Factor | None,
        origin: Origin,
    ) -> Tokens:
        """Failures are forgiven and a session is opened."""
        at = self.now()
        forgiven = [throttles.failures(key).forgiven() for key in sign_in.failure_keys]
        await self.throttles.write(tx, [*forgiven, *changed], at=at)
        factors = {Factor.PASSWORD: sign_in.password_at} | ({} if proved is None else {proved: at})
        return await self.sessions.open(
            tx,
            person_id,
            factors=factors,
            origin=origin,
            is_proved=lambda held: self._password_digest(held) == sign_in.password_digest,
        )

    async def _keep_refused(self, tx: Transaction, tried: Tried, throttles: Throttles, origin: Origin) -> None:
        """A wrong code after a right password is a failure of the account, not of the identifier: nobody may see that it counts.

        At a sign-in that is finished there is nothing left to guess: who sends the right code again must not lock themselves out.
        """
        at, sign_in = self.now(), tried.sign_in
        before = throttles.failures(sign_in.failure_keys[-1])
        is_guess = sign_in.person_id is not None and sign_in.finished_at is None
        counted = before.begun(at, self.policy) if is_guess else before
        with overtaken_if_stale():
            await self.sign_ins.save(tx, sign_in)
        # two rows for everybody: where no code was compared, the identifier's failures as they are
        second = _changed(throttles, tried) or (throttles.failures(sign_in.failure_keys[0]),)
        await self.throttles.write(tx, [counted, *second], at=at)
        if sign_in.person_id is not None:
            await self._tell_if_locked(tx, sign_in.person_id, before, counted)
        await self._note(tx, sign_in, Action.SIGN_IN_REFUSED, origin)

    async def _tell_if_locked(self, tx: Transaction, person_id: UUID, before: Failures, after: Failures) -> None:
        at = self.now()
        if after.is_locked(at) and not before.is_locked(at):
            await self._alert(tx, person_id, SecurityAlertKind.ACCOUNT_LOCKED)

    async def _alert(self, tx: Transaction, person_id: UUID, kind: SecurityAlertKind) -> None:
        await tx.publish(SecurityAlertRaised(occurred_at=self.now(), person_id=person_id, kind=kind))

    async def _note(self, tx: Transaction, sign_in: SignIn, action: Action, origin: Origin) -> None:
        """In the access log of the account, if there is one: an identifier nobody has must not start a chain that is kept for ever."""
        access = self.access if sign_in.is_known else self.strangers
        outcome: Outcome = "refused" if action is Action.SIGN_IN_REFUSED else "allowed"
        await access.note(tx, action, sign_in.subject_id, actor_id=None, origin=origin, outcome=outcome)


def _changed(throttles: Throttles, tried: Tried) -> tuple[SentCode, ...]:
    sent = tried.proofs.sent
    return () if sent is None or sent == throttles.sent(sent.id) else (sent,)
