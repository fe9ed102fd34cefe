"""The one state machine: which move leads from where to where, who makes it, who hears of it, and the words people read."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from contracts.roles import Role
from services.applications.domain.errors.application import IllegalMove, MoveNotYours

Mover = Role | Literal["system"]


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
    ASSIGN = "assign"
    RELEASE = "release"
    REQUEST_BY_REVIEWER = "request-by-reviewer"
    ANSWER_CHECK = "answer-check"
    ANSWER_REVIEWER = "answer-reviewer"
    PROPOSE = "propose"
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


@dataclass(frozen=True, slots=True)
class MoveRule:
    """One row of the table. `tells` holds event types: a move of what was handed in is told by one of them."""

    title: str
    ways: Mapping[State, State]
    by: frozenset[Mover]
    tells: tuple[str, ...] = ()


S = State
_PERSON: Mover = Role.PRACTITIONER
_SYSTEM: Mover = "system"


def _rule(title: str, ways: dict[State, State], *by: Mover, tells: tuple[str, ...] = ()) -> MoveRule:
    return MoveRule(title, MappingProxyType(ways), frozenset(by), tuple(f"applications.{name}.v1" for name in tells))


def _staying(*states: State) -> dict[State, State]:
    return {state: state for state in states}


def _leading(target: State, *states: State) -> dict[State, State]:
    return dict.fromkeys(states, target)


_HANDED_IN = (S.SUBMITTED, S.UNDER_REVIEW, S.INFORMATION_REQUESTED)
_REJECTED, _ASKED, _CLAIMED = ("application-rejected",), ("information-requested",), ("review-claimed",)
_ANSWERED, _JUDGED = ("information-provided",), ("appeal-decided",)

MOVES: Mapping[Move, MoveRule] = MappingProxyType(
    {
        Move.EDIT: _rule("Возвращено в черновик", _leading(S.DRAFT, S.DRAFT, S.CONFIRMED), _PERSON),
        Move.CONFIRM: _rule("Подтверждено", {S.DRAFT: S.CONFIRMED}, _PERSON),
        Move.SUBMIT: _rule("Отправлено", {S.CONFIRMED: S.SUBMITTED}, _PERSON, tells=("application-submitted",)),
        Move.BEGIN_REVIEW: _rule("Документы приняты, начата экспертиза", {S.SUBMITTED: S.UNDER_REVIEW}, _SYSTEM, tells=("review-begun",)),
        Move.REQUEST_BY_CHECK: _rule(
            "Запрошено уточнение автоматической проверкой", {S.SUBMITTED: S.INFORMATION_REQUESTED}, _SYSTEM, tells=_ASKED
        ),
        Move.REFUSE_BY_CHECK: _rule("Отклонено автоматической проверкой", {S.SUBMITTED: S.REJECTED}, _SYSTEM, tells=_REJECTED),
        Move.CLAIM: _rule("Взято экспертом", _staying(S.UNDER_REVIEW), Role.REVIEWER, tells=_CLAIMED),
        Move.ASSIGN: _rule("Назначено эксперту", _staying(S.UNDER_REVIEW), _SYSTEM, Role.REGISTRAR, tells=_CLAIMED),
        Move.RELEASE: _rule("Возвращено в очередь", _staying(S.UNDER_REVIEW), Role.REVIEWER, _SYSTEM, tells=("review-released",)),
        Move.REQUEST_BY_REVIEWER: _rule(
            "Запрошено уточнение экспертом", {S.UNDER_REVIEW: S.INFORMATION_REQUESTED}, Role.REVIEWER, tells=_ASKED
        ),
        Move.ANSWER_CHECK: _rule("Дан ответ", {S.INFORMATION_REQUESTED: S.SUBMITTED}, _PERSON, _SYSTEM, tells=_ANSWERED),
        Move.ANSWER_REVIEWER: _rule("Дан ответ эксперту", {S.INFORMATION_REQUESTED: S.UNDER_REVIEW}, _PERSON, tells=_ANSWERED),
        Move.PROPOSE: _rule("Изменился профиль заявителя", _staying(*_HANDED_IN, S.APPEALED), _SYSTEM, tells=("profile-change-proposed",)),
        Move.RECOMMEND: _rule(
            "Дано заключение эксперта", _staying(S.UNDER_REVIEW), Role.REVIEWER, tells=("approval-recommended", "review-released")
        ),
        Move.CONFIRM_REFUSAL: _rule("Отклонено двумя экспертами", {S.UNDER_REVIEW: S.REJECTED}, Role.REVIEWER, tells=_REJECTED),
        Move.APPROVE: _rule("Утверждено регистратором", {S.UNDER_REVIEW: S.APPROVED}, Role.REGISTRAR, tells=("application-approved",)),
        Move.REJECT: _rule("Отклонено регистратором", {S.UNDER_REVIEW: S.REJECTED}, Role.REGISTRAR, tells=_REJECTED),
        Move.CERTIFY: _rule("Выдан сертификат", {S.APPROVED: S.CERTIFIED}, _SYSTEM, tells=("certificate-issued",)),
        Move.WITHDRAW: _rule(
            "Отозвано заявителем",
            _leading(S.WITHDRAWN, S.DRAFT, S.CONFIRMED, *_HANDED_IN),
            _PERSON,
            _SYSTEM,  # for who was erased
            tells=("application-withdrawn",),
        ),
        Move.APPEAL: _rule("Подана жалоба", {S.REJECTED: S.APPEALED}, _PERSON, Role.SUPPORT_AGENT, tells=("appeal-filed",)),
        Move.UPHOLD: _rule("Отказ оставлен в силе", {S.APPEALED: S.REJECTED}, Role.REVIEWER, _PERSON, tells=_JUDGED),
        Move.OVERTURN: _rule("Отказ отменён", {S.APPEALED: S.UNDER_REVIEW}, Role.REVIEWER, tells=_JUDGED),
    }
)
"""Who withdraws an appeal upholds the refusal; work on a draft is told by `draft-saved` in its own time, not move by move."""

WORDS: Mapping[State, str] = MappingProxyType(
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

GROUPS: Mapping[State, Group] = MappingProxyType(
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

INSTEAD: Mapping[State, str] = MappingProxyType(
    {
        S.DRAFT: "Сначала заявитель заполняет заявление, подтверждает и отправляет его.",
        S.CONFIRMED: "Сначала заявитель отправляет заявление.",
        S.SUBMITTED: "Идёт автоматическая проверка: дождитесь её, обычно это секунды. До решения заявление можно отозвать.",
        S.UNDER_REVIEW: "Его рассматривают эксперты: исправлять можно то, о чём они спросят. До решения заявление можно отозвать.",
        S.INFORMATION_REQUESTED: "Сначала заявитель отвечает на запрос уточнения.",
        S.APPROVED: "Решение принято, сертификат оформляется: дождитесь его.",
        S.CERTIFIED: "Сертификат выдан: дальше меняют его состояние или подают новое заявление.",
        S.REJECTED: "Решение принято: заявитель может подать новое заявление, а в срок — жалобу.",
        S.WITHDRAWN: "Отозванное не возобновляют: заявитель может подать новое заявление.",
        S.APPEALED: "По отказу рассматривается жалоба: дождитесь решения по ней; до решения заявитель может её отозвать.",
    }
)
"""What can be done in a state, for whoever tried what cannot."""

_INSTEAD_OF: Mapping[tuple[Move, State], str] = MappingProxyType(
    {
        (Move.SUBMIT, S.DRAFT): "Сначала подтвердите заявление.",
        (Move.CONFIRM, S.CONFIRMED): "Заявление уже подтверждено: отправьте его.",
        (Move.WITHDRAW, S.REJECTED): "Решение принято: отзывать нечего. Можно подать новое заявление, а в срок — жалобу.",
    }
)
"""Where a move has an answer of its own."""

OPEN = frozenset({S.DRAFT, S.CONFIRMED, S.SUBMITTED, S.UNDER_REVIEW, S.INFORMATION_REQUESTED, S.APPROVED})
"""States in which somebody still has something to do before a decision is carried out."""

BLOCKING = OPEN | {S.APPEALED}
"""States that keep another application of the same kind and specialty from being started: an appeal may reopen the refused one."""


def after(state: State, move: Move) -> State:
    """The state a move leads to. Raises `IllegalMove` where the table has no such way."""
    target = MOVES[move].ways.get(state)
    if target is None:
        instead = _INSTEAD_OF.get((move, state), INSTEAD[state])
        detail = f"Сейчас заявление в состоянии «{WORDS[state]}»: это действие недоступно. {instead}"
        raise IllegalMove(detail, state=state.value, move=move.value)
    return target


def check_mover(move: Move, mover: Mover) -> None:
    """Raises `MoveNotYours` where the table does not name who moves."""
    if mover not in MOVES[move].by:
        raise MoveNotYours("Это действие совершают другие участники процесса.", move=move.value)
