"""The state machine of an appeal; the application it is about moves with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from contracts.roles import Role
from services.applications.domain.errors.application import IllegalMove, MoveNotYours
from services.applications.domain.states import Move, Mover


class AppealState(StrEnum):
    """Where an appeal stands."""

    REGISTERED = "registered"
    UNDER_REVIEW = "under-review"
    UPHELD = "upheld"
    OVERTURNED = "overturned"
    WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
    """How an appeal ends: the refusal stays, the refusal falls, the appeal is taken back."""

    UPHELD = "upheld"
    OVERTURNED = "overturned"
    WITHDRAWN = "withdrawn"


class AppealMove(StrEnum):
    """What may happen to an appeal once it is registered."""

    CLAIM = "claim"
    RELEASE = "release"
    UPHOLD = "uphold"
    OVERTURN = "overturn"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class AppealMoveRule:
    """One row of the table; `moves` is what the application does with it."""

    title: str
    ways: Mapping[AppealState, AppealState]
    by: frozenset[Mover]
    moves: Move | None = None


S = AppealState
_SYSTEM: Mover = "system"


def _rule(title: str, ways: dict[AppealState, AppealState], *by: Mover, moves: Move | None = None) -> AppealMoveRule:
    return AppealMoveRule(title, MappingProxyType(ways), frozenset(by), moves)


APPEAL_MOVES: Mapping[AppealMove, AppealMoveRule] = MappingProxyType(
    {
        AppealMove.CLAIM: _rule("Взята экспертом", {S.REGISTERED: S.UNDER_REVIEW}, Role.REVIEWER),
        AppealMove.RELEASE: _rule("Возвращена в очередь", {S.UNDER_REVIEW: S.REGISTERED}, Role.REVIEWER, _SYSTEM),
        AppealMove.UPHOLD: _rule("Отказ оставлен в силе", {S.UNDER_REVIEW: S.UPHELD}, Role.REVIEWER, moves=Move.UPHOLD),
        AppealMove.OVERTURN: _rule("Отказ отменён", {S.UNDER_REVIEW: S.OVERTURNED}, Role.REVIEWER, moves=Move.OVERTURN),
        AppealMove.WITHDRAW: _rule(
            "Отозвана заявителем", {S.REGISTERED: S.WITHDRAWN, S.UNDER_REVIEW: S.WITHDRAWN}, Role.PRACTITIONER, moves=Move.UPHOLD
        ),
    }
)

APPEAL_WORDS: Mapping[AppealState, str] = MappingProxyType(
    {
        S.REGISTERED: "Зарегистрирована",
        S.UNDER_REVIEW: "Рассматривается",
        S.UPHELD: "Отказ оставлен в силе",
        S.OVERTURNED: "Отказ отменён",
        S.WITHDRAWN: "Отозвана",
    }
)

RUNNING = frozenset({S.REGISTERED, S.UNDER_REVIEW})
"""States in which a decision is awaited."""


def appeal_after(state: AppealState, move: AppealMove, mover: Mover) -> AppealState:
    """The state a move leads to. Raises `MoveNotYours`, `IllegalMove`."""
    rule = APPEAL_MOVES[move]
    if mover not in rule.by:
        raise MoveNotYours("Это действие совершают другие участники процесса.", move=move.value)
    target = rule.ways.get(state)
    if target is None:
        raise IllegalMove(
            f"Сейчас жалоба в состоянии «{APPEAL_WORDS[state]}»: это действие недоступно.", state=state.value, move=move.value
        )
    return target
