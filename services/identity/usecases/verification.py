"""Comparing a practitioner's profile with the state registries; a registry that is down delays, never fails."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.transaction import Begin, atomic
from contracts.identity import VerificationRequested
from contracts.roles import Role
from services.identity.domain import fields
from services.identity.domain.access_log import Action
from services.identity.domain.fields import Findings
from services.identity.domain.people import NoSuchPerson, NotEscalated, Person, Status
from services.identity.domain.verification import Registry, RegistryAnswer, Verification, WrongField
from services.identity.gateways.registries import Registries, asks_about
from services.identity.repository.people import PersonRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.verdicts import Verdicts, request


@dataclass(frozen=True, slots=True)
class VerificationUseCases:
    """From a stated profile to a verified one."""

    begin: Begin
    people: PersonRepository
    registries: Registries
    access: AccessUseCases
    verdicts: Verdicts
    now: Callable[[], datetime]

    async def verify(self, event: VerificationRequested) -> None:
        """Ask the registries that have not answered yet, outside any transaction, and draw the conclusion in one."""
        try:
            person = await self._person(event.practitioner_id)
        except NoSuchPerson:  # erased meanwhile
            await self._pass_over(event)
            return
        verification = person.verification
        if verification is None or _is_over(verification, event):
            await self._pass_over(event)
            return
        await self._conclude(event, await self.registries.check(person, verification.unanswered))

    @atomic
    async def _person(self, person_id: UUID) -> Person:
        async with self.begin() as tx:
            return await self.people.get(tx, person_id)

    @atomic
    async def _pass_over(self, event: VerificationRequested) -> None:
        async with self.begin(handling=event):
            pass

    @atomic
    async def _conclude(self, event: VerificationRequested, answers: Mapping[Registry, RegistryAnswer]) -> None:
        at = self.now()
        async with self.begin(handling=event) as tx:
            person = await self.people.get(tx, event.practitioner_id)
            if person.verification is None or _is_over(person.verification, event):
                return
            verification = self.verdicts.with_term(person.verification.attempted(event.attempt, answers, at), at)
            person = await self.people.save(tx, person.verifying(verification))
            await self.verdicts.follow(tx, person, at)

    @atomic
    async def queue(self, *, limit: int, after: tuple[Any, ...] | None) -> list[Person]:
        """Practitioners whose registries kept silent, the longest wait first."""
        async with self.begin() as tx:
            return await self.people.escalated(tx, limit=limit, after=after)

    @atomic
    async def renew(self, practitioner_id: UUID, *, administrator_id: UUID, origin: Origin) -> Verification:
        """Ask the silent registries again, for another full term. Raises `NotEscalated`."""
        at = self.now()
        async with self.begin() as tx:
            person = await self.people.get(tx, practitioner_id)
            if person.verification is None or person.status is not Status.ESCALATED:
                raise NotEscalated("Проверка этого профиля не ждёт решения администратора.")
            renewed = person.verification.renewed(at, at + self.verdicts.rules.limit)
            await self.people.save(tx, person.verifying(renewed))
            await tx.publish(request(practitioner_id, renewed, at))
            await self.access.note(
                tx,
                Action.VERIFICATION_RENEWED,
                practitioner_id,
                actor_id=administrator_id,
                actor_role=Role.ADMINISTRATOR,
                origin=origin,
                record=f"practitioner:{practitioner_id}",
            )
        return renewed

    @atomic
    async def decide(
        self, practitioner_id: UUID, wrong_fields: Sequence[str], reason: str, *, administrator_id: UUID, origin: Origin
    ) -> Verification:
        """Answer for the silent registries by hand: they disagree with the fields named and with nothing else.

        Raises `NotEscalated`, `InvalidFields` (a field no silent registry was asked about, an empty reason).
        """
        at = self.now()
        async with self.begin() as tx:
            person = await self.people.get(tx, practitioner_id)
            if person.verification is None or person.status is not Status.ESCALATED:
                raise NotEscalated("Проверка этого профиля не ждёт решения администратора.")
            wrong, said = _found_by_hand(person, person.verification, wrong_fields, reason)
            decided = self.verdicts.with_term(person.verification.decided(wrong, administrator_id, at), at)
            person = await self.people.save(tx, person.verifying(decided))
            await self.verdicts.follow(tx, person, at, reason=said)
            await self.access.note(
                tx,
                Action.VERIFICATION_DECIDED,
                practitioner_id,
                actor_id=administrator_id,
                actor_role=Role.ADMINISTRATOR,
                origin=origin,
                record=f"practitioner:{practitioner_id}",
            )
        return decided


def _found_by_hand(
    person: Person, verification: Verification, wrong_fields: Sequence[str], reason: str
) -> tuple[dict[Registry, tuple[WrongField, ...]], str]:
    """Each wrong field with the silent registry that would know it, and the reason, tidy."""
    findings, wrong = Findings(), dict[Registry, tuple[WrongField, ...]]()
    said = findings.check("/reason", fields.text, reason)
    for index, name in enumerate(wrong_fields):
        registry = next((silent for silent in verification.unanswered if asks_about(silent, person, name)), None)
        if registry is None:
            findings.add(f"/fields/{index}", "field-not-asked", "Об этом поле молчащие реестры не спрашивали. Уберите его.")
        else:
            wrong[registry] = (*wrong.get(registry, ()), WrongField(name, "found-by-administrator"))
    findings.raise_any()
    return wrong, said


def _is_over(verification: Verification, event: VerificationRequested) -> bool:
    """Whether the event is about something decided, another version of the profile, or an attempt that was made or replaced since."""
    is_decided = verification.decided_at is not None or verification.escalated_at is not None
    return (
        is_decided
        or event.profile_version != verification.profile_version
        or event.attempt <= verification.attempt
        or event.give_up_at < verification.give_up_at
    )
