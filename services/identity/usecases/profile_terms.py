"""What happens when a term of a profile is reached: a reminder, an overdue correction, a licence that ended."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from chassis.transaction import Begin, Transaction, atomic
from contracts.identity import CorrectionDueSoon, CorrectionOverdue, ProfileTermReached
from services.identity.domain.people import NoSuchPerson, Person, Status
from services.identity.domain.stated import licence_over_at
from services.identity.domain.verification import Verification
from services.identity.repository.people import PersonRepository
from services.identity.usecases.verdicts import Verdicts


@dataclass(frozen=True, slots=True)
class ProfileTerms:
    """Terms planned by `Verdicts`; each is looked at again when it comes, because the profile may have moved on."""

    begin: Begin
    people: PersonRepository
    verdicts: Verdicts
    now: Callable[[], datetime]

    @atomic
    async def reach(self, event: ProfileTermReached) -> None:
        """Do what the term asks for, if it still stands."""
        async with self.begin(handling=event) as tx:
            try:
                person = await self.people.get(tx, event.practitioner_id)
            except NoSuchPerson:  # erased since
                return
            verification = person.verification
            if verification is None:
                return
            if event.term == "licence-expired":
                await self._end_licence(tx, person, verification)
            elif person.status is Status.REFUSED and verification.correct_by == event.due_at and verification.overdue_at is None:
                await self._remind(tx, person, verification, event)

    async def _remind(self, tx: Transaction, person: Person, verification: Verification, event: ProfileTermReached) -> None:
        at = self.now()
        if event.term == "correction-due-soon":
            await tx.publish(CorrectionDueSoon(occurred_at=at, practitioner_id=person.id, correct_by=event.due_at))
        elif event.term == "correction-due":
            person = await self.people.save(tx, person.verifying(verification.overdue(at)))
            overdue = CorrectionOverdue(occurred_at=at, version=person.version, practitioner_id=person.id, correct_by=event.due_at)
            await tx.publish(overdue)

    async def _end_licence(self, tx: Transaction, person: Person, verification: Verification) -> None:
        at = self.now()
        over_at = licence_over_at(person.profile.licence, self.verdicts.rules.zone) if person.profile else None
        if person.status is not Status.VERIFIED or over_at is None or at < over_at:
            return
        ended = self.verdicts.with_term(verification.licence_expired(at), at)
        await self.verdicts.follow(tx, await self.people.save(tx, person.verifying(ended)), at)
