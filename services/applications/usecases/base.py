"""What every use-case stands on: stores, terms, time, and saving with the timers of the terms kept in step."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from chassis.clock import Clock
from chassis.transaction import Begin, Transaction
from contracts.access import PersonalDataRead
from contracts.applications import InformationProvided, Reason, ReviewReleased, TermReached
from contracts.roles import Role
from services.applications.domain import review
from services.applications.domain.application import Application, Remark
from services.applications.domain.check import CheckInput
from services.applications.domain.facts import OwnedDocument
from services.applications.domain.history import Row
from services.applications.domain.rulebook import Rulebook
from services.applications.domain.rules import Rules
from services.applications.domain.states import WORDS, State
from services.applications.domain.terms import MOMENTS, ActiveTerm, Term, Terms, timer_key
from services.applications.gateways import FileStore, PdfSigner, Printer
from services.applications.repository import ApplicationRepository, CertificateRepository, FactsRepository, NoteRepository, NumberRepository


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
    facts: FactsRepository
    certificates: CertificateRepository
    notes: NoteRepository
    numbers: NumberRepository
    printer: Printer
    signer: PdfSigner
    files: FileStore
    link_expires: timedelta

    def now(self) -> datetime:
        """The present moment."""
        return self.clock.now()

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
        before, after = read.active_terms(), application.active_terms()
        moved = [term for term in Term if _due(before, term) != _due(after, term)]
        for term in moved:
            for moment in MOMENTS:
                await tx.cancel(timer_key(application.id, term, moment))
        for term in moved:
            if term in after:
                await self._schedule(tx, application.id, term, after[term].due_at)

    async def _free(self, tx: Transaction, application: Application) -> Application:
        """Back in the queue if its holder reviews such applications no more; one that waits for the applicant stays until the answer."""
        held = application.claim
        if held is None or application.state is not State.UNDER_REVIEW:
            return application
        member = await self.facts.staff_member(held.reviewer_id, tx=tx)
        if member is None or review.may_hold(application, member):
            return application
        left = review.leave(application, at=self.now())
        await self._keep(tx, left, read=application)
        await self._tell_released(tx, left, held.reviewer_id)
        return left

    async def _tell_released(self, tx: Transaction, application: Application, reviewer_id: UUID) -> None:
        await tx.publish(
            ReviewReleased(
                occurred_at=self.now(),
                version=application.version,
                application_id=application.id,
                applicant_id=application.applicant_id,
                number=application.public_number,
                reviewer_id=reviewer_id,
            )
        )

    async def _schedule(self, tx: Transaction, application_id: UUID, term: Term, due_at: datetime) -> None:
        reminder_at = self.terms.reminder_at(due_at)
        moments: list[tuple[Literal["reminder", "due"], datetime]] = [("due", due_at)]
        if reminder_at > self.now() and term is not Term.CLAIM:
            moments.append(("reminder", reminder_at))
        for moment, at in moments:
            event = TermReached(occurred_at=at, application_id=application_id, term=term.value, moment=moment, due_at=due_at)
            await tx.schedule(timer_key(application_id, term, moment), at, event)

    async def _keep_answered(self, tx: Transaction, answered: Application, *, read: Application) -> None:
        await self._keep(tx, answered, read=read)
        await tx.publish(
            InformationProvided(
                occurred_at=answered.updated_at,
                version=answered.version,
                application_id=answered.id,
                applicant_id=answered.applicant_id,
                number=answered.public_number,
                reviewer_id=answered.requests[-1].reviewer_id,
                document_ids=answered.document_ids,
            )
        )

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


def reasons_of(remarks: tuple[Remark, ...]) -> tuple[Reason, ...]:
    """Remarks without people's words, as events carry them."""
    return tuple(Reason(code=remark.code, pointer=remark.pointer) for remark in remarks)


def _due(terms: dict[Term, ActiveTerm], term: Term) -> datetime | None:
    return terms[term].due_at if term in terms else None
