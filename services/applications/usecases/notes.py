"""Notes of the staff for each other."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID, uuid4

from chassis.paging import PageRequest
from chassis.transaction import Transaction, atomic
from contracts.roles import Role
from services.applications.domain.errors.application import ApplicationNotFound
from services.applications.domain.notes import Note
from services.applications.usecases.base import Room


@dataclass(frozen=True, slots=True)
class Notes(Room):
    """Whoever holds the application, and the registrar at whose desk it is, write and read."""

    @atomic
    async def add_note(self, application_id: UUID, author_id: UUID, roles: frozenset[Role], text: str) -> Note:
        """Write one down. Raises `ApplicationNotFound` for an application that is not theirs to work on."""
        async with self.begin() as tx:
            role = await self._worked_on_as(application_id, author_id, roles, tx=tx)
            note = Note(uuid4(), application_id, author_id, role, self.now(), text)
            await self.notes.add(tx, note)
        return note

    async def list_notes(
        self, application_id: UUID, reader_id: UUID, roles: frozenset[Role], page: PageRequest
    ) -> tuple[list[Note], str | None]:
        """What was written, the newest first. Raises `ApplicationNotFound` for an application that is not theirs to work on."""
        await self._worked_on_as(application_id, reader_id, roles)
        return await self.notes.list_newest(application_id, page)

    async def _worked_on_as(self, application_id: UUID, member_id: UUID, roles: frozenset[Role], *, tx: Transaction | None = None) -> Role:
        """In which of their roles the application is theirs: no application is with a reviewer and at the registrar's desk at once."""
        if Role.REVIEWER in roles:
            with suppress(ApplicationNotFound):
                await self.applications.get_held(application_id, member_id, tx=tx)
                return Role.REVIEWER
        if Role.REGISTRAR in roles:
            await self.applications.get_for_registrar(application_id, tx=tx)
            return Role.REGISTRAR
        raise ApplicationNotFound("Такого заявления нет.")
