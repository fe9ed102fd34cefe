"""How findings are stored, in files and in checks alike."""

from chassis.mongo import Document as Record
from services.documents.domain.findings import Finding, FindingCode


def finding_record(finding: Finding) -> Record:
    """As a part of a record."""
    return {"code": finding.code.value, "facts": dict(finding.facts), "is_warning": finding.is_warning}


def finding_of(record: Record) -> Finding:
    """From a part of a record; those stored before there were warnings are none."""
    return Finding(FindingCode(record["code"]), record["facts"], record.get("is_warning", False))
