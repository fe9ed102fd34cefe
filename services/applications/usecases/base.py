"""What every use-case stands on: stores, terms, time, and saving with the timers of the terms kept in step."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.clock import Clock
from chassis.errors import FieldError, PreconditionFailed
from chassis.transaction import Begin, Transaction
from contracts.access import PersonalDataRead
from contracts.applications import ApprovalRecommended, AssignmentDue, ElectronicDocumentRequested
from contracts.roles import Role
from services.applications.domain import assignment, review
from services.applications.domain.application import Application
from services.applications.domain.check import CheckInput
from services.applications.domain.errors.history import DayAhead
from services.applications.domain.facts import OwnedDocument, StaffMember
from services.applications.domain.history import Row
from services.applications.domain.independence import may_judge
from services.applications.domain.rulebook import Rulebook
from services.applications.domain.rules import Rules
from services.applications.domain.states import WORDS, State
from services.applications.domain.terms import Terms, assignment_key
from services.applications.domain.timers import Timer, planned
from services.applications.gateways import FileStore, PdfSigner, Printer
from services.applications.repository import (
    ApplicationRepository,
    CertificateRepository,
    EmployerRepository,
    FactsRepository,
    NoteRepository,
    NumberRepository,
    ShareRepository,
    SubscriptionRepository,
)
from services.applications.usecases import telling

TOLD_MAX = 200
"""People of staff called by one event."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads another person's application, from where and what for."""

    id: UUID
    role: Role
    address: str | None
    purpose: str


@dataclass(frozen=True, slots=True)
class Room:
    """The shared fields; wired in `main`."""

    begin: Begin
    clock: Clock
    terms: Terms
    rules: Rulebook
    applications: ApplicationRepository
    employers: EmployerRepository
    facts: FactsRepository
    certificates: CertificateRepository
    notes: NoteRepository
    numbers: NumberRepository
    shares: ShareRepository
    subscriptions: SubscriptionRepository
    printer: Printer
    signer: PdfSigner
    files: FileStore
    link_expires: timedelta

    def now(self) -> datetime:
        """The present moment."""
        return self.clock.now()

    def end_of_past(self, day: date) -> datetime:
        """The last moment of a day that has begun. Raises `DayAhead`."""
        if day > self.terms.local_date(self.now()):
            ahead = FieldError("#query:as_of", "day-ahead", "Выберите сегодняшний или прошедший день.")
            raise DayAhead("История показывается на сегодня или на день в прошлом.", errors=[ahead])
        return self.terms.start_of(day + timedelta(days=1)) - timedelta(microseconds=1)

    def rules_now(self) -> Rules:
        """The rules of today."""
        return self.rules.on(self.terms.local_date(self.now()))

    def rules_of(self, application: Application) -> Rules:
        """The rules an application is judged by: those of the day it was handed in, before that today's."""
        if application.rules_on is not None:
            return self.rules.on(application.rules_on)
        return self.rules_now() if application.submitted_at is None else self.rules.on(self.terms.local_date(application.submitted_at))

    async def _keep(self, tx: Transaction, application: Application, *, read: Application) -> None:
        """Save a changed application; timers of terms that no longer run are cancelled, those of new ones are set."""
        await self.applications.save(tx, application, read=read)
        plan = planned(read, application, now=self.now(), terms=self.terms)
        for key in plan.cancel:
            await tx.cancel(key)
        await self._schedule(tx, application, plan.schedule)
        if application.is_queued and not read.is_queued:
            await self._plan_assignment(tx, application)
        elif read.is_queued and not application.is_queued:
            await tx.cancel(assignment_key(application.id))

    async def _plan_assignment(self, tx: Transaction, application: Application) -> None:
        at = self.terms.assignment_at(self.now())
        await tx.schedule(assignment_key(application.id), at, AssignmentDue(occurred_at=at, application_id=application.id))

    async def _schedule(self, tx: Transaction, application: Application, timers: Iterable[Timer]) -> None:
        for timer in timers:
            await tx.schedule(timer.key, timer.at, telling.reached(application.id, timer))

    async def _move(self, tx: Transaction, moved: Application, *, read: Application) -> None:
        """Save a moved application and tell what the table of moves says is told."""
        await self._keep(tx, moved, read=read)
        event = telling.news(moved, self.rules_of(moved), read=read)
        if isinstance(event, ApprovalRecommended):
            event = event.model_copy(update={"registrar_ids": await self._called(moved)})
        await tx.publish(event)

    async def _called(self, application: Application) -> tuple[UUID, ...]:
        """Who is told that it waits for one of them."""
        return assignment.called(application, (await self.facts.all_staff()).values())[:TOLD_MAX]

    async def _print_anew(self, tx: Transaction, answered: Application, *, read: Application) -> None:
        """What was handed in became another: it gets an electronic document of its own."""
        if answered.snapshot_sha256 != read.snapshot_sha256:
            await tx.publish(ElectronicDocumentRequested(occurred_at=self.now(), application_id=answered.id))

    async def _member(self, tx: Transaction, staff_id: UUID) -> StaffMember:
        """Somebody of staff; without roles who identity has not told about."""
        known = await self.facts.staff_member(staff_id, tx=tx)
        return known or StaffMember(staff_id, 0, frozenset(), frozenset(), None)

    async def _free(self, tx: Transaction, application: Application) -> Application:
        """Back in the queue if its holder may judge it no more, also as a colleague since then.

        One that waits for the applicant stays until the answer.
        """
        held = application.claim
        if held is None or application.state is not State.UNDER_REVIEW:
            return application
        member = await self.facts.staff_member(held.reviewer_id, tx=tx)
        if member is None or may_judge(application, member):
            return application
        left = review.leave(application, at=self.now())
        await self._move(tx, left, read=application)
        return left

    async def _check_input(self, application: Application, tx: Transaction | None = None) -> tuple[CheckInput, dict[UUID, OwnedDocument]]:
        previous = None
        if application.previous_application_id:
            previous = await self.applications.get_own(application.previous_application_id, application.applicant_id, tx=tx)
        named = [*application.document_ids, *(one.document_id for one in (previous.documents if previous else ()))]
        documents = await self.facts.documents(named, tx=tx)
        practitioner = await self.facts.practitioner(application.applicant_id, tx=tx)
        confirmed_at = await self.facts.portal_confirmed_at(application.applicant_id, tx=tx)
        today = self.terms.local_date(self.now())
        rules = self.rules_of(application)
        return CheckInput(application, practitioner, documents, previous, today, rules, confirmed_at), documents

    async def _log_read(self, tx: Transaction, application: Application, reader: Reader) -> None:
        await tx.publish(
            PersonalDataRead(
                occurred_at=self.now(),
                reader_id=reader.id,
                reader_role=reader.role,
                subject_id=application.applicant_id,
                service="applications",
                record=f"application:{application.id}",
                purpose=reader.purpose,
                address=reader.address,
            )
        )


def same_version(application: Application, expected: int) -> None:
    """Raises `PreconditionFailed` where it is not the version that whoever acts saw."""
    if application.version != expected:
        raise PreconditionFailed("Заявление изменилось с тех пор, как вы его открыли. Откройте его ещё раз.")


def named(application: Application | Row) -> dict[str, Any]:
    """What a conflict says of the application that is in the way."""
    return {
        "application_id": str(application.id),
        "number": application.number,
        "application_status": WORDS[application.state],
        "link": link_to(application.id),
    }


def link_to(application_id: UUID) -> str:
    """Where an application is for who holds it."""
    return f"/api/applications/applications/{application_id}"


def expiry_timers(certificate_id: UUID) -> str:
    """What the names of a certificate's expiry notices begin with."""
    return f"certificate-expiring:{certificate_id}:"


def certificate_folder(certificate_id: UUID) -> str:
    """What the keys of a certificate's files begin with."""
    return f"certificates/{certificate_id}/"
