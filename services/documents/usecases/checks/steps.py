"""The steps themselves."""

from dataclasses import dataclass

import structlog

from services.documents.domain.checks import Step
from services.documents.domain.findings import Finding, FindingCode, integrity, size_and_type
from services.documents.domain.rules import MediaType
from services.documents.gateways.clamd import Scanner
from services.documents.gateways.inspector import Inspector
from services.documents.usecases.checks.port import Check, Subject
from services.documents.usecases.checks.proofs import Code, Signature

log = structlog.get_logger(__name__)

_HARMLESS = frozenset({Step.INTEGRITY, Step.MALWARE})
"""Nothing else looks into bytes that are not what was received, or hold malware."""
_HEAD_BYTES = 16


@dataclass(frozen=True, slots=True)
class Integrity:
    """The stored bytes are those that were received."""

    step: Step = Step.INTEGRITY
    after: frozenset[Step] = frozenset()

    async def look(self, subject: Subject) -> tuple[Finding, ...]:
        """Compare size and hash."""
        return integrity(subject.declared, subject.held.size_bytes, subject.held.sha256)


@dataclass(frozen=True, slots=True)
class Malware:
    """clamd has nothing against the file."""

    scanner: Scanner
    step: Step = Step.MALWARE
    after: frozenset[Step] = frozenset()

    async def look(self, subject: Subject) -> tuple[Finding, ...]:
        """Scan."""
        threat = await self.scanner.threat(subject.held.chunks())
        if threat is None:
            return ()
        finding = threat.finding
        note = log.error if finding.code is FindingCode.FILE_INFECTED else log.info
        note("threat-found", sha256=subject.held.sha256, threat=threat.name, finding=finding.code.value)
        return (finding,)


@dataclass(frozen=True, slots=True)
class SizeAndType:
    """Size, name, stated and real format agree with the rule and with each other."""

    step: Step = Step.SIZE_AND_TYPE
    after: frozenset[Step] = _HARMLESS

    async def look(self, subject: Subject) -> tuple[Finding, ...]:
        """Sniff and compare."""
        return size_and_type(subject.rule, subject.declared, MediaType.sniffed(subject.held.head(_HEAD_BYTES)))


@dataclass(frozen=True, slots=True)
class Opens:
    """The file opens whole and carries nothing that runs."""

    inspector: Inspector
    step: Step = Step.OPENS
    after: frozenset[Step] = _HARMLESS

    async def look(self, subject: Subject) -> tuple[Finding, ...]:
        """Have it opened, apart."""
        return await self.inspector.inspect(subject.room)


@dataclass(frozen=True, slots=True)
class Legible:
    """The pages are fine and sharp enough for signatures and seals, and not blank."""

    inspector: Inspector
    step: Step = Step.LEGIBLE
    after: frozenset[Step] = _HARMLESS | {Step.SIZE_AND_TYPE, Step.OPENS}

    async def look(self, subject: Subject) -> tuple[Finding, ...]:
        """Have the pages measured, apart."""
        return await self.inspector.measure(subject.room, paper_mm=subject.rule.paper_mm)


@dataclass(frozen=True, slots=True)
class Text:
    """What the pages say, where the type is to say what the profile says."""

    inspector: Inspector
    step: Step = Step.TEXT
    after: frozenset[Step] = _HARMLESS | {Step.SIZE_AND_TYPE, Step.OPENS, Step.LEGIBLE}

    async def look(self, subject: Subject) -> tuple[Finding, ...]:
        """Have them read, apart; the words stay with the subject."""
        if not subject.rule.fields:
            return ()
        subject.reading, findings = await self.inspector.read(subject.room)
        return findings


def checks_of(scanner: Scanner, inspector: Inspector) -> tuple[Check, ...]:
    """All steps that look at the bytes, in the order in which they are made."""
    return (
        Integrity(),
        Malware(scanner),
        SizeAndType(),
        Opens(inspector),
        Legible(inspector),
        Code(inspector),
        Signature(inspector),
        Text(inspector),
    )
