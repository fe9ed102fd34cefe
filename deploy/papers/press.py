"""Prints a paper and puts it through the scanner."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import typst
from pytrovich.enums import Case, NamePart
from pytrovich.enums import Gender as Inflected
from pytrovich.maker import PetrovichDeclinationMaker

from deploy.papers.people import Gender, Holder, holder_of
from deploy.papers.scanner import Scan, scanned

FONTS = ("PT Serif", "PT Sans", "Liberation Serif", "Liberation Sans", "DejaVu Serif", "DejaVu Sans")
_TEMPLATES = Path(__file__).parent / "templates"
_LAYOUTS = ("form", "text")
_PRINTED_PPI = 300
_MONTHS = ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря")
_INFLECTED = {Gender.MALE: Inflected.MALE, Gender.FEMALE: Inflected.FEMALE}
_maker = PetrovichDeclinationMaker()


class Kind(StrEnum):
    """What is printed."""

    DIPLOMA = "diploma"
    LICENCE = "licence"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class Paper:
    """A scanned page and what it truly says."""

    kind: Kind
    layout: str
    holder: Holder
    scan: Scan
    content: bytes
    """JPEG."""


def paper_of(number: int, *, seed: int) -> Paper:
    """The paper of this number: kinds, layouts, fonts and the quality of the scan take turns or vary by chance."""
    chance = random.Random(f"paper:{seed}:{number}")  # noqa: S311 - no secret
    kind, layout = tuple(Kind)[number % len(Kind)], chance.choice(_LAYOUTS)
    holder = holder_of(number, seed=seed)
    page = printed(kind, holder, layout=layout, font=FONTS[number // len(Kind) % len(FONTS)])
    scan = Scan.by_chance(chance)
    return Paper(kind, layout, holder, scan, scanned(page, scan, printed_ppi=_PRINTED_PPI))


def printed(kind: Kind, holder: Holder, *, layout: str, font: str) -> bytes:
    """A clean page as PNG."""
    data = json.dumps({**_said(holder), "layout": layout, "font": font}, ensure_ascii=False)
    return bytes(typst.compile(str(_TEMPLATES / f"{kind}.typ"), format="png", ppi=_PRINTED_PPI, sys_inputs={"data": data}))


def _said(holder: Holder) -> Mapping[str, str]:
    names = (holder.surname, holder.given_name, holder.patronymic or "")
    return {
        "surname": holder.surname,
        "given_name": holder.given_name,
        "patronymic": holder.patronymic or "",
        "full_name": " ".join(filter(None, names)),
        "full_name_dative": _dative(holder),
        "birth_date": f"{holder.birth_date:%d.%m.%Y}",
        "issued_on": _in_words(holder.issued_on),
        "diploma_series": holder.diploma_series,
        "diploma_number": holder.diploma_number,
        "licence_number": holder.licence_number,
        "registration": f"{holder.issued_on:%y}-{holder.diploma_number[:5]}",
        "organisation": holder.organisation,
    }


def _dative(holder: Holder) -> str:
    parts = (NamePart.LASTNAME, holder.surname), (NamePart.FIRSTNAME, holder.given_name), (NamePart.MIDDLENAME, holder.patronymic)
    if holder.patronymic is None:
        return f"{holder.surname} {holder.given_name}"
    return " ".join(_maker.make(part, _INFLECTED[holder.gender], Case.DATIVE, name) for part, name in parts if name)


def _in_words(day: date) -> str:
    return f"«{day.day:02}» {_MONTHS[day.month - 1]} {day.year} г."
