"""Appeals against refusals: an aggregate of their own beside the application."""

from services.applications.domain.appeals.appeal import Appeal, AppealRow, AppealStep, Grounds
from services.applications.domain.appeals.states import APPEAL_MOVES, APPEAL_WORDS, AppealMove, AppealState, Outcome

__all__ = ["APPEAL_MOVES", "APPEAL_WORDS", "Appeal", "AppealMove", "AppealRow", "AppealState", "AppealStep", "Grounds", "Outcome"]
