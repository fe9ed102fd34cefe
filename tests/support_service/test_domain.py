from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.support.domain import (
    Message,
    NotTicketOwner,
    Side,
    TicketClosedAlready,
    TicketFull,
    TicketState,
    TicketTaken,
    Urgency,
    says_sign_in_is_blocked,
    ticket_number,
    urgent_because,
)
from tests.support_service.events import NOW
from tests.support_service.test_repository import a_ticket

LATER = NOW + timedelta(days=5)


def a_message(side: Side, author_id: object = None) -> Message:
    return Message(uuid4(), side, author_id or uuid4(), NOW, "текст")  # type: ignore[arg-type]


@given(st.integers(2020, 2099), st.integers(1, 999_999), st.integers(0, 9), st.integers(0, 9))
def test_the_check_digit_finds_every_single_wrong_digit(year: int, serial: int, position: int, digit: int) -> None:
    number = ticket_number(year, serial)
    digits = f"{year:04}{serial:06}"
    wrong = digits[:position] + str(digit) + digits[position + 1 :]
    if wrong != digits:
        assert ticket_number(int(wrong[:4]), int(wrong[4:]))[-1] != number[-1]


@pytest.mark.parametrize(
    "text",
    [
        "Не могу войти в кабинет",
        "Здравствуйте! никак не получается зайти",
        "Мой аккаунт заблокирован",
        "Учётная запись заблокирована",
        "Вход временно закрыт",
        "не приходит код в смс",
    ],
)
def test_words_of_a_blocked_sign_in_are_understood(text: str) -> None:
    assert says_sign_in_is_blocked(text)


@pytest.mark.parametrize("text", ["Файл не загружается", "Когда войдёт в силу приказ?", "Код специальности неверный", ""])
def test_other_words_are_not_taken_for_a_blocked_sign_in(text: str) -> None:
    assert not says_sign_in_is_blocked(text)


@given(st.text(max_size=5000))
def test_any_text_is_judged_quickly(text: str) -> None:
    assert says_sign_in_is_blocked(text) in {True, False}


def test_every_rule_of_urgency_counts() -> None:
    found = urgent_because("не могу войти", is_application_overdue=True, is_repeated=True)
    assert found == {Urgency.OVERDUE_APPLICATION, Urgency.SIGN_IN_BLOCKED, Urgency.REPEATED_CONTACT}
    assert urgent_because("вопрос", is_application_overdue=False, is_repeated=False) == frozenset()


def test_a_ticket_goes_from_the_queue_to_an_answer_and_back() -> None:
    agent = uuid4()
    taken = a_ticket().take(agent)
    assert (taken.state, taken.take(agent)) == (TicketState.ASSIGNED, taken)
    answered = taken.answer(a_message(Side.AGENT, agent), limit=9)
    assert (answered.state, answered.answered_at) == (TicketState.ANSWERED, NOW)
    reopened = answered.add(a_message(Side.REQUESTER), limit=9, due_at=LATER)
    assert (reopened.state, reopened.due_at) == (TicketState.ASSIGNED, LATER)
    assert reopened.add(a_message(Side.REQUESTER), limit=9, due_at=LATER + timedelta(days=1)).due_at == LATER
    assert a_ticket().add(a_message(Side.REQUESTER), limit=9, due_at=LATER).state is TicketState.OPEN


def test_only_its_owner_answers_closes_or_hands_over() -> None:
    agent, other = uuid4(), uuid4()
    taken = a_ticket().take(agent)
    with pytest.raises(TicketTaken):
        taken.take(other)
    with pytest.raises(TicketTaken):
        taken.hand_over(uuid4(), by=other)
    with pytest.raises(NotTicketOwner):
        taken.answer(a_message(Side.AGENT, other), limit=9)
    with pytest.raises(NotTicketOwner):
        a_ticket().close_as_agent(agent, at=NOW)
    assert taken.hand_over(other, by=agent).owner_id == other


def test_a_closed_ticket_takes_nothing_more() -> None:
    closed = a_ticket().close(at=NOW)
    moves: tuple[Callable[[], object], ...] = (
        lambda: closed.take(uuid4()),
        lambda: closed.add(a_message(Side.REQUESTER), limit=9, due_at=LATER),
        lambda: closed.answer(a_message(Side.AGENT), limit=9),
        lambda: closed.close(at=NOW),
        lambda: closed.hand_over(uuid4(), by=uuid4()),
    )
    for move in moves:
        with pytest.raises(TicketClosedAlready):
            move()


def test_a_ticket_holds_a_bounded_number_of_messages() -> None:
    with pytest.raises(TicketFull):
        a_ticket().add(a_message(Side.REQUESTER), limit=1, due_at=LATER)


def test_only_an_unanswered_ticket_misses_its_term_and_only_once() -> None:
    agent, late = uuid4(), NOW + timedelta(hours=48)
    overdue = a_ticket().miss_term(at=late)
    assert overdue is not None
    assert overdue.overdue_at == late
    assert overdue.miss_term(at=late) is None
    assert a_ticket().take(agent).answer(a_message(Side.AGENT, agent), limit=9).miss_term(at=late) is None
    assert a_ticket().close(at=NOW).miss_term(at=late) is None
