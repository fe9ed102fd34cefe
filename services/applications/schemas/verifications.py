"""What whoever verifies a certificate sends and is answered, and what its holder sees of it."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, StringConstraints

from services.applications.domain.certificates.verification import (
    OUTCOME_TITLES,
    WAY_TITLES,
    Entry,
    Finding,
    Outcome,
    Signature,
    Verification,
    Way,
)
from services.applications.domain.employers import Employer
from services.applications.domain.rules import Rules
from services.applications.schemas.bodies import ONE_LINE, Body
from services.applications.schemas.tables import VerifiedCertificateOut


class CodeIn(Body):
    """The whole text of a QR code."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=1024), *ONE_LINE]


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
    way_title: str
    outcome: Outcome
    outcome_title: str
    asker: str
    first_at: datetime
    last_at: datetime
    times: int
    employer: str | None
    purpose_title: str | None

    @classmethod
    def of(cls, one: Verification, employer: Employer | None, rules: Rules) -> Self:
        """From the domain."""
        return cls(
            way=one.way,
            way_title=WAY_TITLES[one.way],
            outcome=one.outcome,
            outcome_title=OUTCOME_TITLES[one.outcome],
            asker=one.asker,
            first_at=one.first_at,
            last_at=one.last_at,
            times=one.times,
            employer=employer.name if employer else None,
            purpose_title=rules.titles.purposes[one.purpose] if one.purpose else None,
        )
