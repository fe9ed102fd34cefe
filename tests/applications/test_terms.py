"""Terms on the production calendar."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.applications.domain.terms import TermNumbers, Terms
from services.applications.gateways import production_calendar

NUMBERS = TermNumbers(24, 5, 2, 10, 1, 1, 2, 5, (90, 30, 7, 0), 30, 10, 2, 4, 2)
MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture(scope="module")
def terms() -> Terms:
    return Terms(NUMBERS, production_calendar(), MOSCOW)


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW).astimezone(UTC)


@pytest.mark.parametrize(
    ("begun", "days", "last"),
    [
        ("2026-04-14T12:00", 5, "2026-04-21"),  # an ordinary week
        ("2026-04-17T23:59", 1, "2026-04-20"),  # Friday to Monday
        ("2026-04-18T10:00", 1, "2026-04-20"),  # begun on a Saturday
        ("2026-04-30T12:00", 5, "2026-05-08"),  # over the 1st of May
        ("2026-05-08T12:00", 1, "2026-05-12"),  # Victory Day moved to Monday the 11th
        ("2025-12-30T12:00", 1, "2026-01-12"),  # the New Year holidays with the moved days
        ("2026-12-30T12:00", 1, "2027-01-11"),
        ("2025-10-31T12:00", 1, "2025-11-01"),  # a Saturday that works
        ("2026-02-20T12:00", 10, "2026-03-10"),  # the 23rd of February and the 9th of March are days off
        ("2026-04-14T21:30", 1, "2026-04-15"),
    ],
)
def test_working_days_follow_the_production_calendar(terms: Terms, begun: str, days: int, last: str) -> None:
    begun_at = moscow(begun)
    assert terms.working_days_after(begun_at, days) == moscow(f"{last}T23:59:59")


def test_the_day_is_the_one_of_the_time_zone(terms: Terms) -> None:
    late_in_utc = datetime(2026, 4, 14, 22, 30, tzinfo=UTC)  # already the 15th in Moscow
    assert terms.working_days_after(late_in_utc, 1) == moscow("2026-04-16T23:59:59")


def test_the_automatic_stage_has_clock_hours(terms: Terms) -> None:
    assert terms.automatic_check_due(moscow("2026-05-01T10:00")) == moscow("2026-05-02T10:00")


def test_a_paused_review_resumes_with_what_was_left_and_two_days_more(terms: Terms) -> None:
    due_at = terms.review_due(moscow("2026-04-13T10:00"))
    asked_at, answered_at = moscow("2026-04-15T10:00"), moscow("2026-04-22T10:00")
    left = terms.working_days_between(asked_at, due_at)
    assert (due_at, left) == (moscow("2026-04-20T23:59:59"), 3)
    assert terms.resumed_review_due(answered_at, left) == moscow("2026-04-29T23:59:59")


def test_the_forecast_is_seven_working_days_and_nine_with_a_clarification(terms: Terms) -> None:
    at = moscow("2026-04-13T10:00")
    assert terms.forecast(at, is_clarified=False) == moscow("2026-04-22T23:59:59")
    assert terms.forecast(at, is_clarified=True) == moscow("2026-04-24T23:59:59")


@pytest.mark.parametrize(("issued", "until"), [("2026-04-14", "2031-04-14"), ("2028-02-29", "2033-02-28")])
def test_a_certificate_holds_five_years(terms: Terms, issued: str, until: str) -> None:
    assert terms.certificate_until(moscow(f"{issued}T12:00")) == moscow(f"{until}T23:59:59")


def test_an_official_file_wins_over_the_library(tmp_path: Path) -> None:
    file = tmp_path / "calendar.toml"
    file.write_text('holidays = ["2026-04-15"]\nworking_days = ["2026-04-18"]\n')
    is_working_day = production_calendar(file)
    assert [is_working_day(date(2026, 4, day)) for day in (14, 15, 18, 19)] == [True, False, True, False]


@pytest.mark.parametrize("text", ["holidays = 5", 'holidays = ["yesterday"]', "not toml"])
def test_a_calendar_file_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "calendar.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"calendar\.toml"):
        production_calendar(file)
