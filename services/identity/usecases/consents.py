"""One's own consents: seeing them, agreeing to newer versions, withdrawing them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis.transaction import Begin, Transaction, atomic
from contracts.roles import Role
from services.identity.domain.access_log import Action
from services.identity.domain.consents import ConsentKept, Consents, ErasureUnconfirmed, Withdrawal, agreed, due, misses, withdrawn
from services.identity.domain.erasure import Erasure
from services.identity.domain.people import Person
from services.identity.repository.people import PersonRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.erasure import ErasureUseCases


@dataclass(frozen=True, slots=True)
class ConsentRules:
    """Which documents need consent in which version, and what withdrawing does where it is not simply allowed."""

    required: Mapping[str, str]
    withdrawals: Mapping[str, Withdrawal]


@dataclass(frozen=True, slots=True)
class ConsentView:
    """All consents of a person and the documents, with versions, the person is to be asked for.

    `erasure` is the request that a withdrawal began, `cancelled` the one that giving the consent again ended.
    """

    consents: Consents
    due: Mapping[str, str]
    erasure: Erasure | None = None
    cancelled: Erasure | None = None


@dataclass(frozen=True, slots=True)
class ConsentUseCases:
    """Agreeing and withdrawing."""

    begin: Begin
    people: PersonRepository
    erasure: ErasureUseCases
    access: AccessUseCases
    rules: ConsentRules
    now: Callable[[], datetime]

    def due(self, person: Person) -> Mapping[str, str]:
        """What the person is to be asked for; staff agree to nothing here."""
        return due(person.consents, self.rules.required) if Role.PRACTITIONER in person.roles else {}

    @atomic
    async def own(self, person_id: UUID) -> ConsentView:
        """Every consent ever given, with its time and address."""
        async with self.begin() as tx:
            person = await self.people.get(tx, person_id)
        return ConsentView(person.consents, self.due(person))

    @atomic
    async def agree(self, person_id: UUID, given: Mapping[str, str], origin: Origin) -> ConsentView:
        """Agree to documents in their required versions; repeating it changes nothing. Raises `InvalidFields`, `TooManyConsents`.

        Who gives a consent again wants to stay: an erasure that its withdrawal began is cancelled, and the person is told.
        """
        cancelled = None
        async with self.begin() as tx:
            person = await self.people.get(tx, person_id)
            consents = agreed(person.consents, given, self.rules.required, at=self.now(), address=origin.address)
            fresh = consents[len(person.consents) :]
            if fresh:
                person = await self.people.save(tx, replace(person, consents=consents))
            for consent in fresh:
                await self._note(tx, Action.CONSENT_GIVEN, person_id, f"{consent.document}:{consent.version}", origin)
            if fresh and not misses(person.consents, self.rules.withdrawals):
                cancelled = await self.erasure.take_back(tx, person_id, origin)
        return ConsentView(person.consents, self.due(person), cancelled=cancelled)

    @atomic
    async def withdraw(self, person_id: UUID, document: str, *, is_erasure_confirmed: bool, origin: Origin) -> ConsentView:
        """Withdraw agreement to a document, and start the erasure if there is no keeping the account without it.

        Raises `NoSuchConsent`, `ConsentKept`, `ErasureUnconfirmed`.
        """
        effect = self.rules.withdrawals.get(document, Withdrawal.ALLOWED)
        async with self.begin() as tx:
            person = await self.people.get(tx, person_id)
            consents = withdrawn(person.consents, document, at=self.now())
            if effect is Withdrawal.REFUSED:
                raise ConsentKept("Без этого согласия нет кабинета. Чтобы закрыть учётную запись, запросите удаление данных.")
            if effect is Withdrawal.ERASES and not is_erasure_confirmed:
                raise ErasureUnconfirmed("Вместе с этим согласием удаляются учётная запись и данные. Подтвердите, что хотите этого.")
            person = await self.people.save(tx, replace(person, consents=consents))
            await self._note(tx, Action.CONSENT_WITHDRAWN, person_id, document, origin)
            erasure = await self._begun(tx, person, origin) if effect is Withdrawal.ERASES else None
        return ConsentView(person.consents, self.due(person), erasure)

    async def _begun(self, tx: Transaction, person: Person, origin: Origin) -> Erasure:
        return await self.erasure.ensure(tx, person, origin, is_of_withdrawal=True)

    async def _note(self, tx: Transaction, action: Action, person_id: UUID, what: str, origin: Origin) -> None:
        role, record = Role.PRACTITIONER, f"consent:{what}"
        await self.access.note(tx, action, person_id, actor_id=person_id, actor_role=role, origin=origin, record=record)
