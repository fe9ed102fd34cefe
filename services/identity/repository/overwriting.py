"""Replacing a document by a newer version of the record that was read from it."""

from dataclasses import Field, replace
from typing import Any, ClassVar, Protocol, TypeVar

from chassis.mongo import Collection, Document
from chassis.transaction import Transaction
from services.identity.repository.encoding import StaleRecord


class Versioned(Protocol):
    """A dataclass that knows which version of it was read."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def version(self) -> int:
        """0 before it is stored."""
        ...


Record = TypeVar("Record", bound=Versioned)


async def overwrite(rows: Collection, tx: Transaction, record: Record, document: Document) -> Record:
    """The record as stored. Raises `StaleRecord` if someone else wrote it since it was read."""
    found = {"_id": document["_id"], "version": record.version}
    result = await rows.replace_one(found, document, session=tx.session)
    if result.matched_count == 0:
        raise StaleRecord
    return replace(record, version=record.version + 1)
