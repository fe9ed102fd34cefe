"""The tables of rules: which version holds on which day, and every mistake of whoever edits them by name."""

from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest

from contracts.documents import DocumentType
from services.applications.domain import drafting
from services.applications.domain.check import CheckInput, check
from services.applications.domain.reasons import Code
from services.applications.domain.rulebook import FILES, Rulebook, RulesUnusable, parse
from services.applications.domain.rules import Kind
from services.applications.domain.terms import Terms
from services.applications.gateways import read_rulebook
from services.applications.gateways.rulebook import PACKAGED
from services.applications.main.wiring import terms
from services.applications.settings import Settings
from tests.applications import people
from tests.applications.test_domain import AT, TERMS, documents, drafted

TEXTS = {name: (PACKAGED / name).read_text() for name in FILES}
PERIODIC = 'kind = "periodic"\n'


def edited(name: str, old: str, new: str) -> dict[str, str]:
    assert TEXTS[name].count(old) == 1, f"{old!r} is {TEXTS[name].count(old)} times in {name}"
    return TEXTS | {name: TEXTS[name].replace(old, new)}


def changed_in_july() -> Rulebook:
    """From the 1st of July 2026 the periodic kind asks for 200 hours, an answer is due in 5 days, and one specialty is no more."""
    new_kind = '\n[[row]]\nkind = "periodic"\ntitle = "Периодическая"\ndocuments = ["diploma"]\nminimum_experience_months = 36\n'
    new_kind += 'minimum_training_hours = 200\nsource = "Приказ № 1"\nvalid_from = 2026-07-01\n'
    texts = edited("kinds.toml", PERIODIC, f"{PERIODIC}valid_until = 2026-06-30\n")
    texts["kinds.toml"] += new_kind
    texts |= {
        "specialties.toml": edited("specialties.toml", 'code = "31.08.36"\n', 'code = "31.08.36"\nvalid_until = 2026-06-30\n')[
            "specialties.toml"
        ]
    }
    answer = 'name = "answer_working_days"\n'
    texts["terms.toml"] = edited("terms.toml", answer, f"{answer}valid_until = 2026-06-30\n")["terms.toml"]
    texts["terms.toml"] += f'\n[[row]]\n{answer}title = "Ответ"\nunit = "working-days"\nlength = 5\nvalid_from = 2026-07-01\n'
    return parse(texts)


def test_each_day_has_the_version_that_holds_on_it() -> None:
    book = changed_in_july()
    hours = {
        day: book.on(day).kinds[Kind.PERIODIC].minimum_training_hours for day in (date(2026, 6, 30), date(2026, 7, 1), date(2030, 1, 1))
    }
    assert list(hours.values()) == [144, 200, 200]
    assert book.on(date(2020, 1, 1)) is book.on(date(2026, 1, 1)), "before the first day the first version stands"
    assert "31.08.36" in book.on(date(2026, 6, 30)).specialties
    assert "31.08.36" not in book.on(date(2026, 7, 1)).specialties
    assert book.on(date(2026, 7, 1)).titles.specialties["31.08.36"] == "Кардиология", "what ended keeps its words"
    assert book.on(date(2026, 7, 1)).kinds[Kind.PRIMARY] is book.on(date(2026, 6, 30)).kinds[Kind.PRIMARY]


def test_a_draft_is_judged_by_todays_rules_and_what_was_handed_in_by_those_of_that_day() -> None:
    book, known = changed_in_july(), documents()
    draft, practitioner = drafted(known, Kind.PERIODIC)
    july = date(2026, 7, 1)

    def codes_on(day: date) -> set[Code]:
        return {one.code for one in check(CheckInput(draft, practitioner, known, None, july, book.on(day)))}

    assert codes_on(date(2026, 6, 30)) == set()
    assert codes_on(july) == {Code.TRAINING_NOT_COMPLETED, Code.SPECIALTY_CODE_WRONG}
    submitted = drafting.submit(drafting.confirm(draft, (), known, at=AT), "MK-2026-00000001-1", at=AT, terms=TERMS)
    assert (draft.rules_on, submitted.rules_on) == (None, TERMS.local_date(AT))


def test_a_term_has_the_length_of_the_day_it_begins_on_unless_a_setting_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer_days(text: str, **changed: int) -> int:
        monkeypatch.setattr("services.applications.main.wiring.production_calendar", lambda _: lambda _day: True)
        chosen = Settings.model_construct(time_zone="Europe/Moscow", calendar_override_file=None, **changed)  # type: ignore[arg-type]
        given: Terms = terms(chosen, changed_in_july())
        begun = given.start_of(date.fromisoformat(text))
        return (given.local_date(given.answer_due(begun)) - given.local_date(begun)).days

    assert [answer_days(text) for text in ("2025-06-01", "2026-06-30", "2026-07-01", "2027-07-01")] == [10, 10, 5, 5]
    assert [answer_days(text, answer_working_days=3) for text in ("2026-06-30", "2026-07-01")] == [3, 3]


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("kinds.toml", PERIODIC, 'kind = "seasonal"\n', "kinds.toml: row 3 (seasonal): kind: 'seasonal' is not one of"),
        ("kinds.toml", PERIODIC, 'kind = "primary"\n', "kinds.toml: primary: the version of 2026-01-01 overlaps that of 2026-01-01"),
        ("kinds.toml", PERIODIC, f"{PERIODIC}minimum_age = 3\n", "kinds.toml: row 3 (periodic): minimum_age: unknown field"),
        ("kinds.toml", "minimum_training_hours = 144", "minimum_training_hours = -1", "minimum_training_hours: should be a whole number"),
        ("kinds.toml", "minimum_training_hours = 144", "minimum_training_hours = true", "minimum_training_hours: should be a whole number"),
        ("kinds.toml", "minimum_training_hours = 144\n", "", "kinds.toml: row 3 (periodic): minimum_training_hours: is missing"),
        ("kinds.toml", PERIODIC, f"{PERIODIC}valid_until = 2025-12-31\n", "valid_until: is before valid_from"),
        ("kinds.toml", PERIODIC, f"{PERIODIC}valid_until = 2026-12-31\n", "kinds.toml: periodic: no version holds after 2026-12-31"),
        ("kinds.toml", "valid_from = 2026-01-01", 'valid_from = "2026-01-01"', "row 1 (primary): valid_from: should be a date"),
        ("kinds.toml", "valid_from = 2026-01-01", "valid_since = 2026-01-01", "kinds.toml: valid_since: unknown field"),
        ("kinds.toml", "valid_from = 2026-01-01", "valid_from = ", "kinds.toml: is no TOML"),
        ("specialties.toml", 'title = "Кардиология"', 'title = " "', "specialties.toml: row 13 (31.08.36): title: should be a text"),
        ("documents.toml", 'type = "licence"', 'type = "horoscope"', "documents.toml: row 2 (horoscope): type: 'horoscope' is not one of"),
        ("documents.toml", 'type = "licence"', 'type = "appeal-attachment"', "kinds.toml: primary: licence is not in documents.toml"),
        ("reasons.toml", 'code = "consent-missing"', 'code = "bad-mood"', "reasons.toml: no row for consent-missing"),
        ("reasons.toml", 'code = "consent-missing"', 'code = "bad-mood"', "code: 'bad-mood' is not one of"),
        (
            "reasons.toml",
            'advice = "Заполните поле как в паспорте."',
            'advice = ""',
            "(personal-data-incomplete): advice: should be a text",
        ),
        ("reasons.toml", '["/consent"]', '["/salary"]', "(consent-missing): places: '/salary' is no place of the form"),
        ("checklists.toml", 'code = "identity"\n', 'code = "identity"\nis_needed = 1\n', "checklists.toml: row 1 (identity): is_needed"),
        ("terms.toml", "length = 24", "length = [24]", "terms.toml: automatic_check_hours: length: should be one whole number"),
        ("terms.toml", "length = [90, 30, 7, 0]", "length = 90", "terms.toml: expiry_notice_days: length: should be a list"),
        ("terms.toml", 'unit = "years"', 'unit = "moons"', "terms.toml: row 9 (certificate_years): unit: 'moons' is not one of"),
    ],
)
def test_a_mistake_is_named_by_file_row_and_field(name: str, old: str, new: str, told: str) -> None:
    with pytest.raises(RulesUnusable) as refused:
        parse(edited(name, old, new))
    assert any(told in problem for problem in refused.value.problems), refused.value.problems


def test_a_gap_between_two_versions_is_named_and_all_mistakes_come_at_once() -> None:
    late = TEXTS["kinds.toml"].replace(PERIODIC, f"{PERIODIC}valid_until = 2026-06-30\n")
    late += late[late.rindex("[[row]]") :].replace("valid_until = 2026-06-30", "valid_from = 2026-07-02")
    with pytest.raises(RulesUnusable) as refused:
        parse(TEXTS | {"kinds.toml": late, "terms.toml": "", "own.toml": ""})
    assert refused.value.problems == (
        "own.toml: no table has this name",
        "kinds.toml: periodic: no version holds from 2026-07-01 to 2026-07-02",
        "terms.toml: has no [[row]]",
    )


def test_a_folder_of_ones_own_stands_for_that_of_the_package_and_lacks_nothing(tmp_path: Path) -> None:
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text.replace("Кардиология", "Кардиология и её соседи"))
    assert read_rulebook(tmp_path).on(AT.date()).titles.specialties[people.CARDIOLOGY] == "Кардиология и её соседи"
    (tmp_path / "reasons.toml").unlink()
    with pytest.raises(RulesUnusable, match=r"reasons\.toml"):
        read_rulebook(tmp_path)


def test_documents_of_a_specialty_come_after_those_of_the_kind_and_no_document_twice() -> None:
    rules = read_rulebook().on(AT.date())
    asked = rules.required_documents(Kind.PRIMARY, "31.08.20")
    assert asked[-1] is DocumentType.NO_CRIMINAL_RECORD
    assert len(asked) == len(set(asked))
    assert rules.required_documents(Kind.PRIMARY, str(uuid4())) == rules.kinds[Kind.PRIMARY].documents, (
        "an ended specialty asks for nothing"
    )
    assert {item.code for item in rules.checklist_of(Kind.PRIMARY)} < {item.code for item in rules.checklist_of(Kind.PERIODIC)}


def test_the_table_of_reasons_says_which_refusals_no_correction_follows() -> None:
    rules = read_rulebook().on(AT.date())
    assert rules.may_resubmit([Code.LICENCE_EXPIRED, Code.EXPERIENCE_BELOW_MINIMUM])
    assert not rules.may_resubmit([Code.LICENCE_EXPIRED, Code.DUPLICATE_APPLICATION])
