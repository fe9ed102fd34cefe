"""Accounts: one's own profile, and staff made by administrators."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from chassis.transaction import Begin, atomic
from contracts.identity import StaffMemberAdded
from contracts.roles import Role
from services.identity.domain.access_log import Action
from services.identity.domain.fields import Findings
from services.identity.domain.passwords import PasswordPolicy
from services.identity.domain.people import AdministratorExists, Person, Status, check_staff
from services.identity.gateways.hashing import Passwords
from services.identity.repository.people import PersonRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.registration import contacts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffDraft:
    """Somebody who is to work here."""

    surname: str = field(repr=False)
    given_name: str = field(repr=False)
    patronymic: str | None = field(default=None, repr=False)
    email: str = field(repr=False)
    phone: str = field(repr=False)
    password: str = field(repr=False)
    roles: frozenset[Role]
    specialty_codes: tuple[str, ...] = ()
    workplace_ogrn: str | None = None


@dataclass(frozen=True, slots=True)
class PeopleUseCases:
    """Who has an account."""

    begin: Begin
    people: PersonRepository
    access: AccessUseCases
    passwords: Passwords
    password_policy: PasswordPolicy
    now: Callable[[], datetime]

    @atomic
    async def get(self, person_id: UUID) -> Person:
        """Somebody's own account. Raises `NoSuchPerson`."""
        async with self.begin() as tx:
            return await self.people.get(tx, person_id)

    async def add_staff(self, draft: StaffDraft, *, administrator_id: UUID, origin: Origin) -> UUID:
        """The new member's id. Raises `InvalidFields`, `RolesRefused`, `AlreadyRegistered`."""
        person = await self._checked(draft)
        await self._add(person, administrator_id, origin, only_first=False)
        return person.id

    async def add_first_administrator(self, draft: StaffDraft) -> UUID:
        """For the command line of whoever runs the system. Raises `AdministratorExists` once there is one, and what `add_staff` raises."""
        person = await self._checked(draft)
        await self._add(person, None, Origin(), only_first=True)
        return person.id

    async def _checked(self, draft: StaffDraft) -> Person:
        person = check_staff(
            Person(
                id=uuid4(),
                roles=draft.roles,
                status=Status.STAFF,
                phone=draft.phone,
                email=draft.email,
                given_name=draft.given_name,
                patronymic=draft.patronymic,
                surname=draft.surname,
                password_hash="",
                created_at=self.now(),
                specialty_codes=draft.specialty_codes,
                workplace_ogrn=draft.workplace_ogrn,
            )
        )
        findings = Findings()
        findings.check("/password", lambda value: self.password_policy.check(value, person.own_data()), draft.password)
        findings.raise_any()
        return person.with_password(await self.passwords.hash(draft.password))

    @atomic
    async def _add(self, person: Person, administrator_id: UUID | None, origin: Origin, *, only_first: bool) -> None:
        at = self.now()
        async with self.begin() as tx:
            if only_first and await self.people.has_staff(tx, Role.ADMINISTRATOR):
                raise AdministratorExists("Администратор уже есть; новых сотрудников добавляет он.")
            person = await self.people.add(tx, person)
            await tx.publish(
                StaffMemberAdded(
                    occurred_at=at,
                    version=person.version,
                    staff_id=person.id,
                    roles=tuple(sorted(person.roles)),
                    specialty_codes=person.specialty_codes,
                    workplace_ogrn=person.workplace_ogrn,
                )
            )
            await tx.publish(contacts_of(person, at))
            await self.access.note(
                tx,
                Action.STAFF_ADDED,
                person.id,
                actor_id=administrator_id,
                actor_role=Role.ADMINISTRATOR,
                origin=origin,
                record=f"staff:{person.id}",
            )
