"""What employers asked holders, and what these decided. Ids and a certificate's number; no names."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from uuid import UUID

from pydantic import TypeAdapter

from chassis.mongo import ASCENDING, DESCENDING, Document, IndexModel, prepare_collection
from chassis.paging import PageRequest
from chassis.transaction import Transaction
from services.applications.domain.employers import Subscription, SubscriptionState
from services.applications.domain.errors.employer import ConsentNotFound
from services.applications.repository.base import Repository
from services.applications.repository.holding import hold
from services.applications.repository.places import Query, place, walk

COLLECTION = "subscriptions"
_WHOLE: TypeAdapter[Subscription] = TypeAdapter(Subscription)
_INDEXES = (
    IndexModel([("employer_id", ASCENDING), ("certificate_id", ASCENDING)], name="one_per_certificate", unique=True),
    IndexModel([("employer_id", ASCENDING), ("place", ASCENDING)], name="of_employer"),
    IndexModel([("holder_id", ASCENDING), ("place", ASCENDING)], name="of_holder"),
    IndexModel([("certificate_id", ASCENDING), ("state", ASCENDING), ("place", ASCENDING)], name="consented"),
)


class SubscriptionRepository(Repository):
    """Subscriptions by employer, by holder and by certificate."""

    name = COLLECTION

    async def prepare(self) -> None:
        """Make the collection and its indexes."""
        await prepare_collection(self._database, COLLECTION, indexes=_INDEXES)

    async def add(self, tx: Transaction, subscription: Subscription) -> None:
        """Store a new one."""
        await self._collection.insert_one(_document(subscription), session=tx.session)

    async def save(self, tx: Transaction, subscription: Subscription, *, read: Subscription) -> None:
        """Replace the version that was read; whoever came second runs again."""
        await self._collection.replace_one({"_id": read.id, "version": read.version}, _document(subscription), session=tx.session)

    async def find_about(self, employer_id: UUID, certificate_id: UUID, *, tx: Transaction) -> Subscription | None:
        """What this employer asked about this certificate."""
        row = await self._collection.find_one(about(employer_id, certificate_id).found(), session=tx.session)
        return None if row is None else _subscription(row)

    async def get_of_holder(self, subscription_id: UUID, holder_id: UUID, *, tx: Transaction) -> Subscription:
        """A question to this holder. Raises `ConsentNotFound`."""
        row = await self._collection.find_one({"_id": subscription_id, "holder_id": holder_id}, session=tx.session)
        if row is None:
            raise ConsentNotFound("Такого запроса нет.")
        return _subscription(row)

    async def list_of(self, query: Query, page: PageRequest) -> tuple[list[Subscription], str | None]:
        """One page of a list, the newest first, and the cursor of the next."""
        rows, following = await self._page(query, page, without="schema_version")
        return [_subscription(row) for row in rows], following

    async def list_consented(self, certificate_id: UUID) -> list[Subscription]:
        """Who is told of a certificate."""
        return [_subscription(row) async for row in walk(self._collection, consented(certificate_id), without="schema_version")]

    async def export(self, holder_id: UUID) -> AsyncIterator[Document]:
        """What a person was asked, the newest first, as plain values."""
        async for row in walk(self._collection, of_holder(holder_id), without="schema_version"):
            names = ("employer_id", "certificate_number", "purpose", "state", "asked_at", "decided_at")
            yield {name: str(row[name]) for name in names if row[name] is not None}

    async def hold(self, subscription_id: UUID, *, tx: Transaction) -> Subscription | None:
        """As it is now, and until the end of the transaction."""
        row = await hold(self._collection, subscription_id, tx)
        return None if row is None else _subscription(row)

    async def remove_of_holder(self, tx: Transaction, holder_id: UUID) -> list[UUID]:
        """Forget every question to a person; the ids of what was forgotten."""
        rows = await self._collection.find(of_holder(holder_id).found(), {"_id": True}, session=tx.session).to_list()
        await self._collection.delete_many(of_holder(holder_id).found(), session=tx.session)
        return [row["_id"] for row in rows]


def about(employer_id: UUID, certificate_id: UUID) -> Query:
    """What an employer asked about a certificate."""
    return Query({"employer_id": employer_id, "certificate_id": certificate_id})


def of_employer(employer_id: UUID) -> Query:
    """What an employer asked, the newest first."""
    return Query({"employer_id": employer_id}, "place", DESCENDING)


def of_holder(holder_id: UUID) -> Query:
    """What a holder was asked, the newest first."""
    return Query({"holder_id": holder_id}, "place", DESCENDING)


def consented(certificate_id: UUID) -> Query:
    """Who is told of a certificate."""
    return Query({"certificate_id": certificate_id, "state": SubscriptionState.CONSENTED.value}, "place", ASCENDING)


def _document(subscription: Subscription) -> Document:
    row = {name: value for name, value in asdict(subscription).items() if name != "id"}
    plain = {"state": subscription.state.value, "purpose": subscription.purpose}
    return {"_id": subscription.id, "schema_version": 1, **row, **plain, "place": place(subscription.asked_at, key=subscription.id)}


def _subscription(row: Document) -> Subscription:
    return _WHOLE.validate_python({"id": row["_id"], **{name: row[name] for name in Subscription.__slots__ if name != "id"}})
