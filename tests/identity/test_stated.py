"""What a practitioner states: patches, differences, the canonical text, experience, advice; pure."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain.changes import NothingChanged, Proof, ProofMissing, canonical, propose
from services.identity.domain.fields import InvalidFields, WrongValue, issuing_body
from services.identity.domain.registration import Employment
from services.identity.domain.stated import (
    Stated,
    differences,
    experience_days,
    experience_years,
    licence_over_at,
)
from services.identity.domain.verification import ADVICE, Answer, Registry, RegistryAnswer, Verification, WrongField, advice_on
from services.identity.gateways.registries import ASKED, asked_of, asks_about, concerned
from tests.identity.samples import NOW, a_practitioner
from tests.identity.test_fields import RULES
from tests.identity.test_usecases import MOSCOW

TODAY = NOW.date()
ID = UUID(int=7)


def stated() -> Stated:
    return a_practitioner().stated


def test_a_patch_of_nothing_changes_nothing_and_what_is_shown_reads_back() -> None:
    before = stated()
    assert before.patched({}, rules=RULES, today=TODAY) == before
    assert before.patched(before.shown(), rules=RULES, today=TODAY) == before


def test_a_patch_merges_deeply_replaces_lists_and_removes_what_may_be_absent() -> None:
    before = stated()
    patch = {"inn": None, "practice": {"licence": {"number": "555"}, "employments": []}}
    after = before.patched(patch, rules=RULES, today=TODAY)
    assert (after.numbers.inn, after.profile.employments) == (None, ())
    assert after.profile.licence == replace(before.profile.licence, number="555")
    assert {one.field for one in differences(before.shown(), after.shown())} == {
        "/inn",
        "/practice/licence/number",
        "/practice/employments",
    }


def test_new_contacts_are_accepted_though_the_licence_has_ended_since() -> None:
    before = stated()
    ended = replace(before.profile, licence=replace(before.profile.licence, valid_until=TODAY - timedelta(days=1)))
    before = replace(before, profile=ended)
    assert before.patched({"email": "new@example.org"}, rules=RULES, today=TODAY).email == "new@example.org"
    with pytest.raises(InvalidFields) as raised:
        before.patched({"surname": "Иная"}, rules=RULES, today=TODAY)
    assert [(error.pointer, error.code) for error in raised.value.errors] == [("/practice/licence/valid_until", "licence-expired")]


def test_the_text_names_purpose_change_person_version_and_every_field() -> None:
    before = stated()
    after = before.patched({"surname": "Ёлкина", "inn": None}, rules=RULES, today=TODAY)
    change = propose(ID, ID, 3, before, after, at=NOW, lifetime=timedelta(minutes=30))
    assert json.loads(change.text) == {
        "purpose": "medkabinet.profile-change.v1",
        "change_id": str(ID),
        "person_id": str(ID),
        "profile_version": 3,
        "changes": [
            {"field": "/inn", "old": before.numbers.inn, "new": None},
            {"field": "/surname", "old": before.profile.surname, "new": "Ёлкина"},
        ],
    }
    with pytest.raises(NothingChanged):
        propose(ID, ID, 3, before, before, at=NOW, lifetime=timedelta(minutes=30))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": None}, '{"a":null,"b":1}'),
        ({"ё": "€\u2028"}, '{"ё":"€\u2028"}'),
        ('"\\/\b\f\n\r\t\u0001\u007f', '"\\"\\\\/\\b\\f\\n\\r\\t\\u0001\u007f"'),
        ([9007199254740991, True, "", {}], '[9007199254740991,true,"",{}]'),
    ],
)
def test_the_canonical_text_is_as_rfc_8785_says(value: Any, text: str) -> None:
    assert canonical(value) == text


def test_a_signature_stands_in_for_the_telephone_but_not_for_new_contacts() -> None:
    before = stated()
    after = before.patched({"email": "new@example.org", "surname": "Иная"}, rules=RULES, today=TODAY)
    change = propose(ID, ID, 1, before, after, at=NOW, lifetime=timedelta(minutes=30))
    assert change.needed(is_signed=False) == (Proof.PHONE, Proof.NEW_EMAIL)
    assert change.needed(is_signed=True) == (Proof.NEW_EMAIL,)
    assert not change.is_of_contacts_alone
    assert isinstance(change.lacks(is_signed=True), ProofMissing)


def job(start: str, end: str | None) -> Employment:
    return Employment("ГБУЗ", "Врач", date.fromisoformat(start), None if end is None else date.fromisoformat(end))


@pytest.mark.parametrize(
    ("jobs", "days"),
    [
        ((), 0),
        ((job("2020-01-01", "2020-01-01"),), 1),
        ((job("2020-01-01", "2020-01-31"),), 31),
        ((job("2020-01-01", "2020-12-31"),), 366),
        ((job("2020-01-01", "2020-01-31"), job("2020-02-01", "2020-02-29")), 60),
        ((job("2020-01-01", "2020-01-31"), job("2020-01-31", "2020-02-29")), 60),
        ((job("2020-01-01", "2020-01-31"), job("2020-02-02", "2020-02-29")), 59),
        ((job("2020-01-01", "2020-01-31"), job("2020-01-11", "2020-02-10")), 41),
        ((job("2020-01-01", "2020-12-31"), job("2020-03-01", "2020-04-01")), 366),
        ((job("2020-01-01", "2020-01-31"), job("2020-01-01", "2020-01-31")), 31),
        ((job("2026-11-20", None),), 1),
        ((job("2026-11-10", None),), 11),
        ((job("2026-11-10", None), job("2026-11-01", "2026-11-15")), 20),
        ((job("2026-11-21", None),), 0),
    ],
)
def test_first_and_last_day_count_and_overlapping_employments_once(jobs: tuple[Employment, ...], days: int) -> None:
    assert experience_days(jobs, TODAY) == days
    assert experience_days(jobs[::-1], TODAY) == days


def test_years_of_experience_are_whole() -> None:
    assert experience_years((job("2015-11-20", None),), TODAY) == 11
    assert experience_years((job("2015-11-22", None),), TODAY) == 10


@given(st.lists(st.tuples(st.dates(date(1950, 1, 1), TODAY), st.integers(0, 20_000)), max_size=8))
def test_experience_is_never_more_than_the_time_since_the_first_day(spans: list[tuple[date, int]]) -> None:
    jobs = tuple(Employment("A", "B", start, start + timedelta(days=length)) for start, length in spans)
    since = (TODAY - min(start for start, _ in spans)).days + 1 if spans else 0
    assert 0 <= experience_days(jobs, TODAY) <= since


def test_a_licence_is_over_with_the_midnight_after_its_last_day() -> None:
    ending = replace(stated().profile.licence, valid_until=date(2026, 11, 20))
    assert licence_over_at(ending, MOSCOW) == datetime(2026, 11, 20, 21, tzinfo=UTC)
    assert licence_over_at(replace(ending, valid_until=None), MOSCOW) is None
    assert licence_over_at(replace(ending, valid_until=date.max), MOSCOW) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "issuing-body-empty"),
        (" \t", "issuing-body-empty"),
        ("ОВ", "issuing-body-too-short"),
        ("770-001", "issuing-body-too-short"),
        ("ОВД\u0000", "issuing-body-characters"),
        ("ОВД\u202eгорода", "issuing-body-characters"),
    ],
)
def test_an_issuing_body_that_cannot_be_one_is_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(WrongValue) as raised:
        issuing_body(text)
    assert raised.value.code == code


def test_an_issuing_body_is_tidied() -> None:
    assert issuing_body("  ГУ МВД   России ") == "ГУ МВД России"


def leaves(shown: Mapping[str, Any], at: str = "") -> list[str]:
    return [
        path for name, value in shown.items() for path in (leaves(value, f"{at}{name}.") if isinstance(value, Mapping) else [f"{at}{name}"])
    ]


def test_every_field_a_registry_may_disagree_with_has_advice_of_its_own() -> None:
    person = a_practitioner()
    asked = {field for ask in ASKED.values() for field in leaves(ask(person))}
    own = {name.removeprefix("practice.") for name in leaves(person.stated.shown()) if not name.startswith("passport.")}
    unknown = advice_on("no-such-field")
    missing = {field for field in asked | own if advice_on(field) == unknown}
    assert missing == set()
    assert advice_on("licence.valid_until") == ADVICE["licence.valid_until"] != advice_on("licence.number")


def test_only_registries_that_would_be_asked_something_else_are_concerned() -> None:
    before = a_practitioner(patronymic="Мефодиевна")
    for patch, expected in (
        ({"phone": "+79161234567"}, set()),
        ({"practice": {"workplace": {"department": "Иное"}}}, set()),
        ({"practice": {"training_hours": 7}}, {Registry.TRAINING}),
        ({"practice": {"diploma_number": "7"}}, {Registry.DIPLOMAS}),
        ({"surname": "Иная"}, set(Registry)),
    ):
        after = before.restated(before.stated.patched(patch, rules=RULES, today=TODAY))
        assert concerned(before, after) == expected, patch
    without = before.restated(before.stated.patched({"inn": None}, rules=RULES, today=TODAY))
    assert Registry.INN not in asked_of(without)


def test_a_registry_is_asked_about_its_own_fields_by_their_paths() -> None:
    person = a_practitioner()
    assert asks_about(Registry.LICENCES, person, "licence.number")
    assert asks_about(Registry.EMPLOYMENT, person, "employments.0.position")
    for field in ("snils", "licence.colour", "employments.9", "", ".", "licence.number.x", "employments.²"):
        assert not asks_about(Registry.LICENCES, person, field), field


def test_a_new_version_keeps_confirmations_that_do_not_concern_it_and_asks_the_rest() -> None:
    match, wrong = RegistryAnswer(Answer.MATCH), RegistryAnswer(Answer.MISMATCH, (WrongField("snils", "x"),))
    answers: dict[Registry, RegistryAnswer] = dict.fromkeys(Registry, match)
    answers[Registry.SNILS] = wrong
    del answers[Registry.TRAINING]
    before = Verification(requested_at=NOW, give_up_at=NOW, registries=tuple(Registry), attempt=4, answers=answers, overdue_at=NOW)
    after = before.reopened(tuple(Registry), frozenset({Registry.INN}), at=NOW, give_up_at=NOW + timedelta(days=1), profile_version=2)
    assert set(after.unanswered) == {Registry.INN, Registry.SNILS, Registry.TRAINING}
    assert (after.attempt, after.overdue_at, after.profile_version, after.decided_at) == (0, None, 2, None)
    whole = replace(before, answers=dict.fromkeys(Registry, match))
    untouched = whole.reopened(tuple(Registry), frozenset(), at=NOW, give_up_at=NOW, profile_version=2)
    assert (untouched.answer, untouched.decided_at) == (Answer.MATCH, NOW)
