"""Those who work here: added, changed, deactivated and helped by administrators."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from chassis.errors import PreconditionFailed
from chassis.transaction import Begin, Transaction, atomic
from contracts.identity import SecurityAlertKind, SecurityAlertRaised, StaffMemberAdded, StaffMemberDeactivated
from contracts.roles import Role
from services.identity.domain.access_log import Action
from services.identity.domain.fields import Findings
from services.identity.domain.passwords import PasswordPolicy
from services.identity.domain.people import AdministratorExists, Person, Status
from services.identity.domain.staff import LastAdministrator, StaffChange, check_factor_reset, check_staff, with_change, without_access
from services.identity.gateways.hashing import Passwords
from services.identity.repository.factors import FactorRepository
from services.identity.repository.passkeys import PasskeyRepository
from services.identity.repository.people import PersonRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.registration import contacts_of
from services.identity.usecases.sessions import SessionUseCases


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffDraft:
    """Somebody who is to work here."""

    surname: str = field(repr=False)
    given_name: str = field(repr=False)
    patronymic: str | None = field(default=None, repr=False)
    email: str = field(repr=False)
    phone: str = field(repr=False)
    roles: frozenset[Role]
    specialty_codes: tuple[str, ...] = ()
    workplace_ogrn: str | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """Which administrator acts, from where."""

    administrator_id: UUID
    origin: Origin


@dataclass(frozen=True, slots=True)
class StaffUseCases:
    """Accounts of staff."""

    begin: Begin
    people: PersonRepository
    factors: FactorRepository
    passkeys: PasskeyRepository
    sessions: SessionUseCases
    access: AccessUseCases
    passwords: Passwords
    password_policy: PasswordPolicy
    now: Callable[[], datetime]

    async def add(self, draft: StaffDraft, *, administrator_id: UUID, origin: Origin) -> UUID:
        """The new member's id. Nobody knows a password of theirs: told by e-mail, they set it by the way of a forgotten one.

        Raises `InvalidFields`, `RolesRefused`, `AlreadyRegistered`.
        """
        person = self._checked(draft).with_password(await self.passwords.hash_of_nothing_known())
        await self._add(person, administrator_id, origin)
        return person.id

    async def add_first_administrator(self, draft: StaffDraft, password: str) -> UUID:
        """For the command line of whoever runs the system. Raises `AdministratorExists` once there is one, and what `add` raises."""
        person = self._checked(draft)
        findings = Findings()
        findings.check("/password", lambda value: self.password_policy.check(value, person.own_data()), password)
        findings.raise_any()
        person = person.with_password(await self.passwords.hash(password))
        await self._add_first(person)
        return person.id

    @atomic
    async def page(
        self, deed: Deed, *, role: Role | None, is_active: bool | None, limit: int, after: tuple[datetime, UUID] | None
    ) -> tuple[list[Person], bool]:
        """Members, the newest first, and whether more follow. Each sees in their access log that an administrator saw them."""
        async with self.begin() as tx:
            found = await self.people.staff(tx, role=role, is_active=is_active, limit=limit + 1, after=after)
            for person in found[:limit]:
                await self._note(tx, Action.STAFF_READ, person, deed)
        return found[:limit], len(found) > limit

    @atomic
    async def get(self, staff_id: UUID, deed: Deed) -> Person:
        """One member. Raises `NoSuchPerson`, also for somebody who does not work here."""
        async with self.begin() as tx:
            person = await self.people.staff_member(tx, staff_id)
            await self._note(tx, Action.STAFF_READ, person, deed)
        return person

    @atomic
    async def change(self, staff_id: UUID, change: StaffChange, deed: Deed, *, expected_version: int) -> Person:
        """The member with other roles, specialties or workplace; changed roles end the member's sessions, which carry the old ones.

        Raises `NoSuchPerson`, `PreconditionFailed`, `RolesRefused`, `InvalidFields`, `StaffDeactivated`, `OwnAdministratorRole`,
        `LastAdministrator`.
        """
        async with self.begin() as tx:
            person = await self.people.staff_member(tx, staff_id)
            if person.version != expected_version:
                raise PreconditionFailed("Учётная запись изменилась с тех пор, как вы её открыли. Откройте её ещё раз.")
            changed = with_change(person, change, by=deed.administrator_id)
            if changed == person:
                return person
            await self._keep_an_administrator(tx, person, changed)
            changed = await self.people.save(tx, changed)
            await self._publish(tx, changed)
            if changed.roles != person.roles:
                await self._end_sessions(tx, changed, deed)
                await self._tell(tx, changed, SecurityAlertKind.ROLES_CHANGED)
            await self._note(tx, Action.STAFF_CHANGED, changed, deed)
        return changed

    @atomic
    async def deactivate(self, staff_id: UUID, deed: Deed) -> Person:
        """The member may sign in no more, and every session ends. Doing it again changes nothing.

        Raises `NoSuchPerson`, `OwnDeactivation`, `LastAdministrator`.
        """
        at = self.now()
        async with self.begin() as tx:
            person = await self.people.staff_member(tx, staff_id)
            deactivated = without_access(person, by=deed.administrator_id, at=at)
            if deactivated is person:
                return person
            await self._keep_an_administrator(tx, person, deactivated)
            deactivated = await self.people.save(tx, deactivated)
            await tx.publish(StaffMemberDeactivated(occurred_at=at, version=deactivated.version, staff_id=staff_id))
            await tx.publish(contacts_of(deactivated, at))
            await self._end_sessions(tx, deactivated, deed)
            await self._tell(tx, deactivated, SecurityAlertKind.ACCOUNT_DEACTIVATED)
            await self._note(tx, Action.STAFF_DEACTIVATED, deactivated, deed)
        return deactivated

    @atomic
    async def activate(self, staff_id: UUID, deed: Deed) -> Person:
        """The member may sign in again, with the roles held before. Raises `NoSuchPerson`."""
        async with self.begin() as tx:
            person = await self.people.staff_member(tx, staff_id)
            if person.deactivated_at is None:
                return person
            activated = await self.people.save(tx, person.activated())
            await self._publish(tx, activated)
            await self._tell(tx, activated, SecurityAlertKind.ACCOUNT_ACTIVATED)
            await self._note(tx, Action.STAFF_ACTIVATED, activated, deed)
        return activated

    @atomic
    async def reset_factors(self, staff_id: UUID, deed: Deed) -> None:
        """Forget the factors of a member who lost them: sessions end, the next sign-in is by SMS and sets up a new one.

        Raises `NoSuchPerson`, `OwnFactorReset`.
        """
        async with self.begin() as tx:
            person = await self.people.staff_member(tx, staff_id)
            check_factor_reset(person, by=deed.administrator_id)
            factors = await self.factors.get(tx, staff_id)
            if factors.version:
                await self.factors.save(tx, factors.emptied())
            await self.passkeys.remove_all(tx, staff_id)
            await self._end_sessions(tx, person, deed)
            await self._tell(tx, person, SecurityAlertKind.FACTORS_RESET)
            await self._note(tx, Action.FACTORS_RESET, person, deed)

    def _checked(self, draft: StaffDraft) -> Person:
        return check_staff(
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

    @atomic
    async def _add(self, person: Person, administrator_id: UUID, origin: Origin) -> None:
        async with self.begin() as tx:
            await self._insert(tx, person, administrator_id, origin)
            await self._tell(tx, person, SecurityAlertKind.ACCOUNT_OPENED)

    @atomic
    async def _add_first(self, person: Person) -> None:
        async with self.begin() as tx:
            if await self.people.has_staff(tx, Role.ADMINISTRATOR):
                raise AdministratorExists("Администратор уже есть; новых сотрудников добавляет он.")
            await self._insert(tx, person, None, Origin())

    async def _insert(self, tx: Transaction, person: Person, administrator_id: UUID | None, origin: Origin) -> None:
        person = await self.people.add(tx, person)
        await self._publish(tx, person)
        await self.access.note(
            tx,
            Action.STAFF_ADDED,
            person.id,
            actor_id=administrator_id,
            actor_role=Role.ADMINISTRATOR,
            origin=origin,
            record=f"staff:{person.id}",
        )

    async def _publish(self, tx: Transaction, person: Person) -> None:
        """The member's whole state; consumers keep the newest, so a change is told like the beginning."""
        at = self.now()
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

    async def _keep_an_administrator(self, tx: Transaction, before: Person, after: Person) -> None:
        """Raises `LastAdministrator` when nobody would be left to undo it; two who remove each other conflict, and one is refused."""
        if before.administers and not after.administers and await self.people.hold_other_administrators(tx, before.id) == 0:
            raise LastAdministrator("Это последний действующий администратор. Сначала назначьте другого.")

    async def _end_sessions(self, tx: Transaction, person: Person, deed: Deed) -> None:
        await self.sessions.cut_off(tx, person.id, administrator_id=deed.administrator_id, origin=deed.origin)

    async def _tell(self, tx: Transaction, person: Person, kind: SecurityAlertKind) -> None:
        await tx.publish(SecurityAlertRaised(occurred_at=self.now(), person_id=person.id, kind=kind))

    async def _note(self, tx: Transaction, action: Action, person: Person, deed: Deed) -> None:
        await self.access.note(
            tx,
            action,
            person.id,
            actor_id=deed.administrator_id,
            actor_role=Role.ADMINISTRATOR,
            origin=deed.origin,
            record=f"staff:{person.id}",
        )
