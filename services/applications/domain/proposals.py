"""A profile that becomes another while an application is open: proposed to whoever judges, never written into what was handed in."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from services.applications.domain.application import SYSTEM, WORKPLACE, Application, Proposal
from services.applications.domain.form import Block, Form, Json, changes, prefilled
from services.applications.domain.review import Change
from services.applications.domain.states import MOVES, Move

CONTACTS = frozenset({"/personal/phone", "/personal/email"})
"""How to reach the applicant: nobody judges by it."""


def propose(
    application: Application, before: Mapping[str, Any], facts: Mapping[str, Any], *, profile_version: int, at: datetime
) -> Application:
    """The application with what changed in the profile since `before`; the same one where that changes nothing for it.

    Ways to reach the applicant alone are noted without a move: nobody has to look.
    """
    if application.state not in MOVES[Move.PROPOSE].ways:
        return application
    now = {pointer: new for pointer, (_, new) in changes(prefilled(before, {}), prefilled(facts, {})).items()}
    values = {pointer: new for pointer, new in now.items() if _said(application).get(pointer, application.form.at(pointer)) != new}
    if not values:
        return application
    is_contact_only = values.keys() <= CONTACTS
    proposals = (*application.proposals, Proposal(profile_version, at, values, is_contact_only))
    if is_contact_only:
        return replace(application, version=application.version + 1, updated_at=at, proposals=proposals)
    return application.moved(Move.PROPOSE, by=SYSTEM, at=at, proposals=proposals)


def apprised(application: Application, facts: Mapping[str, Any], *, profile_version: int, at: datetime) -> Application:
    """A refused application with where its applicant works now, as part of the move that follows.

    Profiles that change after a refusal are proposed to nobody, and an appeal brings new judges, who must not be colleagues.
    """
    now = prefilled(facts, {}).text_at(WORKPLACE)
    if not now or now in application.workplaces:
        return application
    return replace(application, proposals=(*application.proposals, Proposal(profile_version, at, {WORKPLACE: now})))


def profile_diff(application: Application) -> tuple[Change, ...]:
    """What was handed in beside what the profile says now, where it changed meanwhile and differs."""
    said = ((pointer, application.form.at(pointer), new) for pointer, new in sorted(_said(application).items()))
    return tuple(Change(pointer, old, new) for pointer, old, new in said if old != new)


def as_proposed(application: Application) -> Form:
    """What was handed in, with every place that the profile says otherwise by now as it says it."""
    form = application.form
    for change in profile_diff(application):
        patch: Json = change.after
        for step in reversed(change.pointer.split("/")[1:]):
            patch = {step: patch}
        form = form.merged(cast("Block", patch))
    return form


def _said(application: Application) -> dict[str, Any]:
    """The newest of all proposals for each place."""
    return {pointer: value for proposal in application.proposals for pointer, value in proposal.values.items()}
