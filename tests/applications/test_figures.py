"""Figures: what is counted, what is not told because it concerns few, who may ask, and how much."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from services.applications.domain.application import SYSTEM, Application, Claim, Desk, Recommendation, Remark, Transition
from services.applications.domain.figures import FEW, Begun, Cell, Counted, Ended, Standing, Step
from services.applications.domain.stages import Stage, stage_seconds, stage_since
from services.applications.domain.states import MOVES, Move, State
from services.applications.domain.terms import Term, Terms
from services.applications.usecases.figures import FiguresLimits
from tests.applications.conftest import Hands
from tests.applications.planting import plant, withdrawn
from tests.applications.test_terms import NUMBERS
from tests.support import Component

NOW = datetime(2019, 6, 3, 9, tzinfo=UTC)
DAY = timedelta(days=1)
RARE = "31.08.32"
TERMS = Terms(NUMBERS, lambda day: day.weekday() < 5, ZoneInfo("Europe/Moscow"))


def counted(**changed: Any) -> Counted:
    one = Counted(
        applicant_id=uuid4(), specialty_code=RARE, state=State.UNDER_REVIEW, desk=Desk.REVIEWER, submitted_at=NOW, claimed_by=None,
        reason_codes=(), terms={}, stage_seconds={}, stage_since=NOW - DAY,
    )  # fmt: skip
    return replace(one, **changed)


def walked(*moves: tuple[Move, State], person: UUID | None = None, **changed: Any) -> Application:
    """Begun at `NOW`, one move each day from the day after."""
    steps, before = list[Transition](), State.CONFIRMED
    for number, (move, after) in enumerate(moves, start=1):
        assert MOVES[move].ways[before] is after
        steps.append(Transition(move, before, after, NOW + number * DAY, SYSTEM))
        before = after
    ended = {"ended_at": steps[-1].at} if before in {State.CERTIFIED, State.REJECTED, State.WITHDRAWN} else {}
    told: dict[str, Any] = {"state": before, "history": tuple(steps), "submitted_at": NOW + DAY, "specialty_code": RARE} | ended
    return replace(withdrawn(person or uuid4(), NOW, NOW), **{"number": f"MK-2019-{uuid4().hex}", "ended_at": None} | told | changed)


TO_REVIEW = ((Move.SUBMIT, State.SUBMITTED), (Move.BEGIN_REVIEW, State.UNDER_REVIEW))
ASKED = (*TO_REVIEW, (Move.CLAIM, State.UNDER_REVIEW), (Move.REQUEST_BY_REVIEWER, State.INFORMATION_REQUESTED))
ANSWERED = (*ASKED, (Move.ANSWER_REVIEWER, State.UNDER_REVIEW))
FOR, AGAINST = (Recommendation(uuid4(), decision, (), "", NOW) for decision in ("approve", "reject"))
CERTIFIED = (*ANSWERED, (Move.RECOMMEND, State.UNDER_REVIEW), (Move.APPROVE, State.APPROVED), (Move.CERTIFY, State.CERTIFIED))


def test_days_are_counted_for_whoever_had_to_act() -> None:
    seconds = stage_seconds(walked(*CERTIFIED, recommendations=(FOR,)))
    assert {stage: spent / DAY.total_seconds() for stage, spent in seconds.items()} == {
        Stage.CHECK: 1, Stage.REVIEW: 3, Stage.APPLICANT: 1, Stage.APPROVAL: 2,
    }  # fmt: skip
    second_opinion = walked(*TO_REVIEW, (Move.RECOMMEND, State.UNDER_REVIEW), recommendations=(AGAINST,))
    assert stage_since(second_opinion) == NOW + 3 * DAY
    assert stage_since(walked(*TO_REVIEW, (Move.CLAIM, State.UNDER_REVIEW))) == NOW + 2 * DAY
    assert stage_since(walked(*CERTIFIED, recommendations=(FOR,))) is None
    assert stage_seconds(walked(*TO_REVIEW, (Move.WITHDRAW, State.WITHDRAWN))) == dict.fromkeys((Stage.CHECK, Stage.REVIEW), 86_400)


@pytest.mark.parametrize(
    ("one", "step"),
    [
        (counted(state=State.DRAFT, desk=Desk.APPLICANT, submitted_at=None), Step.BEGUN),
        (counted(state=State.SUBMITTED, desk=Desk.SYSTEM), Step.HANDED_IN),
        (counted(state=State.REJECTED, desk=Desk.NOBODY, stage_seconds={Stage.CHECK: 1.0}), Step.HANDED_IN),
        (counted(), Step.IN_REVIEW),
        (counted(state=State.INFORMATION_REQUESTED, desk=Desk.APPLICANT, stage_seconds={Stage.REVIEW: 1.0}), Step.IN_REVIEW),
        (counted(desk=Desk.REGISTRAR), Step.RECOMMENDED),
        (counted(state=State.REJECTED, desk=Desk.NOBODY, stage_seconds={Stage.APPROVAL: 1.0}), Step.RECOMMENDED),
        (counted(state=State.CERTIFIED, desk=Desk.NOBODY), Step.CERTIFIED),
    ],
)
def test_each_application_has_come_as_far_as_it_did(one: Counted, step: Step) -> None:
    begun = Begun()
    begun.add(one)
    assert [reached for reached, tally in begun.reached.items() if tally.count] == list(Step)[: list(Step).index(step) + 1]


def test_what_concerns_few_people_is_not_told_however_often_it_happened() -> None:
    assert (Cell.of(0, 0).value, Cell.of(9, FEW - 1).value, Cell.of(9, FEW).value) == (0, None, 9)
    assert (Cell.counted(0, 0).value, Cell.counted(9, FEW - 1).value, Cell.counted(9, FEW).value) == (0, None, 10)
    one_person, ended = uuid4(), Ended()
    for hours in range(1, 8):
        refused = counted(state=State.REJECTED, reason_codes=("duplicate", "duplicate"), stage_seconds={Stage.CHECK: hours * 3600.0})
        ended.add(replace(refused, applicant_id=one_person))
    assert (ended.outcomes[State.REJECTED].cell.value, ended.reasons["duplicate"].cell.value) == (None, None)
    assert ended.stages[Stage.CHECK].median.value is None
    for _ in range(FEW - 1):
        ended.add(counted(state=State.REJECTED, reason_codes=("duplicate",), stage_seconds={Stage.CHECK: 4 * 3600.0}))
    assert (ended.outcomes[State.REJECTED].cell.value, ended.reasons["duplicate"].cell.value) == (10, 10)
    assert ended.stages[Stage.CHECK].median.value == 4 * 3600
    ended.add(counted(state=State.WITHDRAWN, submitted_at=None))
    assert ended.outcomes[State.WITHDRAWN].cell.value == 0, "a draft given up is no outcome"


def test_the_difference_of_two_counts_tells_nothing_of_few_people_more() -> None:
    told = [Cell.counted(count, count).value for count in range(41)]
    assert told[: FEW + 1] == [0, None, None, None, None, FEW]
    differences = {more - fewer for fewer, more in product(told, told) if fewer is not None and more is not None}
    assert all(difference % FEW == 0 for difference in differences)
    assert all(abs(value - count) < FEW / 2 for count, value in enumerate(told) if value is not None), "and is not far from the truth"


def test_queues_loads_and_terms_stand_as_they_are_now() -> None:
    standing = Standing(NOW, TERMS)
    for hours in range(1, 6):
        due_at = {Term.REVIEW: NOW + hours * DAY, Term.CLAIM: NOW}
        standing.add(counted(stage_since=NOW - timedelta(hours=hours), terms=due_at))
        standing.add(counted(desk=Desk.REGISTRAR, terms={Term.APPROVAL: NOW - hours * DAY}))
    holders = [uuid4() for _ in range(3)]
    for number in range(9):
        standing.add(counted(claimed_by=holders[0] if number < 5 else holders[1 + number % 2]))
    for _ in range(6):
        standing.add_reviewers((RARE,))
    queue = standing.queues[RARE]
    assert (queue.waiting.count.value, queue.waiting.median.value, queue.waiting.longest.value) == (5, 3 * 3600, 5 * 3600)
    assert (queue.held.cell.value, queue.load.value) == (10, 1), "5, 2, 2 and three who hold nothing"
    assert standing.missed_terms[Term.APPROVAL].cell.value == 5
    assert standing.near_terms[Term.REVIEW].count == 2
    assert Term.CLAIM not in standing.missed_terms


REFUSED = (*TO_REVIEW, (Move.CLAIM, State.UNDER_REVIEW), (Move.RECOMMEND, State.UNDER_REVIEW), (Move.CONFIRM_REFUSAL, State.REJECTED))
WINDOW = "from=2019-06-01&to=2019-06-30"


def _by(rows: Sequence[dict[str, Any]], key: str, figure: str) -> dict[str, float | None]:
    return {row[key]: row[figure]["value"] for row in rows}


async def test_figures_of_a_window_are_counted_from_what_is_stored(service: Component, registrar: Hands) -> None:
    reason = Remark("experience-below-minimum", "/professional/employments")
    await plant(
        service,
        *(walked(*CERTIFIED, recommendations=(FOR,)) for _ in range(6)),
        *(walked(*REFUSED, recommendations=(AGAINST,), reasons=(reason,)) for _ in range(5)),
        walked(*TO_REVIEW, (Move.WITHDRAW, State.WITHDRAWN)),
        walked(*TO_REVIEW, review_due_at=NOW + 5 * DAY, claim=Claim(uuid4(), NOW, NOW + DAY)),
        replace(walked(*CERTIFIED, recommendations=(FOR,)), created_at=NOW - 90 * DAY, ended_at=NOW + 90 * DAY),  # not of this window
    )
    told = await registrar.ok("GET", f"/figures?{WINDOW}&specialty={RARE}")
    assert _by(told["funnel"], "step", "count") == {"begun": 15, "handed-in": 15, "in-review": 15, "recommended": 5, "certified": 5}
    assert _by(told["outcomes"], "state", "count") == {"certified": 5, "rejected": 5, "withdrawn": None}
    assert _by(told["reasons"], "code", "count") == {"experience-below-minimum": 5}
    days = {stage: seconds and seconds / 86_400 for stage, seconds in _by(told["stages"], "stage", "median_seconds").items()}
    assert days == {"check": 1, "review": 3, "applicant": 1, "approval": 2}
    assert str(told).count("меньше 5") >= 2
    assert (told["funnel"][0]["count"]["words"], told["queues"][0]["reviewers"]["words"]) == ("около 15", "0")
    everything = await registrar.ok("GET", f"/figures?{WINDOW}")
    assert _by(everything["funnel"], "step", "count") == _by(told["funnel"], "step", "count")

    table = (await registrar.call("GET", f"/figures/exports?{WINDOW}&specialty={RARE}")).content.decode("utf-8-sig")
    lines = [line.split(";") for line in table.splitlines()]
    assert lines[0] == ["раздел", "что", "показатель", "значение"]
    assert ["Исходы, 2019-06-01 - 2019-06-30", "Отозвано", "заявлений", "меньше 5"] in lines
    assert ["Этапы, 2019-06-01 - 2019-06-30", "Экспертиза", "медиана, с", "259200"] in lines


@pytest.mark.parametrize(
    "days",
    ["from=2020-02-01&to=2020-01-31", "from=2019-01-01&to=2020-01-31", "from=2019-06-01&to=2019-06-29", "from=2019-06-02&to=2019-06-30"],
)
async def test_a_window_of_wrong_days_is_refused_by_name(registrar: Hands, days: str) -> None:
    refused = await registrar.call("GET", f"/figures?{days}")
    assert (refused.status_code, refused.json()["code"]) == (422, "figures-window-wrong")


async def test_a_specialty_there_is_not_is_refused_by_name(registrar: Hands) -> None:
    for path in ("/figures", "/figures/exports"):
        refused = await registrar.call("GET", f"{path}?specialty=xx")
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown-specialty")


@pytest.mark.parametrize("days", ["from=0001-01-01", "to=9999-12-31"])
async def test_days_beyond_all_calendars_are_refused(registrar: Hands, days: str) -> None:
    assert (await registrar.call("GET", f"/figures?{days}")).status_code == 422


async def test_this_month_and_the_one_before_are_told_without_being_asked_for(registrar: Hands) -> None:
    told = await registrar.ok("GET", "/figures")
    first, last = date.fromisoformat(told["first"]), date.fromisoformat(told["last"])
    assert (first.day, (last + DAY).day) == (1, 1)
    assert 59 <= (last + DAY - first).days <= 62


async def test_a_leap_year_is_a_window_and_no_more_rows_are_counted_than_allowed(service: Component, registrar: Hands) -> None:
    assert (await registrar.ok("GET", "/figures?from=2016-01-01&to=2016-12-31"))["first"] == "2016-01-01"
    figures = service.app.state.usecases.figures
    await plant(service, *(withdrawn(uuid4(), NOW - 900 * DAY, NOW - 900 * DAY) for _ in range(3)))
    window = (date(2016, 12, 1), date(2016, 12, 31))
    assert window[0] < (NOW - 900 * DAY).date() < window[1]
    with pytest.raises(Exception, match="слишком много") as refused:
        await replace(figures, limits=FiguresLimits(days=366, rows=5)).tell(*window, None)
    assert refused.value.code == "too-much-to-count"  # type: ignore[attr-defined]
