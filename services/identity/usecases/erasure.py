"""Erasing a person on request: planned at once, carried out by a timer when nothing holds it, cancellable until then."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from chassis.transaction import Begin, Transaction, atomic
from contracts.applications import (
    AppealDecided,
    AppealFiled,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    CertificateIssued,
)
from contracts.identity import ErasureCancelled, ErasurePlanned, ErasureTermReached, PersonErased
from contracts.roles import Role
from services.identity.domain.access_log import Action
from services.identity.domain.erasure import (
    Erasure,
    ErasureRequestedAlready,
    ErasureState,
    Hold,
    PasswordRefused,
    Retention,
    Standing,
)
from services.identity.domain.people import Person
from services.identity.domain.sessions import Ending
from services.identity.repository.erasure import ErasureRepository, HoldRepository, OwnRowsRepository
from services.identity.repository.people import PersonRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.guesses import PresentPassword
from services.identity.usecases.sessions import SessionUseCases

ApplicationNews = ApplicationSubmitted | ApplicationRejected | AppealFiled | AppealDecided | ApplicationWithdrawn | CertificateIssued
_TERMS = ("verification", "correction-due-soon", "correction-due", "licence")
"""Timers of a person's profile."""
_OVERTURNED = "overturned"
_STANDINGS = {
    ApplicationSubmitted: Standing.OPEN,
    ApplicationRejected: Standing.REJECTED,
    AppealFiled: Standing.OPEN,
    ApplicationWithdrawn: Standing.WITHDRAWN,
    CertificateIssued: Standing.CERTIFIED,
}


@dataclass(frozen=True, slots=True)
class ErasureRules:
    """Time to think it over, and what the law makes us keep."""

    cooling_off: timedelta
    retention: Retention


@dataclass(frozen=True, slots=True)
class ErasureUseCases:
    """From the request to the last row."""

    begin: Begin
    people: PersonRepository
    requests: ErasureRepository
    holds: HoldRepository
    own_rows: OwnRowsRepository
    sessions: SessionUseCases
    access: AccessUseCases
    present: PresentPassword
    rules: ErasureRules
    now: Callable[[], datetime]

    async def request(self, person_id: UUID, password: str, *, closes_account: bool, origin: Origin) -> Erasure:
        """Ask to be erased. Raises `PasswordRefused`, `ErasureRequestedAlready`, `TooManyGuesses`.

        `closes_account` ends all sessions and any further sign-in at once, where a hold makes the account last for long.
        """
        if await self.present.proved(person_id, password, Action.ERASURE_REQUESTED, origin) is None:
            raise PasswordRefused
        return await self._open(person_id, closes_account=closes_account, origin=origin)

    @atomic
    async def _open(self, person_id: UUID, *, closes_account: bool, origin: Origin) -> Erasure:
        async with self.begin() as tx:
            await self.present.accept(tx, person_id)
            known = await self.requests.open_of(tx, person_id)
            if known is not None:
                raise ErasureRequestedAlready("Вы уже запросили удаление данных.", request_id=str(known.id))
            person = await self.people.get(tx, person_id)
            erasure = await self.ensure(tx, person, origin, is_of_withdrawal=False)
            if closes_account and erasure.state is ErasureState.HELD:
                await self.people.save(tx, replace(person, closed_at=self.now()))
                await self.sessions.end_all(tx, person_id, Ending.ACCOUNT_CLOSED, origin)
                await self._note(tx, Action.ACCOUNT_CLOSED, erasure, origin)
        return erasure

    async def ensure(self, tx: Transaction, person: Person, origin: Origin, *, is_of_withdrawal: bool) -> Erasure:
        """The person's open request, made if there is none, within the transaction of the wish.

        One asked for in so many words stays that, whatever is withdrawn later.
        """
        known = await self.requests.open_of(tx, person.id)
        if known is not None:
            return known
        at = self.now()
        fresh = Erasure(
            id=uuid4(),
            person_id=person.id,
            requested_at=at,
            state=ErasureState.COOLING_OFF,
            due_at=None,
            is_of_withdrawal=is_of_withdrawal,
        )
        erasure = await self.requests.add(tx, await self._planned(tx, fresh, at))
        await self._schedule(tx, erasure, at)
        await self._note(tx, Action.ERASURE_REQUESTED, erasure, origin)
        return erasure

    @atomic
    async def own(self, person_id: UUID) -> list[Erasure]:
        """The person's last requests, newest first."""
        async with self.begin() as tx:
            return await self.requests.newest(tx, person_id)

    @atomic
    async def get(self, request_id: UUID, *, person_id: UUID) -> Erasure:
        """Raises `NoSuchErasure`."""
        async with self.begin() as tx:
            return await self.requests.get(tx, request_id, person_id=person_id)

    @atomic
    async def cancel(self, request_id: UUID, *, person_id: UUID, origin: Origin) -> None:
        """Think better of it. Raises `NoSuchErasure`, `ErasureOver`."""
        async with self.begin() as tx:
            await self._cancel(tx, await self.requests.get(tx, request_id, person_id=person_id), origin)

    async def take_back(self, tx: Transaction, person_id: UUID, origin: Origin) -> Erasure | None:
        """Cancel what a withdrawn consent began, within the transaction that gives it again. None if there is no such request."""
        erasure = await self.requests.open_of(tx, person_id)
        return await self._cancel(tx, erasure, origin) if erasure is not None and erasure.is_of_withdrawal else None

    async def _cancel(self, tx: Transaction, erasure: Erasure, origin: Origin) -> Erasure:
        at = self.now()
        erasure = await self.requests.save(tx, erasure.cancelled(at))
        await tx.cancel(_term_key(erasure.id))
        await tx.publish(ErasureCancelled(occurred_at=at, person_id=erasure.person_id, request_id=erasure.id))
        await self._note(tx, Action.ERASURE_CANCELLED, erasure, origin)
        return erasure

    @atomic
    async def learn(self, event: ApplicationNews) -> None:
        """Keep how an application stands; an erasure it held, or now holds, is planned anew."""
        hold = Hold(
            id=event.application_id,
            person_id=event.applicant_id,
            number=event.number,
            version=event.version,
            standing=_standing(event),
            since=event.occurred_at,
            valid_until=event.valid_until if isinstance(event, CertificateIssued) else None,
        )
        async with self.begin(handling=event) as tx:
            if await self.holds.keep(tx, hold):
                erasure = await self.requests.open_of(tx, event.applicant_id)
                if erasure is not None:
                    await self._plan_anew(tx, erasure)

    @atomic
    async def carry_out(self, event: ErasureTermReached) -> None:
        """Erase, if it is still wanted, the time has come and nothing holds it any more."""
        at = self.now()
        async with self.begin(handling=event) as tx:
            erasure = await self.requests.get(tx, event.request_id)
            if not erasure.is_open:
                return
            planned = await self._planned(tx, erasure, at)
            if planned.is_due(at):
                await self._erase(tx, planned, at)
            else:
                await self._plan_anew(tx, erasure)

    async def _erase(self, tx: Transaction, erasure: Erasure, at: datetime) -> None:
        await self.people.erase(tx, await self.people.get(tx, erasure.person_id), at=at)
        await self.own_rows.remove(tx, erasure.person_id, at=at)
        await self.requests.save(tx, erasure.done(at))
        await tx.cancel(_term_key(erasure.id))
        for term in _TERMS:
            await tx.cancel(f"{term}:{erasure.person_id}")
        await tx.publish(PersonErased(occurred_at=at, person_id=erasure.person_id))
        await self._note(tx, Action.PERSON_ERASED, erasure, None)

    async def _plan_anew(self, tx: Transaction, erasure: Erasure) -> Erasure:
        at = self.now()
        planned = await self._planned(tx, erasure, at)
        if planned == erasure:
            return erasure
        planned = await self.requests.save(tx, planned)
        await self._schedule(tx, planned, at)
        return planned

    async def _planned(self, tx: Transaction, erasure: Erasure, at: datetime) -> Erasure:
        holds = await self.holds.of_person(tx, erasure.person_id)
        return erasure.planned(holds, at=at, cooling_off=self.rules.cooling_off, retention=self.rules.retention)

    async def _schedule(self, tx: Transaction, erasure: Erasure, at: datetime) -> None:
        """Set the timer and tell the person; without a moment the next news of the application plans it."""
        if erasure.due_at is None:
            await tx.cancel(_term_key(erasure.id))
        else:
            await tx.schedule(_term_key(erasure.id), erasure.due_at, ErasureTermReached(occurred_at=at, request_id=erasure.id))
        is_held = erasure.state is ErasureState.HELD
        planned = ErasurePlanned(occurred_at=at, person_id=erasure.person_id, request_id=erasure.id, due_at=erasure.due_at, is_held=is_held)
        await tx.publish(planned)

    async def _note(self, tx: Transaction, action: Action, erasure: Erasure, origin: Origin | None) -> None:
        """`origin` is None for what the system does by itself."""
        actor_id, role = (None, None) if origin is None else (erasure.person_id, Role.PRACTITIONER)
        record = f"erasure-request:{erasure.id}"
        await self.access.note(tx, action, erasure.person_id, actor_id=actor_id, actor_role=role, origin=origin, record=record)


def _term_key(request_id: UUID) -> str:
    """The timer of an erasure."""
    return f"erasure:{request_id}"


def _standing(event: ApplicationNews) -> Standing:
    """A refusal that falls opens the application again."""
    if isinstance(event, AppealDecided):
        return Standing.OPEN if event.outcome == _OVERTURNED else Standing.REJECTED
    return _STANDINGS[type(event)]
