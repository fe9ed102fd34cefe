"""Infected files: a copy in the quarantine, then the verdict, then no original; whatever is cut off in between is done again."""

from datetime import timedelta

import pytest

from chassis.objects import FileMissing
from chassis.transaction import AlreadyHandled
from contracts.documents import CheckRequested, DocumentReceived, DocumentRejected, DocumentType, MalwareFound, QuarantineTermReached
from contracts.roles import Role
from services.documents.domain.documents import Document, State
from services.documents.domain.errors import FileNotAccepted
from services.documents.domain.findings import FindingCode
from services.documents.domain.holds import Reader
from services.documents.domain.renditions import Wanted
from services.documents.gateways.clamd import Threat
from tests.documents.house import CONTENT, OWNER, House, announced, chunks

INFECTED = Threat("Some.Name")


async def twin(house: House) -> Document:
    """The same bytes once more: an own document, the same object."""
    return await house.usecases.uploads.add(DocumentType.LICENCE, announced(), chunks(), owner_id=OWNER)


async def test_an_infected_file_lies_in_the_quarantine_alone(house: House) -> None:
    house.scanner.threats.append(INFECTED)
    document = await house.accepted()
    [found] = house.begin.events(MalwareFound)
    assert (found.document_id, found.file_version, found.owner_id) == (document.id, 1, OWNER)
    await house.worker.isolation.isolate(found)
    key = document.file().object_key
    assert (house.files.stored, house.quarantine.stored) == ({}, {key: CONTENT})
    with pytest.raises(AlreadyHandled):
        await house.worker.isolation.isolate(found)
    assert list(house.quarantine.stored) == [key]
    with pytest.raises(FileNotAccepted):
        await house.usecases.access.link(document.id, Wanted(), Reader(OWNER, frozenset({Role.PRACTITIONER})))


async def test_a_check_that_is_cut_off_after_the_copy_is_made_again(house: House) -> None:
    house.scanner.threats.append(INFECTED)
    document = await house.upload()
    await house.isolation.take(document.file().object_key)
    await house.check()
    assert house.documents.stored[document.id].file().is_infected


async def test_a_removal_that_is_cut_off_is_done_again(house: House) -> None:
    house.scanner.threats.append(INFECTED)
    document = await house.accepted()
    await house.files.delete(document.file().object_key)  # and then the process died, before the event was noted
    [found] = house.begin.events(MalwareFound)
    await house.worker.isolation.isolate(found)
    assert list(house.quarantine.stored) == [document.file().object_key]


async def test_the_same_bytes_are_refused_wherever_they_are(house: House) -> None:
    accepted = await house.accepted()
    house.scanner.threats.append(INFECTED)  # the signatures are newer now
    other = await twin(house)
    await house.check()
    [found] = house.begin.events(MalwareFound)
    assert found.document_id == other.id
    await house.worker.isolation.isolate(found)
    refused = house.documents.stored[accepted.id]
    assert (refused.state, refused.version) == (State.REJECTED, accepted.version + 1)
    assert [finding.code for finding in refused.file().findings] == [FindingCode.FILE_INFECTED]
    told = {one.document_id: (one.version, one.codes) for one in house.begin.events(DocumentRejected)}
    assert told[accepted.id] == (refused.version, ("file-infected",))
    assert accepted.file().object_key not in house.files.stored


async def test_a_twin_still_to_be_checked_is_infected_though_its_original_is_gone(house: House) -> None:
    await house.upload()
    other = await twin(house)
    first, second = house.begin.events(DocumentReceived)
    key = other.file().object_key
    await house.isolation.take(key)
    await house.files.delete(key)
    await house.worker.checks.check(second)
    assert house.documents.stored[other.id].file().is_infected
    assert house.scanner.threats == []
    del house.quarantine.stored[key]
    with pytest.raises(FileMissing):
        await house.worker.checks.check(first)


async def test_the_term_of_the_quarantine_ends_the_copy_and_nothing_else(house: House) -> None:
    house.scanner.threats.append(INFECTED)
    document = await house.accepted()
    await house.worker.isolation.isolate(house.begin.events(MalwareFound)[0])
    house.clock.move(timedelta(days=29))
    assert house.begin.due(house.clock.now()) == []
    house.clock.move(timedelta(days=1))
    [reached] = house.begin.due(house.clock.now())
    assert isinstance(reached, QuarantineTermReached)
    await house.worker.isolation.end_of_term(reached)
    assert house.quarantine.stored == {}
    assert house.documents.stored[document.id].file().is_infected
    asked = CheckRequested(
        occurred_at=house.clock.now(), document_id=document.id, owner_id=OWNER, document_type="diploma", file_version=1, attempt=9
    )
    await house.worker.checks.check(asked)
    assert len(house.begin.events(MalwareFound)) == 1


async def test_news_of_a_document_that_is_gone_does_nothing(house: House) -> None:
    house.scanner.threats.append(INFECTED)
    document = await house.accepted()
    [found] = house.begin.events(MalwareFound)
    house.documents.stored.clear()
    await house.worker.isolation.isolate(found)
    reached = QuarantineTermReached(
        occurred_at=house.clock.now(), document_id=document.id, owner_id=OWNER, document_type="diploma", file_version=1
    )
    await house.worker.isolation.end_of_term(reached)
    assert list(house.files.stored) == [document.file().object_key]
