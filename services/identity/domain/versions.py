"""The versions of a profile: what was stated, who confirmed it and how, what the registries said."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.errors import NotFound
from services.identity.domain.stated import Stated


class NoSuchProfileVersion(NotFound):
    """The profile never had a version of this number."""

    code = "no-such-profile-version"


class Method(StrEnum):
    """How a version was confirmed."""

    REGISTRATION = "registration"
    SMS = "sms"
    SIGNATURE = "signature"


class Result(StrEnum):
    """What became of a version."""

    VERIFIED = "verified"
    REFUSED = "refused"
    ESCALATED = "escalated"


@dataclass(frozen=True, slots=True)
class CertificateMark:
    """Which certificate signed: its number, its SHA-256, the SHA-256 of its issuer's name."""

    serial: str
    sha256: str
    issuer_sha256: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One field that was found wrong."""

    field: str
    registry: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One verdict on a version; a version may get several (a licence ends). `decided_by` and `reason` are of a decision by hand."""

    at: datetime
    result: Result
    findings: tuple[Finding, ...] = ()
    decided_by: UUID | None = None
    reason: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileVersion:
    """One version, numbered from 1. `text` and `signature` are the evidence of a signed one."""

    person_id: UUID
    number: int
    made_at: datetime
    made_by: UUID
    method: Method
    fields: tuple[str, ...] = ()
    certificate: CertificateMark | None = None
    stated: Stated = field(repr=False)
    outcomes: tuple[Outcome, ...] = field(default=(), repr=False)
    text: str | None = field(default=None, repr=False)
    signature: str | None = field(default=None, repr=False)

    def judged(self, outcome: Outcome) -> "ProfileVersion":
        """One more verdict."""
        return replace(self, outcomes=(*self.outcomes, outcome))


def first_version(person_id: UUID, stated: Stated, at: datetime, *, number: int = 1) -> ProfileVersion:
    """What a person registered with."""
    return ProfileVersion(person_id=person_id, number=number, made_at=at, made_by=person_id, method=Method.REGISTRATION, stated=stated)
