"""The port every step of a check stands behind."""

from dataclasses import dataclass
from typing import Protocol

from services.documents.domain.checks import Step
from services.documents.domain.findings import Declared, Finding
from services.documents.domain.reading import Reading
from services.documents.domain.rules import Rule
from services.documents.gateways.held import Held
from services.documents.gateways.inspector import Room


@dataclass(slots=True)
class Subject:
    """The file that is looked at, while it is."""

    rule: Rule
    declared: Declared
    held: Held
    room: Room
    """Where it is looked at apart."""
    reading: Reading | None = None
    """What the step that reads it has read."""


class Check(Protocol):
    """One step. It looks, and knows nothing of other steps, verdicts, repetitions or stores."""

    @property
    def step(self) -> Step:
        """Which."""
        ...

    @property
    def after(self) -> frozenset[Step]:
        """The steps without which passed it does not look."""
        ...

    async def look(self, subject: Subject) -> tuple[Finding, ...]:
        """What is found. Raises `InspectionFailed` to be repeated, its `LookCut` to be repeated a few times only."""
        ...
