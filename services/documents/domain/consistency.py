"""Whether a document says what its owner's profile says: what is refused, what its reviewer is told, and what waits for the profile."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from contracts.identity import ProfileFacts
from services.documents.domain.checks import Outcome, StepResult
from services.documents.domain.documents import FileVersion, State
from services.documents.domain.findings import Finding, FindingCode, found
from services.documents.domain.reading import Agreement, Field, Reading, compare
from services.documents.domain.rules import Rule

_DIFFERS: dict[Field, FindingCode] = {field: FindingCode(f"{field}-differs") for field in Field if field is not Field.LICENSEE}
_UNREADABLE: dict[Field, FindingCode] = {field: FindingCode(f"{field}-unreadable") for field in Field if field is not Field.LICENSEE}
_CODES = {*_DIFFERS.values(), *_UNREADABLE.values()}


def consistency(rule: Rule, reading: Reading | None, facts: ProfileFacts | None, *, at: datetime) -> StepResult:
    """What the comparison comes to. `reading` is None where nothing was read, `facts` while the profile is not verified."""
    if not rule.fields or reading is None or reading.is_empty:
        return StepResult.of((), at=at)  # who could not read has said so
    if facts is None:
        return StepResult(Outcome.WAITING, at, (found(FindingCode.PROFILE_NOT_VERIFIED),))
    return StepResult.of(tuple(_findings(rule, reading, facts)), at=at)


def is_to_be_compared_anew(rule: Rule, file: FileVersion) -> bool:
    """Whether other facts of the profile may change the verdict: not where the file is refused for something else."""
    is_refused_otherwise = file.state is State.REJECTED and not any(finding.code in _CODES for finding in file.findings)
    return bool(rule.fields) and not is_refused_otherwise


def _findings(rule: Rule, reading: Reading, facts: ProfileFacts) -> Iterator[Finding]:
    came_out = {one.field: one.agreement for one in compare(reading, facts, rule.fields)}
    for field, agreement in came_out.items():
        if agreement is Agreement.DIFFERS:
            differs = found(_DIFFERS[field])
            yield differs.softened if field is Field.WORKPLACE and rule.may_be_former else differs
        elif agreement is Agreement.SURNAME_DIFFERS:
            yield found(FindingCode.SURNAME_DIFFERS if rule.may_be_former else FindingCode.NAME_DIFFERS)
    missing = [group[0].of(facts) for group in rule.must if _is_missing([came_out[field.of(facts)] for field in group])]
    for field in missing:
        yield found(_UNREADABLE[field])
    if missing and reading.unread:
        yield found(FindingCode.PAGES_NOT_READ, pages=len(reading.pages))


def _is_missing(group: Sequence[Agreement]) -> bool:
    """Whether nothing of it was found, right or wrong."""
    return all(agreement is Agreement.UNREADABLE for agreement in group)
