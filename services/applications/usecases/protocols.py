"""The protocol: everything that happened to one application, its certificate and its appeals, now or as of a past day."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.applications.domain.appeals import Appeal
from services.applications.domain.application import Application
from services.applications.domain.as_of import as_of as stood_at
from services.applications.domain.certificates import StandingChange
from services.applications.domain.errors.application import ApplicationNotFound
from services.applications.repository import AppealRepository
from services.applications.usecases.base import Room


@dataclass(frozen=True, slots=True)
class Protocol:
    """What is told of an application. `changes` are those of its certificate, `appeals` the last first."""

    application: Application
    changes: tuple[StandingChange, ...]
    appeals: tuple[Appeal, ...]


@dataclass(frozen=True, slots=True)
class Protocols(Room):
    """Read by the applicant alone."""

    appeals: AppealRepository

    async def protocol(self, application_id: UUID, *, applicant_id: UUID, as_of: date | None) -> Protocol:
        """One's own application as it stands, or stood at the end of a day. Raises `ApplicationNotFound`, `DayAhead`."""
        moment = self.now() if as_of is None else self.end_of_past(as_of)
        application = await self.applications.get_own(application_id, applicant_id)
        stood = application if as_of is None else stood_at(application, moment)
        if stood is None:
            raise ApplicationNotFound("В этот день заявления ещё не было. Выберите день не раньше его начала.")
        certificate = await self.certificates.find_of_application(application_id) if stood.certificate else None
        changes = certificate.standing_changes if certificate else ()
        appeals = await self.appeals.whole_of_application(stood.number) if stood.number else []
        return Protocol(
            stood,
            tuple(change for change in changes if change.at <= moment),
            tuple(past for appeal in appeals if (past := appeal.stood_at(moment)) is not None),
        )
