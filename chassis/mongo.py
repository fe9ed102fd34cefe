"""The document store. With `transaction.py` the only module that knows the driver, PyMongo's async API."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

from bson import Binary
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from pymongo import (
    ASCENDING,
    DESCENDING,
    AsyncMongoClient,
    DeleteOne,
    IndexModel,
    InsertOne,
    ReplaceOne,
    ReturnDocument,
    UpdateOne,
    timeout,
)
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    BulkWriteError,
    CollectionInvalid,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
)

from chassis.settings import ServiceSettings

__all__ = [
    "ASCENDING",
    "DESCENDING",
    "Binary",
    "Client",
    "Collection",
    "Database",
    "DeleteOne",
    "Document",
    "DuplicateKeyError",
    "IndexModel",
    "InsertOne",
    "ReplaceOne",
    "ReturnDocument",
    "Session",
    "UpdateOne",
    "connect",
    "is_away",
    "next_in_row",
    "portions",
    "prepare_collection",
    "timeout",
    "undecoded_ids",
    "watch_inserts",
]

Document: TypeAlias = dict[str, Any]
Client: TypeAlias = AsyncMongoClient[Document]
Database: TypeAlias = AsyncDatabase[Document]
Collection: TypeAlias = AsyncCollection[Document]
Session: TypeAlias = AsyncClientSession

_INDEX_OPTIONS_CONFLICT = 85
_INDEX_KEY_SPECS_CONFLICT = 86


def connect(settings: ServiceSettings, service: str) -> Client:
    """A client that connects on first use. Every operation has a time-out and every write waits for a majority."""
    return AsyncMongoClient(
        settings.mongo_url.get_secret_value(),
        appname=service,
        uuidRepresentation="standard",
        tz_aware=True,
        w="majority",
        timeoutMS=int(settings.mongo_timeout_seconds * 1000),
        serverSelectionTimeoutMS=int(settings.mongo_server_selection_seconds * 1000),
        connectTimeoutMS=int(settings.mongo_server_selection_seconds * 1000),
    )


async def prepare_collection(
    database: Database, name: str, *, indexes: Sequence[IndexModel] = (), schema: Mapping[str, Any] | None = None
) -> None:
    """Make the collection, its validator and its indexes; running it again, or in two replicas at once, changes nothing.

    `schema` is a `$jsonSchema`. An index whose options changed is dropped and made anew.
    """
    options: Document = {"validator": {"$jsonSchema": dict(schema)}} if schema is not None else {}
    try:
        await database.create_collection(name, **options)
    except CollectionInvalid:
        if options:
            await database.command({"collMod": name, **options})
    for index in indexes:
        try:
            await database[name].create_indexes([index])
        except OperationFailure as error:
            if error.code not in {_INDEX_OPTIONS_CONFLICT, _INDEX_KEY_SPECS_CONFLICT}:
                raise
            await database[name].drop_index(index.document["name"])
            await database[name].create_indexes([index])


def undecoded_ids(collection: Collection) -> Collection:
    """The same collection; identifiers are read as the bytes they are kept as (`Binary` of subtype 4), which is quicker."""
    return collection.with_options(CodecOptions(uuid_representation=UuidRepresentation.UNSPECIFIED, tz_aware=True))


async def next_in_row(counters: Collection, key: Any) -> int:
    """The next number of the counter, from 1, by one atomic step. Outside of transactions: a gap is harmless, a wait for each other is not.

    The counter is made with its first number, and not by an upsert: of two at the same moment one would fail.
    """
    step = partial(counters.find_one_and_update, {"_id": key}, {"$inc": {"last": 1}}, return_document=ReturnDocument.AFTER)
    while (counter := await step()) is None:
        with suppress(DuplicateKeyError):
            await counters.insert_one({"_id": key, "last": 0})
    return int(counter["last"])


async def portions(cursor: AsyncCursor[Document], size: int, *, seconds: float) -> AsyncIterator[list[Document]]:
    """The documents of one cursor, so many at a time. Each portion may take `seconds`, whatever the client's time-out is.

    The embedded store sorts all that was found before it answers; a server walks an index.
    """
    try:
        while True:
            with timeout(seconds):  # never across a yield, where it would bind whoever reads on
                found = await cursor.to_list(size)
            if not found:
                return
            yield found
    finally:
        await cursor.close()


async def watch_inserts(collection: Collection, *, wait_seconds: float = 1.0) -> AsyncIterator[Document]:
    """Documents as they are inserted by anybody, from now on. A hint only: it may end with a driver error at any time."""
    pipeline = [{"$match": {"operationType": "insert"}}]
    async with await collection.watch(pipeline, max_await_time_ms=int(wait_seconds * 1000)) as changes:
        while changes.alive:  # one by one: the time-out of an operation would end a wait for the next that is longer
            change = await changes.try_next()
            if change is not None:
                yield change["fullDocument"]


def is_away(error: BaseException) -> bool:
    """Whether the store did not answer, or answered that it cannot now: the same work may succeed later."""
    if isinstance(error, ConnectionFailure | ExecutionTimeout):
        return True
    if not isinstance(error, PyMongoError) or isinstance(error, DuplicateKeyError | BulkWriteError):
        return False
    if error.timeout or error.has_error_label("TransientTransactionError") or error.has_error_label("RetryableWriteError"):
        return True
    cause = getattr(error, "cause", None) or error.__cause__  # key vault reads are wrapped
    return cause is not None and is_away(cause)
