"""Which timers a change of an application ends and begins: a term's timers change together with the term."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.applications.domain.application import Application
from services.applications.domain.terms import MOMENTS, ActiveTerm, Term, Terms, timer_key

Moment = Literal["reminder", "due"]


@dataclass(frozen=True, slots=True)
class Timer:
    """A moment of a term, to be told when it comes."""

    key: str
    at: datetime
    term: Term
    moment: Moment
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """Keys to forget, then timers to set."""

    cancel: tuple[str, ...]
    schedule: tuple[Timer, ...]


def planned(before: Application, after: Application, *, now: datetime, terms: Terms) -> Plan:
    """What to do about timers when `after` is saved over `before`; terms that did not move are left alone."""
    old, new = before.active_terms(), after.active_terms()
    moved = [term for term in Term if _due(old, term) != _due(new, term)]
    cancel = tuple(timer_key(after.id, term, moment) for term in moved for moment in MOMENTS)
    return Plan(
        cancel, tuple(timer for term in moved if term in new for timer in timers_of(after.id, term, new[term].due_at, now=now, terms=terms))
    )


def timers_of(application_id: UUID, term: Term, due_at: datetime, *, now: datetime, terms: Terms) -> Iterator[Timer]:
    """The timers of a term that runs; nobody is reminded of a claim, nor of what is due sooner than that."""
    yield Timer(timer_key(application_id, term, "due"), due_at, term, "due", due_at)
    reminder_at = terms.reminder_at(due_at)
    if reminder_at > now and term is not Term.CLAIM:
        yield Timer(timer_key(application_id, term, "reminder"), reminder_at, term, "reminder", due_at)


def _due(terms: Mapping[Term, ActiveTerm], term: Term) -> datetime | None:
    return terms[term].due_at if term in terms else None
