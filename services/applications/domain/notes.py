"""Notes of the staff for each other; no applicant ever sees one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.roles import Role


@dataclass(frozen=True, slots=True)
class Note:
    """What one of the staff wrote down about an application."""

    id: UUID
    application_id: UUID
    author_id: UUID
    author_role: Role
    at: datetime
    text: str
