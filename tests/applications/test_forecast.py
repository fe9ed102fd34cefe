"""The forecast: seven working days, nine with a clarification, and a day later for each day that is lost."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.applications.domain import review
from services.applications.domain.application import Application, Remark
from services.applications.domain.drafting import answer
from services.applications.domain.forecast import forecast
from services.applications.domain.states import State
from services.applications.domain.terms import Terms
from services.applications.gateways import production_calendar
from tests.applications.planting import waiting
from tests.applications.test_domain import staff
from tests.applications.test_terms import MOSCOW, NUMBERS, moscow

TERMS = Terms(NUMBERS, production_calendar(), MOSCOW)
BEGUN = moscow("2026-04-13T10:00")  # a Monday
REVIEWER = staff()


def at(day: str) -> datetime:
    return moscow(f"2026-{day}T12:00")


def end(day: str) -> datetime:
    return moscow(f"2026-{day}T23:59:59")


def under_review() -> Application:
    return waiting(TERMS.review_due(BEGUN), submitted_at=BEGUN)


def asked(day: str) -> Application:
    held = review.claim(under_review(), REVIEWER, at=BEGUN, terms=TERMS)
    remark = Remark("contact-data-wrong", "/personal/phone")
    return review.request_information(held, REVIEWER.id, (remark,), {}, at=at(day), terms=TERMS)


def recommended(day: str) -> Application:
    held = review.claim(under_review(), REVIEWER, at=BEGUN, terms=TERMS)
    return review.recommend(held, REVIEWER.id, "approve", (), "", at=at(day), terms=TERMS)


def submitted() -> Application:
    return replace(under_review(), state=State.SUBMITTED, review_due_at=None)


@pytest.mark.parametrize(
    ("application", "today", "expected"),
    [
        (submitted(), "04-13", "04-22"),
        (submitted(), "04-15", "04-23"),  # the check lost two days: six working days are left
        (under_review(), "04-13", "04-22"),
        (under_review(), "04-20", "04-22"),  # the last day of the review
        (under_review(), "04-22", "04-24"),  # it is over: tomorrow, and a day for the approval
        (under_review(), "04-30", "05-05"),  # the same over the 1st of May
        (asked("04-15"), "04-15", "04-24"),  # three days were left, and there are two more
        (asked("04-15"), "04-21", "04-29"),  # the applicant took a week
        (recommended("04-14"), "04-14", "04-22"),
        (recommended("04-22"), "04-22", "04-23"),
        (recommended("04-22"), "04-27", "04-28"),  # the registrar is late
        (replace(recommended("04-14"), state=State.APPROVED), "04-30", "04-30"),
    ],
)
def test_each_day_lost_moves_the_forecast(application: Application, today: str, expected: str) -> None:
    assert forecast(application, now=at(today), terms=TERMS) == end(expected)


def test_an_answer_keeps_the_days_that_the_applicant_took() -> None:
    waits = asked("04-15")
    answered = answer(waits, "Исправила", {"personal": {"phone": "+79990001133"}}, {}, at=at("04-22"), terms=TERMS)
    assert answered.review_due_at == end("04-29")
    assert forecast(answered, now=at("04-22"), terms=TERMS) == end("04-30")


@pytest.mark.parametrize("state", [State.REJECTED, State.CERTIFIED, State.WITHDRAWN, State.APPEALED])
def test_what_has_ended_and_what_was_never_handed_in_has_none(state: State) -> None:
    assert forecast(replace(under_review(), state=state), now=at("04-14"), terms=TERMS) is None
    assert forecast(replace(under_review(), submitted_at=None), now=at("04-14") + timedelta(days=1), terms=TERMS) is None
