"""What operations are told."""

from collections import Counter
from uuid import uuid4

from contracts.applications import ApplicationStalled, DeadlineStillMissed
from contracts.documents import DocumentDelayed
from contracts.roles import Role
from tests.notifications.events import NOW, NUMBER, contacts_changed
from tests.notifications.fakes import House


async def test_a_check_that_got_stuck_is_told_to_its_person_and_to_administrators() -> None:
    house, owner, administrator, document_id = House(), uuid4(), uuid4(), uuid4()
    await house.usecases.change_contacts(contacts_changed(administrator, roles=(Role.ADMINISTRATOR,)))
    names = {"document_id": document_id, "owner_id": owner, "document_type": "diploma", "file_version": 1, "version": 2}
    await house.usecases.announce(DocumentDelayed(occurred_at=NOW, **names))
    told = {notice.recipient_id: notice for notice in house.notices.stored.values()}
    assert {person: notice.kind for person, notice in told.items()} == {owner: "document-delayed", administrator: "check-stuck"}
    assert f"medkabinet documents recheck {document_id}" in told[administrator].text


async def test_what_stays_missed_goes_to_who_can_move_the_work_and_a_stall_to_the_administrators() -> None:
    house, administrator, registrar, application_id = House(), uuid4(), uuid4(), uuid4()
    for person, role in ((administrator, Role.ADMINISTRATOR), (registrar, Role.REGISTRAR)):
        await house.usecases.change_contacts(contacts_changed(person, roles=(role,)))
    known = {"occurred_at": NOW, "application_id": application_id, "applicant_id": uuid4(), "number": NUMBER}
    missed = known | {"due_at": NOW, "responsible_id": None, "step": 2}
    await house.usecases.announce(DeadlineStillMissed(**missed, term="review", responsible="reviewer"))
    await house.usecases.announce(DeadlineStillMissed(**missed, term="information", responsible="applicant"))
    await house.usecases.announce(ApplicationStalled(**known, what="no-timer", since=NOW))
    told = Counter((notice.kind, notice.recipient_id) for notice in house.notices.stored.values())
    assert told == {
        ("deadline-still-missed", administrator): 1, ("deadline-still-missed", registrar): 2, ("application-stalled", administrator): 1,
    }  # fmt: skip
    texts = [notice.text for notice in house.notices.stored.values() if notice.recipient_id == registrar]
    assert [("передайте его тому" in text, "ждут от заявителя" in text) for text in texts] == [(True, False), (False, True)]
    assert not any("\n\n\n" in text for text in texts)
    [stalled] = [notice for notice in house.notices.stored.values() if notice.kind == "application-stalled"]
    assert "об окончании срока никто не узнает" in stalled.text
    assert f"medkabinet applications push {application_id}" in stalled.text
