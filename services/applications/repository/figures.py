"""Applications as they are counted: in clear fields alone, by index, one after another."""

from collections.abc import AsyncIterator
from datetime import datetime

from chassis.mongo import Database, Document
from services.applications.domain.application import Desk
from services.applications.domain.figures import Counted
from services.applications.domain.stages import Stage
from services.applications.domain.states import State
from services.applications.domain.terms import Term
from services.applications.domain.watch import IN_PROGRESS
from services.applications.repository.places import Query, moment
from services.applications.repository.watch import in_state

COLLECTION = "applications"
_COUNTED = (
    "applicant_id", "specialty_code", "state", "desk", "submitted_at", "claimed_by", "reason_codes", "terms", "stage_seconds",
    "stage_since",
)  # fmt: skip
_SHOWN = dict.fromkeys(_COUNTED, True)
_PORTION = 1_000


def begun(specialty_code: str, since: datetime, before: datetime) -> Query:
    """Applications of a specialty that were begun in the window."""
    return Query({"specialty_code": specialty_code}, "start_place", since=moment(since), before=moment(before))


def ended(specialty_code: str, since: datetime, before: datetime) -> Query:
    """Applications of a specialty that ended in the window."""
    return Query({"specialty_code": specialty_code}, "end_place", since=moment(since), before=moment(before))


class FiguresRepository:
    """Reads rows one after another: what is counted need not fit into memory."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begun(self, specialty_code: str, since: datetime, before: datetime) -> AsyncIterator[Counted]:
        """Those begun in the window, drafts included."""
        query = begun(specialty_code, since, before)
        async for row in self._database[COLLECTION].find(query.found(), _SHOWN).batch_size(_PORTION):
            yield _to_counted(row)

    async def ended(self, specialty_code: str, since: datetime, before: datetime) -> AsyncIterator[Counted]:
        """Those that ended in the window, whichever way."""
        query = ended(specialty_code, since, before)
        async for row in self._database[COLLECTION].find(query.found(), _SHOWN).batch_size(_PORTION):
            yield _to_counted(row)

    async def open(self) -> AsyncIterator[Counted]:
        """All that are handed in and open."""
        for state in IN_PROGRESS:
            async for row in self._database[COLLECTION].find(in_state(state).found(), _SHOWN).batch_size(_PORTION):
                yield _to_counted(row)


def _to_counted(row: Document) -> Counted:
    """Rows last written before there were marks have none of terms and stages, and are counted without."""
    return Counted(
        applicant_id=row["applicant_id"],
        specialty_code=row["specialty_code"],
        state=State(row["state"]),
        desk=Desk(row["desk"]),
        submitted_at=row["submitted_at"],
        claimed_by=row["claimed_by"],
        reason_codes=tuple(row["reason_codes"]),
        terms={Term(name): due_at for name, due_at in row.get("terms", {}).items()},
        stage_seconds={Stage(name): seconds for name, seconds in row.get("stage_seconds", {}).items()},
        stage_since=row.get("stage_since"),
    )
