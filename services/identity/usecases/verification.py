"""Comparing a practitioner's profile with the state registries; a registry that is down delays, never fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.transaction import Begin, Transaction, atomic
from contracts import identity as facts
from contracts.identity import Mismatch, ProfileFacts, ProfileRefused, ProfileVerified, VerificationEscalated, VerificationRequested
from contracts.roles import Role
from services.identity.domain.access_log import Action
from services.identity.domain.calendar import working_days_later
from services.identity.domain.people import NotEscalated, Person, Status
from services.identity.domain.verification import Answer, Backoff, Registry, RegistryAnswer, Verification
from services.identity.gateways.registries import Registries
from services.identity.repository.encoding import plain
from services.identity.repository.people import PersonRepository
from services.identity.usecases.access import AccessUseCases, Origin


@dataclass(frozen=True, slots=True)
class VerificationRules:
    """Terms of verification."""

    limit: timedelta
    backoff: Backoff
    correction_days: int
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class VerificationUseCases:
    """From a stated profile to a verified one."""

    begin: Begin
    people: PersonRepository
    registries: Registries
    access: AccessUseCases
    rules: VerificationRules
    now: Callable[[], datetime]

    async def verify(self, event: VerificationRequested) -> None:
        """Ask the registries that have not answered yet, outside any transaction, and draw the conclusion in one."""
        person = await self._person(event.practitioner_id)
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
            verification = person.verification.attempted(event.attempt, answers, at)
            if verification.answer is Answer.MISMATCH:
                correct_by = working_days_later(at, self.rules.correction_days, self.rules.zone)
                verification = verification.to_be_corrected_by(correct_by)
            person = await self.people.save(tx, person.verifying(verification))
            await self._tell(tx, person, verification, at)

    async def _tell(self, tx: Transaction, person: Person, verification: Verification, at: datetime) -> None:
        if person.status is Status.VERIFIED:
            await tx.publish(
                ProfileVerified(occurred_at=at, version=person.version, practitioner_id=person.id, facts=profile_facts(person))
            )
        elif verification.correct_by is not None:
            mismatches = tuple(Mismatch(field=wrong.field, registry=str(name), code=wrong.code) for name, wrong in verification.mismatches)
            refused = ProfileRefused(
                occurred_at=at,
                version=person.version,
                practitioner_id=person.id,
                mismatches=mismatches,
                correct_by=verification.correct_by,
            )
            await tx.publish(refused)
        elif person.status is Status.ESCALATED:
            silent = tuple(str(name) for name in verification.unanswered)
            await tx.publish(VerificationEscalated(occurred_at=at, practitioner_id=person.id, registries=silent))
        else:
            again = VerificationRequested(
                occurred_at=at, practitioner_id=person.id, attempt=verification.attempt + 1, give_up_at=verification.give_up_at
            )
            await tx.schedule(f"verification:{person.id}", verification.next_attempt_at(at, self.rules.backoff), again)

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
            renewed = person.verification.renewed(at, at + self.rules.limit)
            await self.people.save(tx, person.verifying(renewed))
            await tx.publish(
                VerificationRequested(occurred_at=at, practitioner_id=practitioner_id, attempt=1, give_up_at=renewed.give_up_at)
            )
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


def _is_over(verification: Verification, event: VerificationRequested) -> bool:
    """Whether the event is about something decided, or about an attempt that was made or replaced since."""
    is_decided = verification.decided_at is not None or verification.escalated_at is not None
    return is_decided or event.attempt <= verification.attempt or event.give_up_at < verification.give_up_at


def profile_facts(person: Person) -> ProfileFacts:
    """The profile as other services may know it."""
    passport, numbers, profile = person.passport, person.numbers, person.profile
    if passport is None or numbers is None or profile is None:
        raise AssertionError("only practitioners are verified")
    return ProfileFacts(
        surname=profile.surname,
        given_name=profile.given_name,
        patronymic=profile.patronymic,
        birth_date=profile.birth_date,
        birth_place=profile.birth_place,
        passport_series=passport.series,
        passport_number=passport.number,
        passport_issued_on=passport.issued_on,
        passport_issued_by=passport.issued_by,
        snils=numbers.snils,
        inn=numbers.inn,
        phone=person.phone,
        email=person.email,
        diploma_number=profile.diploma_number,
        qualification=profile.qualification,
        specialty_code=profile.specialty_code,
        licence=facts.Licence.model_validate(plain(profile.licence)),
        workplace=facts.Workplace.model_validate(plain(profile.workplace)),
        employments=tuple(facts.Employment.model_validate(plain(employment)) for employment in profile.employments),
        training_hours=profile.training_hours,
    )
