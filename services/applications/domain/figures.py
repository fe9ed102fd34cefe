"""Figures: counts and medians of how applications go. What concerns fewer than `FEW` people is not told, and counts are rounded to it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from statistics import median
from uuid import UUID

from services.applications.domain.application import Desk
from services.applications.domain.stages import Stage
from services.applications.domain.states import State
from services.applications.domain.terms import Term, Terms

FEW = 5
"""Fewer people than this could be told apart by a count or a median, or by the difference of two counts."""

OUTCOMES = (State.CERTIFIED, State.REJECTED, State.WITHDRAWN)
TOLD_TERMS = (Term.AUTOMATIC_CHECK, Term.REVIEW, Term.INFORMATION, Term.APPROVAL)
"""A claim's end is no term of an application: the claim only lapses."""


class Step(StrEnum):
    """How far an application came; each step stands for those before it."""

    BEGUN = "begun"
    HANDED_IN = "handed-in"
    IN_REVIEW = "in-review"
    RECOMMENDED = "recommended"
    CERTIFIED = "certified"


@dataclass(frozen=True, slots=True)
class Counted:
    """An application as it is counted; nothing in it is personal but whose it is."""

    applicant_id: UUID
    specialty_code: str
    state: State
    desk: Desk
    submitted_at: datetime | None
    claimed_by: UUID | None
    reason_codes: tuple[str, ...]
    terms: Mapping[Term, datetime]
    stage_seconds: Mapping[Stage, float]
    stage_since: datetime | None

    @property
    def step(self) -> Step:
        """The last step it reached."""
        if self.state is State.CERTIFIED:
            return Step.CERTIFIED
        if self.desk is Desk.REGISTRAR or Stage.APPROVAL in self.stage_seconds or self.state is State.APPROVED:
            return Step.RECOMMENDED
        if self.state is State.UNDER_REVIEW or Stage.REVIEW in self.stage_seconds:
            return Step.IN_REVIEW
        return Step.BEGUN if self.submitted_at is None else Step.HANDED_IN


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure; None where it concerns so few people that it is not told."""

    value: float | None
    is_rounded: bool = False

    @classmethod
    def of(cls, value: float, people: int) -> "Cell":
        """Nothing at all concerns nobody and is told."""
        return cls(value if people >= FEW or not value else None)

    @classmethod
    def counted(cls, count: int, people: int) -> "Cell":
        """A count as it is told: rounded, so that what one count has more than another does not tell of few people either."""
        return cls(cls.of(FEW * round(count / FEW) if people >= FEW else count, people).value, is_rounded=count > 0)


@dataclass(slots=True)
class Tally:
    """How many there are, and of how many people."""

    count: int = 0
    people: set[UUID] = field(default_factory=set)

    def add(self, person: UUID | None) -> None:
        """One more; None is nobody's yet."""
        self.count += 1
        if person is not None:
            self.people.add(person)

    @property
    def cell(self) -> Cell:
        """What is told of it."""
        return Cell.counted(self.count, len(self.people))


@dataclass(slots=True)
class Lengths:
    """How long something took, and of how many people."""

    seconds: list[float] = field(default_factory=list)
    people: set[UUID] = field(default_factory=set)

    def add(self, seconds: float, person: UUID) -> None:
        """One more."""
        self.seconds.append(seconds)
        self.people.add(person)

    @property
    def count(self) -> Cell:
        """How many there are."""
        return Cell.counted(len(self.seconds), len(self.people))

    @property
    def median(self) -> Cell:
        """The middle one; 0 of none."""
        return Cell.of(median(self.seconds) if self.seconds else 0, len(self.people))

    @property
    def longest(self) -> Cell:
        """The longest one; 0 of none."""
        return Cell.of(max(self.seconds, default=0), len(self.people))


@dataclass(slots=True)
class Begun:
    """The funnel of what was begun in a window."""

    reached: dict[Step, Tally] = field(default_factory=lambda: {step: Tally() for step in Step})

    def add(self, one: Counted) -> None:
        """Count it at each step up to where it came."""
        for step in list(Step)[: list(Step).index(one.step) + 1]:
            self.reached[step].add(one.applicant_id)


@dataclass(slots=True)
class Ended:
    """What ended in a window: how, for which reasons, and after how long in each stage."""

    outcomes: dict[State, Tally] = field(default_factory=lambda: {state: Tally() for state in OUTCOMES})
    reasons: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    stages: dict[Stage, Lengths] = field(default_factory=lambda: {stage: Lengths() for stage in Stage})

    def add(self, one: Counted) -> None:
        """Drafts that were given up are no outcome."""
        if one.submitted_at is None or one.state not in self.outcomes:
            return
        self.outcomes[one.state].add(one.applicant_id)
        for code in set(one.reason_codes):
            self.reasons[code].add(one.applicant_id)
        for stage, seconds in one.stage_seconds.items():
            self.stages[stage].add(seconds, one.applicant_id)


@dataclass(slots=True)
class Queue:
    """Applications of one specialty that wait for a reviewer or are held by one."""

    reviewers: int = 0
    waiting: Lengths = field(default_factory=Lengths)
    held: Tally = field(default_factory=Tally)
    held_by: defaultdict[UUID, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, one: Counted, at: datetime) -> None:
        """One that stands at the reviewers' desk."""
        if one.claimed_by is None:
            since = one.stage_since or one.submitted_at or at
            self.waiting.add((at - since).total_seconds(), one.applicant_id)
        else:
            self.held.add(one.applicant_id)
            self.held_by[one.claimed_by] += 1

    @property
    def load(self) -> Cell:
        """How many a reviewer holds in the middle; of few reviewers it would be somebody's own."""
        loads = [*self.held_by.values(), *[0] * max(0, self.reviewers - len(self.held_by))]
        return Cell.of(median(loads) if loads else 0, len(loads))


@dataclass(slots=True)
class Standing:
    """What is open now: queues by specialty, and terms that end soon or were missed."""

    at: datetime
    terms: Terms
    queues: defaultdict[str, Queue] = field(default_factory=lambda: defaultdict(Queue))
    near_terms: dict[Term, Tally] = field(default_factory=lambda: {term: Tally() for term in TOLD_TERMS})
    missed_terms: dict[Term, Tally] = field(default_factory=lambda: {term: Tally() for term in TOLD_TERMS})

    def add(self, one: Counted) -> None:
        """One that is handed in and open."""
        if one.desk in {Desk.REVIEWER, Desk.SECOND_REVIEWER}:
            self.queues[one.specialty_code].add(one, self.at)
        for term, due_at in one.terms.items():
            if term not in self.near_terms:
                continue
            if due_at < self.at:
                self.missed_terms[term].add(one.applicant_id)
            elif self.terms.reminder_at(due_at) <= self.at:
                self.near_terms[term].add(one.applicant_id)

    def add_reviewers(self, specialty_codes: Iterable[str]) -> None:
        """Somebody who reviews these specialties."""
        for code in specialty_codes:
            self.queues[code].reviewers += 1
