"""Documents without servers."""

from tests.documents.fakes.gateways import FakeFiles, FakeInspector, FakeQuarantine, FakeScanner
from tests.documents.fakes.repositories import (
    FakeCheckRepository,
    FakeDocumentRepository,
    FakeHoldRepository,
    FakeProfileRepository,
    FakeReadingRepository,
    FakeRenditionRepository,
    FakeSweepRepository,
)

__all__ = [
    "FakeCheckRepository",
    "FakeDocumentRepository",
    "FakeFiles",
    "FakeHoldRepository",
    "FakeInspector",
    "FakeProfileRepository",
    "FakeQuarantine",
    "FakeReadingRepository",
    "FakeRenditionRepository",
    "FakeScanner",
    "FakeSweepRepository",
]
