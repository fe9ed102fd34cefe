"""The steps of checks: the only file that knows these Mongo documents, filters and indexes."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.mongo import ASCENDING, Collection, Database, IndexModel, prepare_collection
from chassis.mongo import Document as Record
from chassis.transaction import Transaction
from services.documents.domain.checks import CheckCase, Outcome, Step, StepResult
from services.documents.domain.rules import RULES_VERSION
from services.documents.repository.findings import finding_of, finding_record

CHECKS = "checks"
SCHEMA_VERSION = 1

_CHECK_SCHEMA: Record = {
    "bsonType": "object",
    "required": ["_id", "document_id", "owner_id", "file_version", "results", "unfinished", "schema_version"],
}

_OUTDATED: Record = {"rules_version": {"$not": {"$gte": RULES_VERSION}}}
"""Cases made before there were versions have none."""


@dataclass(frozen=True, slots=True)
class CheckRepository:
    """One case for each file, under the id of its upload. Nothing in it is personal."""

    database: Database

    @property
    def _collection(self) -> Collection:
        return self.database[CHECKS]

    async def prepare(self) -> None:
        """Collection, validator, indexes."""
        owner = IndexModel([("owner_id", ASCENDING)], name="owner")
        document = IndexModel([("document_id", ASCENDING)], name="document")
        rules = IndexModel([("rules_version", ASCENDING), ("_id", ASCENDING)], name="rules")
        await prepare_collection(self.database, CHECKS, schema=_CHECK_SCHEMA, indexes=[owner, document, rules])

    async def find(self, upload_id: UUID, *, tx: Transaction) -> CheckCase | None:
        """What is known of the check of the file."""
        record = await self._collection.find_one({"_id": upload_id}, session=tx.session)
        return None if record is None else _case(record)

    async def save(self, tx: Transaction, case: CheckCase) -> None:
        """Store what is known now."""
        await self._collection.replace_one({"_id": case.upload_id}, _record(case), upsert=True, session=tx.session)

    async def outdated(self, after: UUID | None, limit: int) -> Sequence[CheckCase]:
        """So many cases made by older rules, behind the given one in the order of ids."""
        found = _OUTDATED if after is None else {**_OUTDATED, "_id": {"$gt": after}}
        return [_case(record) async for record in self._collection.find(found).sort([("_id", ASCENDING)]).limit(limit)]

    async def count_outdated(self) -> int:
        """How many cases were made by older rules."""
        return int(await self._collection.count_documents(_OUTDATED))

    async def remove_all(self, tx: Transaction, owner_id: UUID) -> None:
        """Forget every check of the owner's files."""
        await self._collection.delete_many({"owner_id": owner_id}, session=tx.session)

    async def remove_of(self, tx: Transaction, document_id: UUID) -> None:
        """Forget the checks of a document's files."""
        await self._collection.delete_many({"document_id": document_id}, session=tx.session)


def _record(case: CheckCase) -> Record:
    return {
        "_id": case.upload_id,
        "document_id": case.document_id,
        "owner_id": case.owner_id,
        "file_version": case.file_version,
        "results": [
            {
                "step": step.value,
                "outcome": result.outcome.value,
                "at": result.at,
                "findings": [finding_record(finding) for finding in result.findings],
                "cuts": result.cuts,
            }
            for step, result in case.results.items()
        ],
        "unfinished": case.unfinished,
        "rules_version": case.rules_version,
        "schema_version": SCHEMA_VERSION,
    }


def _case(record: Record) -> CheckCase:
    """A newer worker's further steps are left aside; it makes them again."""
    stored = {one["step"]: one for one in record["results"]}
    results = {step: _result(stored[step.value]) for step in Step.known(stored)}
    return CheckCase(
        upload_id=record["_id"],
        document_id=record["document_id"],
        owner_id=record["owner_id"],
        file_version=record["file_version"],
        results=results,
        unfinished=record["unfinished"],
        rules_version=record.get("rules_version", 0),
    )


def _result(record: Record) -> StepResult:
    findings = tuple(finding_of(finding) for finding in record["findings"])
    return StepResult(Outcome(record["outcome"]), record["at"], findings, record["cuts"])
