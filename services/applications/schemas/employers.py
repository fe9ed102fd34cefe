"""Employers: what administrators, holders and employers' programs send and are told."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from services.applications.domain.certificates import Certificate, Status
from services.applications.domain.employers import Employer, RowOutcome, Subscription, SubscriptionState
from services.applications.domain.rules import Rules
from services.applications.schemas.bodies import ONE_LINE, Body, Code
from services.applications.usecases.employing import Checked, WantedEmployer

CHECK_HEADER = ("row", "number", "outcome", "outcome_title", "specialty_code", "specialty_title", "valid_until")
OUTCOME_TITLES = {
    RowOutcome.VALID: "Действует",
    RowOutcome.NOT_YET: "Ещё не действует",
    RowOutcome.EXPIRED: "Срок действия истёк",
    RowOutcome.SUSPENDED: "Действие приостановлено",
    RowOutcome.REVOKED: "Аннулирован",
    RowOutcome.NOT_MATCHING: "Фамилия не подходит к номеру",
    RowOutcome.UNKNOWN: "Такого сертификата нет",
    RowOutcome.NUMBER_WRONG: "Номер записан неверно",
}


class EmployerIn(Body):
    """An organisation that gets a key."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), *ONE_LINE]
    ogrn: Annotated[str, StringConstraints(max_length=30), *ONE_LINE]
    contact_email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s\x00]{1,64}@[^@\s.\x00]+(\.[^@\s.\x00]+)+$")]

    def wanted(self) -> WantedEmployer:
        """For the use-case."""
        return WantedEmployer(self.name, self.ogrn, self.contact_email)


class EmployerOut(BaseModel):
    """An employer; not its key, which nobody is told twice."""

    id: UUID
    name: str
    ogrn: str
    contact_email: str
    made_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, one: Employer) -> Self:
        """From the domain."""
        return cls(id=one.id, name=one.name, ogrn=one.ogrn, contact_email=one.contact_email, made_at=one.made_at, ended_at=one.ended_at)


class NewEmployerOut(BaseModel):
    """A fresh employer with its key."""

    key: str
    employer: EmployerOut


class SubscriptionIn(Body):
    """Which certificate's changes an employer wants to be told of, and what for."""

    certificate_number: Annotated[str, StringConstraints(max_length=40), *ONE_LINE]
    purpose: Code


class SubscriptionOut(BaseModel):
    """What an employer asked; how the certificate stands is there while its holder agrees."""

    id: UUID
    certificate_number: str
    purpose: str
    state: SubscriptionState
    asked_at: datetime
    decided_at: datetime | None
    status: Status | None
    valid_until: datetime | None

    @classmethod
    def of(cls, one: Subscription, certificate: Certificate | None, now: datetime) -> Self:
        """From the domain."""
        return cls(
            id=one.id,
            certificate_number=one.certificate_number,
            purpose=one.purpose,
            state=one.state,
            asked_at=one.asked_at,
            decided_at=one.decided_at,
            status=certificate.status_at(now) if certificate else None,
            valid_until=certificate.valid_until if certificate else None,
        )


class ConsentOut(BaseModel):
    """What a holder was asked, and by whom."""

    id: UUID
    employer: str
    ogrn: str
    certificate_number: str
    purpose: str
    purpose_title: str
    state: SubscriptionState
    asked_at: datetime
    decided_at: datetime | None

    @classmethod
    def of(cls, one: Subscription, employer: Employer | None, rules: Rules) -> Self:
        """From the domain."""
        return cls(
            id=one.id,
            employer=employer.name if employer else "",
            ogrn=employer.ogrn if employer else "",
            certificate_number=one.certificate_number,
            purpose=one.purpose,
            purpose_title=rules.titles.purposes[one.purpose],
            state=one.state,
            asked_at=one.asked_at,
            decided_at=one.decided_at,
        )


class ChangeOut(BaseModel):
    """One change of a certificate whose holder agreed."""

    what: str
    certificate_number: str
    at: datetime

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """From the row."""
        return cls(what=row["what"], certificate_number=row["certificate_number"], at=row["at"])


class ChangesOut(BaseModel):
    """What an employer is told, in order; `cursor` is where to go on from, now or later."""

    items: list[ChangeOut]
    cursor: str | None


def check_cells(checked: Checked, rules: Rules) -> list[str]:
    """One line of the answer, in the order of `CHECK_HEADER`."""
    line, known = checked.line, checked.certificate
    told = ["", "", ""]
    if known is not None:
        told = [known.specialty_code, rules.titles.specialties[known.specialty_code], known.valid_until.isoformat()]
    return [str(line.place), line.number, checked.outcome.value, OUTCOME_TITLES[checked.outcome], *told]
