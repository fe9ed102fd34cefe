"""Invented people, the same for the same number."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

_OLDEST, _YOUNGEST = date(1958, 1, 1), date(1999, 12, 31)
_FOREIGN, _DOUBLE = 0.06, 0.12


class Gender(StrEnum):
    """Grammatical, as inflection asks for it."""

    MALE = "male"
    FEMALE = "female"


_GIVEN = {
    Gender.MALE: (
        *("Артём", "Богдан", "Вениамин", "Григорий", "Дмитрий", "Евгений", "Илья", "Кирилл", "Лев", "Матвей"),
        *("Николай", "Олег", "Пётр", "Роман", "Семён", "Тимофей", "Фёдор", "Юрий", "Ярослав", "Андрей"),
    ),
    Gender.FEMALE: (
        *("Алёна", "Варвара", "Галина", "Дарья", "Евстолия", "Зинаида", "Ирина", "Ксения", "Любовь", "Марина"),
        *("Наталья", "Ольга", "Полина", "Раиса", "Светлана", "Татьяна", "Ульяна", "Фёкла", "Юлия", "Яна"),
    ),
}
_PATRONYMICS = {
    Gender.MALE: (
        *("Алексеевич", "Борисович", "Викторович", "Геннадьевич", "Ильич", "Львович", "Мефодьевич", "Петрович", "Савельевич"),
        *("Фёдорович", "Эдуардович", "Юрьевич", "Яковлевич"),
    ),
    Gender.FEMALE: (
        *("Алексеевна", "Борисовна", "Викторовна", "Геннадьевна", "Ильинична", "Львовна", "Мефодьевна", "Петровна", "Савельевна"),
        *("Фёдоровна", "Эдуардовна", "Юрьевна", "Яковлевна"),
    ),
}
_SURNAMES = {
    Gender.MALE: (
        *("Березнеговский", "Вьюшков", "Горностаев", "Дёмин", "Ежевикин", "Жемчужный", "Зимородков", "Ивовский", "Калинкин"),
        *("Лукошкин", "Малахитов", "Незабудкин", "Опёнкин", "Подорожный", "Ромашкевич", "Соловьёв", "Туманов", "Черёмухин"),
    ),
    Gender.FEMALE: (
        *("Березнеговская", "Вьюшкова", "Горностаева", "Дёмина", "Ежевикина", "Жемчужная", "Зимородкова", "Ивовская", "Калинкина"),
        *("Лукошкина", "Малахитова", "Незабудкина", "Опёнкина", "Подорожная", "Ромашкевич", "Соловьёва", "Туманова", "Черёмухина"),
    ),
}
_FROM_ABROAD = (
    *(("Гулиев", "Рашад", Gender.MALE), ("Каримова", "Шахноза", Gender.FEMALE), ("Нгуен", "Тхи Лан", Gender.FEMALE)),
    *(("Абдуллаев", "Фарход", Gender.MALE), ("Гомес", "Мария", Gender.FEMALE)),
)
_ORGANISATIONS = (
    *("ГБУЗ «Вымышленская городская больница № 4»", "ООО «Клиника Берёзовая роща»", "ГАУЗ «Озёрская поликлиника»"),
    *("АО «Медицинский центр Парус»", "ФГБУ «Научный центр кардиологии Вымышленска»", "ООО «Доктор Липа»"),
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a paper is about and what it says of them."""

    surname: str
    given_name: str
    patronymic: str | None
    gender: Gender
    birth_date: date
    diploma_series: str
    diploma_number: str
    licence_number: str
    organisation: str
    issued_on: date


def holder_of(number: int, *, seed: int) -> Holder:
    """The person of this number."""
    chance = random.Random(f"{seed}:{number}")  # noqa: S311 - invented people are no secret
    surname, given_name, patronymic, gender = _named(chance)
    birth_date = _OLDEST + timedelta(days=chance.randrange((_YOUNGEST - _OLDEST).days))
    return Holder(
        surname=surname,
        given_name=given_name,
        patronymic=patronymic,
        gender=gender,
        birth_date=birth_date,
        diploma_series=_digits(chance, 6),
        diploma_number=_digits(chance, 7),
        licence_number=f"ЛО-{chance.randrange(1, 90):02}-01-{_digits(chance, 6)}",
        organisation=chance.choice(_ORGANISATIONS),
        issued_on=birth_date.replace(day=1, year=birth_date.year + chance.randrange(23, 27)) + timedelta(days=chance.randrange(200)),
    )


def _named(chance: random.Random) -> tuple[str, str, str | None, Gender]:
    if chance.random() < _FOREIGN:
        surname, given_name, gender = chance.choice(_FROM_ABROAD)
        return surname, given_name, None, gender
    gender = chance.choice(tuple(Gender))
    surname = chance.choice(_SURNAMES[gender])
    if chance.random() < _DOUBLE:
        surname = f"{surname}-{chance.choice([other for other in _SURNAMES[gender] if other != surname])}"
    return surname, chance.choice(_GIVEN[gender]), chance.choice(_PATRONYMICS[gender]), gender


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))
