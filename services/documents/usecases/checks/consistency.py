"""The step that needs no bytes: what was read of a file, once it was, beside what its owner's profile says now."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from chassis.transaction import Transaction
from services.documents.domain.checks import CheckCase, Outcome, Step, StepResult
from services.documents.domain.consistency import consistency
from services.documents.domain.documents import Document
from services.documents.domain.reading import Reading
from services.documents.repository import ProfileRepository, ReadingRepository

_READ = frozenset({Step.TEXT})


@dataclass(frozen=True, slots=True)
class Consistency:
    """Made within the transaction of the verdict: news of the profile either are in it, or ask for it again afterwards."""

    readings: ReadingRepository
    profiles: ProfileRepository
    now: Callable[[], datetime]

    async def keep(self, tx: Transaction, case: CheckCase, reading: Reading | None) -> None:
        """Nobody has to read the file again."""
        if reading is not None:
            await self.readings.save(tx, case, reading)

    async def made(self, tx: Transaction, document: Document, case: CheckCase, reading: Reading | None) -> CheckCase:
        """The case with this step, if it was due, waited for the profile, or the file was just read, as `reading` tells."""
        before = None if case.is_due(Step.CONSISTENCY) else case.results[Step.CONSISTENCY]
        if before is not None and before.outcome is not Outcome.WAITING and reading is None:
            return case
        obstacle = case.obstacle(_READ)
        if obstacle is not None:
            return case.with_result(Step.CONSISTENCY, StepResult(obstacle, self.now()))
        result = await self._compared(tx, document, reading or await self.readings.find(case.upload_id, tx=tx))
        still_waits = before is not None and before.outcome is result.outcome is Outcome.WAITING
        return case if still_waits else case.with_result(Step.CONSISTENCY, result)

    async def _compared(self, tx: Transaction, document: Document, reading: Reading | None) -> StepResult:
        profile = await self.profiles.find(document.owner_id, tx=tx) if document.rule.fields else None
        facts = None if profile is None else profile.facts
        return await asyncio.to_thread(consistency, document.rule, reading, facts, at=self.now())
