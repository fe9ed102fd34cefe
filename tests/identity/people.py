"""An invented practitioner as the forms send one, with right check digits."""

import random
from itertools import count
from typing import Any
from uuid import uuid4

from services.identity.domain import fields

PASSWORD = "липа-парус-сугроб-17"
_NUMBERS = count(random.randrange(10**8))
"""Drawn by chance, of some hundred telephones two would be the same now and then."""


def digits(count: int) -> str:
    return "".join(random.choice("0123456789") for _ in range(count))


def snils() -> str:
    body = f"9{digits(8)}"
    return body + fields.snils_check(body)


def inn() -> str:
    body = f"77{digits(8)}"
    return body + fields.inn_check(body)


def ogrn() -> str:
    body = f"10277{digits(7)}"
    return body + fields.ogrn_check(body)


def phone() -> str:
    return f"+791{next(_NUMBERS) % 10**8:08d}"  # of other beginnings some are given to nobody


def email() -> str:
    return f"{uuid4().hex}@example.org"


def passport(**changes: Any) -> dict[str, Any]:
    return {"series": "4509", "number": f"1{digits(5)}", "issued_on": "2009-04-01", "issued_by": "ОУФМС г. Вымышленска"} | changes


def profile(**changes: Any) -> dict[str, Any]:
    return {
        "surname": "Березнеговская",
        "given_name": "Евстолия",
        "patronymic": "Мефодиевна",
        "birth_date": "1989-03-12",
        "birth_place": "г. Вымышленск",
        "diploma_number": "100500 1234567",
        "qualification": "Врач-терапевт",
        "specialty_code": "31.08.49",
        "licence": {"series": "ЛО-77", "number": digits(8), "holder": "person", "valid_from": "2023-03-01", "valid_until": None},
        "workplace": {"organisation": "ГБУЗ «ВГБ»", "ogrn": ogrn(), "address": "ул. Больничная, 1", "department": "Терапия"},
        "employments": [{"organisation": "ГБУЗ «ВГБ»", "position": "Врач", "started_on": "2015-09-01", "ended_on": None}],
        "training_hours": 162,
    } | changes


def staff(*roles: str, **changes: Any) -> dict[str, Any]:
    return {
        "surname": "Озеровидская",
        "given_name": "Гликерия",
        "patronymic": None,
        "email": email(),
        "phone": phone(),
        "roles": list(roles),
        "specialty_codes": [],
    } | changes
