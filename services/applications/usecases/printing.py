"""What goes onto paper: titles and values in people's words."""

from datetime import date, datetime
from typing import Any

from services.applications.domain.application import Application, CertificateReference
from services.applications.domain.certificates import STATUS_TITLES, Certificate, Status
from services.applications.domain.form import PARTS, TITLES, Json
from services.applications.domain.history import Row
from services.applications.domain.reasons import Code
from services.applications.domain.rules import Rules
from services.applications.domain.states import WORDS
from services.applications.domain.terms import Terms

_BLOCKS = {name: PARTS[f"/{name}"] for name in ("personal", "professional", "consent")}
_CERTIFICATE = ("Сертификат", "Действует с", "Действует до", "Причины отказа")
HISTORY_HEADER = ("Номер", "Вид", "Специальность", "Статус", "Начато", "Завершено", *_CERTIFICATE)
REGISTRY_HEADER = ("Номер", "Вид", "Специальность", "Статус", "Подано", "Завершено", *_CERTIFICATE)
_DATES = frozenset(
    {
        "/personal/birth_date",
        "/personal/passport_issued_on",
        "/professional/licence/valid_from",
        "/professional/licence/valid_until",
    }
)
_HOLDERS = {"person": "медицинский работник", "organisation": "организация"}


def day(moment: datetime | date | None, terms: Terms) -> str:
    """A date as people write it; empty for None."""
    if moment is None:
        return ""
    local = terms.local_date(moment) if isinstance(moment, datetime) else moment
    return local.strftime("%d.%m.%Y")


def electronic_document(application: Application, rules: Rules, terms: Terms) -> dict[str, Any]:
    """Everything handed in."""
    general = [
        ["Вид аккредитации", rules.titles.kinds[application.kind]],
        ["Специальность", f"{application.specialty_code} {rules.titles.specialties[application.specialty_code]}"],
    ]
    blocks = [{"title": title, "rows": _rows(application, block)} for block, title in _BLOCKS.items()]
    return {
        "number": application.public_number,
        "submitted_on": day(application.submitted_at, terms),
        "blocks": [{"title": "Заявление", "rows": general}, *blocks],
        "documents": [
            {
                "title": rules.titles.documents[one.document_type],
                "file_version": str(one.file_version),
                "sha256": one.sha256 or "проверяется",
            }
            for one in application.documents
        ],
        "snapshot_sha256": application.snapshot_sha256 or "",
    }


def _rows(application: Application, block: str) -> list[list[str]]:
    pointers = (pointer for pointer in TITLES if pointer.startswith(f"/{block}/"))
    form = application.form
    return [[TITLES[pointer], _written(pointer, form.at(pointer))] for pointer in pointers if form.at(pointer) is not None]


def _written(pointer: str, value: Json) -> str:
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, list | tuple):
        return "\n".join(_employment(one) for one in value)
    if pointer == "/professional/licence/holder":
        return _HOLDERS.get(str(value), str(value))
    return _date(value) if pointer in _DATES else str(value)


def _date(value: Json) -> str:
    """A date of the form as people write it."""
    return date.fromisoformat(str(value)).strftime("%d.%m.%Y")


def _employment(one: dict[str, Json]) -> str:
    begun, ended = one.get("started_on"), one.get("ended_on")
    until = _date(ended) if ended else "по настоящее время"
    return f"{one.get('organisation', '')}, {one.get('position', '')}: {_date(begun) if begun else ''} — {until}"


def certificate(issued: Certificate, rules: Rules, terms: Terms) -> dict[str, Any]:
    """What the certificate says."""
    return {
        "number": issued.number,
        "holder": issued.holder_name,
        "kind": rules.titles.kinds[issued.kind],
        "specialty_code": issued.specialty_code,
        "specialty": rules.titles.specialties[issued.specialty_code],
        "valid_from": day(issued.issued_at, terms),
        "valid_until": day(issued.valid_until, terms),
        "application_number": issued.application_number,
    }


def history_cells(row: Row, rules: Rules, terms: Terms) -> list[str]:
    """One line of the exported history, in the order of `HISTORY_HEADER`."""
    return _cells(row, row.created_at, rules, terms)


def registry_cells(row: Row, rules: Rules, terms: Terms) -> list[str]:
    """One line of the registrar's export, in the order of `REGISTRY_HEADER`."""
    return _cells(row, row.submitted_at, rules, terms)


def _cells(row: Row, begun_at: datetime | None, rules: Rules, terms: Terms) -> list[str]:
    certificate = row.certificate
    return [
        row.number or "",
        rules.titles.kinds[row.kind],
        f"{row.specialty_code} {rules.titles.specialties[row.specialty_code]}",
        WORDS[row.state],
        day(begun_at, terms),
        day(row.ended_at, terms),
        certificate.number if certificate else "",
        day(certificate.issued_at, terms) if certificate else "",
        _until(certificate, terms) if certificate else "",
        "; ".join(_reason(code, rules) for code in dict.fromkeys(row.reason_codes)),
    ]


def _until(certificate: CertificateReference, terms: Terms) -> str:
    until, fault = day(certificate.valid_until, terms), certificate.fault
    return until if fault is None else f"{until} ({STATUS_TITLES[Status(fault.kind)].lower()} {day(fault.at, terms)})"


def _reason(code: str, rules: Rules) -> str:
    """The words of a reason; one that the rules of today know no more keeps its code."""
    known = rules.reasons.get(Code(code))
    return known.text if known else code
