"""Checking files: begin a try, look at the bytes outside any transaction, record what the steps came to; when none is missing, tell.

A step that could not be made leaves the others recorded, and the message comes back for it alone. Every file ends: a step that is cut
off again and again, or a file over which workers die, counts as too complex. Only servers that are away are waited for without end.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from chassis.objects import FileMissing
from chassis.transaction import Begin, Transaction, atomic, mark_handled
from contracts.documents import CheckRequested, DocumentAccepted, DocumentReceived, DocumentRejected
from services.documents.domain.checks import CheckCase, Outcome, Step, StepResult
from services.documents.domain.documents import Document, FileVersion, State
from services.documents.domain.findings import Finding
from services.documents.domain.reading import Reading
from services.documents.gateways.failures import InspectionFailed, LookCut
from services.documents.gateways.files import Files
from services.documents.gateways.held import Held
from services.documents.gateways.inspector import Inspector
from services.documents.repository import CheckRepository, DocumentRepository, HoldRepository
from services.documents.usecases.checks.common import kept, names_of
from services.documents.usecases.checks.consistency import Consistency
from services.documents.usecases.checks.port import Check, Subject
from services.documents.usecases.isolation import Isolation
from services.documents.usecases.uploads import term_key

log = structlog.get_logger(__name__)

Reason = DocumentReceived | CheckRequested


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """How often in vain."""

    cuts: int
    """Looks of one step that may be cut off."""
    deaths: int
    """Workers that may die over one file."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a try came to: the case, the first failure of steps that could not be made, what was read."""

    case: CheckCase
    failure: InspectionFailed | None = None
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class Checks:
    """Verdicts over files, reached in the steps of `checks`, one after another in this order."""

    begin: Begin
    documents: DocumentRepository
    cases: CheckRepository
    holds: HoldRepository
    files: Files
    isolation: Isolation
    inspector: Inspector
    checks: Sequence[Check]
    consistency: Consistency
    now: Callable[[], datetime]
    limits: CheckLimits
    turns: asyncio.Semaphore
    """One for each file that a worker looks into at a time, for whatever purpose."""

    async def check(self, event: Reason) -> None:
        """Make the steps that are due; nothing is when the verdict is known and no step was asked for again."""
        async with self.turns:
            begun = await self._begin(event)
            if begun is None:
                await mark_handled(self.begin, event)
                return
            document, case = begun
            try:
                tried = await self._look_or_find_out_why_not(document, case)
            except Exception as error:
                if isinstance(error, FileMissing) and await kept(self.documents, event.document_id) is None:
                    return
                await self._keep(Tried(case.end()))
                raise
        if tried.failure is None:
            await self._decide(event, tried)
        else:
            await self._keep(tried)
            raise tried.failure

    @atomic
    async def _begin(self, event: Reason) -> tuple[Document, CheckCase] | None:
        """Counts the try before anything is looked at: a worker that dies cannot count."""
        again = Step.known(event.steps) if isinstance(event, CheckRequested) else frozenset()
        async with self.begin(is_last=False) as tx:
            document = await kept(self.documents, event.document_id, tx)
            if document is None:
                return None
            file = document.file(event.file_version)
            if file.is_infected or not (again or file.is_undecided):
                return None
            case = await self.cases.find(file.upload_id, tx=tx) or _case_of(document, file)
            case = case.begin(again)
            await self.cases.save(tx, case)
            return document, case

    async def _look_or_find_out_why_not(self, document: Document, case: CheckCase) -> Tried:
        """An infected file goes to the quarantine before the verdict, and may be there alone since."""
        object_key = document.file(case.file_version).object_key
        try:
            tried = await self._look(document, case)
            if tried.case.is_infected:
                await self.isolation.take(object_key)
        except FileMissing:
            if not await self.isolation.holds(object_key):
                raise
            return Tried(case.condemn(at=self.now()).end())
        return tried

    async def _look(self, document: Document, case: CheckCase) -> Tried:
        """Every due step that can be made; the file is fetched only if one of them looks at it."""
        if case.unfinished > self.limits.deaths:
            log.error("check-given-up", document_id=str(document.id), file_version=case.file_version)
            return Tried(case.give_up(at=self.now()).end())
        due = [check for check in self.checks if case.is_due(check.step)]
        if not due:
            return Tried(case.end())
        file = document.file(case.file_version)
        failure: InspectionFailed | None = None
        with await Held.of(self.files.read(file.object_key)) as held, self.inspector.room(held) as room:
            subject = Subject(document.rule, file.declared, held, room)
            for check in due:
                result, failed = await self._make(check, subject, case)
                case, failure = case.with_result(check.step, result), failure or failed
        if failure is not None and case.is_due(Step.CONSISTENCY):
            case = case.with_result(Step.CONSISTENCY, StepResult(Outcome.UNAVAILABLE, self.now()))
        return Tried(case.end(), failure, subject.reading)

    async def _make(self, check: Check, subject: Subject, case: CheckCase) -> tuple[StepResult, InspectionFailed | None]:
        obstacle, cuts = case.obstacle(check.after), case.cuts(check.step)
        if obstacle is not None:
            return StepResult(obstacle, self.now(), cuts=cuts), None
        try:
            findings = await check.look(subject)
        except LookCut as failure:
            if cuts + 1 < self.limits.cuts:
                return StepResult(Outcome.UNAVAILABLE, self.now(), cuts=cuts + 1), failure
            findings = (check.step.in_vain,)
        except InspectionFailed as failure:
            return StepResult(Outcome.UNAVAILABLE, self.now(), cuts=cuts), failure
        return StepResult.of(findings, at=self.now(), cuts=cuts), None

    @atomic
    async def _keep(self, tried: Tried) -> None:
        case = tried.case
        async with self.begin(is_last=False) as tx:
            if await kept(self.documents, case.document_id, tx) is not None:
                await self.cases.save(tx, case)
                await self.consistency.keep(tx, case, tried.reading)

    @atomic
    async def _decide(self, event: Reason, tried: Tried) -> None:
        async with self.begin(handling=event) as tx:
            before = await kept(self.documents, event.document_id, tx)
            if before is None:
                return
            case = await self.consistency.made(tx, before, tried.case, tried.reading)
            await self.cases.save(tx, case)
            await self.consistency.keep(tx, case, tried.reading)
            document = await self._decided(tx, before, case)
            if document is before:
                return
            await self.documents.save(tx, document, replacing=before)
            file = document.file(event.file_version)
            await tx.cancel(term_key(file.upload_id))
            if file.is_infected:
                await self.isolation.tell(tx, document, file)
            if document.is_current(file):
                await self._tell(tx, document, file, before=before.file(file.number))

    async def _decided(self, tx: Transaction, before: Document, case: CheckCase) -> Document:
        """The same document when there is nothing new to say.

        What an application holds stays accepted if a later look finds something, which then is for its reviewer; not so malware,
        after which nothing is looked at any more.
        """
        file, refusals, warnings = before.file(case.file_version), case.refusals, case.warnings
        if file.is_infected:
            return before
        is_accepted = file.state is State.ACCEPTED
        if is_accepted and refusals and not case.is_infected and await self.holds.locking([before.id], owner_id=before.owner_id, tx=tx):
            warnings = (*(finding.softened for finding in refusals), *warnings)
            refusals = ()
        if not file.is_undecided and (file.findings, file.warnings) == (refusals, warnings):
            return before
        return before.decide(file.number, refusals, warnings=warnings, at=self.now())

    async def _tell(self, tx: Transaction, document: Document, file: FileVersion, *, before: FileVersion) -> None:
        names = {**names_of(document, file, at=self.now()), "version": document.version}
        if file.state is State.REJECTED:
            await tx.publish(DocumentRejected(codes=_codes(file.findings), **names))
            return
        accepted = DocumentAccepted(
            size_bytes=file.size_bytes,
            media_type=file.media_type.value,
            sha256=file.sha256,
            received_at=file.received_at,
            warnings=_codes(file.warnings),
            was_accepted=before.state is State.ACCEPTED,
            **names,
        )
        await tx.publish(accepted)


def _case_of(document: Document, file: FileVersion) -> CheckCase:
    return CheckCase(upload_id=file.upload_id, document_id=document.id, owner_id=document.owner_id, file_version=file.number)


def _codes(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    return tuple(finding.code.value for finding in findings)
