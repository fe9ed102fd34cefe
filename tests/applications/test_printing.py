"""AP-4: the electronic document says everything in people's words."""

from dataclasses import replace
from typing import Any

import pypdfium2

from services.applications.domain.form import Form
from services.applications.gateways import CredentialKeys, Printer
from services.applications.usecases.printing import electronic_document
from tests.applications.signing import AT, STATEMENT, VALUES
from tests.applications.test_domain import RULES, TERMS, documents, drafted

PERSONAL = {"birth_date": "1988-02-03", "passport_issued_on": "2010-03-04", "passport_series": "2004", "passport_number": "200403"}
LICENCE = {"holder": "person", "valid_from": "2020-01-01", "valid_until": "2030-01-01"}
EMPLOYMENTS = [
    {"organisation": "Больница", "position": "врач", "started_on": "2015-01-10", "ended_on": "2019-12-31"},
    {"organisation": "Больница", "position": "врач", "started_on": "2020-01-01"},
]


def test_dates_and_the_licences_holder_are_written_as_people_write_them() -> None:
    form = Form(personal=PERSONAL, professional={"licence": LICENCE, "employments": EMPLOYMENTS}, consent={"accuracy": True})
    draft, _ = drafted(documents())
    printed = electronic_document(replace(draft, form=form, number="MK-2026-00000001-1"), RULES, TERMS)
    assert [row for block in printed["blocks"][1:] for row in block["rows"]] == [
        ["Дата рождения", "03.02.1988"],
        ["Серия паспорта", "2004"],
        ["Номер паспорта", "200403"],
        ["Дата выдачи паспорта", "04.03.2010"],
        ["Владелец лицензии", "медицинский работник"],
        ["Лицензия действует с", "01.01.2020"],
        ["Лицензия действует до", "01.01.2030"],
        ["Трудовой стаж", "Больница, врач: 10.01.2015 — 31.12.2019\nБольница, врач: 01.01.2020 — по настоящее время"],
        ["Подтверждение достоверности сведений", "да"],
    ]


PACKET = {
    **dict.fromkeys(("number", "statement", "decision", "snapshot_sha256", "electronic_document_sha256"), "а"),
    "facts": [["а", "б"]] * 2,
    "reasons": [["а", "б", "в"]] * 2,
    "opinions": [["а", "б", "в", "г"]] * 2,
    "points": [["а", "б", "в"]],
    "lineage": [["а", "б", "в", "г", "д"]],
    "protocol": [["а", "б", "в"]],
    "documents": [["а", "б", "в"]],
}
UNPRINTABLE = "Ёж 😀 王 \u0007 \ufffe \u202e"
SEEN = "Ёж □ □ □ □ □"


def _soiled(value: Any) -> Any:
    """The same with a text in every place that no font can print."""
    if isinstance(value, str):
        return UNPRINTABLE
    if isinstance(value, dict):
        return {name: _soiled(inner) for name, inner in value.items()}
    return [_soiled(inner) for inner in value] if isinstance(value, list | tuple) else value


def _count(pdf: bytes) -> int:
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))
    return " ".join(text.split()).count(SEEN)


async def test_every_paper_prints_whatever_was_let_in_once() -> None:
    printer = Printer("http://cabinet.test", CredentialKeys.generate())
    draft, _ = drafted(documents())
    application = replace(draft, form=Form(personal={"surname": "А"}, professional={"licence": LICENCE}), number="MK")
    form = _soiled(electronic_document(application, RULES, TERMS))
    assert _count(await printer.electronic_document(form, made_at=AT)) >= sum(len(block["rows"]) for block in form["blocks"])
    assert _count(await printer.certificate(_soiled(VALUES), STATEMENT, made_at=AT)) >= 4
    table = {"made_on": "", "header": ["а", "б"], "rows": [["а", "б"], ["в", "г"]]}
    assert _count(await printer.table(_soiled(table), made_at=AT)) == 7
    assert _count(await printer.appeal(_soiled(PACKET), made_at=AT)) > 20
