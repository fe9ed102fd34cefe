"""Stage 2: the reviewers' queue, claims, requests and opinions."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from chassis.paging import PageRequest
from chassis.transaction import Transaction, atomic
from contracts.roles import Role
from services.applications.domain import checklist, review, soundness
from services.applications.domain.application import Application, ChecklistAnswer, Decision, Remark
from services.applications.domain.check import Finding
from services.applications.domain.errors.application import ApplicationNotFound
from services.applications.domain.facts import OwnedDocument, StaffMember
from services.applications.domain.history import Row
from services.applications.domain.remarks import curable_remarks, valid_remarks
from services.applications.domain.rules import ChecklistItem
from services.applications.domain.states import Move
from services.applications.usecases.base import Reader, Room, same_version


@dataclass(frozen=True, slots=True)
class Opened:
    """An application as a reviewer or registrar sees it."""

    application: Application
    documents: dict[UUID, OwnedDocument]
    diff: tuple[review.Change, ...]
    findings: tuple[Finding, ...] | None = None
    """What the check finds now; None for what nobody judges any more."""


@dataclass(frozen=True, slots=True)
class Review(Room):
    """The reviewers' work."""

    async def list_reviews(self, reviewer_id: UUID, page: PageRequest) -> tuple[list[Row], str | None]:
        """What the reviewer holds or may claim; nothing for somebody of whom identity has not told that they review."""
        member = await self._reviewer(reviewer_id)
        if member is None:
            return [], None
        return await self.applications.list_queue(member, page)

    @atomic
    async def claim(self, application_id: UUID, reviewer_id: UUID) -> Application:
        """Take an application from the queue. Raises `AlreadyClaimed`, `ConflictOfInterest`, `ApplicationNotFound`, `IllegalMove`."""
        async with self.begin() as tx:
            member = await self._reviewer(reviewer_id, tx=tx)
            if member is None:
                raise ApplicationNotFound("Такого заявления нет.")
            application = await self.applications.get_for_review(application_id, member.specialty_codes, tx=tx)
            claimed = review.claim(application, member, at=self.now(), terms=self.terms)
            if claimed is application:
                return application
            await self._move(tx, claimed, read=application)
        return claimed

    @atomic
    async def release(self, application_id: UUID, reviewer_id: UUID) -> None:
        """Give an application back. Raises `NotClaimed`, `AlreadyRecommended`, `IllegalMove`, `ApplicationNotFound`."""
        async with self.begin() as tx:
            application = await self._known(tx, application_id, reviewer_id)
            released = review.release(application, reviewer_id, at=self.now())
            await self._move(tx, released, read=application)

    @atomic
    async def open_review(self, application_id: UUID, reader: Reader) -> Opened:
        """The application a reviewer holds, with what the last answer changed and the check finds. The applicant sees that it was read.

        Raises `NotClaimed`, `AlreadyRecommended`, `ApplicationNotFound`.
        """
        async with self.begin() as tx:
            application = await self._known(tx, application_id, reader.id)
            review.held_by(application, reader.id)
            given, documents = await self._check_input(application, tx)
            await self._log_read(tx, application, reader)
        return Opened(application, documents, review.diff(application, documents), soundness.present(given))

    @atomic
    async def request_information(self, application_id: UUID, reviewer_id: UUID, remarks: tuple[Remark, ...]) -> Application:
        """Ask the applicant for what the remarks point at.

        Raises `UnknownReason`, `ReasonNotCurable`, `NotClaimed`, `AlreadyRecommended`, `IllegalMove`, `ApplicationNotFound`.
        """
        async with self.begin() as tx:
            application = await self._known(tx, application_id, reviewer_id)
            review.held_open_for_review(application, reviewer_id, Move.REQUEST_BY_REVIEWER)
            given = curable_remarks(remarks, application, self.rules_of(application), member="remarks")
            documents = await self.facts.documents(application.document_ids, tx=tx)
            now = self.now()
            asked = review.request_information(application, reviewer_id, given, documents, at=now, terms=self.terms)
            await self._move(tx, asked, read=application)
        return asked

    @atomic
    async def answer_checklist(
        self, application_id: UUID, reviewer_id: UUID, answers: tuple[ChecklistAnswer, ...], *, expected_version: int
    ) -> Application:
        """Keep what the holder found so far.

        Raises `PreconditionFailed`, `UnknownChecklistItem`, `ApplicationNotFound`, `IllegalMove`.
        """
        async with self.begin() as tx:
            application = await self._known(tx, application_id, reviewer_id)
            review.held_open_for_review(application, reviewer_id, Move.RECOMMEND)
            same_version(application, expected_version)
            items = self._checklist(application)
            answered = checklist.answer(application, reviewer_id, answers, items, at=self.now(), terms=self.terms)
            await self._keep(tx, answered, read=application)
        return answered

    @atomic
    async def recommend(
        self,
        application_id: UUID,
        reviewer_id: UUID,
        decision: Decision,
        remarks: tuple[Remark, ...],
        comment: str,
        *,
        expected_version: int,
    ) -> Application:
        """Give an opinion on what one saw.

        Raises `IllegalMove`, `AlreadyRecommended`, `NotClaimed`, `PreconditionFailed`, `UnknownReason`, `ReasonsMissing`,
        `ReasonsWithApproval`, `ChecklistIncomplete`, `CheckNotClean`, `ApplicationNotFound`.
        """
        async with self.begin() as tx:
            application = await self._known(tx, application_id, reviewer_id)
            review.held_open_for_review(application, reviewer_id, Move.RECOMMEND)
            same_version(application, expected_version)
            given, _ = await self._check_input(application, tx)
            found = soundness.present(given) or ()
            reasons = valid_remarks(remarks, application, given.rules, member="reasons", found=found)
            review.reasons_fit(decision, reasons)
            if decision == "approve":
                checklist.permits_approval(application, reviewer_id, self._checklist(application))
                soundness.permits_recommendation(given)
            spoken = review.recommend(application, reviewer_id, decision, reasons, comment, at=self.now(), terms=self.terms)
            await self._move(tx, spoken, read=application)
        return spoken

    async def _known(self, tx: Transaction, application_id: UUID, reviewer_id: UUID) -> Application:
        """One the reviewer holds or knows of; whether they hold it is for the move to say. Raises `ApplicationNotFound` for any other."""
        with suppress(ApplicationNotFound):
            return await self.applications.get_held(application_id, reviewer_id, tx=tx)
        member = await self._reviewer(reviewer_id, tx=tx)
        codes = member.specialty_codes if member else frozenset[str]()
        application = await self.applications.get_for_review(application_id, codes, tx=tx)
        if member is None or not review.is_known_to(application, member):
            raise ApplicationNotFound("Такого заявления нет.")
        return application

    async def _reviewer(self, member_id: UUID, *, tx: Transaction | None = None) -> StaffMember | None:
        member = await self.facts.staff_member(member_id, tx=tx)
        return member if member is not None and Role.REVIEWER in member.roles else None

    def _checklist(self, application: Application) -> tuple[ChecklistItem, ...]:
        return self.rules_of(application).checklist_of(application.kind, is_profile_changed=application.is_profile_changed)
