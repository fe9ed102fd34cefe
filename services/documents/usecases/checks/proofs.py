"""The steps that look at what a document proves of itself: the portal's code on its pages, the electronic signature in its bytes."""

from dataclasses import dataclass

from services.documents.domain.checks import Step
from services.documents.domain.findings import Finding
from services.documents.domain.rules import MediaType
from services.documents.gateways.inspector import Inspector
from services.documents.usecases.checks.port import Subject

_SOUND = frozenset({Step.INTEGRITY, Step.MALWARE, Step.SIZE_AND_TYPE, Step.OPENS})
_SIGNED = b"/ByteRange"
"""In every signed PDF, and never compressed: it says which bytes are signed."""


@dataclass(frozen=True, slots=True)
class Code:
    """The codes of a confirmation lead to the portal."""

    inspector: Inspector
    step: Step = Step.CODE
    after: frozenset[Step] = _SOUND

    async def look(self, subject: Subject) -> tuple[Finding, ...]:
        """Have them read, apart, where the type has any."""
        return await self.inspector.codes(subject.room) if subject.rule.has_portal_code else ()


@dataclass(frozen=True, slots=True)
class Signature:
    """The electronic signatures hold; who has to sign has signed."""

    inspector: Inspector
    step: Step = Step.SIGNATURE
    after: frozenset[Step] = _SOUND

    async def look(self, subject: Subject) -> tuple[Finding, ...]:
        """Have them verified, apart, where there are any or should be."""
        if subject.declared.media_type is not MediaType.PDF:
            return ()
        is_signed, is_needed = subject.held.has(_SIGNED), subject.rule.needs_signature
        return await self.inspector.signatures(subject.room, is_signed=is_signed, is_needed=is_needed) if is_signed or is_needed else ()
