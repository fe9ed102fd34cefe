"""Rules of single values: what a number, name or address must look like. Each rule returns the normalised value or raises `WrongValue`."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from chassis.errors import FieldError, Invalid

Value = TypeVar("Value")
_SEPARATORS = re.compile(r"[\s\u2010-\u2015()./-]+")
_NAME = re.compile(r"[^\W\d_]+(?:[ '’.-]+[^\W\d_]+)*\.?")
_SPECIALTY_CODE = re.compile(r"[0-9A-Za-z]+(?:[.-][0-9A-Za-z]+)*")
_SNILS_WITHOUT_CHECK = 1_001_998
"""Numbers up to 001-001-998 were given out before check digits. Source: PFR, rules of the insurance number."""
_SHORTEST_BODY = 3
"""Letters of the shortest name of an authority, such as an abbreviation."""
_SHOW_NOTHING = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs by their category that are empty places by their look."""
_INN_10 = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_INN_11 = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_INN_12 = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_IIN_FIRST = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_IIN_SECOND = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)


class InvalidFields(Invalid):
    """At least one value of a form is wrong; `errors` names each."""

    code = "invalid-fields"


class WrongValue(ValueError):
    """A value that cannot be right. `detail` is Russian, for the person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class Findings:
    """Collects what is wrong with a form, so that a person sees everything at once."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def check(self, pointer: str, rule: Callable[[Value], Value], value: Value) -> Value:
        """The normalised value, or the value as it is after noting what is wrong."""
        try:
            return rule(value)
        except WrongValue as wrong:
            self.add(pointer, wrong.code, wrong.detail)
            return value

    def add(self, pointer: str, code: str, detail: str) -> None:
        """Note one wrong value."""
        self.errors.append(FieldError(pointer=pointer, code=code, detail=detail))

    def raise_any(self) -> None:
        """`InvalidFields` if anything was noted."""
        if self.errors:
            raise InvalidFields("Проверьте отмеченные поля и исправьте их.", errors=self.errors)


def digits_of(value: str) -> str:
    """The value without the separators people type between digits."""
    return _SEPARATORS.sub("", value)


def _is_digits(value: str, *lengths: int) -> bool:
    return value.isascii() and value.isdigit() and len(value) in lengths


def _weighted(number: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))


def snils_check(first_nine: str) -> str:
    """The two check digits of an insurance number."""
    total = _weighted(first_nine, range(9, 0, -1)) % 101
    return "00" if total == 100 else f"{total:02d}"  # noqa: PLR2004 - remainder 100 is written 00


def snils(value: str) -> str:
    """Eleven digits of an insurance number of a person."""
    number = digits_of(value)
    if not _is_digits(number, 11):
        raise WrongValue("snils-format", "СНИЛС состоит из 11 цифр, например 112-233-445 95.")
    if int(number[:9]) == 0 or (int(number[:9]) > _SNILS_WITHOUT_CHECK and snils_check(number[:9]) != number[9:]):
        raise WrongValue("snils-check-digits", "Контрольные цифры СНИЛС не сходятся. Проверьте номер по свидетельству.")
    return number


def inn_check(body: str) -> str:
    """The check digits of a taxpayer number: one for nine digits (organisation), two for ten (person)."""
    if len(body) == len(_INN_10):
        return str(_weighted(body, _INN_10) % 11 % 10)
    eleventh = str(_weighted(body, _INN_11) % 11 % 10)
    return eleventh + str(_weighted(body + eleventh, _INN_12) % 11 % 10)


def iin_check(body: str) -> str | None:
    """The check digit of a Kazakhstan individual number (eleven digits); None for a body that is never given out."""
    remainder = _weighted(body, _IIN_FIRST) % 11
    if remainder == 10:  # noqa: PLR2004 - a digit cannot be 10: the second row of weights decides
        remainder = _weighted(body, _IIN_SECOND) % 11
    return None if remainder == 10 else str(remainder)  # noqa: PLR2004


def inn(value: str) -> str:
    """A taxpayer number (10 or 12 digits) or a foreign individual number (12 digits)."""
    number = digits_of(value)
    if not _is_digits(number, 10, 12) or int(number) == 0:
        raise WrongValue("inn-format", "ИНН состоит из 10 или 12 цифр.")
    checks = 1 if len(number) == len(_INN_10) + 1 else 2
    is_foreign = len(number) == len(_IIN_FIRST) + 1 and iin_check(number[:-1]) == number[-1]
    if inn_check(number[:-checks]) != number[-checks:] and not is_foreign:
        raise WrongValue("inn-check-digits", "Контрольные цифры ИНН не сходятся. Проверьте номер по свидетельству.")
    return number


def ogrn_check(body: str) -> str:
    """The check digit of a registration number: 12 digits (organisation) or 14 (entrepreneur)."""
    return str(int(body) % (len(body) - 1) % 10)


def ogrn(value: str) -> str:
    """A registration number of an organisation (13 digits) or an entrepreneur (15)."""
    number = digits_of(value)
    if not _is_digits(number, 13, 15) or int(number) == 0:
        raise WrongValue("ogrn-format", "ОГРН состоит из 13 цифр, ОГРНИП — из 15.")
    if ogrn_check(number[:-1]) != number[-1]:
        raise WrongValue("ogrn-check-digits", "Контрольная цифра ОГРН не сходится. Проверьте номер.")
    return number


def passport_series(value: str) -> str:
    """Four digits."""
    series = digits_of(value)
    if not _is_digits(series, 4):
        raise WrongValue("passport-series-format", "Серия паспорта состоит из 4 цифр.")
    return series


def passport_number(value: str) -> str:
    """Six digits, not all zero."""
    number = digits_of(value)
    if not _is_digits(number, 6) or int(number) == 0:
        raise WrongValue("passport-number-format", "Номер паспорта состоит из 6 цифр.")
    return number


def phone(value: str) -> str:
    """A telephone number in E.164; a number without country code is Russian."""
    wrong = WrongValue("phone-format", "Укажите номер телефона с кодом страны, например +7 912 345-67-89.")
    try:
        number = phonenumbers.parse(value, "RU")
    except phonenumbers.NumberParseException as error:
        raise wrong from error
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise wrong
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mobile(value: str) -> str:
    """A telephone number in E.164 that can receive a text message."""
    number = phone(value)
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if phonenumbers.number_type(phonenumbers.parse(number)) not in kinds:
        raise WrongValue("phone-not-mobile", "Укажите номер мобильного телефона: на него придёт код.")
    return number


def email(value: str) -> str:
    """A mail address, lower case: mailboxes that differ in case alone are one person's."""
    try:
        return validate_email(value.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise WrongValue("email-format", "Укажите адрес электронной почты, например name@example.com.") from error


def name(value: str) -> str:
    """A part of a person's name: letters of any alphabet, hyphens, apostrophes, single spaces."""
    tidy = " ".join(value.split())
    if not _NAME.fullmatch(tidy):
        raise WrongValue("name-format", "Имя состоит из букв, дефиса, апострофа и пробела.")
    return tidy


def text(value: str) -> str:
    """Free text that must say something."""
    tidy = " ".join(value.split())
    if not tidy or not tidy.isprintable():
        raise WrongValue("text-empty", "Заполните поле.")
    return tidy


def title(value: str, length: int) -> str:
    """What is seen of a name given to a thing: one line, NFC, no control or format signs, cut to `length`. Empty if that is nothing."""
    line = " ".join(value.split())
    seen = "".join(sign for sign in line if not unicodedata.category(sign).startswith("C") and sign not in _SHOW_NOTHING)
    tidy = " ".join(unicodedata.normalize("NFC", seen).split())[:length].rstrip()
    return tidy if any(unicodedata.category(sign)[0] in "LNPS" for sign in tidy) else ""


def issuing_body(value: str) -> str:
    """The authority that issued a passport, as the document says: at least a word and nothing unprintable."""
    tidy = " ".join(value.split())
    if not tidy:
        raise WrongValue("issuing-body-empty", "Укажите, кем выдан паспорт, как записано в документе.")
    if not tidy.isprintable():
        raise WrongValue("issuing-body-characters", "Название органа содержит недопустимые символы. Перепишите его с документа.")
    if sum(letter.isalpha() for letter in tidy) < _SHORTEST_BODY:
        raise WrongValue("issuing-body-too-short", "Название органа слишком короткое. Перепишите его с документа полностью.")
    return tidy


def specialty_code(value: str) -> str:
    """A code of the classifier of specialties, never a title."""
    code = value.strip()
    if not _SPECIALTY_CODE.fullmatch(code):
        raise WrongValue("specialty-code-format", "Код специальности состоит из цифр, латинских букв, точек и дефисов.")
    return code


def years_later(day: date, years: int) -> date:
    """The same day `years` later; 29 February becomes 1 March."""
    if day.year + years > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
