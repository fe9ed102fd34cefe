"""What follows from where a verification stands: who is told, what is planned, what the profile's version keeps of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.transaction import Transaction
from contracts import identity as facts
from contracts.identity import (
    Mismatch,
    ProfileFacts,
    ProfileRefused,
    ProfileTermReached,
    ProfileVerified,
    VerificationEscalated,
    VerificationRequested,
)
from services.identity.domain.calendar import working_days_later
from services.identity.domain.people import Person, Status
from services.identity.domain.stated import licence_over_at
from services.identity.domain.verification import Answer, Backoff, Verification
from services.identity.domain.versions import Finding, Outcome, Result, first_version
from services.identity.repository.encoding import plain
from services.identity.repository.profiles import ProfileVersionRepository

_LAST_YEAR = 2199
"""Events know no later one."""
_RESULTS = {Status.VERIFIED: Result.VERIFIED, Status.REFUSED: Result.REFUSED, Status.ESCALATED: Result.ESCALATED}


@dataclass(frozen=True, slots=True)
class VerificationRules:
    """Terms of verification."""

    limit: timedelta
    backoff: Backoff
    correction_days: int
    zone: ZoneInfo
    reminder: timedelta = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Follows a verification's every step, in the transaction that makes it."""

    versions: ProfileVersionRepository
    rules: VerificationRules

    def with_term(self, verification: Verification, at: datetime) -> Verification:
        """A refusal gets its term of correction."""
        if verification.answer is not Answer.MISMATCH:
            return verification
        return verification.to_be_corrected_by(working_days_later(at, self.rules.correction_days, self.rules.zone))

    async def follow(self, tx: Transaction, person: Person, at: datetime, *, reason: str | None = None) -> None:
        """Tell and plan what the stored person's verification asks for. `reason` is of a decision by hand."""
        verification = person.verification
        if verification is None:
            raise AssertionError("only practitioners are verified")
        await self.forget_terms(tx, person.id)
        if person.status is Status.VERIFIED:
            verified = ProfileVerified(occurred_at=at, version=person.version, practitioner_id=person.id, facts=profile_facts(person))
            await tx.publish(verified)
            await self._plan_licence(tx, person, at)
        elif verification.correct_by is not None:
            await self._refuse(tx, person, verification, verification.correct_by, at)
        elif person.status is Status.ESCALATED:
            silent = tuple(str(name) for name in verification.unanswered)
            await tx.publish(VerificationEscalated(occurred_at=at, practitioner_id=person.id, registries=silent))
        else:
            again = request(person.id, verification, at)
            await tx.schedule(_attempt_key(person.id), verification.next_attempt_at(at, self.rules.backoff), again)
        await self._keep(tx, person, verification, at, reason)

    async def forget_terms(self, tx: Transaction, person_id: UUID) -> None:
        """What was planned for an earlier state of the profile no longer counts."""
        for key in (_attempt_key(person_id), _soon_key(person_id), _due_key(person_id), _licence_key(person_id)):
            await tx.cancel(key)

    async def _refuse(self, tx: Transaction, person: Person, verification: Verification, correct_by: datetime, at: datetime) -> None:
        mismatches = tuple(Mismatch(field=wrong.field, registry=str(name), code=wrong.code) for name, wrong in verification.mismatches)
        await tx.publish(
            ProfileRefused(occurred_at=at, version=person.version, practitioner_id=person.id, mismatches=mismatches, correct_by=correct_by)
        )
        soon = ProfileTermReached(occurred_at=at, practitioner_id=person.id, term="correction-due-soon", due_at=correct_by)
        due = ProfileTermReached(occurred_at=at, practitioner_id=person.id, term="correction-due", due_at=correct_by)
        await tx.schedule(_soon_key(person.id), correct_by - self.rules.reminder, soon)
        await tx.schedule(_due_key(person.id), correct_by, due)

    async def _plan_licence(self, tx: Transaction, person: Person, at: datetime) -> None:
        over_at = licence_over_at(person.profile.licence, self.rules.zone) if person.profile else None
        if over_at is not None and over_at.year <= _LAST_YEAR:
            over = ProfileTermReached(occurred_at=at, practitioner_id=person.id, term="licence-expired", due_at=over_at)
            await tx.schedule(_licence_key(person.id), over_at, over)

    async def _keep(self, tx: Transaction, person: Person, verification: Verification, at: datetime, reason: str | None) -> None:
        result = _RESULTS.get(person.status)
        if result is None:
            return
        number = verification.profile_version
        version = await self.versions.find(tx, person.id, number) or first_version(
            person.id, person.stated, person.created_at, number=number
        )
        outcome = Outcome(
            at=at,
            result=result,
            findings=tuple(Finding(wrong.field, str(name), wrong.code) for name, wrong in verification.mismatches),
            decided_by=verification.decided_by,
            reason=reason,
        )
        await self.versions.save(tx, version.judged(outcome))


def request(practitioner_id: UUID, verification: Verification, at: datetime) -> VerificationRequested:
    """The next attempt of a verification."""
    return VerificationRequested(
        occurred_at=at,
        practitioner_id=practitioner_id,
        attempt=verification.attempt + 1,
        give_up_at=verification.give_up_at,
        profile_version=verification.profile_version,
    )


def _attempt_key(person_id: UUID) -> str:
    return f"verification:{person_id}"


def _soon_key(person_id: UUID) -> str:
    return f"correction-due-soon:{person_id}"


def _due_key(person_id: UUID) -> str:
    return f"correction-due:{person_id}"


def _licence_key(person_id: UUID) -> str:
    return f"licence:{person_id}"


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
