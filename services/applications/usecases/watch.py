"""The watchdog: looks for applications that would not go on by themselves, and tells operations of those that stay so."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

import structlog
from opentelemetry.metrics import Meter
from pymongo.errors import PyMongoError

from chassis.clock import Clock, machine_now
from chassis.lease import Lease
from chassis.transaction import Begin, atomic
from contracts.applications import ApplicationPushed, ApplicationStalled
from services.applications.domain.errors.application import ApplicationNotFound
from services.applications.domain.facts import StaffMember, Verdict
from services.applications.domain.states import State
from services.applications.domain.terms import Terms
from services.applications.domain.watch import (
    FOR_PEOPLE,
    IN_PROGRESS,
    WATCHED,
    Stall,
    Stalled,
    Surroundings,
    Watched,
    stall_of,
    untold_terms,
)
from services.applications.repository import FactsRepository, WatchRepository

log = structlog.get_logger(__name__)
GAUGE = "medkabinet.applications.stalled"
_FOUND_MAX = 1_000
"""Of an outage that stalls more, the first are enough to know."""


@dataclass(frozen=True, slots=True)
class WatchPolicy:
    """How often the watch looks, how long something may look stalled because it is on its way, how many it reads at once."""

    pause: timedelta
    grace: timedelta
    portion: int


@dataclass(frozen=True, slots=True)
class Watch:
    """Looking, noting, telling.

    The grace is of the machine's clock and begins when a stall is first seen: neither a moved sandbox clock nor terms that
    passed while the service was down make an alarm of what is on its way.
    """

    begin: Begin
    clock: Clock
    terms: Terms
    watched: WatchRepository
    facts: FactsRepository
    policy: WatchPolicy

    async def look(self) -> list[Stalled]:
        """What looks stalled at this moment, what is on its way included."""
        staff, found = await self.facts.all_staff(), list[Stalled]()
        for state in WATCHED:
            after: UUID | None = None
            while page := await self.watched.watched(state, after=after, limit=self.policy.portion, at=self.clock.now()):
                found += await self._judged(page, staff, needs_verdicts=state is State.SUBMITTED)
                after = page[-1].id
        return found[:_FOUND_MAX]

    async def note(self) -> list[Stalled]:
        """What looks stalled, each with the moment since when; what went on is forgotten."""
        known = await self.watched.stalls(2 * _FOUND_MAX)  # those that went on today are kept among them
        seen = {one.application_id: _as_known(one, known.get(one.application_id)) for one in await self.look()}
        today = self._today()
        gone = [row for key, row in known.items() if key not in seen]
        told = [row.over() for row in gone if row.told_on == today]
        new = [one for key, one in seen.items() if one != known.get(key)]
        await self.watched.note([*new, *told], over=[row.application_id for row in gone if row.told_on != today])
        return list(seen.values())

    def is_confirmed(self, stalled: Stalled) -> bool:
        """Whether it has looked so for longer than anything is on its way."""
        return machine_now() - stalled.seen_at >= self.policy.grace

    async def round(self) -> Counter[Stall]:
        """Look, and tell of each confirmed stall once a day. How many there are of each kind."""
        confirmed = [one for one in await self.note() if self.is_confirmed(one)]
        for stalled in confirmed:
            if stalled.told_on != self._today():
                await self._tell(stalled, self._today())
        return Counter(one.what for one in confirmed)

    @atomic
    async def push(self, application_id: UUID) -> Stall | None:
        """Ask the running service to take the step an application lacks. What it lacks; nothing is asked for None and for people.

        Raises `ApplicationNotFound`.
        """
        async with self.begin() as tx:
            one = await self.watched.find(application_id, tx=tx)
            if one is None:
                raise ApplicationNotFound("Поданного заявления с таким номером записи нет. Возьмите номер из команды stalled.")
            if one.state not in IN_PROGRESS:
                return None
            lacking = await self._judged([one], await self.facts.all_staff(), needs_verdicts=True)
            if not lacking or lacking[0].what in FOR_PEOPLE:
                return lacking[0].what if lacking else None
            terms = tuple(term.value for term in untold_terms(one))
            await tx.publish(ApplicationPushed(occurred_at=self.clock.now(), application_id=application_id, terms=terms))
        return lacking[0].what

    @atomic
    async def _tell(self, stalled: Stalled, today: date) -> None:
        async with self.begin() as tx:
            if not await self.watched.mark_told(tx, stalled, today):
                return
            await tx.publish(
                ApplicationStalled(
                    occurred_at=self.clock.now(),
                    application_id=stalled.application_id,
                    applicant_id=stalled.applicant_id,
                    number=stalled.number,
                    what=stalled.what.value,
                    since=stalled.seen_at,
                )
            )
        log.error("application-stalled", application_id=str(stalled.application_id), what=stalled.what.value)

    async def _judged(self, page: list[Watched], staff: Mapping[UUID, StaffMember], *, needs_verdicts: bool) -> list[Stalled]:
        undecided = await self._undecided(page) if needs_verdicts else frozenset()
        around, now = Surroundings(staff, undecided), machine_now()
        judged = [(one, stall_of(one, around)) for one in page]
        return [Stalled(one.id, one.applicant_id, one.number, one.version, what, now) for one, what in judged if what is not None]

    async def _undecided(self, page: list[Watched]) -> frozenset[UUID]:
        named = {key for one in page for key in one.document_ids}
        known = await self.facts.documents(named)
        return frozenset(key for key in named if key not in known or known[key].verdict is Verdict.PENDING)

    def _today(self) -> date:
        return self.terms.local_date(self.clock.now())


def _as_known(seen: Stalled, known: Stalled | None) -> Stalled:
    """The row that was noted before, if it lacks the same since then; who was told today stays told."""
    if known is None:
        return seen
    return known if known.is_same(seen) else replace(seen, told_on=known.told_on)


@dataclass(slots=True)
class Watchdog:
    """The watch in the background, in one process of the service at a time. `run()` goes on until cancelled."""

    watch: Watch
    lease: Lease
    meter: Meter

    async def run(self) -> None:
        """Round after round; the gauge keeps what the last one found."""
        gauge = self.meter.create_gauge(GAUGE, description="Applications that do not go on by themselves")
        while True:
            try:
                is_mine = await self.lease.hold() is not None
                found = await self.watch.round() if is_mine else Counter[Stall]()  # what another process counts is told there
                for what in Stall:
                    gauge.set(found[what], {"what": what.value})
            except (PyMongoError, OSError, TimeoutError) as error:
                log.warning("watch-waits", error=type(error).__name__)
            await asyncio.sleep(self.watch.policy.pause.total_seconds())
