"""The errors a domain may raise; `problems.py` alone turns them into HTTP, `broker.py` alone into the fate of a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong value. `pointer` is a JSON pointer into the body, or `#header:<name>`, `#query:<name>`, `#path:<name>`."""

    pointer: str
    code: str
    detail: str


class DomainError(Exception):
    """Base of every expected refusal. `detail` is Russian and says what is wrong and what to do; it holds no personal data."""

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, detail: str, *, errors: Sequence[FieldError] = (), **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.extra = extra


class Invalid(DomainError):
    """What was sent cannot be accepted as it is."""

    code = "invalid"
    status = 422


class Unauthenticated(DomainError):
    """Nobody proved who is asking."""

    code = "unauthenticated"
    status = 401


class Forbidden(DomainError):
    """Who is asking is known and may not."""

    code = "forbidden"
    status = 403


class NotFound(DomainError):
    """There is nothing here for who is asking."""

    code = "not-found"
    status = 404


class Conflict(DomainError):
    """The state of things does not allow it now."""

    code = "conflict"
    status = 409


class LengthRequired(DomainError):
    """A body of unknown length."""

    code = "length-required"
    status = 411


class PreconditionFailed(DomainError):
    """Somebody changed it since it was read."""

    code = "precondition-failed"
    status = 412


class PayloadTooLarge(DomainError):
    """More bytes than allowed here."""

    code = "payload-too-large"
    status = 413


class UnsupportedMediaType(DomainError):
    """A format that is not accepted here."""

    code = "unsupported-media-type"
    status = 415


class PreconditionRequired(DomainError):
    """A change must say which version it changes."""

    code = "precondition-required"
    status = 428


class _RetryLater(DomainError):
    def __init__(self, detail: str, *, retry_after_seconds: int, errors: Sequence[FieldError] = (), **extra: Any) -> None:
        super().__init__(detail, errors=errors, **extra)
        self.retry_after_seconds = retry_after_seconds


class TooManyRequests(_RetryLater):
    """More often than allowed."""

    code = "too-many-requests"
    status = 429


class Unavailable(_RetryLater):
    """Something we depend on does not answer now."""

    code = "unavailable"
    status = 503


class Outage(Unavailable):
    """A whole server we depend on is away: no fault of what was asked, and it will be back."""

    code = "outage"
