"""Accounts as their owners see them, and the help of those who are locked out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.transaction import Begin, Transaction, atomic
from contracts.identity import SecurityAlertKind, SecurityAlertRaised
from contracts.roles import Role
from services.identity.domain.access_log import Action
from services.identity.domain.people import LicenceSignIn, NoSuchPerson, Person, Status
from services.identity.domain.sign_ins import identifier_candidates, normalised_identifier
from services.identity.domain.unlocking import UnlockReason, typed_identifiers
from services.identity.gateways.hashing import Secrets
from services.identity.repository.people import PersonRepository
from services.identity.repository.throttles import FailureRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.guesses import GUESSED, guesses_key


@dataclass(frozen=True, slots=True)
class Unlocking:
    """Who helps, in which role, from where, why, and the ticket it was asked for in."""

    actor_id: UUID
    actor_role: Role
    origin: Origin
    reason: UnlockReason
    ticket_number: str | None = None

    @property
    def purpose(self) -> str:
        """For the access log."""
        return str(self.reason) if self.ticket_number is None else f"{self.reason} {self.ticket_number}"


@dataclass(frozen=True, slots=True)
class PeopleUseCases:
    """Who has an account."""

    begin: Begin
    people: PersonRepository
    failures: FailureRepository
    access: AccessUseCases
    secrets: Secrets
    now: Callable[[], datetime]

    @atomic
    async def get(self, person_id: UUID) -> Person:
        """Somebody's own account. Raises `NoSuchPerson`."""
        async with self.begin() as tx:
            return await self.people.get(tx, person_id)

    async def licence_sign_in(self, person: Person) -> LicenceSignIn | None:
        """Whether the person signs in by their licence, by the very look-up that sign-in does; None for who states no licence.

        That a number is held by two is told to whom the registry confirmed it for, never to who tries numbers.
        """
        if person.profile is None:
            return None
        if person.status is not Status.VERIFIED:
            return LicenceSignIn.UNCONFIRMED
        licence = person.profile.licence
        typed = (licence.series + licence.number, licence.number)
        found = [await self.people.credentials(None, identifier_candidates(text)) for text in typed]
        with_series, alone = (one is not None and one.person_id == person.id for one in found)
        if not with_series:
            return LicenceSignIn.SHARED
        return LicenceSignIn.WORKS if alone else LicenceSignIn.WITH_SERIES

    @atomic
    async def unlock(self, person_id: UUID, unlocking: Unlocking) -> None:
        """Forget the failures of the account and of everything it signs in with; the owner is told.

        Raises `NoSuchPerson`, also when a support agent asks for somebody who works here: those are the administrators' to help.
        """
        at = self.now()
        async with self.begin() as tx:
            person = await self.people.get(tx, person_id)
            if person.status is Status.STAFF and unlocking.actor_role is not Role.ADMINISTRATOR:
                raise NoSuchPerson("Учётная запись не найдена.")
            for key in self._keys(person):
                failures = await self.failures.get(tx, key)
                if failures.version:
                    await self.failures.save(tx, failures.forgiven(), at=at)
            await self._note(tx, Action.UNLOCKED, person_id, unlocking)
            unlocked = SecurityAlertKind.ACCOUNT_UNLOCKED
            await tx.publish(SecurityAlertRaised(occurred_at=at, person_id=person_id, kind=unlocked))

    @atomic
    async def reopen(self, person_id: UUID, reopening: Unlocking) -> None:
        """Let somebody sign in again who closed their account while it is kept; the owner is told. The erasure stays asked for.

        Raises `NoSuchPerson`, `AccountNotClosed`.
        """
        async with self.begin() as tx:
            await self.people.save(tx, (await self.people.get(tx, person_id)).reopened())
            await self._note(tx, Action.ACCOUNT_REOPENED, person_id, reopening)
            told = SecurityAlertKind.ACCOUNT_REOPENED
            await tx.publish(SecurityAlertRaised(occurred_at=self.now(), person_id=person_id, kind=told))

    async def _note(self, tx: Transaction, action: Action, person_id: UUID, helping: Unlocking) -> None:
        await self.access.note(
            tx,
            action,
            person_id,
            actor_id=helping.actor_id,
            actor_role=helping.actor_role,
            origin=helping.origin,
            purpose=helping.purpose,
        )

    def _keys(self, person: Person) -> list[bytes]:
        in_sessions = (guesses_key(self.secrets, guessed, person.id) for guessed in GUESSED)
        of_account = [self.secrets.digest("account", str(person.id)), *in_sessions]
        typed = dict.fromkeys(normalised_identifier(identifier) for identifier in typed_identifiers(person))
        return [*of_account, *(self.secrets.digest("identifier", identifier) for identifier in typed)]
