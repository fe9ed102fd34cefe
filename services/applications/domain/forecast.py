"""When an application is likely to end: what was promised, or later by the time that was lost."""

from datetime import datetime

from services.applications.domain.application import Application, Desk
from services.applications.domain.states import State
from services.applications.domain.terms import Terms


def forecast(application: Application, *, now: datetime, terms: Terms) -> datetime | None:
    """The last moment of the likely day; None for what was not handed in or has ended.

    What is left is counted from the terms that run, and from today where one is past or stands still, so each day lost moves it.
    """
    if application.submitted_at is None or not application.is_open:
        return None
    is_clarified = any(request.requested_by == "reviewer" for request in application.requests)
    return max(terms.forecast(application.submitted_at, is_clarified=is_clarified), _left(application, now, terms))


def _left(application: Application, now: datetime, terms: Terms) -> datetime:
    """The earliest end there still is a term for."""
    request = application.open_request
    if application.desk is Desk.REGISTRAR:
        return _not_past(application.approval_due_at, now, terms)
    if application.state is State.APPROVED:
        return terms.working_days_after(now, 0)
    if request is not None and request.requested_by == "reviewer":  # answered today at best
        return terms.approval_due(terms.resumed_review_due(now, request.review_days_left, clarified=application.clarifications))
    if application.state is State.UNDER_REVIEW:
        return terms.approval_due(_not_past(application.review_due_at, now, terms))
    return terms.approval_due(terms.review_due(now))


def _not_past(due_at: datetime | None, now: datetime, terms: Terms) -> datetime:
    """The end of a term; of a missed one the next working day."""
    return due_at if due_at is not None and due_at > now else terms.working_days_after(now, 1)
