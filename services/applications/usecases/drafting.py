"""Starting, filling in, checking and confirming."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from chassis.errors import FieldError
from chassis.transaction import Transaction, atomic
from contracts.applications import DraftSaved
from services.applications.domain import drafting
from services.applications.domain.application import Application
from services.applications.domain.check import Finding, check
from services.applications.domain.errors.application import OpenApplicationExists
from services.applications.domain.errors.drafting import CommentMissing, NothingToCorrect, NotRefused, NotVerified, ResubmissionClosed
from services.applications.domain.facts import NOT_VERIFIED
from services.applications.domain.form import prefilled
from services.applications.domain.refusals import after_closing_refusal
from services.applications.domain.rules import Kind
from services.applications.domain.states import Move, State, after
from services.applications.usecases.base import Room, named, same_version


@dataclass(frozen=True, slots=True)
class NewApplication:
    """What an applicant asks for. A resubmission says what was corrected; it may name the refused application."""

    kind: Kind
    specialty_code: str
    previous_application_id: UUID | None = None
    correction_comment: str = ""


@dataclass(frozen=True, slots=True)
class Drafting(Room):
    """The applicant's work on a draft."""

    async def create(self, applicant_id: UUID, wanted: NewApplication) -> Application:
        """A prefilled draft.

        After a refusal of the kind and specialty it is the correction of that, whether it names it or not. Raises `NotVerified`,
        `ProfileOverdue`, `UnknownSpecialty`, `CommentMissing`, `NothingToCorrect`, `NotRefused`, `ResubmissionClosed`,
        `OpenApplicationExists` with a link to the open one.
        """
        try:
            return await self._create(applicant_id, wanted)
        except OpenApplicationExists as error:
            open_one = await self.applications.find_open(applicant_id, wanted.kind, wanted.specialty_code)
            if open_one is None:
                raise
            raise OpenApplicationExists(error.detail, **named(open_one)) from None

    @atomic
    async def _create(self, applicant_id: UUID, wanted: NewApplication) -> Application:
        async with self.begin() as tx:
            previous = await self._previous(tx, applicant_id, wanted)
            draft = replace(
                await self._started(tx, applicant_id, wanted, previous=previous),
                previous_application_id=previous.id if previous else None,
                correction_comment=wanted.correction_comment.strip(),
            )
            await self.applications.add(tx, draft)
            await self._tell_saved(tx, draft)
        return draft

    async def _started(self, tx: Transaction, applicant_id: UUID, wanted: NewApplication, *, previous: Application | None) -> Application:
        practitioner = await self.facts.practitioner(applicant_id, tx=tx)
        if practitioner is None or practitioner.facts is None:
            raise NotVerified(NOT_VERIFIED)
        practitioner.check_may_apply()
        rules = self.rules_now()
        newest = await self.facts.newest_accepted(tx, applicant_id, rules.documents)
        documents = {document_type: str(document_id) for document_type, document_id in newest.items()}
        return drafting.start(
            uuid4(),
            applicant_id=applicant_id,
            kind=wanted.kind,
            specialty_code=wanted.specialty_code,
            form=previous.form if previous else prefilled(practitioner.facts, documents),
            at=self.now(),
            rules=rules,
        )

    async def _previous(self, tx: Transaction, applicant_id: UUID, wanted: NewApplication) -> Application | None:
        """The refusal that the new one corrects, named or not: while a refusal is the last word, whatever follows corrects it.

        One whose reasons rule corrections out is followed by nothing while it could be appealed against, and then by an application
        that corrects nothing: nothing in the refused one could be put right, so the new one stands for itself.
        """
        last = await self.applications.last_decided(tx, applicant_id, wanted.kind, wanted.specialty_code)
        standing = last.id if last and last.state is State.REJECTED else None
        previous_id = wanted.previous_application_id or standing
        if previous_id is None:
            _corrects_nothing(wanted)
            return None
        previous = await self.applications.get_own(previous_id, applicant_id, tx=tx)
        is_same = (previous.kind, previous.specialty_code) == (wanted.kind, wanted.specialty_code)
        if previous.state is State.APPEALED and previous.appeal and is_same:
            raise NotRefused(f"На этот отказ подана жалоба {previous.appeal.number}. Дождитесь решения по ней или отзовите её.")
        if previous.state is not State.REJECTED or not is_same:
            raise NotRefused("Повторить можно только отклонённое заявление того же вида и специальности.")
        if previous.id != standing and last is not None:
            raise NotRefused("После этого отказа было другое решение. Исправляют последний отказ.", **named(last))
        if not self.rules_of(previous).may_resubmit(one.code for one in previous.reasons):
            why = after_closing_refusal(previous, is_named=wanted.previous_application_id is not None, at=self.now(), terms=self.terms)
            if why is not None:
                raise ResubmissionClosed(why, **named(previous))
            _corrects_nothing(wanted)
            return None
        if not wanted.correction_comment.strip():
            missing = FieldError("/correction_comment", "missing", "Напишите, какие ошибки исправлены.")
            raise CommentMissing("Повторное заявление должно сказать, что исправлено.", errors=[missing], **named(previous))
        return previous

    async def get(self, application_id: UUID, *, applicant_id: UUID) -> Application:
        """The applicant's own application. Raises `ApplicationNotFound`."""
        return await self.applications.get_own(application_id, applicant_id)

    @atomic
    async def edit(self, application_id: UUID, patch: Mapping[str, Any], *, applicant_id: UUID, expected_version: int) -> Application:
        """The draft after a merge patch of its blocks. Raises `PreconditionFailed`, `IllegalMove`."""
        async with self.begin() as tx:
            draft = await self.applications.get_own(application_id, applicant_id, tx=tx)
            same_version(draft, expected_version)
            edited = drafting.edit(draft, patch, at=self.now())
            await self._keep(tx, edited, read=draft)
            if drafting.is_to_be_told(edited, before=draft):
                await self._tell_saved(tx, edited)
        return edited

    async def check(self, application_id: UUID, *, applicant_id: UUID) -> tuple[Finding, ...]:
        """What stage 1 would say now. Changes nothing."""
        application = await self.applications.get_own(application_id, applicant_id)
        given, _ = await self._check_input(application)
        return check(given)

    @atomic
    async def confirm(self, application_id: UUID, *, applicant_id: UUID, expected_version: int) -> Application:
        """Freeze what was typed. Confirming what is confirmed changes nothing, unless a file was replaced since.

        Raises `CheckNotClean` with every finding, `PreconditionFailed`, `IllegalMove`.
        """
        async with self.begin() as tx:
            draft = await self.applications.get_own(application_id, applicant_id, tx=tx)
            same_version(draft, expected_version)
            given, documents = await self._check_input(draft, tx)
            if draft.state is not State.CONFIRMED:
                after(draft.state, Move.CONFIRM)
            elif not drafting.replaced_since_confirmed(draft, documents):
                return draft
            confirmed = drafting.confirm(draft, check(given), documents, at=self.now())
            await self._keep(tx, confirmed, read=draft)
            if drafting.is_to_be_told(confirmed, before=draft):
                await self._tell_saved(tx, confirmed)
        return confirmed

    async def _tell_saved(self, tx: Transaction, draft: Application) -> None:
        await tx.publish(
            DraftSaved(
                occurred_at=draft.updated_at,
                version=draft.version,
                application_id=draft.id,
                applicant_id=draft.applicant_id,
                document_ids=draft.document_ids,
            )
        )


def _corrects_nothing(wanted: NewApplication) -> None:
    """Raises `NothingToCorrect` where it says what was corrected all the same."""
    if wanted.correction_comment.strip():
        extra = FieldError("/correction_comment", "nothing-to-correct", "Уберите пояснение: исправлять нечего.")
        raise NothingToCorrect("По этому виду и специальности у вас нет отказа, который можно исправить.", errors=[extra])
