"""Invented people whose numbers carry right check digits; the same seed invents the same person."""

import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

_SURNAMES = (
    "Березнеговск", "Добронравск", "Верхоустинск", "Заозерецк", "Красноглинск", "Лебедянинск", "Новосвятск", "Озеровидск",
    "Первозвановск", "Розоцветск", "Светлогородск", "Тихоплесск", "Усть-Кутомск", "Холмогорецк", "Ясноречинск", "Великолуговск",
)  # fmt: skip
_WOMEN = (
    "Аполлинария", "Евстолия", "Капитолина", "Милитриса", "Олимпиада", "Пульхерия", "Серафима", "Фотиния", "Агриппина", "Гликерия",
)  # fmt: skip
_MEN = (
    "Никанор", "Ферапонт", "Савватий", "Евлампий", "Аристарх", "Варсонофий", "Дорофей", "Порфирий", "Онисифор", "Пантелеймон",
)  # fmt: skip
_FATHERS = (
    "Ерофе", "Мефоди", "Савель", "Евгень", "Алексе", "Тимофе", "Матве", "Серге",
)  # fmt: skip
_LATIN = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e zh z i y k l m n o p r s t u f h c ch sh sch _ y _ e yu ya".split(),  # noqa: SIM905  # a table reads best in one line
        strict=True,
    )
)
_SNILS_MODULUS = 101
_SNILS_LIMIT = 100
SPECIALTY = "31.08.49"
"""Терапия."""


@dataclass(frozen=True, slots=True)
class Person:
    """Everything the cabinet asks a practitioner for."""

    surname: str
    given_name: str
    patronymic: str
    birth_date: date
    birth_place: str
    passport_series: str
    passport_number: str
    passport_issued_on: date
    passport_issued_by: str
    snils: str
    inn: str
    phone: str
    email: str
    password: str = field(repr=False)
    diploma_number: str
    qualification: str
    specialty_code: str
    licence: dict[str, Any]
    workplace: dict[str, Any]
    employments: tuple[dict[str, Any], ...]
    training_hours: int

    @property
    def full_name(self) -> str:
        """Surname, given name and patronymic."""
        return f"{self.surname} {self.given_name} {self.patronymic}"

    def secrets(self) -> tuple[str, ...]:
        """What must never be readable outside the encrypted stores and the messages to the person."""
        return (self.surname, self.given_name, self.snils, self.passport_series + self.passport_number, self.phone, self.email)

    def at_portal(self) -> dict[str, str]:
        """What the state portal's sign-on tells of this person."""
        names = {"family_name": self.surname, "given_name": self.given_name, "middle_name": self.patronymic}
        return names | {"snils": self.snils, "birthdate": self.birth_date.isoformat()}

    def changed(self, **changes: Any) -> "Person":
        """The same person with other data."""
        return replace(self, **changes)


def invent_person(seed: str, *, today: date) -> Person:
    """A practitioner with ten years of experience and everything in order."""
    chance = random.Random(seed)  # noqa: S311  # invented people are no secret
    is_woman = chance.random() < 0.6  # noqa: PLR2004  # most physicians are women
    surname = chance.choice(_SURNAMES) + ("ая" if is_woman else "ий")
    given_name = chance.choice(_WOMEN if is_woman else _MEN)
    patronymic = chance.choice(_FATHERS) + ("евна" if is_woman else "евич")
    birth_date = date(today.year - chance.randint(34, 42), chance.randint(1, 12), chance.randint(1, 28))
    return Person(
        surname=surname,
        given_name=given_name,
        patronymic=patronymic,
        birth_date=birth_date,
        birth_place="г. Вымышленск",
        passport_series=f"45{(birth_date.year + 20) % 100:02d}",
        passport_number=_digits(chance, 6),
        passport_issued_on=date(birth_date.year + 20, birth_date.month, birth_date.day) + timedelta(days=chance.randint(20, 80)),
        passport_issued_by="Отделением УФМС России по г. Вымышленску",
        snils=snils(chance),
        inn=inn(chance),
        phone="+79" + _digits(chance, 9),
        email=f"{_latin(given_name)}.{_latin(surname)}.{_digits(chance, 4)}@example.org",
        password="-".join(chance.sample(("липа", "гроза", "остров", "парус", "ягода", "сугроб", "вьюга", "якорь"), 4)) + _digits(chance, 3),
        diploma_number=f"{chance.randint(100000, 109999)} {_digits(chance, 7)}",
        qualification="Врач-терапевт",
        specialty_code=SPECIALTY,
        licence={
            "series": "ЛО-77",
            "number": _digits(chance, 8),
            "holder": "person",
            "valid_from": date(today.year - 3, 3, 1).isoformat(),
            "valid_until": date(today.year + 7, 3, 1).isoformat(),
        },
        workplace=_workplace(chance),
        employments=_employments(today),
        training_hours=162,
    )


def invent_staff(seed: str, roles: tuple[str, ...], *, specialty_codes: tuple[str, ...] = ()) -> dict[str, Any]:
    """What adds a staff member, and the password the member is to have: it is sent for the first administrator alone."""
    chance = random.Random(seed)  # noqa: S311  # invented people are no secret
    surname, given_name = chance.choice(_SURNAMES) + "ая", chance.choice(_WOMEN)
    return {
        "surname": surname,
        "given_name": given_name,
        "patronymic": chance.choice(_FATHERS) + "евна",
        "email": f"{_latin(given_name)}.{_latin(surname)}.{_digits(chance, 6)}@example.org",
        "phone": "+79" + _digits(chance, 9),
        "password": "причал-роща-" + _digits(chance, 6),
        "roles": list(roles),
        "specialty_codes": list(specialty_codes),
    }


def _workplace(chance: random.Random) -> dict[str, Any]:
    return {
        "organisation": "ГБУЗ «Вымышленская городская больница»",
        "ogrn": ogrn(chance),
        "address": "101000, г. Вымышленск, ул. Больничная, д. 1",
        "department": "Терапевтическое отделение",
    }


def _employments(today: date) -> tuple[dict[str, Any], ...]:
    first = date(today.year - 9, 9, 1)
    return (
        {
            "organisation": "Поликлиника № 3 г. Вымышленска",
            "position": "Врач-терапевт участковый",
            "started_on": first.isoformat(),
            "ended_on": date(first.year + 4, 8, 31).isoformat(),
        },
        {
            "organisation": "ГБУЗ «Вымышленская городская больница»",
            "position": "Врач-терапевт",
            "started_on": date(first.year + 4, 9, 1).isoformat(),
            "ended_on": None,
        },
    )


def snils(chance: random.Random) -> str:
    """Eleven digits. Check number: nine digits weighted 9..1, modulo 101, 100 written as 00. Source: Pension Fund's rule for SNILS."""
    body = f"{chance.randint(1, 9)}{_digits(chance, 8)}"
    total = sum(int(digit) * weight for digit, weight in zip(body, range(9, 0, -1), strict=True))
    return f"{body}{total % _SNILS_MODULUS % _SNILS_LIMIT:02d}"


def inn(chance: random.Random) -> str:
    """Twelve digits of a person's INN; two check digits, each a weighted sum modulo 11 modulo 10. Source: Federal Tax Service's rule."""
    digits = [7, 7, *(int(digit) for digit in _digits(chance, 8))]
    for weights in ((7, 2, 4, 10, 3, 5, 9, 4, 6, 8), (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)):
        digits.append(sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 11 % 10)
    return "".join(map(str, digits))


def ogrn(chance: random.Random) -> str:
    """Thirteen digits; the last is the first twelve modulo 11 modulo 10. Source: Federal Tax Service's rule for OGRN."""
    body = f"10277{_digits(chance, 7)}"
    return f"{body}{int(body) % 11 % 10}"


def _digits(chance: random.Random, count: int) -> str:
    return "".join(str(chance.randint(0, 9)) for _ in range(count))


def _latin(name: str) -> str:
    return "".join(_LATIN.get(letter, letter) for letter in name.casefold().replace("ё", "е")).replace("_", "")
