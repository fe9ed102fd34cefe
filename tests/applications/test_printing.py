"""AP-4: the electronic document says everything in people's words."""

from dataclasses import replace

from services.applications.domain.form import Form
from services.applications.usecases.printing import electronic_document
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
