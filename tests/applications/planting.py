"""Applications put straight into the store, where going through every step would only take time."""

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from chassis.transaction import Begin, atomic
from services.applications.domain.application import Application
from services.applications.domain.form import prefilled
from services.applications.domain.numbers import APPLICATION_PREFIX, written
from services.applications.domain.rules import Kind
from services.applications.domain.states import State
from services.applications.repository import ApplicationRepository
from services.applications.usecases import UseCases
from tests.applications import people
from tests.support import Component

_SERIALS = count(1)
FORM = prefilled(people.facts().model_dump(mode="json"), {})


@dataclass(frozen=True)
class _Planter:
    begin: Begin
    applications: ApplicationRepository

    @atomic
    async def plant(self, applications: list[Application]) -> None:
        async with self.begin() as tx:
            for one in applications:
                await self.applications.add(tx, one)


async def plant(service: Component, *applications: Application) -> None:
    """Store them as they are; nothing is told and no timer is set."""
    usecases: UseCases = service.app.state.usecases
    await _Planter(usecases.begin, usecases.applications).plant(list(applications))


def waiting(due_at: datetime, *, specialty_code: str = people.CARDIOLOGY, **changed: Any) -> Application:
    """One nobody has claimed yet, of a person of its own."""
    number = written(APPLICATION_PREFIX, 2099, next(_SERIALS))
    fields = {"number": number, "submitted_at": people.NOW, "review_due_at": due_at, "specialty_code": specialty_code}
    return replace(_begun(uuid4(), people.NOW), **{"state": State.UNDER_REVIEW, **fields, **changed})


def withdrawn(applicant_id: UUID, started_at: datetime, ended_at: datetime, *, kind: Kind = Kind.PRIMARY) -> Application:
    """One that its applicant gave up."""
    return replace(_begun(applicant_id, started_at), kind=kind, state=State.WITHDRAWN, ended_at=ended_at)


def _begun(applicant_id: UUID, at: datetime) -> Application:
    return Application(uuid4(), 1, applicant_id, Kind.PRIMARY, people.CARDIOLOGY, State.DRAFT, FORM, at, at)
