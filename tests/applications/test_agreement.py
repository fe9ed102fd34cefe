"""What a form says agrees with what the registries confirmed, says no less, and no date in it is impossible."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from contracts.identity import Employment, Licence
from services.applications.domain import dates
from services.applications.domain.form import TITLES, Form
from services.applications.domain.rules import Kind
from tests.applications import people
from tests.applications.test_domain import AT, RULES, TERMS, codes, documents, drafted

UNASKED = {"/personal/phone", "/personal/email", "/professional/workplace/address", "/professional/workplace/department"}
"""What no registry knows."""
CONFIRMED = sorted(pointer for pointer in set(TITLES) - UNASKED - {"/professional/specialty_code"} if not pointer.startswith("/consent/"))
LICENCE = Licence(series="ЛО-77", number="01-000111", holder="organisation", valid_from=date(2020, 1, 1), valid_until=date(2030, 1, 1))
ANOTHER = {
    "/personal/birth_date": "1988-02-04",
    "/personal/passport_issued_on": "2010-03-05",
    "/personal/passport_series": "4513",
    "/personal/passport_number": "345679",
    "/personal/inn": people.inn("7707123457"),
    "/personal/snils": people.snils("112233446"),
    "/professional/training_hours": 161,
    "/professional/licence/holder": "person",
    "/professional/licence/valid_from": "2020-01-02",
    "/professional/licence/valid_until": "2030-01-02",
    "/professional/workplace/ogrn": people.ogrn("102770013300"),
    "/professional/employments": [{"organisation": "ГБУЗ Пример", "position": "врач", "started_on": "2014-01-10"}],
}


def patch(pointer: str, value: Any) -> dict[str, Any]:
    for step in reversed(pointer.split("/")[1:]):
        value = {step: value}
    return value  # type: ignore[no-any-return]  # a pointer has steps


def found(change: dict[str, Any], kind: Kind = Kind.PRIMARY, **profile: Any) -> list[tuple[str, str]]:
    known = documents()
    draft, practitioner = drafted(known, kind, **({"licence": LICENCE} | profile))
    return codes(replace(draft, form=draft.form.merged(change)), practitioner, known)


@pytest.mark.parametrize("pointer", CONFIRMED)
def test_whatever_the_registries_confirmed_is_said_as_they_know_it(pointer: str) -> None:
    assert ("profile-mismatch", pointer) in found(patch(pointer, ANOTHER.get(pointer, "Иное")))
    assert pointer in {place for _, place in found(patch(pointer, None))}, "what is left out is missed"


def test_nothing_is_said_beyond_what_the_registries_confirmed() -> None:
    for pointer, profile in (
        ("/personal/patronymic", {"patronymic": None}),
        ("/personal/inn", {"inn": None}),
        ("/professional/licence/valid_until", {"licence": LICENCE.model_copy(update={"valid_until": None})}),
    ):
        value = ANOTHER.get(pointer, "Иное")
        assert ("profile-mismatch", pointer) in found(patch(pointer, value), **profile)


def test_the_same_said_otherwise_agrees() -> None:
    same = {"personal": {"snils": "112-233-445 95", "passport_series": "45 12", "surname": "ВЫМЫШЛЕННИКОВА", "given_name": "Алена"}}
    reached = {"personal": {"phone": "+79990005566", "email": "new@example.org"}, "professional": {"workplace": {"address": "Иной"}}}
    assert found(same | {"professional": {"workplace": {"ogrn": "1 027 700 132 195"}}}) == found({}) == []
    assert found(reached) == []


def test_identifiers_are_kept_as_digits_so_that_a_space_makes_nobody_a_stranger() -> None:
    form = Form().merged(
        {"personal": {"snils": "112-233-445 95"}, "professional": {"workplace": {"ogrn": f" {people.ogrn()[:7]} {people.ogrn()[7:]}"}}}
    )
    assert (form.at("/personal/snils"), form.at("/professional/workplace/ogrn")) == ("11223344595", people.ogrn())
    known = documents()
    draft, _ = drafted(known)
    spaced = f"{people.ogrn()[:7]} {people.ogrn()[7:]}"
    stored = {**draft.form.professional, "workplace": {**draft.form.professional["workplace"], "ogrn": spaced}}
    assert replace(draft, form=replace(draft.form, professional=stored)).workplaces == {people.ogrn()}, "also what was stored before"


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/personal/passport_issued_on", "1990-01-01"),
        ("/personal/passport_issued_on", "2002-02-02"),
        ("/personal/passport_issued_on", "2026-04-15"),
        ("/professional/licence/valid_from", "1901-01-01"),
        ("/professional/licence/valid_until", "2019-12-31"),
        ("/professional/employments", [{"organisation": "А", "position": "врач", "started_on": "2020-01-01", "ended_on": "2019-01-01"}]),
        ("/professional/employments", [{"organisation": "А", "position": "врач", "started_on": "2027-01-01"}]),
        ("/professional/employments", [{"organisation": "А", "position": "врач", "started_on": "2020-01-01", "ended_on": "2026-04-15"}]),
        ("/professional/employments", [{"organisation": "А", "position": "врач", "started_on": "1999-01-01"}]),
    ],
)
def test_a_date_that_cannot_be_is_named(pointer: str, value: Any) -> None:
    assert ("date-impossible", pointer) in found(patch(pointer, value))


@pytest.mark.parametrize("ended_on", [None, date(2020, 1, 1)])
def test_a_work_history_that_the_registries_confirmed_is_believed(ended_on: date | None) -> None:
    early = Employment(organisation="ГБУЗ Пример", position="санитарка", started_on=date(1999, 1, 1), ended_on=ended_on)
    assert found({}, employments=(early,)) == []


def test_dates_on_their_first_day_can_be() -> None:
    born = {"birth_date": "1988-02-29", "passport_issued_on": "2002-02-28"}
    started = [{"organisation": "А", "position": "врач", "started_on": "2002-02-28", "ended_on": "2026-04-14"}]
    licence = {"holder": "person", "valid_from": "2006-02-28", "valid_until": "2006-02-28"}
    form = Form(personal=born, professional={"licence": licence, "employments": started})
    assert list(dates.impossible(form, RULES.dates, TERMS.local_date(AT))) == []
    assert list(dates.impossible(Form(), RULES.dates, TERMS.local_date(AT))) == []


def test_what_is_wrong_by_itself_is_named_once_and_what_an_appeal_may_forgive_hides_nothing() -> None:
    assert found(patch("/personal/snils", "11223344500")) == [("identifier-wrong", "/personal/snils")]
    assert [code for code, _ in found(patch("/professional/employments", []), kind=Kind.PERIODIC)] == [
        "experience-below-minimum",
        "profile-mismatch",
    ]
