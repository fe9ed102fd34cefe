"""Files replaced, answers, late news: what was confirmed stays what was handed in."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.applications import ElectronicDocumentIssued, InformationProvided
from services.applications.domain import drafting, erasure, identifiers, stage1
from services.applications.domain.application import SYSTEM, Application, StoredFile
from services.applications.domain.as_of import as_of
from services.applications.domain.check import CheckInput, check
from services.applications.domain.errors.answering import DocumentUnknown, NothingAnswered
from services.applications.domain.errors.drafting import DocumentsChanged
from services.applications.domain.facts import OwnedDocument, Verdict
from services.applications.domain.form import sha256_of
from services.applications.domain.states import State
from services.identity.domain import fields
from tests.applications import people
from tests.applications.conftest import Applicant
from tests.applications.test_domain import AT, RULES, TERMS, codes, documents, drafted
from tests.support import Component, eventually

Known = dict[UUID, OwnedDocument]
LATER = AT + timedelta(hours=1)


def handed_in(known: Known) -> Application:
    draft, _ = drafted(known)
    return drafting.submit(drafting.confirm(draft, (), known, at=AT), "MK-2026-00000001-1", at=AT, terms=TERMS)


def asked_for_files(known: Known, *document_types: str) -> tuple[Application, Known]:
    """An application whose files of these types were rejected, and the documents as they are now."""
    rejected = {key: replace(one, verdict=Verdict.REJECTED) if one.document_type in document_types else one for key, one in known.items()}
    _, practitioner = drafted(known)
    submitted = handed_in(known)
    findings = check(CheckInput(submitted, practitioner, rejected, None, TERMS.local_date(AT), RULES))
    return stage1.conclude(submitted, findings, rejected, check_id=uuid4(), at=AT, terms=TERMS), rejected


def replaced(known: Known, *document_types: str) -> Known:
    return {
        key: replace(one, verdict=Verdict.ACCEPTED, file_version=one.file_version + 1) if one.document_type in document_types else one
        for key, one in known.items()
    }


def entrepreneur_ogrn(first_fourteen: str = "30450011600015") -> str:
    return f"{first_fourteen}{int(first_fourteen) % 13 % 10}"


def iin(first_eleven: str = "88020335012") -> str:
    return f"{first_eleven}{sum(int(digit) * weight for weight, digit in enumerate(first_eleven, start=1)) % 11}"


def test_every_form_of_a_number_that_registration_takes_is_taken_here() -> None:
    assert identifiers.is_ogrn(entrepreneur_ogrn())
    assert not identifiers.is_ogrn(f"{entrepreneur_ogrn()[:-1]}{(int(entrepreneur_ogrn()[-1]) + 1) % 10}")
    assert identifiers.is_inn(iin())
    assert identifiers.is_snils("001-001-998 77")
    assert not identifiers.is_snils("001-001-999 77")
    assert not identifiers.is_snils("000-000-000 00")


@given(body=st.text("0123456789", min_size=9, max_size=14))
def test_what_registration_takes_the_check_takes(body: str) -> None:
    rules = ((fields.snils, identifiers.is_snils), (fields.inn, identifiers.is_inn), (fields.ogrn, identifiers.is_ogrn))
    for number in (f"{body}{last}" for last in range(100)):
        for rule, is_right in rules:
            try:
                rule(number)
            except fields.WrongValue:
                assert not is_right(number)
            else:
                assert is_right(number)


def test_what_the_registries_confirmed_is_right_whatever_its_check_digits_say() -> None:
    known = documents()
    draft, practitioner = drafted(known, snils="11223344500", inn="770712345678", passport_series="451")
    assert codes(draft, practitioner, known) == []
    found = codes(draft, replace(practitioner, is_verified=False), known)
    assert ("identifier-wrong", "/personal/snils") in found


def test_a_file_replaced_after_confirming_must_be_confirmed_again() -> None:
    known = documents()
    draft, _ = drafted(known)
    confirmed = drafting.confirm(draft, (), known, at=AT)
    drafting.as_confirmed(confirmed, known)
    newer = replaced(known, "licence")
    with pytest.raises(DocumentsChanged) as refused:
        drafting.as_confirmed(confirmed, newer)
    assert [error.pointer for error in refused.value.errors] == ["/documents/licence"]
    again = drafting.confirm(confirmed, (), newer, at=AT)
    assert again.state is State.CONFIRMED
    assert again.snapshot_sha256 != confirmed.snapshot_sha256
    drafting.as_confirmed(again, newer)


def test_stage_one_leaves_what_was_handed_in_as_it_was() -> None:
    known = documents()
    submitted = handed_in(known)
    passed = stage1.conclude(submitted, (), replaced(known, "licence"), check_id=uuid4(), at=AT, terms=TERMS)
    assert (passed.documents, passed.snapshot_sha256) == (submitted.documents, submitted.snapshot_sha256)
    assert sha256_of(drafting.snapshot(passed)) == passed.snapshot_sha256


def test_a_replaced_file_alone_is_an_answer() -> None:
    asked, known = asked_for_files(documents(), "licence")
    for untouched in (known, replaced(known, "diploma")):
        with pytest.raises(NothingAnswered):
            drafting.answer(asked, "", {}, untouched, at=AT, terms=TERMS)
    answered = drafting.answer(asked, "", {}, replaced(known, "licence"), at=AT, terms=TERMS)
    assert answered.state is State.SUBMITTED
    assert {one.document_type: one.file_version for one in answered.documents}["licence"] == 2
    assert sha256_of(drafting.snapshot(answered)) == answered.snapshot_sha256
    late = asked.requests[-1].due_at + timedelta(days=30)
    assert drafting.answer(asked, "", {}, replaced(known, "licence"), at=late, terms=TERMS).state is State.SUBMITTED, "notices say so"


def test_new_files_answer_an_automatic_request_once_all_are_accepted() -> None:
    asked, known = asked_for_files(documents(), "licence", "diploma")
    assert stage1.is_answered_by_files(asked)
    half = replaced(known, "licence")
    (missing,) = stage1.unanswered_documents(asked, half)
    assert half[missing].document_type == "diploma"
    whole = replaced(half, "diploma")
    assert stage1.unanswered_documents(asked, whole) == ()
    gone_on = drafting.go_on(asked, whole, at=AT, terms=TERMS)
    assert (gone_on.state, gone_on.history[-1].by, gone_on.requests[-1].answered_at) == (State.SUBMITTED, SYSTEM, AT)
    other = replace(asked.requests[-1], remarks=(*asked.requests[-1].remarks, replace(asked.requests[-1].remarks[0], pointer="/consent")))
    assert not stage1.is_answered_by_files(replace(asked, requests=(other,)))


def test_an_answer_names_neither_a_strangers_document_nor_an_unknown_one() -> None:
    asked, known = asked_for_files(documents(), "licence")
    strange = uuid4()
    licence = next(one for one in known.values() if one.document_type == "licence")
    patch = {"documents": {"licence": str(strange)}}
    for facts in (known, known | {strange: replace(licence, id=strange, owner_id=uuid4())}):
        with pytest.raises(DocumentUnknown) as refused:
            drafting.answer(asked, "вот", patch, facts, at=AT, terms=TERMS)
        assert [error.pointer for error in refused.value.errors] == ["/changes/documents/licence"]
    own = known | {strange: replace(licence, id=strange)}
    assert drafting.answer(asked, "вот", patch, own, at=AT, terms=TERMS).state is State.SUBMITTED


def file_of(snapshot_sha256: str | None) -> StoredFile:
    return StoredFile(f"electronic/x/{snapshot_sha256}.pdf", str(snapshot_sha256), 1)


def test_what_an_answer_changed_has_an_electronic_document_of_its_own_and_the_former_stays() -> None:
    asked, known = asked_for_files(documents(), "licence")
    first, receipt = drafting.printed(asked, file_of(asked.snapshot_sha256), asked.snapshot_sha256), file_of(asked.snapshot_sha256)
    answered = drafting.answer(first, "", {}, replaced(known, "licence"), at=LATER, terms=TERMS)
    printed, newest = (
        drafting.printed(answered, file_of(answered.snapshot_sha256), answered.snapshot_sha256),
        file_of(answered.snapshot_sha256),
    )
    assert (printed.electronic_document, printed.former_electronic_documents) == (newest, (receipt,))
    assert drafting.printed(printed, newest, answered.snapshot_sha256) is printed, "told twice"
    late = drafting.printed(printed, file_of("earlier"), "earlier")
    assert (late.electronic_document, late.former_electronic_documents) == (newest, (receipt, file_of("earlier")))
    before = as_of(printed, AT + timedelta(minutes=1))
    assert before is not None
    assert (before.electronic_document, before.former_electronic_documents) == (receipt, ())
    assert erasure.anonymised(printed, at=LATER).former_electronic_documents == ()


def test_a_document_nobody_told_about_yet_lets_what_was_handed_in_wait() -> None:
    known = documents()
    draft, practitioner = drafted(known)
    late = {key: one for key, one in known.items() if one.document_type != "licence"}
    assert codes(draft, practitioner, late) == [("document-missing", "/documents/licence")]
    submitted = handed_in(known)
    assert codes(submitted, practitioner, late) == [("document-pending", "/documents/licence")]
    assert stage1.must_wait(check(CheckInput(submitted, practitioner, late, None, TERMS.local_date(AT), RULES)))


async def test_a_file_replaced_before_handing_in_is_named_and_can_be_confirmed(service: Component, applicant: Applicant) -> None:
    draft = await applicant.draft()
    confirmed = await applicant.confirm(draft)
    licence = applicant.documents["licence"]
    await service.publish(people.accepted(applicant.id, "licence", licence, file_version=2))
    await eventually(lambda: service.database["known_documents"].find_one({"_id": licence, "file_version": 2}))
    refused = await applicant.call("POST", f"/applications/{draft['id']}/submission")
    assert (refused.status_code, refused.json()["code"]) == (409, "documents-changed")
    again = await applicant.confirm(confirmed)
    assert again["snapshot_sha256"] != confirmed["snapshot_sha256"]
    assert (await applicant.confirm(again))["version"] == again["version"]
    submitted = await applicant.hand_in(again)
    under_review = await applicant.reach(submitted["id"], "under-review")
    assert under_review["snapshot_sha256"] == again["snapshot_sha256"]


async def test_a_check_that_asks_and_the_verdict_that_answers_write_one_record(service: Component, applicant: Applicant) -> None:
    """Otherwise each may miss the other, and the application waits for a file that is there."""
    known, diploma = service.database["known_documents"], {"_id": applicant.documents["diploma"]}
    for name in ("licence", "diploma"):
        await service.publish(people.received(applicant.id, name, applicant.documents[name], file_version=2))
        waiting = {"_id": applicant.documents[name], "verdict": "pending"}
        await eventually(lambda waiting=waiting: known.find_one(waiting))  # type: ignore[misc]
    submitted = await applicant.submit(await applicant.draft_with(applicant.documents))
    await eventually(lambda: known.find_one(diploma | {"awaits": 1}))
    await service.publish(people.rejected(applicant.id, "licence", applicant.documents["licence"], file_version=2))
    await applicant.reach(submitted["id"], "information-requested")
    await service.publish(people.rejected(applicant.id, "diploma", applicant.documents["diploma"], file_version=2))
    await eventually(lambda: known.find_one(diploma | {"verdict": "rejected"}))
    await service.publish(people.accepted(applicant.id, "licence", applicant.documents["licence"], file_version=3))
    await eventually(lambda: known.find_one(diploma | {"awaits": 2}))
    await service.publish(people.accepted(applicant.id, "diploma", applicant.documents["diploma"], file_version=3))
    await applicant.reach(submitted["id"], "under-review")


async def test_an_application_goes_on_by_itself_when_both_files_are_replaced_at_once(service: Component, applicant: Applicant) -> None:
    replaced_types = ("licence", "diploma")
    for name in replaced_types:
        await service.publish(people.received(applicant.id, name, applicant.documents[name], file_version=2))
        waiting = {"_id": applicant.documents[name], "verdict": "pending"}
        await eventually(lambda waiting=waiting: service.database["known_documents"].find_one(waiting))  # type: ignore[misc]
    submitted = await applicant.submit(await applicant.draft_with(applicant.documents))
    for name in replaced_types:
        await service.publish(people.rejected(applicant.id, name, applicant.documents[name], file_version=2))
    await applicant.reach(submitted["id"], "information-requested")
    for name in replaced_types:
        await service.publish(people.accepted(applicant.id, name, applicant.documents[name], file_version=3))
    assert str((await applicant.told(InformationProvided)).application_id) == submitted["id"]
    await applicant.reach(submitted["id"], "under-review")


async def test_late_news_of_a_document_is_waited_for(service: Component, applicant: Applicant) -> None:
    known, licence = service.database["known_documents"], applicant.documents["licence"]
    await service.publish(people.received(applicant.id, "licence", licence, file_version=2))
    await eventually(lambda: known.find_one({"_id": licence, "verdict": "pending"}))
    submitted = await applicant.submit(await applicant.draft_with(applicant.documents))
    await eventually(lambda: known.find_one({"_id": licence, "awaited_by": {"$exists": True}}))
    await known.delete_one({"_id": licence})  # as if nobody had told yet
    await service.publish(
        people.accepted(applicant.id, "diploma", applicant.documents["diploma"], file_version=1).model_copy(update={"version": 9})
    )
    await eventually(lambda: known.find_one({"_id": licence, "awaited_by": {"$exists": True}, "version": {"$exists": False}}))
    assert (await applicant.get(submitted["id"]))["state"] == "submitted"
    await service.publish(people.accepted(applicant.id, "licence", licence, file_version=2))
    await applicant.reach(submitted["id"], "under-review")


async def test_a_store_that_fails_is_told_before_the_answer_begins(
    service: Component, applicant: Applicant, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = await applicant.under_review()
    await applicant.told(ElectronicDocumentIssued)
    path = f"/applications/{application['id']}/electronic-document"
    assert (await applicant.call("GET", path)).content.startswith(b"%PDF")
    monkeypatch.setattr(service.app.state.usecases.files.objects, "_presigned", lambda *_: "http://127.0.0.1:9/nothing")
    failed = await applicant.call("GET", path)
    assert (failed.status_code, failed.json()["code"]) == (503, "file-store-unavailable")


async def test_exports_are_limited_by_person(service: Component, applicant: Applicant) -> None:
    draft = await applicant.draft()
    statuses = [(await applicant.call("GET", f"/applications/exports?ids={draft['id']}")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
