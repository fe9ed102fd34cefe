"""Filing an appeal, by the applicant or by support on their behalf, and taking it back."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from chassis.errors import FieldError
from chassis.transaction import Transaction, atomic
from contracts.applications import AppealDecided, AppealFiled
from contracts.roles import Role
from services.applications.domain.appeals import Appeal, Grounds, judging
from services.applications.domain.application import Actor, Application
from services.applications.domain.errors.application import ApplicationNotFound, OpenApplicationExists
from services.applications.domain.numbers import APPLICATION_PREFIX, is_number
from services.applications.domain.proposals import apprised
from services.applications.usecases.appeals.base import AppealRoom, Viewer, about
from services.applications.usecases.base import Reader, named

_IN_THE_WAY = {
    True: "Вместо жалобы уже начат черновик нового заявления. Отзовите черновик и подайте жалобу ещё раз.",
    False: "Вместо жалобы уже подано другое заявление. Отзовите его или дождитесь решения.",
}
"""By whether it is a draft."""


@dataclass(frozen=True, slots=True)
class Filing(AppealRoom):
    """The applicant's moves."""

    async def file(self, application_number: str, grounds: Grounds, viewer: Viewer) -> Appeal:
        """The registered appeal.

        Raises `ApplicationNotFound`, `NothingRefused`, `RefusalDateWrong`, `AppealTooLate`, `AppealExists`, `PointNotInRefusal`,
        `AttachmentUnknown`, and `OpenApplicationExists` with a link where a correction is on its way.
        """
        by = Actor(viewer.id, Role.PRACTITIONER if Role.PRACTITIONER in viewer.roles else Role.SUPPORT_AGENT)
        return await self._file(application_number, grounds, by, viewer.address)

    @atomic
    async def _file(self, application_number: str, grounds: Grounds, by: Actor, address: str | None) -> Appeal:
        now = self.now()
        async with self.begin() as tx:
            refused = await self._refused(tx, application_number, by, address)
            known = await self.facts.documents(grounds.attachment_ids, tx=tx)
            judging.check_may_file(refused, grounds, known, at=now, terms=self.terms)
            await self._check_alone(refused)
            number = await self.numbers.next_appeal_number(self.terms.local_date(now).year)
            case = judging.file(
                await self._apprised(tx, refused), grounds, known, appeal_id=uuid4(), number=number, by=by, at=now, terms=self.terms
            )
            await self._keep(tx, case.application, read=refused)
            await self.appeals.add(tx, case.appeal)
            await self._keep_terms(tx, case.appeal, before={})
            told = {"document_ids": case.document_ids, "due_at": case.appeal.due_at, "judge_ids": await self._judges(case)}
            await tx.publish(AppealFiled(**about(case, now), **told))
        return case.appeal

    async def _apprised(self, tx: Transaction, refused: Application) -> Application:
        owner = await self.facts.practitioner(refused.applicant_id, tx=tx)
        if owner is None or owner.facts is None:
            return refused
        return apprised(refused, owner.facts, profile_version=owner.version, at=self.now())

    async def _check_alone(self, refused: Application) -> None:
        open_one = await self.applications.find_open(refused.applicant_id, refused.kind, refused.specialty_code)
        if open_one is not None and open_one.id != refused.id:
            raise OpenApplicationExists(_IN_THE_WAY[open_one.number is None], **named(open_one))

    async def _refused(self, tx: Transaction, application_number: str, by: Actor, address: str | None) -> Application:
        """The application of the number: an applicant's own, or one that support reads on the applicant's behalf.

        A number with a wrong check digit is not looked up.
        """
        if not is_number(APPLICATION_PREFIX, application_number):
            mistyped = FieldError("/application_number", "number-mistyped", "Нужен номер вида MK-ГГГГ-ЦЦЦЦЦЦЦЦ-Ц из письма об отказе.")
            raise ApplicationNotFound("Номер заявления записан неверно. Проверьте каждый знак.", errors=[mistyped])
        if by.role is Role.PRACTITIONER:
            return await self.applications.get_numbered(application_number, applicant_id=by.id, tx=tx)
        application = await self.applications.get_numbered(application_number, applicant_id=None, tx=tx)
        if by.id is not None:
            await self._log_read(tx, application, Reader(by.id, Role.SUPPORT_AGENT, address, "appeal"))
        return application

    @atomic
    async def withdraw(self, appeal_id: UUID, *, applicant_id: UUID) -> Appeal:
        """Take an appeal back before a decision: the refusal stays. Raises `AppealNotFound`, `IllegalMove`."""
        async with self.begin() as tx:
            read = await self._case(tx, await self.appeals.get_own(appeal_id, applicant_id, tx=tx))
            case = judging.withdraw(read, at=self.now())
            await self._keep_case(tx, case, read=read)
            ended = {"outcome": judging.outcome_of(case.appeal).value, "document_ids": case.application.document_ids}
            holder = read.appeal.claim.reviewer_id if read.appeal.claim else None
            await tx.publish(AppealDecided(**about(case, self.now()), **ended, former_reviewer_id=holder))
        return case.appeal
