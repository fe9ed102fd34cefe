"""The table of moves: every state, every move, every actor."""

from dataclasses import replace
from uuid import uuid4

import pytest

from contracts.roles import Role
from services.applications.domain import review
from services.applications.domain.application import SYSTEM, Actor, Application, Desk, Remark
from services.applications.domain.errors.application import IllegalMove, MoveNotYours
from services.applications.domain.errors.review import ConflictOfInterest
from services.applications.domain.states import BLOCKING, GROUPS, MOVES, OPEN, WORDS, Move, Mover, State, after
from tests.applications.test_domain import AT, TERMS, staff, under_review

MOVERS: tuple[Mover, ...] = (*Role, "system")
LEGAL = {
    (Move.EDIT, "draft", "draft"),
    (Move.EDIT, "confirmed", "draft"),
    (Move.CONFIRM, "draft", "confirmed"),
    (Move.SUBMIT, "confirmed", "submitted"),
    (Move.BEGIN_REVIEW, "submitted", "under-review"),
    (Move.REQUEST_BY_CHECK, "submitted", "information-requested"),
    (Move.REFUSE_BY_CHECK, "submitted", "rejected"),
    (Move.CLAIM, "under-review", "under-review"),
    (Move.ASSIGN, "under-review", "under-review"),
    (Move.RELEASE, "under-review", "under-review"),
    (Move.REQUEST_BY_REVIEWER, "under-review", "information-requested"),
    (Move.ANSWER_CHECK, "information-requested", "submitted"),
    (Move.ANSWER_REVIEWER, "information-requested", "under-review"),
    *((Move.PROPOSE, state, state) for state in ("submitted", "under-review", "information-requested", "appealed")),
    (Move.RECOMMEND, "under-review", "under-review"),
    (Move.CONFIRM_REFUSAL, "under-review", "rejected"),
    (Move.APPROVE, "under-review", "approved"),
    (Move.REJECT, "under-review", "rejected"),
    (Move.CERTIFY, "approved", "certified"),
    *((Move.WITHDRAW, state, "withdrawn") for state in ("draft", "confirmed", "submitted", "under-review", "information-requested")),
    (Move.APPEAL, "rejected", "appealed"),
    (Move.UPHOLD, "appealed", "rejected"),
    (Move.OVERTURN, "appealed", "under-review"),
}


MAKERS = {
    "practitioner": {
        *(Move.EDIT, Move.CONFIRM, Move.SUBMIT, Move.ANSWER_CHECK, Move.ANSWER_REVIEWER, Move.WITHDRAW),
        *(Move.APPEAL, Move.UPHOLD),
    },
    "system": {
        *(Move.BEGIN_REVIEW, Move.REQUEST_BY_CHECK, Move.REFUSE_BY_CHECK, Move.ANSWER_CHECK, Move.ASSIGN, Move.RELEASE),
        *(Move.PROPOSE, Move.CERTIFY, Move.WITHDRAW),
    },
    "reviewer": {
        *(Move.CLAIM, Move.RELEASE, Move.REQUEST_BY_REVIEWER, Move.RECOMMEND, Move.CONFIRM_REFUSAL),
        *(Move.UPHOLD, Move.OVERTURN),
    },
    "registrar": {Move.APPROVE, Move.REJECT, Move.ASSIGN},
    "support-agent": {Move.APPEAL},
    "auditor": set(),
    "administrator": set(),
}


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("state", State)
def test_every_move_of_everybody_from_every_state_is_in_the_table_or_named_and_changes_nothing(state: State, move: Move) -> None:
    application = replace(under_review(), state=state)
    targets = {target for one, before, target in LEGAL if (one, before) == (move, state)}
    for mover in MOVERS:
        by = Actor(uuid4(), mover)
        if move not in MAKERS[mover]:
            with pytest.raises(MoveNotYours) as refused:
                application.moved(move, by=by, at=AT)
            assert refused.value.extra == {"move": move.value}
        elif targets:
            moved = application.moved(move, by=by, at=AT, why="так")
            assert {moved.state} == targets
            assert (moved.version, len(moved.history)) == (application.version + 1, len(application.history) + 1)
            step = moved.history[-1]
            assert (step.move, step.before, step.after, step.at, step.by, step.why) == (move, state, moved.state, AT, by, "так")
        else:
            with pytest.raises(IllegalMove) as illegal:
                application.moved(move, by=by, at=AT)
            assert illegal.value.extra == {"state": state.value, "move": move.value}


def test_the_tables_cover_every_state_and_move() -> None:
    assert set(MOVES) == set(Move)
    assert set(WORDS) == set(GROUPS) == set(State)
    assert all(rule.title for rule in MOVES.values())
    assert len({rule.title for rule in MOVES.values()}) == len(Move)
    assert {State.APPEALED} == BLOCKING - OPEN, "an appeal may reopen what was refused"


def refused_by_two() -> Application:
    application = under_review()
    why = (Remark("negative-expert-decision", "/professional"),)
    for reviewer in (staff(), staff()):
        held = review.claim(application, reviewer, at=AT, terms=TERMS)
        application = review.recommend(held, reviewer.id, "reject", why, "нет", at=AT, terms=TERMS)
    return application


def test_an_overturned_refusal_is_examined_anew_by_others_and_earlier_opinions_count_no_more() -> None:
    refused = refused_by_two()
    assert (refused.state, refused.round, refused.blocks_another) == (State.REJECTED, 1, False)
    appealed = refused.moved(Move.APPEAL, by=Actor(refused.applicant_id, Role.PRACTITIONER), at=AT)
    assert (appealed.is_open, appealed.blocks_another) == (False, True)
    overturned = appealed.moved(Move.OVERTURN, by=Actor(uuid4(), Role.REVIEWER), at=AT, review_due_at=TERMS.review_due(AT))
    assert (overturned.round, overturned.desk, overturned.ended_at) == (2, Desk.REVIEWER, None)
    for opinion in overturned.recommendations:
        with pytest.raises(ConflictOfInterest):
            review.claim(overturned, replace(staff(), id=opinion.reviewer_id), at=AT, terms=TERMS)
    third, fourth = staff(), staff()
    other = (Remark("licence-inactive", "/documents/licence"),)
    held = review.claim(overturned, third, at=AT, terms=TERMS)
    doubted = review.recommend(held, third.id, "reject", other, "нет", at=AT, terms=TERMS)
    assert doubted.desk is Desk.SECOND_REVIEWER, "one opinion of this round against is not enough"
    again = review.recommend(review.claim(doubted, fourth, at=AT, terms=TERMS), fourth.id, "reject", other, "нет", at=AT, terms=TERMS)
    assert (again.state, again.reasons) == (State.REJECTED, other)


def test_what_cannot_be_done_now_says_what_can() -> None:
    for state in State:
        for move in Move:
            if state not in MOVES[move].ways:
                with pytest.raises(IllegalMove) as refused:
                    after(state, move)
                assert refused.value.detail.startswith(f"Сейчас заявление в состоянии «{WORDS[state]}»: это действие недоступно. ")
    with pytest.raises(IllegalMove, match="Сначала подтвердите заявление"):
        after(State.DRAFT, Move.SUBMIT)


def test_the_system_makes_no_decision() -> None:
    for move in (Move.CLAIM, Move.RECOMMEND, Move.CONFIRM_REFUSAL, Move.APPROVE, Move.REJECT, Move.OVERTURN):
        with pytest.raises(MoveNotYours):
            under_review().moved(move, by=SYSTEM, at=AT)
