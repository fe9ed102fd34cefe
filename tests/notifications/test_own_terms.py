"""What applicants hear of terms: their own say what they must do, those of others that it is not their fault."""

from datetime import timedelta
from uuid import uuid4

import pytest

from contracts.applications import DeadlineMissed, DeadlineNear
from tests.notifications.events import NOW, NUMBER, provided, requested
from tests.notifications.fakes import House
from tests.notifications.test_usecases import pass_time

OWN = {"term": "information", "responsible": "applicant"}
OURS = {"review": "экспертизы", "approval": "принятия решения", "appeal": "рассмотрения жалобы", "newer": "рассмотрения"}


async def test_who_missed_their_own_term_is_asked_until_they_answer() -> None:
    house, person, application_id = House(), uuid4(), uuid4()
    known = {"application_id": application_id, "applicant_id": person, "number": NUMBER, "responsible_id": person, "due_at": NOW}
    await house.usecases.announce(DeadlineMissed(**known, **OWN, occurred_at=NOW))
    [notice] = house.notices.stored.values()
    assert (notice.kind, notice.link, notice.is_critical) == ("answer-overdue", f"/applications/{application_id}", True)
    assert "Ответить можно и сейчас" in notice.text
    assert notice.text.endswith(f"/support/tickets/new?application_number={NUMBER}")
    await pass_time(house, timedelta(hours=48))
    assert house.notices.stored[notice.id].repetitions == 1
    await house.usecases.announce(provided(requested(person, application_id=application_id), at=house.clock.now()))
    await pass_time(house, timedelta(hours=48))
    assert (house.notices.stored[notice.id].repetitions, house.notices.stored[notice.id].awaits_act) == (1, False)


@pytest.mark.parametrize("term", OURS)
async def test_who_waits_for_us_reads_that_it_is_our_delay(term: str) -> None:
    house, person = House(), uuid4()
    known = {"application_id": uuid4(), "applicant_id": person, "number": NUMBER, "responsible_id": uuid4(), "due_at": NOW}
    await house.usecases.announce(DeadlineMissed(**known, term=term, responsible="reviewer", occurred_at=NOW))
    [told] = [notice for notice in house.notices.stored.values() if notice.recipient_id == person]
    assert (told.kind, told.link, told.awaits_act) == ("deadline-missed", f"/support/tickets/new?application_number={NUMBER}", False)
    assert told.text.startswith(f"Срок {OURS[term]} по заявлению")


async def test_a_term_that_is_near_threatens_with_nothing_and_is_not_called_near_once_it_is_over() -> None:
    house, person = House(), uuid4()
    known = {"application_id": uuid4(), "applicant_id": person, "number": NUMBER, "responsible_id": person}
    await house.usecases.announce(DeadlineNear(**known, **OWN, occurred_at=NOW, due_at=NOW + timedelta(days=2)))
    [notice] = house.notices.stored.values()
    assert (notice.kind, "отказ" in notice.text) == ("deadline-near", False)
    await pass_time(house, timedelta(hours=48))
    assert house.notices.stored[notice.id].repetitions == 0
