"""Reading a row so that a decision made by it holds when it is committed."""

from typing import Any

from pymongo import ReturnDocument

from chassis.mongo import Collection, Document
from chassis.transaction import Transaction


async def hold(collection: Collection, key: Any, tx: Transaction) -> Document | None:
    """The row; of two transactions that hold it, or hold and change it, one begins anew.

    Reading alone does not do that: under snapshot isolation two decisions by the same row, written elsewhere, would both be committed.
    """
    return await collection.find_one_and_update(
        {"_id": key}, {"$inc": {"held": 1}}, return_document=ReturnDocument.AFTER, session=tx.session
    )
