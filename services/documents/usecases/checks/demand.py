"""Checks made again because somebody wants it."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.transaction import Begin, Transaction, atomic
from contracts.documents import CheckRequested
from services.documents.domain.checks import CheckCase, Step
from services.documents.domain.documents import Document, FileVersion
from services.documents.repository import CheckRepository, DocumentRepository
from services.documents.usecases.checks.common import kept, names_of

_PART = 100


@dataclass(frozen=True, slots=True)
class Part:
    """How far the asking has come."""

    seen: int
    asked: int


@dataclass(frozen=True, slots=True)
class Rechecks:
    """For operators: after new signatures, after a repair, after new rules."""

    begin: Begin
    documents: DocumentRepository
    cases: CheckRepository
    now: Callable[[], datetime]

    @atomic
    async def ask(self, document_id: UUID, file_version: int | None, steps: Collection[Step]) -> int:
        """Have these steps of a file made again, of the newest without a number.

        Returns which file. Raises `DocumentNotFound`, `FileNotFound`.
        """
        async with self.begin() as tx:
            document = await self.documents.get_granted(document_id, tx=tx)
            file = document.file(file_version)
            await self._ask(tx, document, file, steps, reason="demand")
            return file.number

    async def outdated(self) -> int:
        """How many files were judged by older rules."""
        return await self.cases.count_outdated()

    async def ask_outdated(self, *, limit: int) -> AsyncIterator[Part]:
        """Have the newest files that were judged by older rules judged by the present ones, at most so many; told after each part.

        Bears repetition: what was judged anew meanwhile is outdated no longer.
        """
        seen, asked, after = 0, 0, None
        while asked < limit:
            cases = await self.cases.outdated(after, _PART)
            if not cases:
                return
            after = cases[-1].upload_id
            asked += await self._ask_for(cases, limit - asked)
            seen += len(cases)
            yield Part(seen, asked)

    @atomic
    async def _ask_for(self, cases: Sequence[CheckCase], limit: int) -> int:
        asked = 0
        async with self.begin() as tx:
            for case in cases:
                document = await kept(self.documents, case.document_id, tx)
                if document is None or asked == limit:
                    continue
                file, steps = document.file(case.file_version), case.outdated(document.rule)
                if steps and document.is_current(file) and not file.is_infected:
                    await self._ask(tx, document, file, steps, reason="rules")
                    asked += 1
        return asked

    async def _ask(self, tx: Transaction, document: Document, file: FileVersion, steps: Collection[Step], *, reason: str) -> None:
        wanted = tuple(step.value for step in Step if step in steps)
        await tx.publish(CheckRequested(attempt=1, steps=wanted, reason=reason, **names_of(document, file, at=self.now())))
