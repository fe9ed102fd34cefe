"""Employers: who asks about many certificates, what for, and what holders let them know."""

from services.applications.domain.employers.bulk import Line, RowOutcome, outcome_of, parsed
from services.applications.domain.employers.employer import Employer
from services.applications.domain.employers.subscription import Subscription, SubscriptionState

__all__ = [
    "Employer",
    "Line",
    "RowOutcome",
    "Subscription",
    "SubscriptionState",
    "outcome_of",
    "parsed",
]
