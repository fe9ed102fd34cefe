"""An application as it stood at a past moment, told by its own records."""

from dataclasses import replace
from datetime import datetime

from services.applications.domain.application import Application, Request
from services.applications.domain.form import Form
from services.applications.domain.states import OPEN, Move, State


def as_of(application: Application, moment: datetime) -> Application | None:
    """What the moment's protocol and list show; None before it was begun.

    Not told, because nothing keeps it: what a draft held before it was handed in, who held the application, terms that moved since,
    and the hash of a snapshot that an answer replaced.
    """
    if application.created_at > moment:
        return None
    steps = tuple(step for step in application.history if step.at <= moment)
    if len(steps) == len(application.history) and application.updated_at <= moment:
        return application
    state = steps[-1].after if steps else State.DRAFT
    is_handed_in = application.submitted_at is not None and application.submitted_at <= moment
    requests = tuple(_asked(one, moment) for one in application.requests if one.requested_at <= moment)
    later = next((one for one in application.requests if one.answered_at is not None and one.answered_at > moment), None)
    return replace(
        application,
        state=state,
        history=steps,
        updated_at=steps[-1].at if steps else application.created_at,
        number=application.number if is_handed_in else None,
        submitted_at=application.submitted_at if is_handed_in else None,
        ended_at=_ended_at(application, moment),
        form=(later.form if later else application.form) if is_handed_in else Form(),
        documents=(later.documents if later else application.documents) if is_handed_in else (),
        snapshot_sha256=application.snapshot_sha256 if later is None and _is_confirmed_since(application, moment) else None,
        electronic_document=application.electronic_document if is_handed_in else None,
        checks=tuple(one for one in application.checks if one.at <= moment),
        check_due_at=None,
        review_due_at=None,
        approval_due_at=None,
        requests=requests,
        claim=None,
        recommendations=tuple(one for one in application.recommendations if one.at <= moment),
        reasons=application.reasons if state in {State.REJECTED, State.APPEALED} else (),
        certificate=application.certificate if state is State.CERTIFIED else None,
    )


def _asked(request: Request, moment: datetime) -> Request:
    is_answered = request.answered_at is not None and request.answered_at <= moment
    return request if is_answered else replace(request, comment="", answered_at=None)


def _ended_at(application: Application, moment: datetime) -> datetime | None:
    ended_at = None
    for step in application.history:
        if step.at <= moment:
            ended_at = None if step.after in OPEN else ended_at or step.at
    return ended_at


def _is_confirmed_since(application: Application, moment: datetime) -> bool:
    """Whether the snapshot there is was taken by then: an edit takes it away, a later confirmation takes another."""
    kept = [step for step in application.history if step.move in {Move.CONFIRM, Move.EDIT}]
    return bool(kept) and kept[-1].move is Move.CONFIRM and kept[-1].at <= moment
