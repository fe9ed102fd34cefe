"""One behaviour of the stores, on the fakes and on the real ones."""

import asyncio
import secrets
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.testing import FakeBegin
from contracts.documents import DocumentType
from services.documents.domain.checks import CheckCase, Outcome, Step, StepResult
from services.documents.domain.documents import Document, StoredBytes, Twin, Upload, object_key_of
from services.documents.domain.errors import DocumentNotFound, StaleDocument
from services.documents.domain.findings import Finding, FindingCode
from services.documents.domain.holds import DraftUse, Hold
from services.documents.domain.reading import Page, Reading, Source, Word
from services.documents.domain.renditions import Renditions
from services.documents.domain.rules import ALL_TYPES, RULES_VERSION, MediaType
from services.documents.domain.sweeps import KeptFile
from services.documents.repository import CheckRepository, DocumentRepository, HoldRepository, ReadingRepository, RenditionRepository
from tests.documents.fakes import (
    FakeCheckRepository,
    FakeDocumentRepository,
    FakeHoldRepository,
    FakeReadingRepository,
    FakeRenditionRepository,
)
from tests.support import Component
from tests.support.work import Work

NOW = datetime(2026, 3, 2, 9, 0, 0, 123000, UTC)
HASH = "ab" * 32


@dataclass(frozen=True)
class Stores:
    documents: DocumentRepository
    checks: CheckRepository
    holds: HoldRepository
    readings: ReadingRepository
    renditions: RenditionRepository
    work: Work


@pytest.fixture(params=["fake", "real"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "fake":
        return Stores(
            *(FakeDocumentRepository(), FakeCheckRepository(), FakeHoldRepository(), FakeReadingRepository(), FakeRenditionRepository()),
            Work(FakeBegin()),
        )
    service: Component = request.getfixturevalue("service")
    uploads = service.app.state.usecases.uploads
    database = uploads.documents.database
    readings = ReadingRepository(database, uploads.documents.cipher)
    return Stores(uploads.documents, CheckRepository(database), uploads.holds, readings, RenditionRepository(database), Work(uploads.begin))


def an_upload(file_name: str = "Диплом Петровой.pdf") -> Upload:
    upload_id = uuid4()
    return Upload(
        id=upload_id, object_key=f"x/{upload_id}", file_name=file_name, media_type=MediaType.PDF, uploaded_by=uuid4(), started_at=NOW
    )


def a_document(owner_id: UUID | None = None, *, document_type: DocumentType = DocumentType.DIPLOMA, at: datetime = NOW) -> Document:
    return Document(id=uuid4(), owner_id=owner_id or uuid4(), document_type=document_type, version=0, created_at=at, upload=an_upload())


def received(document: Document, sha256: str = HASH, twin: Twin | None = None) -> Document:
    assert document.upload is not None
    return document.finish(document.upload.id, StoredBytes(document.upload.object_key, 10, sha256, twin), at=NOW)


async def added(stores: Stores, document: Document) -> Document:
    await stores.work(lambda tx: stores.documents.add(tx, document))
    return document


class TestDocuments:
    async def test_what_is_stored_comes_back_whole(self, stores: Stores) -> None:
        document = received(a_document(), twin=Twin(uuid4(), DocumentType.LICENCE, 2))
        document = document.decide(1, (Finding(FindingCode.PDF_TOO_MANY_PAGES, {"pages": 3, "pages_max": 2}),), at=NOW).receive(an_upload())
        await added(stores, document)
        assert await stores.documents.get(document.id, owner_id=document.owner_id) == document
        assert await stores.documents.get_granted(document.id) == document

    async def test_a_strangers_document_is_not_found(self, stores: Stores) -> None:
        document = await added(stores, a_document())
        with pytest.raises(DocumentNotFound):
            await stores.documents.get(document.id, owner_id=uuid4())
        with pytest.raises(DocumentNotFound):
            await stores.documents.get_granted(uuid4())

    async def test_saving_over_a_newer_version_is_refused(self, stores: Stores) -> None:
        first = await added(stores, a_document())
        second = received(first)
        await stores.work(lambda tx: stores.documents.save(tx, second, replacing=first))
        with pytest.raises(StaleDocument):
            await stores.work(lambda tx: stores.documents.save(tx, second, replacing=first))
        assert await stores.documents.get_granted(first.id) == second

    async def test_only_a_document_without_files_can_be_removed(self, stores: Stores) -> None:
        empty, full = await added(stores, a_document()), await added(stores, received(a_document()))
        for document in (empty, full):
            await stores.work(lambda tx, document=document: stores.documents.remove(tx, document))  # type: ignore[misc]
        with pytest.raises(DocumentNotFound):
            await stores.documents.get_granted(empty.id)
        assert await stores.documents.get_granted(full.id) == full

    async def test_lists_are_the_owners_newest_first_and_paged(self, stores: Stores) -> None:
        owner_id = uuid4()
        own = [await added(stores, a_document(owner_id, at=NOW + timedelta(minutes=minute // 2))) for minute in range(5)]
        await added(stores, a_document())
        expected = sorted(own, key=lambda one: (one.created_at, one.id.bytes), reverse=True)
        seen: list[Document] = []
        after: tuple[datetime, UUID] | None = None
        while page := await stores.documents.list(owner_id, types=ALL_TYPES, limit=2, after=after):
            seen += page
            after = page[-1].created_at, page[-1].id
        assert seen == expected

    async def test_lists_can_be_of_one_type(self, stores: Stores) -> None:
        owner_id = uuid4()
        await added(stores, a_document(owner_id))
        licence = await added(stores, a_document(owner_id, document_type=DocumentType.LICENCE))
        assert await stores.documents.list(owner_id, types=frozenset({DocumentType.LICENCE}), limit=9, after=None) == [licence]

    async def test_documents_are_counted_per_owner_up_to_a_limit(self, stores: Stores) -> None:
        owner_id = uuid4()
        for _ in range(3):
            await added(stores, a_document(owner_id))
        assert await stores.work(lambda tx: stores.documents.count(owner_id, limit=9, tx=tx)) == 3
        assert await stores.work(lambda tx: stores.documents.count(owner_id, limit=2, tx=tx)) == 2

    async def test_the_same_bytes_are_found_per_owner_a_good_copy_first(self, stores: Stores) -> None:
        owner_id, sha256 = uuid4(), uuid4().hex * 2
        assert await same_bytes(stores, owner_id, sha256) is None
        refused = received(a_document(owner_id), sha256).decide(1, (Finding(FindingCode.PDF_DAMAGED),), at=NOW)
        await added(stores, refused)
        assert await same_bytes(stores, owner_id, sha256) == (refused.id, 1)
        good = await added(stores, received(a_document(owner_id), sha256))
        assert await same_bytes(stores, owner_id, sha256) == (good.id, 1)
        assert await same_bytes(stores, uuid4(), sha256) is None

    async def test_it_knows_which_objects_are_files(self, stores: Stores) -> None:
        document = await added(stores, received(a_document()))
        assert await stores.documents.is_stored_file(document.file().object_key)
        assert not await stores.documents.is_stored_file("elsewhere")

    async def test_a_document_is_discarded_as_it_was_read(self, stores: Stores) -> None:
        first = await added(stores, a_document())
        second = received(first)
        await stores.work(lambda tx: stores.documents.save(tx, second, replacing=first))
        with pytest.raises(StaleDocument):
            await stores.work(lambda tx: stores.documents.discard(tx, first))
        await stores.work(lambda tx: stores.documents.discard(tx, second))
        with pytest.raises(DocumentNotFound):
            await stores.documents.get_granted(second.id)

    async def test_it_knows_the_objects_of_files_and_of_uploads_under_way(self, stores: Stores) -> None:
        owner_id, document_id = uuid4(), uuid4()
        keys = [object_key_of(owner_id, document_id, uuid4()) for _ in range(3)]
        file, upload = (replace(an_upload(), object_key=key) for key in keys[:2])
        document = replace(received(replace(a_document(owner_id), id=document_id, upload=file)), upload=upload)
        await added(stores, document)
        assert await stores.documents.known_keys([*keys, "stranger"]) == set(keys[:2])
        assert await stores.documents.ids_with_object(keys[0]) == [document_id]
        assert await stores.documents.ids_with_object(keys[2]) == []

    async def test_every_file_is_gone_over_once(self, stores: Stores) -> None:
        infected = received(a_document()).decide(1, (Finding(FindingCode.FILE_INFECTED),), at=NOW)
        made = (a_document(), infected, *(received(a_document()) for _ in range(4)))
        before = (1 << 128) - 100 - secrets.randbits(64)
        own = [await added(stores, replace(document, id=UUID(int=before + place))) for place, document in enumerate(made, 1)]
        seen: list[KeptFile] = []
        last: UUID | None = UUID(int=before)  # behind those of other tests: they are many, and a page is small
        while True:
            files, last = await stores.documents.kept_files(last, 2)
            seen += files
            if last is None:
                break
        ids = [file.document_id for file in seen]
        assert sorted(ids, key=lambda one: one.bytes) == ids
        expected = [(one.id, 1, one.file().object_key, 10, HASH, one is own[1]) for one in own[1:]]
        mine = {document.id for document in own}
        found = [astuple(file) for file in seen if file.document_id in mine]
        assert sorted(found) == sorted(expected)


async def same_bytes(stores: Stores, owner_id: UUID, sha256: str) -> tuple[UUID, int] | None:
    found = await stores.work(lambda tx: stores.documents.find_same_bytes(owner_id, sha256, tx=tx))
    return None if found is None else (found[0].id, found[1].number)


class TestHolds:
    async def test_what_is_stored_comes_back_whole(self, stores: Stores) -> None:
        hold = Hold(application_id=uuid4(), applicant_id=uuid4())
        for changed in (hold, hold.lock(2, [uuid4(), uuid4()]).give_to_reviewer(3, uuid4(), [uuid4()]).give_to_registrars(4, [uuid4()])):
            await stores.work(lambda tx, changed=changed: stores.holds.save(tx, changed))  # type: ignore[misc]
            assert await stores.work(lambda tx: stores.holds.find(hold.application_id, tx=tx)) == changed

    async def test_applications_that_name_a_document_are_found(self, stores: Stores) -> None:
        sent, drafted, strange = uuid4(), uuid4(), uuid4()
        applicant_id = uuid4()
        use = DraftUse((drafted,), NOW)
        holds = [
            Hold(application_id=uuid4(), applicant_id=applicant_id).lock(2, [sent]).lock(3, []),
            Hold(application_id=uuid4(), applicant_id=applicant_id).save_draft(1, use),
            Hold(application_id=uuid4(), applicant_id=uuid4()).lock(1, [sent, drafted]),
        ]
        for hold in holds:
            await stores.work(lambda tx, hold=hold: stores.holds.save(tx, hold))  # type: ignore[misc]
        for document_id, expected in ((sent, holds[:1]), (drafted, holds[1:2]), (strange, [])):
            found = await stores.work(
                lambda tx, document_id=document_id: stores.holds.naming(document_id, owner_id=applicant_id, tx=tx)  # type: ignore[misc]
            )
            assert found == expected

    async def test_locks_and_holders_are_found_by_document(self, stores: Stores) -> None:
        first, second, free = uuid4(), uuid4(), uuid4()
        hold = Hold(application_id=uuid4(), applicant_id=uuid4()).lock(1, [first, second]).unlock(2, [second])
        await stores.work(lambda tx: stores.holds.save(tx, hold))
        everything = [first, second, free]
        assert await stores.holds.locking(everything, owner_id=hold.applicant_id) == {first: [hold.application_id]}
        assert await stores.holds.locking(everything, owner_id=uuid4()) == {}
        assert await stores.holds.holding(second) == [hold]
        assert await stores.holds.holding(free) == []


class TestOnlyTheRealStore:
    async def test_file_names_cannot_be_read_in_the_store(self, service: Component) -> None:
        uploads = service.app.state.usecases.uploads
        document = received(a_document()).receive(an_upload("Паспорт Сидорова.pdf"))
        await Work(uploads.begin)(lambda tx: uploads.documents.add(tx, document))
        record = await service.database["documents"].find_one({"_id": {"$exists": True}, "owner_id": {"$exists": True}})
        assert record is not None
        async for raw in service.database["documents"].find({}):
            assert "Сидоров" not in str(raw)
            assert "Петров" not in str(raw)
            assert set(raw["personal"]) == {"file_names"}

    async def test_of_two_concurrent_changes_one_wins_and_the_other_sees_it(self, service: Component) -> None:
        uploads = service.app.state.usecases.uploads
        document = received(a_document())
        work = Work(uploads.begin)
        await work(lambda tx: uploads.documents.add(tx, document))

        async def decide(tx: Any) -> None:
            known = await uploads.documents.get_granted(document.id, tx=tx)
            await uploads.documents.save(tx, known.decide(1, (), at=NOW), replacing=known)

        await asyncio.gather(*(work(decide) for _ in range(4)))
        assert (await uploads.documents.get_granted(document.id)).version == document.version + 4

    async def test_the_validator_refuses_a_document_of_another_shape(self, service: Component) -> None:
        uploads = service.app.state.usecases.uploads
        odd = replace(a_document(), version=-1)
        with pytest.raises(Exception, match="validation"):
            await Work(uploads.begin)(lambda tx: uploads.documents.add(tx, odd))


class TestChecks:
    def a_case(self, owner_id: UUID | None = None) -> CheckCase:
        return CheckCase(upload_id=uuid4(), document_id=uuid4(), owner_id=owner_id or uuid4(), file_version=2)

    async def found(self, stores: Stores, case: CheckCase) -> CheckCase | None:
        return await stores.work(lambda tx: stores.checks.find(case.upload_id, tx=tx))

    async def test_a_case_comes_back_as_it_was_stored(self, stores: Stores) -> None:
        finding = Finding(FindingCode.PDF_TOO_MANY_PAGES, {"pages": 400, "pages_max": 300})
        warned = StepResult.of((finding.softened,), at=NOW)
        case = self.a_case().begin().with_result(Step.INTEGRITY, StepResult(Outcome.UNAVAILABLE, NOW, cuts=2))
        case = case.with_result(Step.OPENS, StepResult.of((finding,), at=NOW)).with_result(Step.MALWARE, warned)
        assert await self.found(stores, case) is None
        for stored in (self.a_case(), case, case.end()):
            await stores.work(lambda tx, stored=stored: stores.checks.save(tx, stored))  # type: ignore[misc]
            assert await self.found(stores, stored) == stored

    async def test_cases_go_with_their_owner_or_their_document(self, stores: Stores) -> None:
        owner_id = uuid4()
        first, second, other = self.a_case(owner_id), self.a_case(owner_id), self.a_case()
        for case in (first, second, other):
            await stores.work(lambda tx, case=case: stores.checks.save(tx, case))  # type: ignore[misc]
        await stores.work(lambda tx: stores.checks.remove_of(tx, first.document_id))
        assert [await self.found(stores, case) for case in (first, second, other)] == [None, second, other]
        await stores.work(lambda tx: stores.checks.remove_all(tx, owner_id))
        assert [await self.found(stores, case) for case in (first, second, other)] == [None, None, other]

    async def test_cases_made_by_older_rules_are_found_in_the_order_of_ids(self, stores: Stores) -> None:
        older = sorted((replace(self.a_case(), rules_version=0) for _ in range(2)), key=lambda case: case.upload_id.bytes)
        for case in (*older, self.a_case()):
            await stores.work(lambda tx, case=case: stores.checks.save(tx, case))  # type: ignore[misc]
        before = UUID(int=older[0].upload_id.int - 1)
        assert list(await stores.checks.outdated(before, 1)) == older[:1]
        assert [case for case in await stores.checks.outdated(older[0].upload_id, 100) if case in older] == older[1:]
        counted = await stores.checks.count_outdated()
        await stores.work(lambda tx: stores.checks.save(tx, replace(older[0], rules_version=RULES_VERSION)))
        assert await stores.checks.count_outdated() == counted - 1


class TestReadings:
    async def test_what_was_read_comes_back_and_goes_with_its_owner_or_its_document(self, stores: Stores) -> None:
        owner_id = uuid4()
        first, second, other = (
            CheckCase(upload_id=uuid4(), document_id=uuid4(), owner_id=owner, file_version=1) for owner in (owner_id, owner_id, uuid4())
        )
        words = (Word("Берёзкина", 0, 91.5), Word("№1234", 3, 70.0, ("1234", "1284")))
        reading = Reading(Source.RECOGNISED, (Page(words), Page(())), unread=2)

        async def found() -> list[Reading | None]:
            return [
                await stores.work(lambda tx, case=case: stores.readings.find(case.upload_id, tx=tx))  # type: ignore[misc]
                for case in (first, second, other)
            ]

        assert await found() == [None, None, None]
        for case in (first, second, other, other):
            await stores.work(lambda tx, case=case: stores.readings.save(tx, case, reading))  # type: ignore[misc]
        assert await found() == [reading, reading, reading]
        await stores.work(lambda tx: stores.readings.remove_of(tx, first.document_id))
        assert await found() == [None, reading, reading]
        await stores.work(lambda tx: stores.readings.remove_all(tx, owner_id))
        assert await found() == [None, None, reading]


class TestRenditions:
    def some(self, owner_id: UUID | None = None) -> Renditions:
        return Renditions(object_key=f"x/{uuid4()}", owner_id=owner_id or uuid4(), pages=3, has_pdf=True)

    async def test_they_are_found_by_object_and_go_with_it_or_with_their_owner(self, stores: Stores) -> None:
        owner_id = uuid4()
        _, _, other = made = [self.some(owner_id), self.some(owner_id), self.some()]
        keys = [one.object_key for one in made]
        assert await stores.renditions.find(keys) == {}
        for one in (*made, other):
            await stores.work(lambda tx, one=one: stores.renditions.save(tx, one))  # type: ignore[misc]
        assert await stores.renditions.find(keys) == dict(zip(keys, made, strict=True))
        await stores.renditions.remove_objects(keys[:1])
        assert await stores.renditions.find(keys) == dict(zip(keys[1:], made[1:], strict=True))
        await stores.work(lambda tx: stores.renditions.remove_all(tx, owner_id))
        assert await stores.renditions.find(keys) == {keys[2]: other}
