"""What the watchdog sees, in the clear fields alone, and what it noted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from chassis.mongo import Collection, Database, DeleteOne, Document, ReplaceOne, prepare_collection
from chassis.outbox import TIMERS
from chassis.transaction import Transaction
from services.applications.domain.appeals import AppealState
from services.applications.domain.appeals.states import RUNNING
from services.applications.domain.application import Desk
from services.applications.domain.states import State
from services.applications.domain.terms import MOMENTS, Term, timer_key
from services.applications.domain.watch import Stall, Stalled, Watched
from services.applications.repository.appeals import COLLECTION as APPEALS
from services.applications.repository.applications import COLLECTION, WORKPLACES, ApplicationRepository
from services.applications.repository.places import Query

STALLS = "stalls"
_SEEN = (
    "applicant_id",
    "number",
    "version",
    "state",
    "desk",
    "specialty_code",
    "claimed_by",
    "spoken_by",
    *WORKPLACES,
    "document_ids",
    "terms",
    "appeal",
)
_FIRST = UUID(int=0)
_SHOWN_OF_APPEALS = dict.fromkeys(("state", "due_at", "claimed_by", "barred_ids"), True)
_SHOWN = dict.fromkeys(_SEEN, True)
Timers = Mapping[UUID, Mapping[tuple[Term, str], datetime]]


def in_state(state: State) -> Query:
    """Everything in the state, in the order of ids."""
    return Query({"state": state.value}, "_id")


class WatchRepository:
    """Applications, timers and the stalls seen before. Stalls are few; of more than `limit` the rest waits for the next round."""

    def __init__(self, database: Database, applications: ApplicationRepository) -> None:
        self._database = database
        self._applications = applications

    @property
    def _stalls(self) -> Collection:
        return self._database[STALLS]

    async def prepare(self) -> None:
        """Make the collection."""
        await prepare_collection(self._database, STALLS)

    async def watched(self, state: State, *, after: UUID | None, limit: int, at: datetime) -> list[Watched]:
        """Applications in the state, in the order of their ids, beginning behind `after`; `at` is the present moment."""
        query = in_state(state)
        cursor = self._database[COLLECTION].find({"_id": {"$gt": after or _FIRST}, **query.equal}, _SHOWN).sort(query.order)
        found = await cursor.limit(limit).to_list(limit)
        return await (self._to_appealed(found, at) if state is State.APPEALED else self._to_watched(found))

    async def find(self, application_id: UUID, *, tx: Transaction) -> Watched | None:
        """One that is handed in."""
        found = {"_id": application_id, "number": {"$ne": None}}
        document = await self._database[COLLECTION].find_one(found, _SHOWN, session=tx.session)
        return None if document is None else (await self._to_watched([document]))[0]

    async def stalls(self, limit: int) -> dict[UUID, Stalled]:
        """What was noted, by application."""
        rows = await self._stalls.find().limit(limit).to_list(limit)
        return {row["_id"]: _to_stalled(row) for row in rows}

    async def note(self, seen: Iterable[Stalled], *, over: Iterable[UUID]) -> None:
        """Note these, and forget those."""
        writes: list[ReplaceOne[Document] | DeleteOne] = [
            *(ReplaceOne({"_id": one.application_id}, _to_row(one), upsert=True) for one in seen),
            *(DeleteOne({"_id": application_id}) for application_id in over),
        ]
        if writes:
            await self._stalls.bulk_write(writes, ordered=False)

    async def mark_told(self, tx: Transaction, stalled: Stalled, on: date) -> bool:
        """Whether nobody told of it on that day before."""
        found = {"_id": stalled.application_id, "told_on": {"$ne": on.isoformat()}}
        result = await self._stalls.update_one(found, {"$set": {"told_on": on.isoformat()}}, session=tx.session)
        return result.modified_count == 1

    async def _to_watched(self, documents: list[Document]) -> list[Watched]:
        terms = {document["_id"]: await self._terms(document) for document in documents}
        timers = await self._timers(terms)
        workplaces = await self._applications.workplaces([one for one in documents if one["state"] == State.UNDER_REVIEW.value])
        return [
            Watched(
                id=document["_id"],
                applicant_id=document["applicant_id"],
                number=document["number"],
                version=document["version"],
                state=State(document["state"]),
                desk=Desk(document["desk"]),
                specialty_code=document["specialty_code"],
                holder_id=document["claimed_by"],
                spoken_by=frozenset(document["spoken_by"]),
                workplaces=workplaces.get(document["_id"], frozenset()),
                document_ids=tuple(document["document_ids"]),
                terms=terms[document["_id"]],
                timers=timers.get(document["_id"], {}),
            )
            for document in documents
        ]

    async def _to_appealed(self, documents: list[Document], at: datetime) -> list[Watched]:
        """As the appeal stands; without one that runs nobody must act. A term that is past was told, and nothing follows."""
        ids = [document["appeal"]["id"] for document in documents if document.get("appeal")]
        appeals = {row["_id"]: row async for row in self._database[APPEALS].find({"_id": {"$in": ids}}, _SHOWN_OF_APPEALS)}
        running = {key: row for key, row in appeals.items() if AppealState(row["state"]) in RUNNING}
        timers = self._database[TIMERS].find({"_id": {"$in": [f"appeal:{key}:due" for key in running]}}, {"due_at": True})
        due = {row["_id"]: row["due_at"] async for row in timers}
        workplaces = await self._applications.workplaces(documents)
        of_each = ((document, running.get((document.get("appeal") or {}).get("id"))) for document in documents)
        return [_appealed(document, appeal, due, at, workplaces[document["_id"]]) for document, appeal in of_each]

    async def _terms(self, document: Document) -> Mapping[Term, datetime]:
        """As stored; of what was last written before they were, from the application itself."""
        if "terms" in document:
            return {Term(name): due_at for name, due_at in document["terms"].items()}
        application = await self._applications.get_any(document["_id"])
        return {name: term.due_at for name, term in application.active_terms().items()}

    async def _timers(self, terms: Mapping[UUID, Mapping[Term, datetime]]) -> Timers:
        wanted = {
            timer_key(key, term, moment): (key, (term, moment)) for key, running in terms.items() for term in running for moment in MOMENTS
        }
        rows = await self._database[TIMERS].find({"_id": {"$in": list(wanted)}}, {"due_at": True}).to_list(len(wanted) or 1)
        found: defaultdict[UUID, dict[tuple[Term, str], datetime]] = defaultdict(dict)
        for row in rows:
            application_id, moment = wanted[row["_id"]]
            found[application_id][moment] = row["due_at"]
        return found


def _to_row(stalled: Stalled) -> Document:
    return {
        "_id": stalled.application_id,
        "applicant_id": stalled.applicant_id,
        "number": stalled.number,
        "version": stalled.version,
        "what": stalled.what.value,
        "seen_at": stalled.seen_at,
        "told_on": stalled.told_on.isoformat() if stalled.told_on else None,
        "schema_version": 1,
    }


def _appealed(
    document: Document, appeal: Document | None, due: Mapping[str, datetime], at: datetime, workplaces: frozenset[str]
) -> Watched:
    terms, timers = dict[Term, datetime](), dict[tuple[Term, str], datetime]()
    if appeal is not None:
        terms[Term.REVIEW] = appeal["due_at"]
        told_at = appeal["due_at"] if appeal["due_at"] <= at else due.get(f"appeal:{appeal['_id']}:due")
        timers = {} if told_at is None else {(Term.REVIEW, "due"): told_at}
    return Watched(
        id=document["_id"],
        applicant_id=document["applicant_id"],
        number=document["number"],
        version=document["version"],
        state=State.APPEALED,
        desk=Desk.NOBODY if appeal is None else Desk.REVIEWER,
        specialty_code=document["specialty_code"],
        holder_id=appeal["claimed_by"] if appeal else None,
        spoken_by=frozenset(appeal["barred_ids"]) if appeal else frozenset(),
        workplaces=workplaces,
        document_ids=(),
        terms=terms,
        timers=timers,
    )


def _to_stalled(row: Document) -> Stalled:
    told_on = date.fromisoformat(row["told_on"]) if row["told_on"] else None
    return Stalled(row["_id"], row["applicant_id"], row["number"], row["version"], Stall(row["what"]), row["seen_at"], told_on)
