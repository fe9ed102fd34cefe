"""Rules, verdicts, names, versions and holds, without anything around them."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.documents import DocumentType
from contracts.roles import Role
from services.documents.domain.checks import CHANGED_IN
from services.documents.domain.documents import Document, State, StoredBytes, Upload, clean_file_name, extension_of
from services.documents.domain.errors import FileNameMissing, FileNotAccepted, FileNotFound, UploadSuperseded
from services.documents.domain.findings import Declared, Finding, FindingCode, integrity, size_and_type
from services.documents.domain.holds import Hold, Reader
from services.documents.domain.rules import MEGABYTE, RULES, RULES_VERSION, MediaType

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DIPLOMA = RULES[DocumentType.DIPLOMA]
HASH = "ab" * 32


def an_upload(file_name: str = "diploma.pdf") -> Upload:
    upload_id = uuid4()
    return Upload(
        id=upload_id, object_key=f"a/b/{upload_id}", file_name=file_name, media_type=MediaType.PDF, uploaded_by=uuid4(), started_at=NOW
    )


def a_document() -> Document:
    return Document(id=uuid4(), owner_id=uuid4(), document_type=DocumentType.DIPLOMA, version=0, created_at=NOW, upload=an_upload())


def a_received_document() -> Document:
    document = a_document()
    assert document.upload is not None
    return document.finish(document.upload.id, StoredBytes(document.upload.object_key, 100, HASH), at=NOW)


class TestRules:
    def test_every_type_has_a_rule_and_its_limits_in_words(self) -> None:
        assert set(RULES) == set(DocumentType)
        assert DIPLOMA.limits == "PDF или JPEG, не больше 5 МБ"
        assert RULES[DocumentType.PASSPORT].limits == "PDF, JPEG или PNG, не больше 10 МБ"

    def test_application_papers_are_smaller_and_never_png(self) -> None:
        papers = {DocumentType.DIPLOMA, DocumentType.LICENCE, DocumentType.TRAINING_CERTIFICATE, DocumentType.NO_CRIMINAL_RECORD}
        for document_type, rule in RULES.items():
            assert rule.max_bytes == (5 if document_type in papers else 10) * MEGABYTE
            assert (MediaType.PNG in rule.media_types) is (document_type not in papers)

    def test_no_rule_changes_without_another_version_and_the_steps_that_may_come_to_something_else(self) -> None:
        judged = [replace(rule, source="", valid_from=date.min, is_kept_with_account=False) for rule in RULES.values()]
        digest = hashlib.sha256(repr(judged).encode()).hexdigest()[:12]
        assert (RULES_VERSION, digest) == (2, "ebb90c1ba347")
        assert max(CHANGED_IN) == RULES_VERSION


class TestFindings:
    @pytest.mark.parametrize(
        ("size_bytes", "sha256", "expected"),
        [(9, HASH, []), (9, "cd" * 32, [FindingCode.STORED_BYTES_DIFFER]), (8, HASH, [FindingCode.STORED_BYTES_DIFFER])],
    )
    def test_bytes_that_are_not_those_received_are_named(self, size_bytes: int, sha256: str, expected: list[FindingCode]) -> None:
        found = integrity(Declared(".pdf", MediaType.PDF, 9, HASH), size_bytes, sha256)
        assert [finding.code for finding in found] == expected

    @pytest.mark.parametrize(
        ("declared", "actual", "expected"),
        [
            (Declared(".pdf", MediaType.PDF, 9, HASH), MediaType.PDF, []),
            (Declared(".jpg", MediaType.PDF, 9, HASH), MediaType.PDF, [FindingCode.EXTENSION_MISMATCH]),
            (Declared("", MediaType.PDF, 9, HASH), MediaType.PDF, [FindingCode.EXTENSION_MISMATCH]),
            (Declared(".pdf", MediaType.PDF, 9, HASH), MediaType.JPEG, [FindingCode.CONTENT_MISMATCH]),
            (Declared(".pdf", MediaType.PDF, 9, HASH), None, [FindingCode.CONTENT_UNKNOWN]),
            (Declared(".pdf", MediaType.PDF, 0, HASH), None, [FindingCode.FILE_EMPTY]),
            (Declared(".pdf", MediaType.PDF, 5 * MEGABYTE + 1, HASH), MediaType.PDF, [FindingCode.FILE_TOO_LARGE]),
            (Declared(".png", MediaType.JPEG, 9, HASH), MediaType.PNG, [FindingCode.CONTENT_MISMATCH, FindingCode.EXTENSION_MISMATCH]),
        ],
    )
    def test_everything_wrong_is_named_at_once(self, declared: Declared, actual: MediaType | None, expected: list[FindingCode]) -> None:
        assert [finding.code for finding in size_and_type(DIPLOMA, declared, actual)] == expected

    @pytest.mark.parametrize("content", [b"", b"MZ\x90\x00", b"<html>%PDF-1.4</html>", " %PDF-1.7".encode("utf-16"), b"GIF89a"])
    def test_what_is_none_of_the_formats_has_no_format(self, content: bytes) -> None:
        assert MediaType.sniffed(content) is None

    def test_every_finding_has_a_sentence_that_names_the_document(self) -> None:
        names = "size_mb limits declared extensions actual other page pages pages_max mm_max width height dpi dpi_min"
        facts: dict[str, str | int] = dict.fromkeys(names.split(), 7)
        for code in FindingCode:
            sentence = Finding(code, facts).sentence(DIPLOMA.title)
            assert sentence.startswith("«Диплом о высшем медицинском образовании»: ")
            assert "{" not in sentence

    def test_the_facts_of_a_verdict_fill_its_sentence(self) -> None:
        for declared, actual in [
            (Declared(".x", MediaType.PDF, 6 * MEGABYTE, HASH), MediaType.JPEG),
            (Declared("", MediaType.JPEG, 9, HASH), None),
        ]:
            for finding in size_and_type(DIPLOMA, declared, actual):
                assert finding.sentence(DIPLOMA.title)


class TestFileNames:
    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ("diploma.pdf", "diploma.pdf"),
            ("C:\\Users\\doctor\\диплом.PDF", "диплом.PDF"),
            ("../../etc/passwd", "passwd"),
            ("a\u202efdp.exe", "afdp.exe"),
            ("  скан\x00\r\n.jpg ", "скан.jpg"),
            ("и\u0306.pdf", "й.pdf"),
        ],
    )
    def test_only_the_name_itself_is_kept(self, sent: str, kept: str) -> None:
        assert clean_file_name(sent) == kept

    @pytest.mark.parametrize("sent", [None, "", "   ", "...", "dir/", "\u200b"])
    def test_no_name_is_refused(self, sent: str | None) -> None:
        with pytest.raises(FileNameMissing):
            clean_file_name(sent)

    def test_a_long_name_keeps_its_extension(self) -> None:
        kept = clean_file_name("я" * 500 + ".pdf")
        assert len(kept) == 200
        assert kept.endswith(".pdf")

    @given(st.text())
    def test_any_name_is_cleaned_for_good_or_refused(self, sent: str) -> None:
        try:
            kept = clean_file_name(sent)
        except FileNameMissing:
            return
        assert clean_file_name(kept) == kept
        assert len(kept) <= 200
        assert "/" not in kept
        kept.encode()

    @pytest.mark.parametrize(("name", "extension"), [("a.PDF", ".pdf"), ("a", ""), (".pdf", ""), ("a.", ""), ("a.tar.gz", ".gz")])
    def test_the_extension_is_what_follows_the_last_dot(self, name: str, extension: str) -> None:
        assert extension_of(name) == extension


class TestDocument:
    def test_it_is_receiving_until_its_first_file_is_there(self) -> None:
        document = a_document()
        assert (document.state, document.version, document.current) == (State.RECEIVING, 0, None)
        received = a_received_document()
        assert (received.state, received.version, received.file().number) == (State.CHECKING, 1, 1)

    def test_replacing_keeps_earlier_files_and_says_receiving_meanwhile(self) -> None:
        accepted = a_received_document().decide(1, (), at=NOW)
        upload = an_upload()
        receiving = accepted.receive(upload)
        assert (receiving.state, receiving.version) == (State.RECEIVING, accepted.version)
        replaced = receiving.finish(upload.id, StoredBytes("key", 5, HASH), at=NOW)
        assert replaced.state is State.CHECKING
        assert replaced.files[0] == accepted.files[0]
        assert [file.number for file in replaced.files] == [1, 2]

    def test_an_upload_given_up_leaves_everything_as_it_was(self) -> None:
        accepted = a_received_document().decide(1, (), at=NOW)
        upload = an_upload()
        assert accepted.receive(upload).give_up(upload.id) == accepted
        assert accepted.receive(upload).give_up(uuid4()).state is State.RECEIVING

    def test_a_superseded_upload_cannot_finish(self) -> None:
        first, second = an_upload(), an_upload()
        document = a_received_document().receive(first).receive(second)
        with pytest.raises(UploadSuperseded):
            document.finish(first.id, StoredBytes("key", 5, HASH), at=NOW)

    def test_a_verdict_of_an_earlier_file_does_not_change_the_state(self) -> None:
        upload = an_upload()
        document = a_received_document().receive(upload)
        document = document.finish(upload.id, StoredBytes("key", 5, HASH), at=NOW)
        judged = document.decide(1, (Finding(FindingCode.PDF_DAMAGED),), at=NOW)
        assert judged.state is State.CHECKING
        assert not judged.is_current(judged.file(1))

    def test_only_an_accepted_file_can_be_downloaded(self) -> None:
        document = a_received_document()
        with pytest.raises(FileNotAccepted):
            document.downloadable()
        with pytest.raises(FileNotAccepted):
            document.delay(1).downloadable()
        with pytest.raises(FileNotAccepted):
            document.decide(1, (Finding(FindingCode.PDF_DAMAGED),), at=NOW).downloadable()
        assert document.decide(1, (), at=NOW).downloadable(1).number == 1
        with pytest.raises(FileNotFound):
            document.downloadable(2)


class TestHold:
    def a_hold(self) -> Hold:
        return Hold(application_id=uuid4(), applicant_id=uuid4())

    def test_documents_are_locked_from_handing_in_until_the_end(self) -> None:
        first, second = uuid4(), uuid4()
        hold = self.a_hold().lock(2, [first, second])
        assert hold.locked_document_ids == (first, second)
        asked = hold.unlock(3, [second])
        assert asked.locked_document_ids == (first,)
        assert asked.lock(4, [first, second]).locked_document_ids == (first, second)
        assert asked.close(5, is_over=True).locked_document_ids == ()
        assert asked.close(5, is_over=False).locked_document_ids == (first,)

    def test_late_news_do_not_undo_newer_ones(self) -> None:
        first, second = uuid4(), uuid4()
        hold = self.a_hold().unlock(3, [second]).lock(2, [first, second])
        assert hold.locked_document_ids == (first,)
        over = self.a_hold().close(9, is_over=True).lock(2, [first])
        assert over.locked_document_ids == ()
        released = self.a_hold().take_from_reviewer(5).give_to_reviewer(4, uuid4(), [first])
        assert released.reviewer_id.value is None

    def test_who_may_read_and_why(self) -> None:
        reviewer = Reader(uuid4(), frozenset({Role.REVIEWER}))
        registrar = Reader(uuid4(), frozenset({Role.REGISTRAR}))
        hold = self.a_hold().lock(1, [uuid4()])
        assert hold.grant(reviewer) is None
        claimed = hold.give_to_reviewer(2, reviewer.id, [uuid4()])
        grant = claimed.grant(reviewer)
        assert grant is not None
        assert (grant.role, grant.purpose) == (Role.REVIEWER, "review")
        assert claimed.grant(replace(reviewer, id=uuid4())) is None
        assert claimed.grant(replace(reviewer, roles=frozenset({Role.PRACTITIONER}))) is None
        assert claimed.grant(registrar) is None
        assert claimed.give_to_registrars(3, [uuid4()]).grant(registrar) is not None
        assert claimed.give_to_registrars(3, [uuid4()]).grant(reviewer) is None
        closed = claimed.give_to_registrars(3, [uuid4()]).close(4, is_over=False)
        assert closed.grant(registrar) is None
        assert closed.grant(reviewer) is None
