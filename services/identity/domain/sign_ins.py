"""Sign-in: password, then a one-time code. Nothing here tells a known account from an unknown one before both are right."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from chassis.errors import FieldError, TooManyRequests, Unauthenticated
from contracts.factors import Factor
from services.identity.domain import fields
from services.identity.domain.codes import CodeRefused, OneTimeCode, WrongCode
from services.identity.domain.factors import Factors, TypedCode
from services.identity.domain.fields import WrongValue
from services.identity.domain.people import licence_key

MASKED_PHONE = "+7 *** ***-**-**"
"""What everybody is told about where the code goes. Real digits would tell whoever knows a person's phone and another identifier of
that person whether there is an account."""
_IDENTIFIER_RULES = {"phone": fields.phone, "snils": fields.snils, "inn": fields.inn, "email": fields.email}


class SignInRefused(Unauthenticated):
    """Identifier, password or code is wrong; which one is not said."""

    code = "sign-in-refused"

    def __init__(self, refused: CodeRefused | None = None) -> None:
        if refused is None or isinstance(refused, WrongCode):
            left = {} if refused is None else refused.extra
            detail = "Войти не удалось: проверьте идентификатор, пароль и код."
            super().__init__(detail, errors=[FieldError("/code", "wrong-code", detail)], **left)
        else:
            super().__init__(f"{refused.detail} Начните вход заново.", errors=refused.errors)


class SignInsSlowed(TooManyRequests):
    """Too many unfinished sign-ins with this identifier; wait a little."""

    code = "sign-ins-slowed"


class SignInsLocked(TooManyRequests):
    """Far too many unfinished sign-ins with this identifier; wait for long."""

    code = "sign-ins-locked"


class TooManyGuesses(TooManyRequests):
    """Far too many wrong codes or passwords in an open session; wait for long."""

    code = "step-ups-locked"


def normalised_identifier(identifier: str) -> str:
    """How failures of an identifier are counted: the same however it is typed."""
    return licence_key(identifier)


def identifier_candidates(identifier: str) -> dict[str, str]:
    """What the identifier may be: lookup field to normalised value. A number may fit several kinds, a licence number always fits."""
    candidates = {"licence_number": licence_key(identifier), "licence": licence_key(identifier)}
    for kind, rule in _IDENTIFIER_RULES.items():
        try:
            candidates[kind] = rule(identifier)
        except WrongValue:
            continue
    return {kind: value for kind, value in candidates.items() if value}


@dataclass(frozen=True, slots=True)
class FailurePolicy:
    """When unfinished sign-ins slow down and lock."""

    window: timedelta
    slow_from: int
    slow: timedelta
    lock_from: int
    lock: timedelta


@dataclass(frozen=True, slots=True)
class Failures:
    """Sign-ins begun and not finished; `key` is a keyed hash of the identifier or of the account."""

    key: bytes
    begun_at: tuple[datetime, ...] = ()
    locked_until: datetime | None = None
    version: int = 0

    def is_locked(self, at: datetime) -> bool:
        """Whether nobody may sign in now."""
        return self.locked_until is not None and at < self.locked_until

    def check(self, at: datetime, policy: FailurePolicy) -> None:
        """Raises `SignInsLocked` or `SignInsSlowed` when it is too early for another try."""
        self.check_lock(at, SignInsLocked, "Слишком много попыток входа. Вход временно закрыт.")
        recent = self._recent(at, policy)
        if len(recent) >= policy.slow_from:
            free_at = recent[-1] + policy.slow * 2 ** min(len(recent) - policy.slow_from, 10)
            if at < free_at:
                raise SignInsSlowed("Слишком много попыток входа. Подождите немного.", retry_after_seconds=_seconds(free_at - at))

    def check_lock(self, at: datetime, locked: type[TooManyRequests], detail: str) -> None:
        """Raises `locked`, which says how long that lasts, when nobody may try now."""
        if self.locked_until is not None and at < self.locked_until:
            raise locked(detail, retry_after_seconds=_seconds(self.locked_until - at))

    def is_locked_since(self, since: datetime, at: datetime, policy: FailurePolicy) -> bool:
        """Whether nobody may sign in now because of what happened after `since`."""
        return self.locked_until is not None and at < self.locked_until and self.locked_until > since + policy.lock

    def begun(self, at: datetime, policy: FailurePolicy) -> "Failures":
        """One more sign-in, a failure until it is finished; or one more wrong code."""
        recent = (*self._recent(at, policy), at)
        locked_until = at + policy.lock if len(recent) >= policy.lock_from else self.locked_until
        return replace(self, begun_at=recent, locked_until=locked_until)

    def forgiven(self) -> "Failures":
        """All forgotten: it was the right person."""
        return Failures(key=self.key, version=self.version)

    def _recent(self, at: datetime, policy: FailurePolicy) -> tuple[datetime, ...]:
        return tuple(moment for moment in self.begun_at if moment > at - policy.window)


def _seconds(delta: timedelta) -> int:
    return int(delta.total_seconds()) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SentCode:
    """The code last sent to an account (`id`). Its sign-ins share it, so it works once and its tries do not multiply."""

    id: UUID
    code: OneTimeCode
    version: int = 0


@dataclass(frozen=True, slots=True)
class Proofs:
    """What an account has for a code to be compared with: the code last sent, and its factors."""

    sent: SentCode | None
    factors: Factors


@dataclass(frozen=True, slots=True)
class Tried:
    """After one try: sign-in and proofs, to be stored in any case, and either what was proved or the refusal."""

    sign_in: "SignIn"
    proofs: Proofs
    proved: Factor | None
    refused: SignInRefused | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One sign-in between password and code. `person_id` is None when identifier or password was wrong: no code was sent and none fits.

    `subject_id` is the account that was tried, or an id derived from an identifier that no account has; `is_known` says which.
    `code` is a decoy for everybody: it says until when and how often this sign-in may be tried, the same whether a code was sent.
    """

    id: UUID
    person_id: UUID | None
    subject_id: UUID
    failure_keys: tuple[bytes, ...]
    created_at: datetime
    code: OneTimeCode
    password_at: datetime
    is_known: bool = False
    is_staff: bool = False
    password_digest: bytes = b""
    version: int = 0
    finished_at: datetime | None = None

    def is_waiting(self, at: datetime) -> bool:
        """Whether a right code would still be accepted here."""
        return self.finished_at is None and self.code.tries_left > 0 and at < self.code.expires_at

    def tried(self, typed: TypedCode, proofs: Proofs, at: datetime, *, is_barred: bool = False) -> Tried:
        """After one try of a code of whatever kind; nothing is accepted if `is_barred`.

        What is said about tries and time is about this sign-in alone. The account's code, shared with its other sign-ins, may be
        exhausted, used or over earlier; then it is simply wrong: more would tell that the password was right.
        """
        own, refused = self.code.tried(typed.sent, at)
        proved = None
        if isinstance(refused, WrongCode) and self.person_id is not None and not is_barred:
            proofs, proved = self._compared(typed, proofs, at)
        if proved is not None:
            return Tried(replace(self, code=replace(self.code, used_at=at), finished_at=at), proofs, proved, None)
        return Tried(replace(self, code=own), proofs, None, SignInRefused(refused))

    def _compared(self, typed: TypedCode, proofs: Proofs, at: datetime) -> tuple[Proofs, Factor | None]:
        factors, proved = proofs.factors.proved(typed, is_staff=self.is_staff)
        sent = proofs.sent
        if proved is None and sent is not None and factors.takes_sms(is_staff=self.is_staff):
            code, wrong = sent.code.tried(typed.sent, at)
            sent, proved = replace(sent, code=code), Factor.SMS if wrong is None else None
        return Proofs(sent, factors), proved
