"""What people hear of appeals."""

from datetime import timedelta
from uuid import uuid4

from contracts.applications import AppealDecided, AppealFiled, ApplicationRejected
from tests.notifications.events import NOW, NUMBER
from tests.notifications.fakes import House


async def test_those_who_may_judge_an_appeal_are_called_and_nobody_else() -> None:
    house = House()
    person, judges = uuid4(), (uuid4(), uuid4())
    about = {"application_id": uuid4(), "applicant_id": person, "number": NUMBER, "occurred_at": NOW, "document_ids": ()}
    appeal = {"appeal_id": uuid4(), "appeal_number": "MA-2026-00000001-1", "due_at": NOW + timedelta(days=14)}
    await house.usecases.announce(AppealFiled(**about, **appeal, judge_ids=judges))
    told = {notice.recipient_id: notice.kind for notice in house.notices.stored.values()}
    assert told == {person: "appeal-filed", judges[0]: "appeal-to-judge", judges[1]: "appeal-to-judge"}


async def test_an_appeal_ends_the_reminders_of_a_refusal_and_its_end_is_told() -> None:
    house = House()
    person, application_id = uuid4(), uuid4()

    def names() -> dict[str, object]:
        about = {"application_id": application_id, "applicant_id": person, "number": NUMBER}
        return about | {"occurred_at": house.clock.now(), "appeal_id": uuid4(), "appeal_number": "MA-2026-00000001-1", "document_ids": ()}

    about = {name: value for name, value in names().items() if not name.startswith(("appeal", "document"))}
    await house.usecases.announce(ApplicationRejected(**about, reasons=()))
    [refusal] = house.notices.stored.values()
    house.clock.move(timedelta(hours=1))
    await house.usecases.announce(AppealFiled(**names(), due_at=NOW + timedelta(days=14)))
    assert house.notices.stored[refusal.id].acted_at is not None
    for outcome in ("upheld", "overturned", "withdrawn", "something-new"):
        await house.usecases.announce(AppealDecided(**names(), outcome=outcome))
    kinds = [notice.kind for notice in house.notices.stored.values() if notice.recipient_id == person]
    assert kinds == ["application-rejected", "appeal-filed", "appeal-upheld", "appeal-overturned", "appeal-withdrawn"]
