"""The state machine, the rules, numbers and identifiers."""

import re
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.roles import Role
from services.applications.domain import drafting, identifiers, review, stage1
from services.applications.domain.application import SYSTEM, Actor, Application, Desk, Remark
from services.applications.domain.check import CheckInput, check, is_clean
from services.applications.domain.errors.answering import ItemLocked, NothingAnswered
from services.applications.domain.errors.application import ApplicationNotFound
from services.applications.domain.errors.drafting import CheckNotClean
from services.applications.domain.errors.review import (
    AlreadyClaimed,
    ConflictOfInterest,
    NoRecommendation,
    NotClaimed,
    ReasonNotCurable,
    ReasonsMissing,
    UnknownReason,
)
from services.applications.domain.facts import OwnedDocument, Practitioner, StaffMember, Verdict
from services.applications.domain.form import TITLES, Form, changes, experience_months, prefilled
from services.applications.domain.numbers import APPLICATION_PREFIX, is_number, written
from services.applications.domain.remarks import curable_remarks, valid_remarks
from services.applications.domain.rules import Kind
from services.applications.domain.states import Move, State
from services.applications.domain.terms import Term, Terms
from services.applications.gateways import read_rulebook
from services.applications.schemas.bodies import DocumentName, Line
from tests.applications import people
from tests.applications.test_terms import NUMBERS

TERMS = Terms(NUMBERS, lambda day: day.weekday() < 5, ZoneInfo("Europe/Moscow"))
AT = people.NOW
RULES = read_rulebook().on(AT.date())
APPLICANT = uuid4()


def documents(verdict: Verdict = Verdict.ACCEPTED, *, file_version: int = 1) -> dict:  # type: ignore[type-arg]
    made = {}
    for name in people.REQUIRED:
        key = uuid4()
        made[key] = OwnedDocument(key, 1, APPLICANT, name, file_version, verdict, "a" * 64, 10, "application/pdf", (), AT)
    return made


def drafted(known: dict, kind: Kind = Kind.PRIMARY, **changed: object) -> tuple[Application, Practitioner]:  # type: ignore[type-arg]
    facts = people.facts(**changed).model_dump(mode="json")
    form = prefilled(facts, {one.document_type: str(key) for key, one in known.items()}).merged({"consent": people.CONSENT})
    draft = drafting.start(uuid4(), applicant_id=APPLICANT, kind=kind, specialty_code=people.CARDIOLOGY, form=form, at=AT, rules=RULES)
    return draft, Practitioner(APPLICANT, 1, is_verified=True, facts=facts)


def codes(draft: Application, practitioner: Practitioner | None, known: dict) -> list[tuple[str, str]]:  # type: ignore[type-arg]
    found = check(CheckInput(draft, practitioner, known, None, TERMS.local_date(AT), RULES))
    return [(one.code.value, one.pointer) for one in found]


def under_review() -> Application:
    known = documents()
    draft, _ = drafted(known)
    submitted = drafting.submit(drafting.confirm(draft, (), known, at=AT), "MK-2026-00000001-1", at=AT, terms=TERMS)
    return stage1.conclude(submitted, (), known, check_id=uuid4(), at=AT, terms=TERMS)


def staff(*specialties: str, ogrn: str | None = None) -> StaffMember:
    return StaffMember(uuid4(), 1, frozenset({Role.REVIEWER}), frozenset(specialties or (people.CARDIOLOGY,)), ogrn)


def test_every_document_of_the_table_has_a_place_in_the_form() -> None:
    assert set(RULES.documents) == set(get_args(DocumentName))


def test_a_prefilled_draft_with_consent_is_clean() -> None:
    known = documents()
    for kind in Kind:
        draft, practitioner = drafted(known, kind)
        assert codes(draft, practitioner, known) == []


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"personal": {"surname": None}}, ("personal-data-incomplete", "/personal/surname")),
        ({"personal": {"snils": "11223344500"}}, ("identifier-wrong", "/personal/snils")),
        ({"personal": {"inn": "770712345678"}}, ("identifier-wrong", "/personal/inn")),
        ({"personal": {"phone": "89990001122"}}, ("contact-data-wrong", "/personal/phone")),
        ({"personal": {"email": "nowhere"}}, ("contact-data-wrong", "/personal/email")),
        ({"personal": {"surname": "Другая"}}, ("profile-mismatch", "/personal/surname")),
        ({"professional": {"workplace": {"ogrn": "1027700132190"}}}, ("identifier-wrong", "/professional/workplace/ogrn")),
        ({"professional": {"specialty_code": "31.08.49"}}, ("specialty-code-wrong", "/professional/specialty_code")),
        ({"professional": {"licence": None}}, ("licence-missing", "/professional/licence/number")),
        ({"professional": {"licence": {"valid_until": "2026-01-01"}}}, ("licence-expired", "/professional/licence/valid_until")),
        ({"professional": {"licence": {"valid_from": "2027-01-01"}}}, ("licence-inactive", "/professional/licence/valid_from")),
        ({"professional": {"training_hours": 10}}, ("training-not-completed", "/professional/training_hours")),
        ({"professional": {"employments": []}}, ("experience-below-minimum", "/professional/employments")),
        ({"professional": {"qualification": ""}}, ("qualification-incomplete", "/professional/qualification")),
        ({"professional": {"qualification": " \u200b\u3164"}}, ("qualification-incomplete", "/professional/qualification")),
        ({"documents": {"diploma": None}}, ("document-missing", "/documents/diploma")),
        ({"documents": {"diploma": str(uuid4())}}, ("document-missing", "/documents/diploma")),
        ({"consent": {"accuracy": False}}, ("consent-missing", "/consent/accuracy")),
    ],
)
def test_the_check_names_the_field_and_the_reason(patch: dict, expected: tuple[str, str]) -> None:  # type: ignore[type-arg]
    known = documents()
    draft, practitioner = drafted(known, Kind.PERIODIC)
    assert expected in codes(drafting.edit(draft, patch, at=AT), practitioner, known)


def test_accents_written_apart_are_the_same_as_in_the_profile() -> None:
    known = documents()
    apart = unicodedata.normalize("NFD", together := "Врач высшей категории, Ёлкинский университет")
    draft, practitioner = drafted(known, qualification=apart)
    draft = drafting.edit(draft, {"professional": {"qualification": together}}, at=AT)
    assert draft.form.text_at("/professional/qualification") != apart
    assert codes(draft, practitioner, known) == []


def test_a_rejected_file_blocks_and_a_pending_one_only_waits() -> None:
    for verdict, code, clean in ((Verdict.REJECTED, "file-requirements-not-met", False), (Verdict.PENDING, "document-pending", True)):
        known = documents(verdict)
        draft, practitioner = drafted(known)
        found = check(CheckInput(draft, practitioner, known, None, TERMS.local_date(AT), RULES))
        assert {one.code.value for one in found} == {code}
        assert is_clean(found) is clean
        assert stage1.must_wait(found) is clean


def test_psychiatry_asks_for_a_certificate_of_no_criminal_record() -> None:
    assert "no-criminal-record" in RULES.required_documents(Kind.PRIMARY, "31.08.20")
    assert "no-criminal-record" not in RULES.required_documents(Kind.PRIMARY, people.CARDIOLOGY)
    assert all(len(code.split(".")) == 3 for code in RULES.specialties)


def test_stage_one_refuses_what_cannot_be_cured_and_asks_for_what_can() -> None:
    known = documents()
    draft, practitioner = drafted(known, Kind.PERIODIC)
    submitted = drafting.submit(drafting.confirm(draft, (), known, at=AT), "MK-2026-00000001-1", at=AT, terms=TERMS)
    for patch, state in (({"consent": None}, State.INFORMATION_REQUESTED), ({"professional": {"employments": []}}, State.REJECTED)):
        changed = replace(submitted, form=submitted.form.merged(patch))
        found = check(CheckInput(changed, practitioner, known, None, TERMS.local_date(AT), RULES))
        concluded = stage1.conclude(changed, found, known, check_id=uuid4(), at=AT, terms=TERMS)
        assert concluded.state is state
        assert concluded.history[-1].by is SYSTEM


def test_confirming_freezes_a_hash_that_changes_with_any_value_and_only_then() -> None:
    known = documents()
    draft, _ = drafted(known)
    first = drafting.confirm(draft, (), known, at=AT)
    assert drafting.confirm(draft, (), known, at=AT + timedelta(hours=1)).snapshot_sha256 == first.snapshot_sha256
    other = drafting.confirm(drafting.edit(draft, {"personal": {"birth_place": "Иное"}}, at=AT), (), known, at=AT)
    newer = {key: replace(one, file_version=2) for key, one in known.items()}
    assert len({first.snapshot_sha256, other.snapshot_sha256, drafting.confirm(draft, (), newer, at=AT).snapshot_sha256}) == 3


def test_a_draft_with_findings_is_not_confirmed() -> None:
    known = documents()
    draft, practitioner = drafted(known)
    bad = drafting.edit(draft, {"documents": {"diploma": None}}, at=AT)
    findings = check(CheckInput(bad, practitioner, known, None, TERMS.local_date(AT), RULES))
    with pytest.raises(CheckNotClean) as refused:
        drafting.confirm(bad, findings, known, at=AT)
    assert [error.pointer for error in refused.value.errors] == ["/documents/diploma"]


def test_a_claim_is_refused_to_colleagues_to_the_applicant_and_while_another_holds_it() -> None:
    application = under_review()
    with pytest.raises(ConflictOfInterest):
        review.claim(application, staff(ogrn=people.ogrn()), at=AT, terms=TERMS)
    with pytest.raises(ConflictOfInterest):
        review.claim(application, replace(staff(), id=APPLICANT), at=AT, terms=TERMS)
    with pytest.raises(ApplicationNotFound):
        review.claim(application, replace(staff(), roles=frozenset({Role.REGISTRAR})), at=AT, terms=TERMS)
    holder = staff()
    held = review.claim(application, holder, at=AT, terms=TERMS)
    assert review.claim(held, holder, at=AT, terms=TERMS) is held
    with pytest.raises(AlreadyClaimed):
        review.claim(held, staff(), at=AT, terms=TERMS)
    with pytest.raises(NotClaimed):
        review.release(held, uuid4(), at=AT)


def test_only_flagged_places_unlock_and_the_clock_of_the_review_stands_still() -> None:
    reviewer = staff()
    held = review.claim(under_review(), reviewer, at=AT, terms=TERMS)
    remarks = (Remark("contact-data-wrong", "/professional/workplace"),)
    asked = review.request_information(held, reviewer.id, remarks, {}, at=AT + timedelta(days=1), terms=TERMS)
    assert set(asked.active_terms()) == {Term.INFORMATION}
    answer_at = AT + timedelta(days=6)
    with pytest.raises(ItemLocked) as locked:
        drafting.answer(asked, "", {"personal": {"surname": "Другая"}}, {}, at=answer_at, terms=TERMS)
    assert locked.value.errors[0].pointer == "/changes/personal/surname"
    with pytest.raises(NothingAnswered):
        drafting.answer(asked, " ", {}, {}, at=answer_at, terms=TERMS)
    answered = drafting.answer(asked, "", {"professional": {"workplace": {"address": "Иной"}}}, {}, at=answer_at, terms=TERMS)
    assert answered.state is State.UNDER_REVIEW
    assert answered.claim is not None
    assert answered.claim.reviewer_id == reviewer.id
    assert answered.review_due_at == TERMS.resumed_review_due(answer_at, 4)
    assert [one.pointer for one in review.diff(answered, {})] == ["/professional/workplace/address"]


def clarified(held: Application, reviewer: StaffMember, asked_at: datetime, answered_at: datetime) -> Application:
    remarks = (Remark("contact-data-wrong", "/professional/workplace/address"),)
    asked = review.request_information(held, reviewer.id, remarks, {}, at=asked_at, terms=TERMS)
    return drafting.answer(asked, "Верно", {}, {}, at=answered_at, terms=TERMS)


def test_clarifications_of_a_review_prolong_it_by_two_days_in_all() -> None:
    reviewer, same_day = staff(), AT + timedelta(hours=1)
    held = review.claim(under_review(), reviewer, at=AT, terms=TERMS)
    first = clarified(held, reviewer, AT, same_day)
    assert first.review_due_at == TERMS.working_days_after(AT, 5 + 2)
    second = clarified(first, reviewer, same_day, same_day)
    assert (second.review_due_at, second.clarifications) == (first.review_due_at, 2)
    refused = replace(second, state=State.APPEALED)
    anew = refused.moved(Move.OVERTURN, by=Actor(uuid4(), Role.REVIEWER), at=same_day + timedelta(days=9))
    assert anew.clarifications == 0, "another review has its own"


def test_a_clarification_gives_a_missed_review_time_and_leaves_it_missed() -> None:
    reviewer, late = staff(), AT + timedelta(days=14)
    held = review.claim(under_review(), reviewer, at=AT, terms=TERMS)
    assert not clarified(held, reviewer, AT, AT).is_overdue(AT)
    assert held.is_overdue(late)
    answered = clarified(held, reviewer, late, late)
    assert answered.review_due_at == TERMS.working_days_after(late, 2)
    assert answered.active_terms()[Term.REVIEW].was_missed
    assert answered.is_overdue(late)


def test_a_first_opinion_against_goes_to_a_second_reviewer_and_the_registrar_waits_for_the_reviewers() -> None:
    first, second, registrar = staff(), staff(), replace(staff(), roles=frozenset({Role.REGISTRAR}))
    held = review.claim(under_review(), first, at=AT, terms=TERMS)
    with pytest.raises(NoRecommendation):
        review.decide(held, registrar, "approve", (), "", at=AT)
    with pytest.raises(ReasonsMissing):
        review.recommend(held, first.id, "reject", (), "", at=AT, terms=TERMS)
    why = (Remark("negative-expert-decision", "/professional"),)
    doubted = review.recommend(held, first.id, "reject", why, "нет", at=AT, terms=TERMS)
    assert doubted.desk is Desk.SECOND_REVIEWER
    with pytest.raises(ConflictOfInterest):
        review.claim(doubted, first, at=AT, terms=TERMS)
    again = review.claim(doubted, second, at=AT, terms=TERMS)
    agreed = review.recommend(again, second.id, "reject", why, "нет", at=AT, terms=TERMS)
    assert (agreed.state, agreed.reasons) == (State.REJECTED, why)
    saved = review.recommend(again, second.id, "approve", (), "да", at=AT, terms=TERMS)
    assert saved.desk is Desk.REGISTRAR
    with pytest.raises(ConflictOfInterest):
        review.decide(saved, second, "approve", (), "", at=AT)
    assert review.decide(saved, registrar, "approve", (), "", at=AT).state is State.APPROVED


@pytest.mark.parametrize(
    ("code", "pointer", "is_right"),
    [
        ("licence-expired", "/professional/licence/valid_until", True),
        ("licence-expired", "/documents/licence", True),
        ("file-requirements-not-met", "/documents/licence", True),
        ("file-requirements-not-met", "/personal/surname", False),
        ("contact-data-wrong", "/documents/licence", False),
        ("contact-data-wrong", "/personal/shoe_size", False),
        ("document-pending", "/documents/licence", False),
        ("no-such-code", "/personal/surname", False),
        ("document-missing", "/documents/gosuslugi-confirmation", True),  # it has to hold it
        ("qualification-incomplete", "/documents/supporting", True),  # anybody may be asked for it
        ("document-missing", "/documents/nonexistent-thing", False),
        ("document-missing", "/documents/passport", False),  # it neither holds nor has to hold it
        ("document-missing", "/documents/diploma/x/y", False),
        ("document-missing", "/documents", False),
        ("training-not-completed", "/professional", True),  # which holds the hours
        ("training-not-completed", "/documents/diploma", False),
        ("duplicate-application", "/personal/surname", False),
        ("duplicate-application", "/professional/specialty_code", True),
        ("negative-expert-decision", "/personal/surname", False),
    ],
)
def test_a_remark_names_a_reason_of_the_table_and_a_place_it_fits(code: str, pointer: str, *, is_right: bool) -> None:
    if is_right:
        assert valid_remarks([Remark(code, pointer)], under_review(), RULES, member="remarks")
    else:
        with pytest.raises(UnknownReason):
            valid_remarks([Remark(code, pointer)], under_review(), RULES, member="remarks")


def test_the_applicant_is_asked_once_of_each_place_and_only_for_what_they_can_cure() -> None:
    phone, same, sad = (Remark("contact-data-wrong", "/personal/phone", text) for text in ("Где?", "Когда?", ""))
    with pytest.raises(UnknownReason) as twice:
        valid_remarks([phone, same, sad], under_review(), RULES, member="reasons")
    assert [(one.pointer, one.code) for one in twice.value.errors] == [(f"/reasons/{n}", "repeated-remark") for n in (1, 2)]
    final = [Remark(code, "/professional") for code in ("duplicate-application", "negative-expert-decision")]
    assert valid_remarks(final, under_review(), RULES, member="reasons"), "a refusal may name them"
    with pytest.raises(ReasonNotCurable) as hopeless:
        curable_remarks([phone, *final], under_review(), RULES, member="remarks")
    assert [one.pointer for one in hopeless.value.errors] == ["/remarks/1/code", "/remarks/2/code"]


def test_what_the_check_finds_lies_where_its_reason_may_point() -> None:
    draft, practitioner = drafted({}, Kind.PERIODIC)
    empty = replace(draft, form=Form())
    found = check(CheckInput(empty, practitioner, {}, None, AT.date(), RULES))
    assert len(found) > 20
    assert [one for one in found if not RULES.reason(one.code).may_point_at(one.pointer)] == []


@given(year=st.integers(2020, 2099), serial=st.integers(0, 10**8 - 1), place=st.integers(0, 12), other=st.integers(1, 9))
def test_a_number_with_one_wrong_digit_or_swapped_neighbours_is_no_number(year: int, serial: int, place: int, other: int) -> None:
    number = written(APPLICATION_PREFIX, year, serial)
    assert is_number(APPLICATION_PREFIX, number)
    digits = [sign for sign in number if sign.isdigit()]

    def spelled(changed: list[str]) -> str:
        text = "".join(changed)
        return f"MK-{text[:4]}-{text[4:12]}-{text[12]}"

    wrong = digits.copy()
    wrong[place] = str((int(wrong[place]) + other) % 10)
    assert not is_number(APPLICATION_PREFIX, spelled(wrong))
    if place < 12 and digits[place] != digits[place + 1]:
        swapped = digits.copy()
        swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
        assert not is_number(APPLICATION_PREFIX, spelled(swapped))


@given(st.text(max_size=14))
def test_identifiers_take_any_text(text: str) -> None:
    for test in (identifiers.is_snils, identifiers.is_inn, identifiers.is_ogrn, identifiers.is_phone, identifiers.is_email):
        assert test(text) in {True, False}


def test_the_last_day_of_work_counts() -> None:
    assert experience_months([{"started_on": "2020-01-01", "ended_on": "2020-01-31"}], people.NOW.date()) == 1
    both = [{"started_on": "2020-01-01", "ended_on": "2020-01-15"}, {"started_on": "2020-01-16", "ended_on": "2020-01-31"}]
    assert experience_months(both, people.NOW.date()) == 1


def test_overlapping_work_counts_once() -> None:
    work = [
        {"started_on": "2020-01-01", "ended_on": "2021-01-01"},
        {"started_on": "2020-06-01", "ended_on": "2021-07-02"},
        {"started_on": "2026-01-01"},
    ]
    assert experience_months(work, people.NOW.date()) == 21


def test_a_merge_patch_removes_with_null_and_changes_are_listed_by_pointer() -> None:
    draft, _ = drafted(documents())
    patched = draft.form.merged({"personal": {"inn": None}, "professional": {"licence": {"number": "2"}}})
    assert changes(draft.form, patched) == {
        "/personal/inn": (people.inn(), None),
        "/professional/licence/number": ("01-000111", "2"),
    }
    assert all(pointer.startswith("/") for pointer in TITLES)


@pytest.mark.parametrize("sign", ["\u202e", "\u2028", "\u2029", "\x7f", "\x85", "\u200b", "\u2066", "\ufeff", "\u00ad", "\n", "\0"])
def test_a_line_has_no_sign_that_is_not_seen(sign: str) -> None:
    with pytest.raises(ValidationError, match="невидимые знаки"):
        TypeAdapter(Line).validate_python(f"Вымыш{sign}ленникова")
    pattern = TypeAdapter(Line).json_schema()["pattern"]
    assert not re.search(pattern, f"a{sign}b")
    assert (
        TypeAdapter(Line).validate_python(" Аль-Ёлкина\u00a0И. \N{COMBINING ACUTE ACCENT}№ 5 ")
        == "Аль-Ёлкина\u00a0И. \N{COMBINING ACUTE ACCENT}№ 5"
    )
