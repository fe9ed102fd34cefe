"""Sessions: a family of refresh tokens that rotate, an idle term, an absolute one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.errors import NotFound, Unauthenticated
from contracts.factors import STAFF_FACTORS, Factor
from contracts.roles import STAFF, Role, Scope

_REMEMBERED = 512
"""Used refresh tokens kept per session: 12 h at one refresh every 84 s; older ones are unknown instead of reused."""


class SessionOver(Unauthenticated):
    """The refresh token is unknown, or its session ended; sign in again."""

    code = "session-over"

    def __init__(self) -> None:
        super().__init__("Сеанс завершён. Войдите снова.")


class NoSuchSession(NotFound):
    """No open session of this id for who is asking."""

    code = "no-such-session"


class Ending(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "signed-out"
    ENDED_ELSEWHERE = "ended-elsewhere"
    ENDED_BY_ADMINISTRATOR = "ended-by-administrator"
    IDLE = "idle"
    TOO_MANY = "too-many"
    TOO_LONG = "too-long"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - a reason, no secret
    ACCOUNT_CLOSED = "account-closed"
    TOKEN_REUSED = "token-reused"  # noqa: S105 - a reason, no secret


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """Terms of sessions."""

    idle_practitioner: timedelta
    idle_staff: timedelta
    longest: timedelta
    most: int
    """Open at once by one person."""

    @property
    def longest_idle(self) -> timedelta:
        """After which nobody's session is open any more, whatever the roles."""
        return max(self.idle_practitioner, self.idle_staff)

    def idle(self, roles: frozenset[Role]) -> timedelta:
        """The idle term for somebody with these roles."""
        return self.idle_staff if roles & STAFF else self.idle_practitioner


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in on one device. Of refresh tokens only keyed hashes are known: the current one and those already used."""

    id: UUID
    person_id: UUID
    roles: frozenset[Role]
    factors: Mapping[Factor, datetime]
    created_at: datetime
    last_used_at: datetime
    token_digest: bytes
    used_digests: tuple[bytes, ...] = ()
    address: str | None = None
    device: str | None = None
    ended_at: datetime | None = None
    ending: Ending | None = None
    version: int = 0

    @property
    def scope(self) -> Scope | None:
        """Staff who have proved no strong factor in this session may set one up, and nothing else."""
        is_limited = self.roles & STAFF and not self.factors.keys() & STAFF_FACTORS
        return Scope.ENROLMENT if is_limited else None

    def ends_at(self, policy: SessionPolicy) -> datetime:
        """When the session ends even if it is used all the time."""
        return self.created_at + policy.longest

    def is_open(self, at: datetime, policy: SessionPolicy) -> bool:
        """Whether it can still be refreshed."""
        return self.ended_at is None and at < min(self.last_used_at + policy.idle(self.roles), self.ends_at(policy))

    def stepped_up(self, factor: Factor, at: datetime) -> "Session":
        """A factor was given again; whoever gives it is no longer idle."""
        return replace(self, factors={**self.factors, factor: at}, last_used_at=at)

    def ended(self, ending: Ending, at: datetime) -> "Session":
        """The end; the first reason stays."""
        return self if self.ended_at is not None else replace(self, ended_at=at, ending=ending)

    def strengthened(self, factors: Mapping[Factor, datetime], fresh_digest: bytes, at: datetime) -> "Session":
        """More was proved within the session; its refresh token rotates, since the answer holds a new one."""
        rotated = self._rotated(fresh_digest, at)
        return replace(rotated, factors={**self.factors, **factors})

    def refreshed(self, digest: bytes, fresh_digest: bytes, at: datetime, policy: SessionPolicy) -> "Session":
        """After somebody came with a refresh token: rotated, ended (to be stored too), or the very same for an unknown token.

        A token used before ends the family: either the thief or the owner has come second.
        """
        if self.ended_at is not None:
            return self
        if digest in self.used_digests:
            return self.ended(Ending.TOKEN_REUSED, at)
        if digest != self.token_digest:
            return self
        if at >= self.ends_at(policy):
            return self.ended(Ending.TOO_LONG, at)
        if at >= self.last_used_at + policy.idle(self.roles):
            return self.ended(Ending.IDLE, at)
        return self._rotated(fresh_digest, at)

    def _rotated(self, fresh_digest: bytes, at: datetime) -> "Session":
        used = (*self.used_digests, self.token_digest)[-_REMEMBERED:]
        return replace(self, token_digest=fresh_digest, used_digests=used, last_used_at=at)
