"""Step-ups under way. Whose session asks is part of every query."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter

from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, Document, IndexModel, prepare_collection
from chassis.transaction import Transaction
from services.identity.domain.step_ups import NoSuchStepUp, StepUp
from services.identity.repository.encoding import document_of
from services.identity.repository.overwriting import overwrite

_READ = TypeAdapter(StepUp)
_KEPT = timedelta(days=2)


class StepUpRepository:
    """Collection `step_ups`; forgotten after two days."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _collection(self) -> Collection:
        return self._database["step_ups"]

    async def prepare(self) -> None:
        """Collection and indexes."""
        of_session = IndexModel([("session_id", ASCENDING), ("created_at", DESCENDING)], name="of_session")
        kept = IndexModel([("created_at", ASCENDING)], name="kept", expireAfterSeconds=int(_KEPT.total_seconds()))
        owner = IndexModel([("person_id", ASCENDING)], name="owner")
        await prepare_collection(self._database, "step_ups", indexes=[of_session, kept, owner])

    async def get(self, tx: Transaction, step_up_id: UUID, *, session_id: UUID, person_id: UUID) -> StepUp:
        """Raises `NoSuchStepUp`, also for the step-up of another session."""
        found = {"_id": step_up_id, "session_id": session_id, "person_id": person_id}
        document = await self._collection.find_one(found, session=tx.session)
        if document is None:
            raise NoSuchStepUp("Подтверждение не найдено. Запросите код ещё раз.")
        return _read(document)

    async def latest(self, tx: Transaction, *, session_id: UUID, person_id: UUID) -> StepUp | None:
        """The last one of the session, None when there was none lately."""
        found = {"session_id": session_id, "person_id": person_id}
        document = await self._collection.find_one(found, sort=[("created_at", DESCENDING)], session=tx.session)
        return None if document is None else _read(document)

    async def add(self, tx: Transaction, step_up: StepUp) -> StepUp:
        """A new one, as stored."""
        await self._collection.insert_one(document_of(step_up), session=tx.session)
        return replace(step_up, version=step_up.version + 1)

    async def save(self, tx: Transaction, step_up: StepUp) -> StepUp:
        """As stored. Raises `StaleRecord` if someone else wrote it since it was read."""
        return await overwrite(self._collection, tx, step_up, document_of(step_up))

    async def remove_sent(self, tx: Transaction, person_id: UUID) -> None:
        """Forget those, in all sessions of the person, that wait for a code that was sent."""
        await self._collection.delete_many({"person_id": person_id, "channel": "sms"}, session=tx.session)


def _read(document: Document) -> StepUp:
    return _READ.validate_python({**document, "id": document["_id"]})
