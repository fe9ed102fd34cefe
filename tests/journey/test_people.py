from datetime import date

import email_validator
import phonenumbers
import pytest

from deploy.journey.people import invent_person

TODAY = date(2026, 11, 23)
PEOPLE = [invent_person(str(seed), today=TODAY) for seed in range(40)]


def test_the_same_seed_invents_the_same_person() -> None:
    assert invent_person("7", today=TODAY) == PEOPLE[7]
    assert len({person.snils for person in PEOPLE}) == len(PEOPLE)


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.snils)
def test_numbers_carry_right_check_digits(person) -> None:  # type: ignore[no-untyped-def]
    total = sum(int(digit) * (9 - place) for place, digit in enumerate(person.snils[:9]))
    assert int(person.snils[9:]) == (total % 101) % 100
    first = sum(a * int(b) for a, b in zip((7, 2, 4, 10, 3, 5, 9, 4, 6, 8), person.inn, strict=False)) % 11 % 10
    second = sum(a * int(b) for a, b in zip((3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8), person.inn, strict=False)) % 11 % 10
    assert person.inn[10:] == f"{first}{second}"
    assert int(person.workplace["ogrn"][12]) == int(person.workplace["ogrn"][:12]) % 11 % 10
    assert phonenumbers.is_valid_number(phonenumbers.parse(person.phone))
    assert email_validator.validate_email(person.email, check_deliverability=False)
    assert len(person.passport_series + person.passport_number) == 10
    assert 20 <= person.passport_issued_on.year - person.birth_date.year < 45
