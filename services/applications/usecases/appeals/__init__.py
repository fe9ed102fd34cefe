"""Appeals: filing and reading them, judging them, their terms."""

from dataclasses import dataclass

from services.applications.usecases.appeals.base import OpenedAppeal, Viewer
from services.applications.usecases.appeals.filing import Filing
from services.applications.usecases.appeals.judging import Judging
from services.applications.usecases.appeals.packing import Packing
from services.applications.usecases.appeals.rights import Rights

__all__ = ["Appeals", "OpenedAppeal", "Viewer"]


@dataclass(frozen=True, slots=True)
class Appeals(Filing, Packing, Judging, Rights):
    """Everything about appeals."""
