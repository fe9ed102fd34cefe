"""How long an application stood where: what the history says of stages, without anything personal."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from services.applications.domain.application import Application, Transition
from services.applications.domain.states import OPEN, Move


class Stage(StrEnum):
    """Whose time passes."""

    CHECK = "check"
    REVIEW = "review"
    APPLICANT = "applicant"
    APPROVAL = "approval"


_BEGUN_BY: Mapping[Move, Stage] = {
    Move.SUBMIT: Stage.CHECK,
    Move.ANSWER_CHECK: Stage.CHECK,
    Move.BEGIN_REVIEW: Stage.REVIEW,
    Move.ANSWER_REVIEWER: Stage.REVIEW,
    Move.OVERTURN: Stage.REVIEW,
    Move.REQUEST_BY_CHECK: Stage.APPLICANT,
    Move.REQUEST_BY_REVIEWER: Stage.APPLICANT,
    Move.APPROVE: Stage.APPROVAL,
}
"""Moves after which a stage begins; a recommendation begins approval or, against, a second review."""


def stage_seconds(application: Application) -> dict[Stage, float]:
    """Seconds spent in each stage the application was in; what still runs is not counted."""
    spent: dict[Stage, float] = {}
    for (stage, since), (_, until) in pairwise(_stages(application)):
        if stage is not None:
            spent[stage] = spent.get(stage, 0.0) + (until - since).total_seconds()
    return spent


def stage_since(application: Application) -> datetime | None:
    """When the present stage began; claiming and giving back begin none. None for what is not handed in or has ended."""
    reached = _stages(application)
    return reached[-1][1] if reached and reached[-1][0] is not None else None


def _stages(application: Application) -> list[tuple[Stage | None, datetime]]:
    """Each stage with its beginning; None is the end, and what comes before the application is handed in."""
    reached: list[tuple[Stage | None, datetime]] = []
    opinions = iter(application.recommendations)
    for step in application.history:
        if step.move is Move.RECOMMEND:
            opinion = next(opinions, None)
            reached.append((Stage.APPROVAL if opinion is not None and opinion.decision == "approve" else Stage.REVIEW, step.at))
        elif step.move in _BEGUN_BY or _is_end(step):
            reached.append((_BEGUN_BY.get(step.move), step.at))
    return reached


def _is_end(step: Transition) -> bool:
    return step.after not in OPEN
