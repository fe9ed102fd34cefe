"""The files a practitioner brings, made for an invented person, and the bad ones that must be refused by name."""

import io
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pikepdf
import segno
import typst
from PIL import Image

from deploy.journey.people import Person

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
_TEMPLATE = Path(__file__).with_name("paper.typ")
_MEBIBYTE = 1_048_576


@dataclass(frozen=True, slots=True)
class File:
    """A file as a browser would send it."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Paper:
    title: str
    issuer: str
    number: str
    lines: tuple[tuple[str, str], ...]

    def as_json(self) -> str:
        return json.dumps({"title": self.title, "issuer": self.issuer, "number": self.number, "lines": self.lines}, ensure_ascii=False)


def diploma(person: Person) -> File:
    """The diploma of higher medical education, PDF."""
    paper = _Paper(
        "ДИПЛОМ СПЕЦИАЛИСТА",
        "Вымышленский государственный медицинский университет",
        f"№ {person.diploma_number}",
        (*_bearer(person), ("Специальность", "Лечебное дело"), ("Квалификация", person.qualification)),
    )
    return File("Диплом.pdf", PDF, _pdf(paper.as_json()))


def licence(person: Person) -> File:
    """The medical licence, PDF."""
    paper = _Paper(
        "ЛИЦЕНЗИЯ",
        "на осуществление медицинской деятельности",
        f"{person.licence['series']} № {person.licence['number']}",
        (
            *_bearer(person),
            ("Место работы", person.workplace["organisation"]),
            ("ОГРН", person.workplace["ogrn"]),
            ("Действует", f"{_day(person.licence['valid_from'])} - {_day(person.licence['valid_until'])}"),
        ),
    )
    return File("Лицензия.pdf", PDF, _pdf(paper.as_json()))


def training_certificate(person: Person) -> File:
    """The certificate of mandatory training as a scan, JPEG."""
    paper = _Paper(
        "УДОСТОВЕРЕНИЕ",
        "о повышении квалификации",
        f"№ У-{person.diploma_number[-4:]}",
        (*_bearer(person), ("Программа", "Терапия: актуальные вопросы"), ("Объём", f"{person.training_hours} часа")),
    )
    return File("Удостоверение.jpg", JPEG, _jpeg(_image(paper.as_json())))


def gosuslugi_confirmation(person: Person) -> File:
    """A screenshot of the portal's confirmation with its QR code, PNG."""
    paper = _Paper(
        "Подтверждённая учётная запись",
        "Портал государственных услуг",
        "Госуслуги",
        (*_bearer(person), ("СНИЛС", f"{person.snils[:3]}-{person.snils[3:6]}-{person.snils[6:9]} {person.snils[9:]}")),
    )
    page = _image(paper.as_json())
    code = io.BytesIO()
    segno.make(f"https://www.gosuslugi.ru/confirmation/{person.diploma_number[-7:]}", error="m").save(code, kind="png", scale=6, border=4)
    with Image.open(code) as qr:
        page.paste(qr.convert("RGB"), ((page.width - qr.width) // 2, int(page.height * 0.62)))
    content = io.BytesIO()
    page.save(content, "PNG", dpi=(150, 150))
    return File("Подтверждение Госуслуг.png", PNG, content.getvalue())


def passport_scan(person: Person) -> File:
    """The main page of the passport, JPEG."""
    paper = _Paper(
        "ПАСПОРТ",
        person.passport_issued_by,
        f"{person.passport_series} {person.passport_number}",
        (("Фамилия, имя, отчество", person.full_name), ("Дата рождения", f"{person.birth_date:%d.%m.%Y}"),
         ("Место рождения", person.birth_place), ("Дата выдачи", f"{person.passport_issued_on:%d.%m.%Y}")),
    )  # fmt: skip
    return File("Паспорт.jpg", JPEG, _jpeg(_image(paper.as_json())))


def snils_scan(person: Person) -> File:
    """The certificate of pension insurance, PDF."""
    lines = (("Фамилия, имя, отчество", person.full_name), ("Дата рождения", f"{person.birth_date:%d.%m.%Y}"))
    number = f"{person.snils[:3]}-{person.snils[3:6]}-{person.snils[6:9]} {person.snils[9:]}"
    return File("СНИЛС.pdf", PDF, _pdf(_Paper("СТРАХОВОЕ СВИДЕТЕЛЬСТВО", "СНИЛС", number, lines).as_json()))


def supporting(person: Person) -> File:
    """A letter that supports an answer to a remark, PDF."""
    lines = (*_bearer(person), ("Отделение", person.workplace["department"]))
    paper = _Paper("СПРАВКА", person.workplace["organisation"], "с места работы", lines)
    return File("Справка.pdf", PDF, _pdf(paper.as_json()))


def _bearer(person: Person) -> tuple[tuple[str, str], ...]:
    return (("Выдан(а)", person.full_name), ("Дата рождения", f"{person.birth_date:%d.%m.%Y}"))


def _day(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{day}.{month}.{year}"


@cache
def _pdf(paper: str) -> bytes:
    return bytes(typst.compile(str(_TEMPLATE), format="pdf", sys_inputs={"paper": paper}))


def _image(paper: str) -> Image.Image:
    return Image.open(io.BytesIO(_png(paper))).convert("RGB")


@cache
def _png(paper: str) -> bytes:
    return bytes(typst.compile(str(_TEMPLATE), format="png", ppi=150, sys_inputs={"paper": paper}))


def _jpeg(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=85, dpi=(150, 150))
    return content.getvalue()


def picture_called_pdf(person: Person) -> File:
    """A PNG that says it is a PDF."""
    return File("Диплом.pdf", PDF, gosuslugi_confirmation(person).content)


def encrypted_pdf(person: Person) -> File:
    """A PDF nobody can open without its password."""
    content = io.BytesIO()
    with pikepdf.open(io.BytesIO(diploma(person).content)) as document:
        document.save(content, encryption=pikepdf.Encryption(owner="owner", user="user", R=6))
    return File("Диплом с паролем.pdf", PDF, content.getvalue())


def scripted_pdf(person: Person) -> File:
    """A PDF that runs a script when opened."""
    content = io.BytesIO()
    with pikepdf.open(io.BytesIO(diploma(person).content)) as document:
        document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('1')")
        document.save(content)
    return File("Диплом со сценарием.pdf", PDF, content.getvalue())


def truncated_jpeg(person: Person) -> File:
    """A scan whose upload from the scanner broke off."""
    whole = training_certificate(person)
    return File("Удостоверение обрезано.jpg", JPEG, whole.content[: len(whole.content) // 3])


def oversized_pdf(person: Person, *, limit_bytes: int = 5 * _MEBIBYTE) -> File:
    """A valid PDF one byte larger than allowed: what follows the end mark is a comment."""
    content = diploma(person).content
    return File("Диплом большой.pdf", PDF, content + b"%" + b" " * (limit_bytes - len(content)))


def empty() -> File:
    """No bytes at all."""
    return File("Пустой.pdf", PDF, b"")
