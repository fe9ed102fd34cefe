"""An application as it stood at a past moment, told by its own records."""

from dataclasses import replace
from datetime import datetime

from services.applications.domain.application import AppealReference, Application, Refusal, Remark, Request, StoredFile, Transition
from services.applications.domain.drafting import snapshot
from services.applications.domain.form import Form, sha256_of
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
    printed = _printed(application, later)
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
        electronic_document=printed[-1] if printed and is_handed_in else None,
        former_electronic_documents=printed[:-1] if is_handed_in else (),
        checks=tuple(one for one in application.checks if one.at <= moment),
        check_due_at=None,
        review_due_at=None,
        approval_due_at=None,
        requests=requests,
        claim=None,
        rules_on=application.rules_on if is_handed_in else None,
        recommendations=tuple(one for one in application.recommendations if one.at <= moment),
        checklists=tuple(one for one in application.checklists if one.at <= moment),
        proposals=tuple(one for one in application.proposals if one.at <= moment),
        reasons=_reasons(application, state, steps),
        round=1 + sum(step.move is Move.OVERTURN for step in steps),
        refusals=tuple(one for one in application.refusals if _is_overturned(one, steps)),
        appeal=_appeal(application, moment),
        certificate=application.certificate.stood_at(moment) if application.certificate and state is State.CERTIFIED else None,
    )


def _printed(application: Application, later: Request | None) -> tuple[StoredFile, ...]:
    """The electronic documents up to the one of what a later answer changed; each is stored under the hash of its snapshot."""
    now = application.electronic_document
    files = (*application.former_electronic_documents, *([] if now is None else [now]))
    if later is None:
        return files
    then = sha256_of(snapshot(replace(application, form=later.form, documents=later.documents)))
    place = next((place for place, file in enumerate(files) if file.key.endswith(f"/{then}.pdf")), 0)
    return files[: place + 1]


def _asked(request: Request, moment: datetime) -> Request:
    is_answered = request.answered_at is not None and request.answered_at <= moment
    return request if is_answered else replace(request, comment="", answered_at=None)


def _ended_at(application: Application, moment: datetime) -> datetime | None:
    ended_at = None
    for step in application.history:
        if step.at <= moment:
            ended_at = None if step.after in OPEN else ended_at or step.at
    return ended_at


def _reasons(application: Application, state: State, steps: tuple[Transition, ...]) -> tuple[Remark, ...]:
    """Of the refusal of that time: one that fell since keeps its own."""
    if state not in {State.REJECTED, State.APPEALED}:
        return ()
    refused_at = [step.at for step in steps if step.after is State.REJECTED and step.before is not State.APPEALED]
    fallen = {one.at: one.reasons for one in application.refusals}
    return fallen.get(refused_at[-1], application.reasons) if refused_at else application.reasons


def _is_overturned(refusal: Refusal, steps: tuple[Transition, ...]) -> bool:
    return any(step.move is Move.OVERTURN and step.at >= refusal.at for step in steps)


def _appeal(application: Application, moment: datetime) -> AppealReference | None:
    """The last one; earlier ones are found by their own list."""
    known = application.appeal
    return known if known is not None and known.filed_at <= moment else None


def _is_confirmed_since(application: Application, moment: datetime) -> bool:
    """Whether the snapshot there is was taken by then: an edit takes it away, a later confirmation takes another."""
    kept = [step for step in application.history if step.move in {Move.CONFIRM, Move.EDIT}]
    return bool(kept) and kept[-1].move is Move.CONFIRM and kept[-1].at <= moment
