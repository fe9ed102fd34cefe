"""What applications are asked for: the questions, the places of a row in their answers, and the indexes that serve them."""

from datetime import UTC, datetime
from uuid import UUID

from chassis.mongo import ASCENDING, DESCENDING, Document, IndexModel
from services.applications.domain.application import Desk
from services.applications.domain.history import HistoryFilter, Sort
from services.applications.domain.rules import Kind
from services.applications.domain.states import State
from services.applications.repository.marks import FIGURES_INDEXES, WATCHED_INDEX
from services.applications.repository.migrations import old_rows_index
from services.applications.repository.places import Query, moment, place

COLLECTION = "applications"
SCHEMA_VERSION = 3
"""2 knows places, 3 the place of what is handed in and workplaces of later profiles."""
WORKPLACES = ("workplace", "later_workplaces")
"""Where the applicant works by what was handed in, and by profiles since; each is found again without being opened."""
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Sorts applications that have not ended after all that have."""
_ORDER: dict[Sort, tuple[str, int]] = {
    Sort.START: ("start_place", ASCENDING),
    Sort.START_NEWEST: ("start_place", DESCENDING),
    Sort.END: ("end_place", ASCENDING),
    Sort.END_NEWEST: ("end_place", DESCENDING),
    Sort.KIND: ("kind_place", ASCENDING),
    Sort.KIND_REVERSED: ("kind_place", DESCENDING),
}
REGISTRY = "registry"
"""The registrars' queue; the reviewers' queues are called by the codes of their specialties."""


def _of_person(*columns: str) -> IndexModel:
    name = "_".join(["own", *(column.removesuffix("_place") for column in columns)])
    return IndexModel([("applicant_id", ASCENDING), *((column, ASCENDING) for column in columns)], name=name)


INDEXES = (
    IndexModel(
        [("applicant_id", ASCENDING), ("kind", ASCENDING), ("specialty_code", ASCENDING)],
        name="one_open",
        unique=True,
        partialFilterExpression={"is_open": True},
    ),
    IndexModel([("number", ASCENDING)], name="by_number", unique=True, partialFilterExpression={"number": {"$gt": ""}}),
    *(_of_person(column) for column in ("start_place", "end_place", "kind_place")),
    *(_of_person("group", column) for column in ("start_place", "end_place", "kind_place")),
    IndexModel([("handed_in_place", ASCENDING)], name="handed_in", partialFilterExpression={"handed_in_place": {"$gt": ""}}),
    IndexModel([("queue", ASCENDING), ("queue_place", ASCENDING)], name="queued", partialFilterExpression={"queue": {"$gt": ""}}),
    IndexModel([("claimed_by", ASCENDING), ("state", ASCENDING), ("review_place", ASCENDING)], name="held_by"),
    IndexModel(
        [("state", ASCENDING), ("review_place", ASCENDING)],
        name="under_review",
        partialFilterExpression={"state": State.UNDER_REVIEW.value},
    ),
    old_rows_index(SCHEMA_VERSION),
    IndexModel([("document_ids", ASCENDING)], name="submitted_by_document", partialFilterExpression={"state": State.SUBMITTED.value}),
    IndexModel(
        [("document_ids", ASCENDING), ("state", ASCENDING)],
        name="asked_by_document",
        partialFilterExpression={"state": State.INFORMATION_REQUESTED.value},
    ),
    WATCHED_INDEX,
    *FIGURES_INDEXES,
)
FORMER_INDEXES = {"number", "own_by_start", "own_by_end", "own_by_kind", "review_queue", "registry_queue", "held"}
"""Of lists before they had places."""


def own(applicant_id: UUID, given: HistoryFilter | None = None) -> Query:
    """A person's applications; those of one group if the filter names it, and a window of starts where that is the order."""
    given = given or HistoryFilter()
    column, direction = _ORDER[given.sort]
    equal: Document = {"applicant_id": applicant_id} | ({"group": given.group.value} if given.group else {})
    if column != "start_place":
        return Query(equal, column, direction)
    since, before = (moment(at) if at else None for at in (given.started_from, given.started_before))
    return Query(equal, column, direction, since, before)


def the_open(applicant_id: UUID, kind: Kind, specialty_code: str) -> Query:
    """The one that keeps others of its kind and specialty from being begun."""
    return Query({"applicant_id": applicant_id, "kind": kind.value, "specialty_code": specialty_code, "is_open": True})


def numbered(number: str) -> Query:
    """The application of a number."""
    return Query({"number": number})


def held(reviewer_id: UUID) -> Query:
    """What a reviewer holds and is to act on, soonest due first."""
    return Query({"claimed_by": reviewer_id, "state": State.UNDER_REVIEW.value}, "review_place")


def under_review() -> Query:
    """What is examined anywhere, soonest due first; what the registrar has to decide is among it."""
    return Query({"state": State.UNDER_REVIEW.value}, "review_place")


def queued(queue: str) -> Query:
    """What stands in a queue, soonest due first."""
    return Query({"queue": queue}, "queue_place")


def with_document(document_id: UUID, state: State) -> Query:
    """Applications of a state that hold the document."""
    return Query({"document_ids": document_id, "state": state.value})


def places(document: Document) -> Document:
    """Where the row stands in every list, from its other columns."""
    key, start = document["_id"], document["created_at"]
    return {
        "start_place": place(start, key=key),
        "end_place": place(document["ended_at"] or _NEVER, key=key),
        "kind_place": place(document["kind"], start, key=key),
        "handed_in_place": place(document["submitted_at"], key=key) if document["submitted_at"] else "",
        "review_place": place(document["review_due_at"] or _NEVER, key=key),
        **_queue(document),
    }


def _queue(document: Document) -> Document:
    """Which queue the row stands in, and where; what is in nobody's queue has an empty name and is in no index."""
    if document["desk"] == Desk.REGISTRAR.value:
        return {"queue": REGISTRY, "queue_place": place(document["approval_due_at"] or _NEVER, key=document["_id"])}
    is_free = document["claimed_by"] is None and document["desk"] in {Desk.REVIEWER.value, Desk.SECOND_REVIEWER.value}
    if not is_free:
        return {"queue": "", "queue_place": ""}
    return {"queue": document["specialty_code"], "queue_place": place(document["review_due_at"] or _NEVER, key=document["_id"])}
