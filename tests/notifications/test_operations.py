"""What operations are told."""

from uuid import uuid4

from contracts.documents import DocumentDelayed
from contracts.roles import Role
from tests.notifications.events import NOW, contacts_changed
from tests.notifications.fakes import House


async def test_a_check_that_got_stuck_is_told_to_its_person_and_to_administrators() -> None:
    house, owner, administrator, document_id = House(), uuid4(), uuid4(), uuid4()
    await house.usecases.change_contacts(contacts_changed(administrator, roles=(Role.ADMINISTRATOR,)))
    names = {"document_id": document_id, "owner_id": owner, "document_type": "diploma", "file_version": 1, "version": 2}
    await house.usecases.announce(DocumentDelayed(occurred_at=NOW, **names))
    told = {notice.recipient_id: notice for notice in house.notices.stored.values()}
    assert {person: notice.kind for person, notice in told.items()} == {owner: "document-delayed", administrator: "check-stuck"}
    assert f"medkabinet documents recheck {document_id}" in told[administrator].text
