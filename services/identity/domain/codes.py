"""One-time codes: how long one lives, how often it may be tried, how often one may be sent."""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chassis.errors import FieldError, Invalid, TooManyRequests


@dataclass(frozen=True, slots=True)
class CodePolicy:
    """Limits of one-time codes."""

    digits: int
    lifetime: timedelta
    tries: int
    resend_after: timedelta
    daily: int


class CodeRefused(Invalid):
    """A one-time code that is not accepted."""

    code = "code-refused"

    def __init__(self, detail: str, **extra: object) -> None:
        super().__init__(detail, errors=[FieldError("/code", self.code, detail)], **extra)


class WrongCode(CodeRefused):
    """Not the code that was sent."""

    code = "wrong-code"


class CodeExpired(CodeRefused):
    """Too late, already used, or none was sent."""

    code = "code-expired"


class CodeExhausted(CodeRefused):
    """Tried too often; a new code is needed."""

    code = "code-exhausted"


class TooManyCodes(TooManyRequests):
    """Enough codes for this address today."""

    code = "too-many-codes"


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """A code that was sent; only its keyed hash is known."""

    digest: bytes
    issued_at: datetime
    expires_at: datetime
    tries_left: int
    used_at: datetime | None = None

    @classmethod
    def issue(cls, digest: bytes, *, at: datetime, policy: CodePolicy) -> "OneTimeCode":
        """A fresh code."""
        return cls(digest=digest, issued_at=at, expires_at=at + policy.lifetime, tries_left=policy.tries)

    def is_fresh(self, at: datetime, policy: CodePolicy) -> bool:
        """Whether it is too early to send another one: this one can still be used and has only just been sent."""
        return self.used_at is None and self.tries_left > 0 and at < min(self.expires_at, self.issued_at + policy.resend_after)

    def voided(self, at: datetime) -> "OneTimeCode":
        """Of no use from now on, and no reason to wait with sending another one."""
        return replace(self, used_at=at)

    def tried(self, digest: bytes, at: datetime) -> "tuple[OneTimeCode, CodeRefused | None]":
        """The code after one try, to be stored in any case, and why the try was refused; None means it was right."""
        if self.used_at is not None or at >= self.expires_at:
            return self, CodeExpired("Код больше не действует. Запросите новый.")
        if self.tries_left <= 0:
            return self, CodeExhausted("Слишком много неверных попыток. Запросите новый код.")
        if hmac.compare_digest(self.digest, digest):
            return replace(self, used_at=at), None
        left = self.tries_left - 1
        return replace(self, tries_left=left), WrongCode("Код неверный. Проверьте цифры и попробуйте ещё раз.", tries_left=left)


@dataclass(frozen=True, slots=True)
class CodeAllowance:
    """When codes went to one address lately; `key` is a keyed hash of the address."""

    key: bytes
    issued_at: tuple[datetime, ...] = ()
    version: int = 0

    def take(self, at: datetime, policy: CodePolicy) -> "CodeAllowance":
        """One more code for this address. Raises `TooManyCodes` beyond the daily number."""
        day = timedelta(days=1)
        recent = tuple(moment for moment in self.issued_at if moment > at - day)
        if len(recent) >= policy.daily:
            wait = recent[0] + day - at
            raise TooManyCodes("Исчерпано число кодов на сутки. Попробуйте позже.", retry_after_seconds=int(wait.total_seconds()) + 1)
        return CodeAllowance(key=self.key, issued_at=(*recent, at), version=self.version)
