"""Rules of single values and of whole forms."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.identity.domain import fields
from services.identity.domain.fields import InvalidFields, WrongValue
from services.identity.domain.issue_dates import IssueRules, LicenceRule, PassportRule
from services.identity.domain.passwords import PasswordPolicy
from services.identity.domain.registration import Passport
from services.identity.schemas.registration import ProfileIn
from tests.identity import people

Rule = Callable[[str], str]
Value = TypeVar("Value")
TODAY = date(2026, 11, 20)
RULE = PassportRule(first_age=14, change_ages=(20, 45), grace=timedelta(days=90), since=date(1997, 10, 1))
RULES = IssueRules(RULE, LicenceRule(first_age=18, since=date(1991, 6, 28)))


def digit_strings(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


def with_another_digit(number: str, place: int, step: int) -> str:
    return number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]


def judged(rule: Callable[[Value], Value], value: Value) -> tuple[Value, WrongValue | None]:
    try:
        return rule(value), None
    except WrongValue as wrong:
        return value, wrong


def code_of(rule: Rule, value: str) -> str:
    with pytest.raises(WrongValue) as raised:
        rule(value)
    return raised.value.code


@given(digit_strings(9), st.sampled_from(["{0}{1}{2} {3}", "{0}-{1}-{2} {3}", "{0} {1} {2}-{3}"]))
def test_a_snils_with_its_check_digits_is_taken_however_it_is_typed(body: str, form: str) -> None:
    assume(int(body) > 0)
    typed = form.format(body[:3], body[3:6], body[6:], fields.snils_check(body))
    assert fields.snils(typed) == body + fields.snils_check(body)


@given(digit_strings(9), st.integers(9, 10), st.integers(1, 9))
def test_a_snils_with_a_wrong_check_digit_is_refused(body: str, place: int, step: int) -> None:
    assume(int(body) > 1_001_998)
    assert code_of(fields.snils, with_another_digit(body + fields.snils_check(body), place, step)) == "snils-check-digits"


def test_the_published_example_of_a_snils_is_right() -> None:
    assert fields.snils("112-233-445 95") == "11223344595"


@given(st.sampled_from([9, 10]).flatmap(digit_strings))
def test_an_inn_with_its_check_digits_is_taken(body: str) -> None:
    assume(int(body) > 0)
    assert fields.inn(body + fields.inn_check(body)) == body + fields.inn_check(body)


@given(digit_strings(9), st.integers(1, 9))
def test_an_inn_of_ten_digits_with_a_wrong_check_digit_is_refused(body: str, step: int) -> None:
    assert code_of(fields.inn, with_another_digit(body + fields.inn_check(body), 9, step)) in {"inn-check-digits", "inn-format"}


@given(digit_strings(11))
def test_a_foreign_individual_number_is_taken_as_inn(body: str) -> None:
    check = fields.iin_check(body)
    assume(check is not None and int(body) > 0)
    assert fields.inn(body + str(check)) == body + str(check)


@given(st.sampled_from([12, 14]).flatmap(digit_strings), st.integers(1, 9))
def test_an_ogrn_is_taken_with_its_check_digit_only(body: str, step: int) -> None:
    assume(int(body) > 0)
    number = body + fields.ogrn_check(body)
    assert fields.ogrn(number) == number
    assert code_of(fields.ogrn, with_another_digit(number, len(number) - 1, step)) == "ogrn-check-digits"


@given(st.text(max_size=40))
@pytest.mark.parametrize(
    "rule",
    [
        *(fields.snils, fields.inn, fields.ogrn, fields.passport_series, fields.passport_number),
        *(fields.phone, fields.mobile, fields.email, fields.name, fields.text, fields.specialty_code),
    ],
)
def test_any_text_is_either_normalised_for_good_or_refused_by_name(rule: Rule, text: str) -> None:
    normalised, wrong = judged(rule, text)
    assert wrong is None or (wrong.code and wrong.detail)
    assert wrong is not None or rule(normalised) == normalised


@pytest.mark.parametrize(
    ("rule", "value", "code"),
    [
        (fields.snils, "112233445", "snils-format"),
        (fields.snils, "000-000-000 00", "snils-check-digits"),
        (fields.inn, "000000000000", "inn-format"),
        (fields.inn, "77", "inn-format"),
        (fields.passport_series, "45 0", "passport-series-format"),
        (fields.passport_number, "000000", "passport-number-format"),
        (fields.phone, "112", "phone-format"),
        (fields.mobile, "+7 495 123-45-67", "phone-not-mobile"),
        (fields.email, "почта", "email-format"),
        (fields.name, "R2D2", "name-format"),
    ],
)
def test_each_wrong_value_has_its_code(rule: Rule, value: str, code: str) -> None:
    assert code_of(rule, value) == code


def test_a_phone_becomes_e164() -> None:
    assert fields.mobile("8 (912) 345-67-89") == "+79123456789"
    assert fields.phone("+7 701 123 45 67") == "+77011234567"


@pytest.mark.parametrize(
    ("born", "issued_on", "code"),
    [
        (date(1990, 5, 1), date(2004, 4, 30), "passport-issued-too-early"),
        (date(1990, 5, 1), date(2008, 5, 1), "passport-outdated"),
        (date(1975, 5, 1), date(2015, 5, 1), "passport-outdated"),
        (date(1990, 5, 1), date(2010, 5, 1), None),
        (date(1975, 5, 1), date(2020, 5, 1), None),
        (date(2006, 10, 1), date(2020, 10, 2), None),  # twenty for seven weeks: the old passport is good for 90 days
        (date(2008, 2, 29), date(2022, 3, 1), None),
    ],
)
def test_a_passport_is_issued_at_an_age_that_fits(born: date, issued_on: date, code: str | None) -> None:
    if code is None:
        assert RULE.check(issued_on, born, TODAY) == issued_on
    else:
        with pytest.raises(WrongValue) as raised:
            RULE.check(issued_on, born, TODAY)
        assert raised.value.code == code


@given(st.dates(min_value=date(1910, 1, 1), max_value=TODAY), st.dates())
def test_any_two_dates_are_judged_without_an_error_of_their_own(born: date, issued_on: date) -> None:
    _, wrong = judged(lambda day: RULE.check(day, born, TODAY), issued_on)
    assert wrong is None or wrong.code.startswith("passport-")


def test_everything_wrong_with_a_passport_is_named_at_once() -> None:
    with pytest.raises(InvalidFields) as raised:
        Passport("12", "12", TODAY + timedelta(days=1), " ").checked(TODAY, RULE)
    assert {(error.pointer, error.code) for error in raised.value.errors} == {
        ("/series", "passport-series-format"),
        ("/number", "passport-number-format"),
        ("/issued_on", "date-in-future"),
        ("/issued_by", "issuing-body-empty"),
    }


def test_everything_wrong_with_a_profile_is_named_at_its_place() -> None:
    body = people.profile(surname="X1", birth_date="2020-01-01")
    body["licence"] |= {"valid_from": "2020-01-01", "valid_until": "2021-01-01"}
    body["workplace"] |= {"ogrn": "1027700000001"}
    body["employments"] = [{"organisation": "A", "position": "", "started_on": "2025-01-01", "ended_on": "2024-01-01"}]
    with pytest.raises(InvalidFields) as raised:
        ProfileIn.model_validate(body).to_domain().checked(TODAY, RULES)
    assert {(error.pointer, error.code) for error in raised.value.errors} >= {
        ("/surname", "name-format"),
        ("/birth_date", "birth-date-impossible"),
        ("/licence/valid_until", "licence-expired"),
        ("/employments/0/position", "text-empty"),
        ("/employments/0/ended_on", "date-impossible"),
    }


@given(st.dates())
def test_any_birth_date_is_judged_without_an_error_of_its_own(born: date) -> None:
    body = ProfileIn.model_validate(people.profile(birth_date=born.isoformat(), employments=[]))
    wrong_at: list[str] = []
    try:
        body.to_domain().checked(TODAY, RULES)
    except InvalidFields as invalid:
        wrong_at = [error.pointer for error in invalid.errors]
    assert wrong_at in ([], ["/birth_date"], ["/licence/valid_from"])


@pytest.mark.parametrize(
    ("issued_on", "code"),
    [
        ("2026-11-21", "date-in-future"),
        ("1997-09-30", "passport-issued-too-early"),
        ("0001-01-01", "passport-issued-too-early"),
        ("1997-10-01", None),
        ("2026-11-20", None),
    ],
)
def test_the_date_of_a_passport_is_judged_before_the_birth_date_is_known(issued_on: str, code: str | None) -> None:
    passport = Passport("4509", "123456", date.fromisoformat(issued_on), "ОВД")
    if code is None:
        assert passport.checked(TODAY, RULE) == passport
    else:
        with pytest.raises(InvalidFields) as raised:
            passport.checked(TODAY, RULE)
        assert [(error.pointer, error.code) for error in raised.value.errors] == [("/issued_on", code)]


@pytest.mark.parametrize(
    ("holder", "valid_from", "code"),
    [
        ("person", "2026-11-21", "licence-not-yet-valid"),
        ("person", "1985-01-01", "licence-issued-too-early"),
        ("person", "1992-01-01", "licence-issued-too-early"),  # not three years old
        ("person", "2007-03-11", "licence-issued-too-early"),  # eighteen tomorrow
        ("person", "2007-03-12", None),
        ("organisation", "1992-01-01", None),  # older than who works there
        ("organisation", "1991-06-27", "licence-issued-too-early"),
        ("organisation", "2026-11-21", "licence-not-yet-valid"),
    ],
)
def test_a_licence_begins_at_a_date_that_can_be(holder: str, valid_from: str, code: str | None) -> None:
    body = people.profile()
    body["licence"] |= {"holder": holder, "valid_from": valid_from}
    profile = ProfileIn.model_validate(body).to_domain()
    if code is None:
        assert profile.checked(TODAY, RULES).licence.valid_from == date.fromisoformat(valid_from)
    else:
        with pytest.raises(InvalidFields) as raised:
            profile.checked(TODAY, RULES)
        assert [(error.pointer, error.code) for error in raised.value.errors] == [("/licence/valid_from", code)]


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("короткий", "password-short"),
        ("Qwerty123456", "password-common"),
        ("aaaaaaaaaaaaaaaa", "password-common"),
        ("abcdefghijklmnop", "password-common"),
        ("P@ssword12345", "password-common"),
        ("йцукенгшщзхъ", "password-common"),
        ("Медкабинет-2026", "password-common"),
        ("1qaz2wsx3edc", "password-common"),
        ("я-Евстолия-из-города", "password-own-data"),
        ("тут-9123456789-тут", "password-own-data"),
        ("x" * 129, "password-long"),
    ],
)
def test_a_weak_password_is_refused(password: str, code: str) -> None:
    policy = PasswordPolicy(length=12, common=frozenset({"qwerty123456"}), words=frozenset({"медкабинет"}))
    with pytest.raises(WrongValue) as raised:
        policy.check(password, ["Евстолия", "9123456789", "Ян"])
    assert raised.value.code == code


@pytest.mark.parametrize(
    "password", ["поле ручей облако туман", "  \t пробелы по краям и внутри ", "🐎🌾🌊 скачет по полю", "correct horse battery staple " * 4]
)
def test_any_characters_make_a_password(password: str) -> None:
    """No rules of composition; up to 128 characters."""
    policy = PasswordPolicy(length=12, common=frozenset())
    assert policy.check(password, ["Евстолия"]) == password


def test_a_phrase_is_a_good_password() -> None:
    policy = PasswordPolicy(length=12, common=frozenset())
    assert policy.check(people.PASSWORD, ["Евстолия"]) == people.PASSWORD


def test_a_password_of_signs_that_stand_for_letters_is_estimated_in_no_time() -> None:
    signs = "4@8({[<369&#!1/|0$5+7%2"
    policy = PasswordPolicy(length=12, common=frozenset())
    began = time.process_time()
    assert policy.check(signs * 3, []) == signs * 3
    assert time.process_time() - began < 0.3, "on the event loop, where everybody waits for it"
    with pytest.raises(WrongValue, match="password-common"):
        policy.check("p@$$w0rd+p@$$", [])


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("  Мой\t ноутбук\n", "Мой ноутбук"),
        ("\u0418\u0306од", "\u0419од"),
        ("Ключ\u202eдогоВ\u202c\x00\x07\x9b31m", "КлючдогоВ31m"),
        ("Теле\u00adфон\u200b \ufeff дом\ud800", "Телефон дом"),
        ("👩\u200d💻 №2", "👩💻 №2"),
        ("а" * 9 + " бв", "а" * 9),
        *((blank, "") for blank in ("", " \u2028\u00a0", "\u200b\u200e\u2060", "\u3164\u2800 \u115f", "\u0301 \ufe0f", "\x00")),
    ],
)
def test_of_a_title_stays_what_is_seen(given: str, shown: str) -> None:
    assert fields.title(given, 10 if given.startswith("ааа") else 64) == shown
