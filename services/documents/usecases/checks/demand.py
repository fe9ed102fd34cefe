"""Checks made again because somebody wants it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.transaction import Begin, atomic
from contracts.documents import CheckRequested
from services.documents.domain.checks import Step
from services.documents.repository import DocumentRepository
from services.documents.usecases.checks.common import names_of


@dataclass(frozen=True, slots=True)
class Rechecks:
    """For operators: after new signatures, after a repair."""

    begin: Begin
    documents: DocumentRepository
    now: Callable[[], datetime]

    @atomic
    async def ask(self, document_id: UUID, file_version: int | None, steps: Collection[Step]) -> int:
        """Have these steps of a file made again, of the newest without a number.

        Returns which file. Raises `DocumentNotFound`, `FileNotFound`.
        """
        async with self.begin() as tx:
            document = await self.documents.get_granted(document_id, tx=tx)
            file = document.file(file_version)
            wanted = tuple(step.value for step in Step if step in steps)
            await tx.publish(CheckRequested(attempt=1, steps=wanted, reason="demand", **names_of(document, file, at=self.now())))
            return file.number
