"""What documents can do."""

from dataclasses import dataclass

from services.documents.usecases.access import Access
from services.documents.usecases.checks import Checks
from services.documents.usecases.exports import Exports
from services.documents.usecases.holds import Holds
from services.documents.usecases.removals import Removals
from services.documents.usecases.uploads import Uploads


@dataclass(frozen=True, slots=True)
class UseCases:
    """All of it, by subject."""

    uploads: Uploads
    checks: Checks
    access: Access
    holds: Holds
    removals: Removals
    exports: Exports
