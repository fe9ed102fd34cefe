"""The check of a file: steps that end and repeat one by one, and the verdict once none is missing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.documents.domain.findings import TEXT_UNREADABLE, Finding, FindingCode
from services.documents.domain.rules import RULES_VERSION, Rule


class Step(StrEnum):
    """One thing that is looked at, by itself; findings are named in this order."""

    INTEGRITY = "integrity"
    MALWARE = "malware"
    SIZE_AND_TYPE = "size-and-type"
    OPENS = "opens"
    LEGIBLE = "legible"
    CODE = "code"
    SIGNATURE = "signature"
    TEXT = "text"
    CONSISTENCY = "consistency"

    @property
    def in_vain(self) -> Finding:
        """What it comes to when every look at the file is cut off: what cannot be read is for the reviewer."""
        return TEXT_UNREADABLE if self is Step.TEXT else Finding(FindingCode.FILE_TOO_COMPLEX)

    @classmethod
    def known(cls, names: Iterable[str]) -> "frozenset[Step]":
        """Those of the names that are steps here; somebody newer may ask for more."""
        return frozenset(step for step in cls if step.value in set(names))


class Outcome(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """What it stands on failed: nothing was looked at."""
    UNAVAILABLE = "unavailable"
    """It could not be made; it is repeated."""
    WAITING = "waiting"
    """There is nothing to compare with yet: the verdict does without it, and it is made once there is."""


CHANGED_IN: Mapping[int, frozenset[Step]] = {1: frozenset({Step.TEXT, Step.CONSISTENCY}), 2: frozenset({Step.CONSISTENCY})}
"""Steps that may come to something else since a version of the rules."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step came to. `cuts` counts the looks that were cut off, perhaps by the file's doing."""

    outcome: Outcome
    at: datetime
    findings: tuple[Finding, ...] = ()
    cuts: int = 0

    @classmethod
    def of(cls, findings: tuple[Finding, ...], *, at: datetime, cuts: int = 0) -> "StepResult":
        """What was found; warnings alone pass."""
        is_refusal = any(not finding.is_warning for finding in findings)
        return cls(Outcome.FAILED if is_refusal else Outcome.PASSED, at, findings, cuts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCase:
    """The steps of one file so far."""

    upload_id: UUID
    document_id: UUID
    owner_id: UUID
    file_version: int
    results: Mapping[Step, StepResult] = field(default_factory=dict)
    unfinished: int = 0
    """Tries that were begun since the last one that came to an orderly end: their workers died, or are still at it."""
    rules_version: int = RULES_VERSION
    """By which rules every step was made."""

    def begin(self, again: Collection[Step] = ()) -> "CheckCase":
        """Another try. Steps asked for again are due once more, and with them those skipped so far."""
        kept = {step: result for step, result in self.results.items() if not again or self._stays(step, again)}
        begun = replace(self, results=kept, unfinished=self.unfinished + 1)
        return replace(begun, rules_version=RULES_VERSION) if all(begun.is_due(step) for step in self._changed()) else begun

    def outdated(self, rule: Rule) -> frozenset[Step]:
        """Steps that may come to something else by the present rules."""
        return self._changed() if rule.fields else self._changed() - {Step.TEXT, Step.CONSISTENCY}

    def _changed(self) -> frozenset[Step]:
        return frozenset(step for version, steps in CHANGED_IN.items() if version > self.rules_version for step in steps)

    def _stays(self, step: Step, again: Collection[Step]) -> bool:
        return step not in again and self.results[step].outcome is not Outcome.SKIPPED

    def with_result(self, step: Step, result: StepResult) -> "CheckCase":
        """One step further."""
        return replace(self, results={**self.results, step: result})

    def end(self) -> "CheckCase":
        """The try came to an orderly end."""
        return replace(self, unfinished=0)

    def is_due(self, step: Step) -> bool:
        """Whether the step has no final result yet."""
        return step not in self.results or self.results[step].outcome is Outcome.UNAVAILABLE

    def cuts(self, step: Step) -> int:
        """How often a look was cut off in this step."""
        return self.results[step].cuts if step in self.results else 0

    def obstacle(self, after: Collection[Step]) -> Outcome | None:
        """What becomes of a step that stands on these: None when all passed, else what it comes to without a look."""
        missing = [step for step in after if self.is_due(step)]
        if missing:
            return Outcome.UNAVAILABLE
        return None if all(self.results[step].outcome is Outcome.PASSED for step in after) else Outcome.SKIPPED

    def give_up(self, *, at: datetime) -> "CheckCase":
        """The file ended everybody who looked at it: what is due fails, by the file's doing."""
        due = [step for step in Step if self.is_due(step)]
        return self._without_a_look(due, due[0].in_vain, at) if due else self

    def condemn(self, *, at: datetime) -> "CheckCase":
        """Malware was found in these bytes elsewhere; nobody looks at them any more."""
        due = [step for step in Step if self.is_due(step) and step is not Step.MALWARE]
        return self._without_a_look([Step.MALWARE, *due], Finding(FindingCode.FILE_INFECTED), at)

    def _without_a_look(self, steps: Sequence[Step], finding: Finding, at: datetime) -> "CheckCase":
        """The first fails, the others are skipped."""
        results = {step: StepResult(Outcome.SKIPPED, at) for step in steps} | {steps[0]: StepResult.of((finding,), at=at)}
        return replace(self, results={**self.results, **results})

    @property
    def is_complete(self) -> bool:
        """Whether every step is final."""
        return not any(self.is_due(step) for step in Step)

    @property
    def is_infected(self) -> bool:
        """Whether malware was found."""
        return any(finding.code is FindingCode.FILE_INFECTED for finding in self.refusals)

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """Everything for which the file is refused."""
        return tuple(finding for finding in self._findings() if not finding.is_warning)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What the reviewer should know."""
        return tuple(finding for finding in self._findings() if finding.is_warning)

    def _findings(self) -> Iterable[Finding]:
        return (finding for step in Step if step in self.results for finding in self.results[step].findings)
