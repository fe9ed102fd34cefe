"""Certificates as holders and registrars see them, and what registrars send."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from services.applications.domain.certificates import STATUS_TITLES, Certificate, StandingChange, Status
from services.applications.domain.grounds import Change, Ground
from services.applications.domain.rules import Kind, Rules
from services.applications.schemas.bodies import Body, Code, Text
from services.applications.usecases.standing import WantedChange


class StandingIn(Body):
    """Why the standing is changed; the comment is shown to the holder."""

    reason_code: Code
    comment: Text = ""

    def wanted(self, kind: Change) -> WantedChange:
        """For the use-case."""
        return WantedChange(kind, self.reason_code, self.comment)


class StandingChangeOut(BaseModel):
    """One change; who made it is not told."""

    kind: Change
    at: datetime
    reason_code: str
    reason: str
    comment: str

    @classmethod
    def of(cls, change: StandingChange, rules: Rules) -> Self:
        """From the record."""
        return cls(
            kind=change.kind,
            at=change.at,
            reason_code=change.reason_code,
            reason=rules.titles.grounds[change.reason_code],
            comment=change.comment,
        )


class CertificateOut(BaseModel):
    """One certificate with everything that became of it."""

    number: str
    version: int
    application_id: UUID
    application_number: str
    kind: Kind
    kind_title: str
    specialty_code: str
    specialty_title: str
    issued_at: datetime
    valid_until: datetime
    status: Status
    status_title: str
    standing_changes: list[StandingChangeOut]

    @classmethod
    def of(cls, certificate: Certificate, rules: Rules, now: datetime) -> Self:
        """From the domain."""
        status = certificate.status_at(now)
        return cls(
            number=certificate.number,
            version=certificate.version,
            application_id=certificate.application_id,
            application_number=certificate.application_number,
            kind=certificate.kind,
            kind_title=rules.titles.kinds[certificate.kind],
            specialty_code=certificate.specialty_code,
            specialty_title=rules.titles.specialties[certificate.specialty_code],
            issued_at=certificate.issued_at,
            valid_until=certificate.valid_until,
            status=status,
            status_title=STATUS_TITLES[status],
            standing_changes=[StandingChangeOut.of(change, rules) for change in certificate.standing_changes],
        )


class GroundOut(BaseModel):
    """A ground registrars may choose, and for what."""

    code: str
    title: str
    changes: list[Change]
    source: str
    valid_from: date

    @classmethod
    def of(cls, ground: Ground) -> Self:
        """From the table."""
        return cls(code=ground.code, title=ground.title, changes=sorted(ground.changes), source=ground.source, valid_from=ground.valid_from)


class GroundsOut(BaseModel):
    """The table of grounds."""

    items: list[GroundOut]
