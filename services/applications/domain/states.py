"""The one state machine: which move leads from where to where, and the words people read."""

from enum import StrEnum
from types import MappingProxyType

from services.applications.domain.errors.application import IllegalMove


class State(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under-review"
    INFORMATION_REQUESTED = "information-requested"
    APPROVED = "approved"
    CERTIFIED = "certified"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    APPEALED = "appealed"


class Move(StrEnum):
    """What may happen to an application."""

    EDIT = "edit"
    CONFIRM = "confirm"
    SUBMIT = "submit"
    BEGIN_REVIEW = "begin-review"
    REQUEST_BY_CHECK = "request-by-check"
    REFUSE_BY_CHECK = "refuse-by-check"
    CLAIM = "claim"
    RELEASE = "release"
    REQUEST_BY_REVIEWER = "request-by-reviewer"
    ANSWER_CHECK = "answer-check"
    ANSWER_REVIEWER = "answer-reviewer"
    RECOMMEND = "recommend"
    CONFIRM_REFUSAL = "confirm-refusal"
    APPROVE = "approve"
    REJECT = "reject"
    CERTIFY = "certify"
    WITHDRAW = "withdraw"
    APPEAL = "appeal"
    UPHOLD = "uphold"
    OVERTURN = "overturn"


class Group(StrEnum):
    """The history filter's words."""

    COMPLETED = "completed"
    IN_PROGRESS = "in-progress"
    REJECTED = "rejected"


S = State
MOVES: MappingProxyType[Move, dict[State, State]] = MappingProxyType(
    {
        Move.EDIT: {S.DRAFT: S.DRAFT, S.CONFIRMED: S.DRAFT},
        Move.CONFIRM: {S.DRAFT: S.CONFIRMED},
        Move.SUBMIT: {S.CONFIRMED: S.SUBMITTED},
        Move.BEGIN_REVIEW: {S.SUBMITTED: S.UNDER_REVIEW},
        Move.REQUEST_BY_CHECK: {S.SUBMITTED: S.INFORMATION_REQUESTED},
        Move.REFUSE_BY_CHECK: {S.SUBMITTED: S.REJECTED},
        Move.CLAIM: {S.UNDER_REVIEW: S.UNDER_REVIEW},
        Move.RELEASE: {S.UNDER_REVIEW: S.UNDER_REVIEW},
        Move.REQUEST_BY_REVIEWER: {S.UNDER_REVIEW: S.INFORMATION_REQUESTED},
        Move.ANSWER_CHECK: {S.INFORMATION_REQUESTED: S.SUBMITTED},
        Move.ANSWER_REVIEWER: {S.INFORMATION_REQUESTED: S.UNDER_REVIEW},
        Move.RECOMMEND: {S.UNDER_REVIEW: S.UNDER_REVIEW},
        Move.CONFIRM_REFUSAL: {S.UNDER_REVIEW: S.REJECTED},
        Move.APPROVE: {S.UNDER_REVIEW: S.APPROVED},
        Move.REJECT: {S.UNDER_REVIEW: S.REJECTED},
        Move.CERTIFY: {S.APPROVED: S.CERTIFIED},
        Move.WITHDRAW: {
            S.DRAFT: S.WITHDRAWN,
            S.CONFIRMED: S.WITHDRAWN,
            S.SUBMITTED: S.WITHDRAWN,
            S.UNDER_REVIEW: S.WITHDRAWN,
            S.INFORMATION_REQUESTED: S.WITHDRAWN,
        },
        Move.APPEAL: {S.REJECTED: S.APPEALED},
        Move.UPHOLD: {S.APPEALED: S.REJECTED},
        Move.OVERTURN: {S.APPEALED: S.UNDER_REVIEW},
    }
)

WORDS: MappingProxyType[State, str] = MappingProxyType(
    {
        S.DRAFT: "Черновик",
        S.CONFIRMED: "Черновик",
        S.SUBMITTED: "В обработке",
        S.UNDER_REVIEW: "В обработке",
        S.INFORMATION_REQUESTED: "Требуется уточнение",
        S.APPROVED: "Одобрено",
        S.CERTIFIED: "Одобрено",
        S.REJECTED: "Отклонено",
        S.WITHDRAWN: "Отозвано",
        S.APPEALED: "Отклонено",
    }
)

GROUPS: MappingProxyType[State, Group] = MappingProxyType(
    {
        S.DRAFT: Group.IN_PROGRESS,
        S.CONFIRMED: Group.IN_PROGRESS,
        S.SUBMITTED: Group.IN_PROGRESS,
        S.UNDER_REVIEW: Group.IN_PROGRESS,
        S.INFORMATION_REQUESTED: Group.IN_PROGRESS,
        S.APPROVED: Group.IN_PROGRESS,
        S.CERTIFIED: Group.COMPLETED,
        S.WITHDRAWN: Group.COMPLETED,
        S.REJECTED: Group.REJECTED,
        S.APPEALED: Group.REJECTED,
    }
)

OPEN = frozenset({S.DRAFT, S.CONFIRMED, S.SUBMITTED, S.UNDER_REVIEW, S.INFORMATION_REQUESTED, S.APPROVED})
"""States that keep another application of the same kind and specialty from being started."""


def after(state: State, move: Move) -> State:
    """The state a move leads to. Raises `IllegalMove` where the table has no such way."""
    target = MOVES[move].get(state)
    if target is None:
        raise IllegalMove(f"Сейчас заявление в состоянии «{WORDS[state]}»: это действие недоступно.", state=state.value, move=move.value)
    return target
