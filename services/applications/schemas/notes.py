"""Notes as colleagues see them."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from services.applications.domain.notes import Note


class NoteOut(BaseModel):
    """A note; people see roles, not names."""

    id: UUID
    at: datetime
    by: str
    is_own: bool
    text: str

    @classmethod
    def of(cls, note: Note, reader_id: UUID) -> Self:
        """From the domain."""
        return cls(id=note.id, at=note.at, by=note.author_role, is_own=note.author_id == reader_id, text=note.text)
