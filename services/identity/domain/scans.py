"""Scans of passport and SNILS that a registrant uploads to documents: what documents told of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ScanType(StrEnum):
    """The documents a registration needs; the values are those of documents' types."""

    PASSPORT = "passport"
    SNILS = "snils"


class ScanState(StrEnum):
    """Where the scan of a type stands. A file on its way is seen at documents alone: here it is still missing."""

    MISSING = "missing"
    CHECKING = "checking"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


_VERDICTS = frozenset({ScanState.ACCEPTED, ScanState.REJECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The newest file of one document; `file_version` counts the document's files, `codes` say why it was refused."""

    document_id: UUID
    type: ScanType
    file_version: int
    state: ScanState
    told_at: datetime
    codes: tuple[str, ...] = ()

    def is_newer_than(self, other: "Scan") -> bool:
        """News come in any order: a later file outdates an earlier one, and of one file the verdict outdates the arrival."""
        if self.file_version != other.file_version:
            return self.file_version > other.file_version
        return self.state in _VERDICTS and other.state not in _VERDICTS


Scans = tuple[Scan, ...]
"""One per document; of a type there may be several, for instance when a resumed registration uploads anew."""


def with_news(scans: Scans, news: Scan) -> Scans:
    """The scans after one more piece of news; the very same when it is old."""
    known = next((scan for scan in scans if scan.document_id == news.document_id), None)
    if known is None:
        return (*scans, news)
    return tuple(news if scan is known else scan for scan in scans) if news.is_newer_than(known) else scans


def scan_of(scans: Iterable[Scan], scan_type: ScanType) -> Scan | None:
    """What counts for the type: an accepted scan if there is one, else the one last told of."""
    of_type = [scan for scan in scans if scan.type is scan_type]
    return max(of_type, key=lambda scan: (scan.state is ScanState.ACCEPTED, scan.told_at), default=None)


def are_accepted(scans: Iterable[Scan]) -> bool:
    """Whether a scan of every type is accepted."""
    found = [scan_of(scans, scan_type) for scan_type in ScanType]
    return all(scan is not None and scan.state is ScanState.ACCEPTED for scan in found)
