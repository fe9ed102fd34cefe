"""What an applicant may know of the work of experts: nothing of it before the decision it led to."""

from dataclasses import replace

from contracts.roles import Role
from services.applications.domain.application import Application, Transition
from services.applications.domain.states import Move, State

_UNDECIDED = frozenset({State.SUBMITTED, State.UNDER_REVIEW, State.INFORMATION_REQUESTED, State.WITHDRAWN})
"""A withdrawal decides nothing: who withdrew to read what experts think would read it before the decision on the next application."""


def disclosed(application: Application) -> Application:
    """The application without opinions, checklists and words of reviewers, on which no decision was made."""
    if application.state not in _UNDECIDED:
        return application
    checklists = tuple(one for one in application.checklists if one.round < application.round)
    opinions = tuple(one for one in application.recommendations if one.round < application.round)
    beginning = max((place for place, step in enumerate(application.history) if step.move is Move.OVERTURN), default=-1)
    history = tuple(_silent(step) if place > beginning else step for place, step in enumerate(application.history))
    return replace(application, recommendations=opinions, checklists=checklists, history=history)


def _silent(step: Transition) -> Transition:
    return replace(step, why="") if step.by.role in {Role.REVIEWER, Role.REGISTRAR} else step
