"""What is written in clear beside an application so that nothing need be decrypted to watch it and to count it."""

from chassis.mongo import ASCENDING, Document, IndexModel
from services.applications.domain.application import Application
from services.applications.domain.stages import stage_seconds, stage_since

WATCHED_INDEX = IndexModel([("state", ASCENDING), ("_id", ASCENDING)], name="watched")

FIGURES_INDEXES = (
    IndexModel([("specialty_code", ASCENDING), ("start_place", ASCENDING)], name="begun"),
    IndexModel([("specialty_code", ASCENDING), ("end_place", ASCENDING)], name="ended"),
)


def marks_of(application: Application) -> Document:
    """When its running terms end, how long it stood where, and since when it stands where it stands."""
    return {
        "terms": {name.value: term.due_at for name, term in application.active_terms().items()},
        "stage_seconds": {stage.value: seconds for stage, seconds in stage_seconds(application).items()},
        "stage_since": stage_since(application),
    }
