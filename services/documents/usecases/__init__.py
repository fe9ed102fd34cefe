"""What documents can do."""

from dataclasses import dataclass

from services.documents.usecases.access import Access
from services.documents.usecases.checks.demand import Rechecks
from services.documents.usecases.checks.run import Checks
from services.documents.usecases.checks.terms import CheckTerms
from services.documents.usecases.exports import Exports
from services.documents.usecases.holds import Holds
from services.documents.usecases.isolation import Isolation
from services.documents.usecases.profiles import Profiles
from services.documents.usecases.removals import Removals
from services.documents.usecases.rendering import Rendering
from services.documents.usecases.retention import Retention
from services.documents.usecases.sweeping import Sweeping
from services.documents.usecases.uploads import Uploads


@dataclass(frozen=True, slots=True)
class UseCases:
    """What the service does, by subject."""

    uploads: Uploads
    check_terms: CheckTerms
    access: Access
    holds: Holds
    profiles: Profiles
    removals: Removals
    exports: Exports
    retention: Retention


@dataclass(frozen=True, slots=True)
class WorkerUseCases:
    """What its worker does: all that reads the bytes of files, and what operators ask for."""

    checks: Checks
    rechecks: Rechecks
    isolation: Isolation
    rendering: Rendering
    sweeping: Sweeping
