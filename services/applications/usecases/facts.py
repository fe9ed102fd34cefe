"""Keeping what identity tells."""

from dataclasses import dataclass
from uuid import UUID

from chassis.transaction import Transaction, atomic
from contracts.identity import (
    ContactsChanged,
    CorrectionOverdue,
    PortalConfirmed,
    ProfileChanged,
    ProfileRefused,
    ProfileVerified,
    RegistrationLapsed,
    StaffMemberAdded,
    StaffMemberDeactivated,
)
from contracts.roles import Role
from services.applications.domain.facts import Practitioner, StaffMember
from services.applications.domain.proposals import propose
from services.applications.domain.states import MOVES, Move
from services.applications.usecases.base import Room


@dataclass(frozen=True, slots=True)
class Facts(Room):
    """Read models of people."""

    @atomic
    async def keep_verified(self, event: ProfileVerified) -> None:
        """The registries confirmed a profile. What is open and handed in stays as it is; its judge sees what changed."""
        async with self.begin(handling=event) as tx:
            before = await self.facts.practitioner(event.practitioner_id, tx=tx)
            if await self.facts.keep_verified(tx, event.practitioner_id, event.version, event.facts.model_dump(mode="json")):
                await self._propose(tx, before, event.version)

    @atomic
    async def keep_refused(self, event: ProfileRefused) -> None:
        """The registries disagree with a profile."""
        async with self.begin(handling=event) as tx:
            await self.facts.keep_unverified(tx, event.practitioner_id, event.version)

    @atomic
    async def keep_profile_changed(self, event: ProfileChanged) -> None:
        """A profile has a new version; nobody applies with one the registries have yet to confirm."""
        async with self.begin(handling=event) as tx:
            if event.is_to_be_verified:
                await self.facts.keep_unverified(tx, event.practitioner_id, event.version)

    @atomic
    async def keep_correction_overdue(self, event: CorrectionOverdue) -> None:
        """A refused profile was not corrected in time."""
        async with self.begin(handling=event) as tx:
            await self.facts.keep_unverified(tx, event.practitioner_id, event.version, is_overdue=True)

    @atomic
    async def keep_contacts(self, event: ContactsChanged) -> None:
        """How to reach a practitioner; staff do not apply."""
        async with self.begin(handling=event) as tx:
            if Role.PRACTITIONER in event.roles:
                contacts = {"phone": event.phone, "email": event.email}
                before = await self.facts.practitioner(event.person_id, tx=tx)
                if await self.facts.keep_contacts(tx, event.person_id, event.version, contacts):
                    await self._propose(tx, before, event.version)

    async def _propose(self, tx: Transaction, before: Practitioner | None, version: int) -> None:
        """Lay what the profile says now beside each application that is open and handed in; whose colleague that makes holds it no more."""
        now = None if before is None else await self.facts.practitioner(before.id, tx=tx)
        if before is None or now is None or before.facts is None or now.facts is None:
            return
        rows = [row async for row in self.applications.all_rows(before.id)]
        for row in (row for row in rows if row.state in MOVES[Move.PROPOSE].ways):
            read = await self.applications.get_any(row.id, tx=tx)
            proposed = propose(read, before.facts, now.facts, profile_version=version, at=self.now())
            if proposed is not read:
                await (self._keep if proposed.proposals[-1].is_contact_only else self._move)(tx, proposed, read=read)
                await self._free(tx, proposed)

    @atomic
    async def keep_portal_confirmed(self, event: PortalConfirmed) -> None:
        """The state portal confirmed a practitioner: no uploaded confirmation is needed."""
        async with self.begin(handling=event) as tx:
            await self.facts.keep_portal_confirmed(tx, event.practitioner_id, event.provider, event.confirmed_at)

    @atomic
    async def forget_lapsed(self, event: RegistrationLapsed) -> None:
        """Nobody registered: what documents told of the scans is of no use."""
        async with self.begin(handling=event) as tx:
            await tx.forget(event.owner_id)
            await self.facts.forget(tx, event.owner_id)

    async def keep_staff_member(self, event: StaffMemberAdded) -> None:
        """Somebody works here from now on, or does other work: what they hold and review no more is free for others."""
        member = StaffMember(event.staff_id, event.version, frozenset(event.roles), frozenset(event.specialty_codes), event.workplace_ogrn)
        await self._follow_staff(event, member)

    async def forget_staff_member(self, event: StaffMemberDeactivated) -> None:
        """Somebody works here no more: no role, no specialty, and what they hold is free for others."""
        await self._follow_staff(event, StaffMember(event.staff_id, event.version, frozenset(), frozenset(), None))

    async def _follow_staff(self, event: StaffMemberAdded | StaffMemberDeactivated, member: StaffMember) -> None:
        """First nothing more can be claimed, then what is held is freed, one transaction each; the whole bears repetition."""
        await self._keep_member(member)
        async for application_id in self.applications.held_by(member.id):
            await self._free_one(application_id)
        await self._note_staff(event)

    @atomic
    async def _keep_member(self, member: StaffMember) -> None:
        async with self.begin(is_last=False) as tx:
            await self.facts.keep_staff_member(tx, member)

    @atomic
    async def _free_one(self, application_id: UUID) -> None:
        async with self.begin(is_last=False) as tx:
            await self._free(tx, await self.applications.get_any(application_id, tx=tx))

    @atomic
    async def _note_staff(self, event: StaffMemberAdded | StaffMemberDeactivated) -> None:
        async with self.begin(handling=event):
            pass  # the work is done
