"""Stage 2: the reviewers' queue, claims, requests and opinions."""

from dataclasses import dataclass
from uuid import UUID

from chassis.paging import PageRequest
from chassis.transaction import Transaction, atomic
from contracts.applications import (
    ApplicationRejected,
    ApprovalRecommended,
    InformationRequested,
    ReviewClaimed,
)
from services.applications.domain import checklist, review
from services.applications.domain.application import Application, ChecklistAnswer, Decision, Desk, Remark
from services.applications.domain.errors.application import ApplicationNotFound
from services.applications.domain.facts import OwnedDocument
from services.applications.domain.history import Row
from services.applications.domain.states import State
from services.applications.usecases.base import Reader, Room, reasons_of


@dataclass(frozen=True, slots=True)
class Opened:
    """An application as a reviewer or registrar sees it."""

    application: Application
    documents: dict[UUID, OwnedDocument]
    diff: tuple[review.Change, ...]


@dataclass(frozen=True, slots=True)
class Review(Room):
    """The reviewers' work."""

    async def list_reviews(self, reviewer_id: UUID, page: PageRequest) -> tuple[list[Row], str | None]:
        """What the reviewer holds or may claim; nothing for somebody identity has not told about."""
        member = await self.facts.staff_member(reviewer_id)
        if member is None:
            return [], None
        return await self.applications.list_queue(member, page)

    @atomic
    async def claim(self, application_id: UUID, reviewer_id: UUID) -> Application:
        """Take an application from the queue. Raises `AlreadyClaimed`, `ConflictOfInterest`, `ApplicationNotFound`, `IllegalMove`."""
        async with self.begin() as tx:
            member = await self.facts.staff_member(reviewer_id, tx=tx)
            if member is None:
                raise ApplicationNotFound("Такого заявления нет.")
            application = await self.applications.get_for_review(application_id, member.specialty_codes, tx=tx)
            claimed = review.claim(application, member, at=self.now(), terms=self.terms)
            if claimed is application:
                return application
            await self._keep(tx, claimed, read=application)
            await tx.publish(
                ReviewClaimed(
                    occurred_at=self.now(),
                    version=claimed.version,
                    application_id=claimed.id,
                    applicant_id=claimed.applicant_id,
                    number=claimed.public_number,
                    reviewer_id=reviewer_id,
                    document_ids=claimed.document_ids,
                )
            )
        return claimed

    @atomic
    async def release(self, application_id: UUID, reviewer_id: UUID) -> None:
        """Give an application back. Raises `ApplicationNotFound` for one the reviewer does not hold."""
        async with self.begin() as tx:
            application = await self.applications.get_held(application_id, reviewer_id, tx=tx)
            released = review.release(application, reviewer_id, at=self.now())
            await self._keep(tx, released, read=application)
            await self._tell_released(tx, released, reviewer_id)

    @atomic
    async def open_review(self, application_id: UUID, reader: Reader) -> Opened:
        """The application a reviewer holds, with what the last answer changed. The applicant sees that it was read."""
        async with self.begin() as tx:
            application = await self.applications.get_held(application_id, reader.id, tx=tx)
            documents = await self.facts.documents(application.document_ids, tx=tx)
            await self._log_read(tx, application, reader)
        return Opened(application, documents, review.diff(application, documents))

    @atomic
    async def request_information(self, application_id: UUID, reviewer_id: UUID, remarks: tuple[Remark, ...]) -> Application:
        """Ask the applicant for what the remarks point at. Raises `UnknownReason`, `NotClaimed`, `IllegalMove`."""
        async with self.begin() as tx:
            application = await self.applications.get_held(application_id, reviewer_id, tx=tx)
            given = review.valid_remarks(remarks, self.rules_of(application), member="remarks")
            documents = await self.facts.documents(application.document_ids, tx=tx)
            now = self.now()
            asked = review.request_information(application, reviewer_id, given, documents, at=now, terms=self.terms)
            await self._keep(tx, asked, read=application)
            await tx.publish(
                InformationRequested(
                    occurred_at=now,
                    version=asked.version,
                    application_id=asked.id,
                    applicant_id=asked.applicant_id,
                    number=asked.public_number,
                    requested_by="reviewer",
                    remarks=reasons_of(given),
                    unlocked_document_ids=asked.unlocked_document_ids(),
                    due_at=asked.requests[-1].due_at,
                )
            )
        return asked

    @atomic
    async def answer_checklist(self, application_id: UUID, reviewer_id: UUID, answers: tuple[ChecklistAnswer, ...]) -> Application:
        """Keep what the holder found so far. Raises `UnknownChecklistItem`, `ApplicationNotFound`, `IllegalMove`."""
        async with self.begin() as tx:
            application = await self.applications.get_held(application_id, reviewer_id, tx=tx)
            items = self.rules_of(application).checklist_of(application.kind)
            answered = checklist.answer(application, reviewer_id, answers, items, at=self.now(), terms=self.terms)
            await self._keep(tx, answered, read=application)
        return answered

    @atomic
    async def recommend(
        self, application_id: UUID, reviewer_id: UUID, decision: Decision, remarks: tuple[Remark, ...], comment: str
    ) -> Application:
        """Give an opinion. Raises `UnknownReason`, `ReasonsMissing`, `ChecklistIncomplete`, `NotClaimed`, `IllegalMove`."""
        async with self.begin() as tx:
            application = await self.applications.get_held(application_id, reviewer_id, tx=tx)
            rules = self.rules_of(application)
            given = review.valid_remarks(remarks, rules, member="reasons")
            if decision == "approve":
                checklist.permits_approval(application, reviewer_id, rules.checklist_of(application.kind))
            spoken = review.recommend(application, reviewer_id, decision, given, comment, at=self.now(), terms=self.terms)
            await self._keep(tx, spoken, read=application)
            await self._tell_opinion(tx, spoken, reviewer_id)
        return spoken

    async def _tell_opinion(self, tx: Transaction, spoken: Application, reviewer_id: UUID) -> None:
        if spoken.state is State.REJECTED:
            await tx.publish(rejection(spoken))
        elif spoken.desk is Desk.SECOND_REVIEWER:
            await self._tell_released(tx, spoken, reviewer_id)
        else:
            await tx.publish(
                ApprovalRecommended(
                    occurred_at=spoken.updated_at,
                    version=spoken.version,
                    application_id=spoken.id,
                    applicant_id=spoken.applicant_id,
                    number=spoken.public_number,
                    reviewer_id=reviewer_id,
                    document_ids=spoken.document_ids,
                    due_at=spoken.approval_due_at or spoken.updated_at,
                )
            )


def rejection(application: Application) -> ApplicationRejected:
    """The event of a refusal."""
    return ApplicationRejected(
        occurred_at=application.updated_at,
        version=application.version,
        application_id=application.id,
        applicant_id=application.applicant_id,
        number=application.public_number,
        reasons=reasons_of(application.reasons),
    )
