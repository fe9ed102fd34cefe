"""What whoever verifies a certificate sends and is answered, and what its holder sees of it."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, StringConstraints

from services.applications.domain.certificates.verification import (
    OUTCOME_TITLES,
    Entry,
    Finding,
    Outcome,
    Signature,
    Verification,
    Way,
)
from services.applications.domain.employers import PURPOSE_TITLES, Employer, Purpose
from services.applications.domain.rules import Rules
from services.applications.schemas.bodies import Body
from services.applications.schemas.tables import VerifiedCertificateOut


class CodeIn(Body):
    """The whole text of a QR code."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f]*$")]


class FindingOut(BaseModel):
    """What was found; the certificate as the register has it, where what was sent is genuine."""

    outcome: Outcome
    outcome_title: str
    signature: Signature | None
    entry: Entry
    certificate: VerifiedCertificateOut | None

    @classmethod
    def of(cls, found: Finding, rules: Rules, now: datetime) -> Self:
        """From the domain."""
        known = found.certificate
        return cls(
            outcome=found.outcome,
            outcome_title=OUTCOME_TITLES[found.outcome],
            signature=found.signature,
            entry=found.entry,
            certificate=VerifiedCertificateOut.of(known, rules, now) if known else None,
        )


class VerificationOut(BaseModel):
    """Askers of one sign in one hour; the sign tells askers apart and names nobody. Employers have a name and a purpose."""

    way: Way
    outcome: Outcome
    asker: str
    first_at: datetime
    last_at: datetime
    times: int
    employer: str | None
    purpose_title: str | None

    @classmethod
    def of(cls, one: Verification, employer: Employer | None) -> Self:
        """From the domain."""
        return cls(
            way=one.way,
            outcome=one.outcome,
            asker=one.asker,
            first_at=one.first_at,
            last_at=one.last_at,
            times=one.times,
            employer=employer.name if employer else None,
            purpose_title=PURPOSE_TITLES[Purpose(one.purpose)] if one.purpose else None,
        )
