"""Guesses in an open session: wrong codes and passwords of who is signed in are failures of the account like those of who signs in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from chassis.transaction import Begin, Transaction, atomic
from contracts.identity import SecurityAlertKind, SecurityAlertRaised
from services.identity.domain.access_log import Action
from services.identity.domain.people import Person
from services.identity.domain.sign_ins import FailurePolicy, TooManyGuesses
from services.identity.gateways.hashing import Passwords, Secrets
from services.identity.repository.people import PersonRepository
from services.identity.repository.throttles import FailureRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.sessions import main_role

Guessed = Literal["step-up", "present-password"]
"""What is guessed at. Each has a count of its own: a right code forgives no wrong passwords."""
GUESSED: tuple[Guessed, ...] = ("step-up", "present-password")


def guesses_key(secrets: Secrets, guessed: Guessed, person_id: UUID) -> bytes:
    """By which the guesses in somebody's sessions are counted."""
    return secrets.digest(guessed, str(person_id))


@dataclass(frozen=True, slots=True)
class Guesses:
    """How many there were lately, and what follows."""

    failures: FailureRepository
    secrets: Secrets
    policy: FailurePolicy

    async def check(self, tx: Transaction, guessed: Guessed, person_id: UUID, at: datetime) -> None:
        """Raises `TooManyGuesses`."""
        failures = await self.failures.get(tx, guesses_key(self.secrets, guessed, person_id))
        failures.check_lock(at, TooManyGuesses, "Слишком много неверных попыток. Подтвердить действие пока нельзя, попробуйте позже.")

    async def count(self, tx: Transaction, guessed: Guessed, person_id: UUID, at: datetime) -> None:
        """A wrong one counts against further ones, and against the account's sign-ins; its owner is told once it is locked.

        They are two counts, because anybody can lock the sign-ins of an account they know of: that must not stop who is signed in.
        """
        own = (await self.failures.get(tx, guesses_key(self.secrets, guessed, person_id))).begun(at, self.policy)
        before = await self.failures.get(tx, self.secrets.digest("account", str(person_id)))
        after = before.begun(at, self.policy)
        for failures in (own, after):
            await self.failures.save(tx, failures, at=at)
        if after.is_locked(at) and not before.is_locked(at):
            locked = SecurityAlertKind.ACCOUNT_LOCKED
            await tx.publish(SecurityAlertRaised(occurred_at=at, person_id=person_id, kind=locked))

    async def forgive(self, tx: Transaction, guessed: Guessed, person_id: UUID, at: datetime) -> None:
        """It was the right person."""
        await self.failures.forgive(tx, guesses_key(self.secrets, guessed, person_id), at=at)


@dataclass(frozen=True, slots=True)
class PresentPassword:
    """The password of who is signed in, asked for again before what it protects."""

    begin: Begin
    people: PersonRepository
    passwords: Passwords
    guesses: Guesses
    access: AccessUseCases
    now: Callable[[], datetime]

    async def proved(self, person_id: UUID, password: str, action: Action, origin: Origin) -> Person | None:
        """The account if the password is its own; None for a wrong one, which is counted and noted as a refusal of the action.

        Raises `TooManyGuesses`. What the password allows begins with `accept`.
        """
        person = await self._person(person_id)
        if await self.passwords.verify(password, person.password_hash):
            return person
        await self._refuse(person, action, origin)
        return None

    async def accept(self, tx: Transaction, person_id: UUID) -> None:
        """Forgive wrong passwords. Raises `TooManyGuesses` also here: guesses sent at once get no more tries than one after another."""
        at = self.now()
        await self.guesses.check(tx, "present-password", person_id, at)
        await self.guesses.forgive(tx, "present-password", person_id, at)

    @atomic
    async def _person(self, person_id: UUID) -> Person:
        async with self.begin(is_last=False) as tx:
            await self.guesses.check(tx, "present-password", person_id, self.now())
            return await self.people.get(tx, person_id)

    @atomic
    async def _refuse(self, person: Person, action: Action, origin: Origin) -> None:
        at, role = self.now(), main_role(person.roles)
        async with self.begin(is_last=False) as tx:
            await self.guesses.check(tx, "present-password", person.id, at)
            await self.guesses.count(tx, "present-password", person.id, at)
            await self.access.note(tx, action, person.id, actor_id=person.id, actor_role=role, origin=origin, outcome="refused")
