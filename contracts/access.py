"""Facts about who looked at whose personal data; any service states them, identity chains them into the access log."""

from typing import ClassVar
from uuid import UUID

from contracts.base import Event
from contracts.roles import Role
from contracts.sealed import Sealed


class PersonalDataRead(Event):
    """Somebody other than the person read a record about the person."""

    type: ClassVar[str] = "access.personal-data-read.v1"
    reader_id: UUID
    reader_role: Role
    subject_id: UUID
    service: str
    record: str
    """What was read, as `<kind>:<id>`, for example `application:…` or `document:…`."""
    purpose: str
    """Why, as a stable code such as `review` or `support-ticket`."""
    address: Sealed[str | None] = None
    """Network address of the reader."""
