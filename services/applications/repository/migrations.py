"""Columns that came later, filled in at start for what is stored already. Which form a row has is its `schema_version`."""

from collections.abc import Awaitable, Callable

from chassis.mongo import ASCENDING, Collection, Document, IndexModel, UpdateOne
from services.applications.repository.places import Query

_PORTION = 500


def old_rows(number: int) -> Query:
    """What is stored in a form before this one."""
    return Query({"schema_version": {"$lt": number}})


def old_rows_index(number: int) -> IndexModel:
    """An index of nothing but old rows: empty once they are filled in, so that asking at each start costs nothing."""
    return IndexModel([("schema_version", ASCENDING)], name="old_rows", partialFilterExpression={"schema_version": {"$lt": number}})


async def fill_in(collection: Collection, number: int, derived: Callable[[Document], Awaitable[Document]]) -> None:
    """Give old rows what `derived` makes of them; it is shown no personal column.

    It goes on where it was ended, and several replicas may do it at once. A row that was written meanwhile is looked at again: an older
    replica may have written it.
    """
    while rows := await collection.find(old_rows(number).found(), {"personal": False}).limit(_PORTION).to_list(_PORTION):
        await collection.bulk_write(
            [
                UpdateOne({"_id": row["_id"], "version": row["version"]}, {"$set": await derived(row) | {"schema_version": number}})
                for row in rows
            ],
            ordered=False,
        )
