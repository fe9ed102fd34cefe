"""What documents say, compared with profiles: spellings, cases, misread letters, and what is truly something else."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from contracts.documents import DocumentType
from contracts.identity import ProfileFacts
from deploy.evaluation.ocr import facts_of
from deploy.papers import holder_of
from deploy.papers.people import Gender
from services.documents.domain.consistency import consistency
from services.documents.domain.findings import Finding, FindingCode
from services.documents.domain.reading import Agreement, Field, Page, Reading, Source, Word, compare
from services.documents.domain.reading.dates import dates
from services.documents.domain.reading.words import normalised
from services.documents.domain.rules import RULES

AGREES, DIFFERS, UNREADABLE = Agreement.AGREES, Agreement.DIFFERS, Agreement.UNREADABLE
HOLDER = replace(
    holder_of(1, seed=3),
    surname="Берёзкина",
    given_name="Алёна",
    patronymic="Фёдоровна",
    gender=Gender.FEMALE,
    birth_date=date(1985, 3, 12),
    diploma_series="100500",
    diploma_number="1234567",
    licence_number="ЛО-77-01-012345",
    organisation="ГБУЗ «Вымышленская больница № 4»",
)


def facts(**changes: object) -> ProfileFacts:
    return facts_of(replace(HOLDER, **changes))  # type: ignore[arg-type]  # fields of one dataclass


def read(text: str, *, source: Source = Source.TEXT_LAYER, confidence: float = 100.0, again: tuple[str, ...] = ()) -> Reading:
    """Words of a page, whose lines are the lines of the text; only numbers are looked at again."""
    words = [
        Word(word, line, confidence, again if any(sign.isdigit() for sign in word) else ())
        for line, row in enumerate(text.splitlines())
        for word in row.split()
    ]
    return Reading(source, (Page(tuple(words)),))


def recognised(text: str, *, confidence: float = 95.0, again: tuple[str, ...] = ()) -> Reading:
    return read(text, source=Source.RECOGNISED, confidence=confidence, again=again)


def outcome(reading: Reading, field: Field, **changes: object) -> Agreement:
    [one] = compare(reading, facts(**changes), [field])
    assert one.field is field
    return one.agreement


@pytest.mark.parametrize(
    "text",
    [
        "Настоящий диплом выдан Берёзкина Алёна Фёдоровна",
        "БЕРЕЗКИНА АЛЕНА ФЕДОРОВНА",
        "выдано Берёзкиной Алёне Фёдоровне в том, что",
        "Фамилия Берёзкина\nИмя Алёна\nОтчество Фёдоровна",
        "Берёзкина А. Ф.",
        "А.Ф. Берёзкина",
        "Алёна Фёдоровна Берёзкина",
        "Берёз-\nкина Алёна Фёдоровна",
        "Бeрёзкинa Aлёна Фёдоровна",  # with Latin letters e, a, A
    ],
)
def test_a_name_is_found_in_every_form_of_writing(text: str) -> None:
    assert outcome(read(text), Field.NAME) is AGREES


def test_the_patronymic_that_nobody_has_is_not_asked_for() -> None:
    assert outcome(read("Гулиев Рашад"), Field.NAME, surname="Гулиев", given_name="Рашад", patronymic=None) is AGREES


@pytest.mark.parametrize(
    "text", ["Ивановская-Петрова Алёна Фёдоровна", "Ивановская-\nПетрова Алёна Фёдоровна", "Ивановской-Петровой Алёне Фёдоровне"]
)
def test_a_double_surname_is_found_also_at_the_end_of_a_line(text: str) -> None:
    assert outcome(read(text), Field.NAME, surname="Ивановская-Петрова") is AGREES


def test_a_letter_may_be_misread_by_recognition_and_not_in_a_text_layer() -> None:
    text = "Берёзкнна Алёна Фёдоровна"
    assert outcome(recognised(text), Field.NAME) is AGREES
    assert outcome(read(text), Field.NAME) is not AGREES


@pytest.mark.parametrize(
    ("text", "agreement"),
    [
        ("Фамилия Лукошкина Имя Марина Отчество Ильинична", DIFFERS),
        ("выдан Лукошкиной Марине Ильиничне", DIFFERS),
        ("Лукошкина Алёна Фёдоровна", Agreement.SURNAME_DIFFERS),  # who married meanwhile
        ("Ректор И. И. Лукошкин", UNREADABLE),  # whoever signed is nobody's contradiction
        ("ДИПЛОМ СПЕЦИАЛИСТА", UNREADABLE),
    ],
)
def test_another_full_name_contradicts_and_a_signature_does_not(text: str, agreement: Agreement) -> None:
    assert outcome(read(text), Field.NAME) is agreement


def test_what_was_read_unsurely_contradicts_nothing() -> None:
    assert outcome(recognised("Лукошкина Марина Ильинична", confidence=60), Field.NAME) is UNREADABLE
    assert outcome(recognised("дата рождения 13.03.1985", confidence=60), Field.BIRTH_DATE) is UNREADABLE
    assert outcome(recognised("диплом № 100500 1234568", confidence=60), Field.DIPLOMA) is UNREADABLE


@pytest.mark.parametrize("text", ["12.03.1985", "12/03/85", "«12» марта 1985 г.", "12 МАРТА 1985 года", "12031985"])
def test_dates_are_known_in_every_form(text: str) -> None:
    assert [found.day for found in dates(read(text).looks()[0])][:1] == [date(1985, 3, 12)]
    assert outcome(read(f"дата рождения {text}"), Field.BIRTH_DATE) is AGREES


@pytest.mark.parametrize("text", ["32.01.1985", "12.13.1985", "12.03.198", "31.05.01", "12 брюмера 1985"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert date(1985, 3, 12) not in [found.day for found in dates(read(text).looks()[0])]


def test_only_a_date_of_birth_contradicts_one() -> None:
    assert outcome(read("дата рождения 13.03.1985"), Field.BIRTH_DATE) is DIFFERS
    assert outcome(read("дата выдачи 28.06.2009"), Field.BIRTH_DATE) is UNREADABLE


@pytest.mark.parametrize("text", ["100500 1234567", "1005001234567", "10 05 00 № 1234567", "1OO5OO 1234567"])
def test_a_number_is_found_however_it_is_grouped(text: str) -> None:
    expected = UNREADABLE if "№" in text else AGREES
    assert outcome(read(f"диплом {text}"), Field.DIPLOMA) is expected


def test_a_number_off_by_one_digit_differs_if_every_look_says_so() -> None:
    line = "диплом 100500 1234568"
    assert outcome(read(line), Field.DIPLOMA) is DIFFERS
    assert outcome(recognised("диплом 1005001234568", again=("1005001234568", "1005001234568")), Field.DIPLOMA) is DIFFERS
    assert outcome(recognised("диплом 1005001234568", again=("1005001234567", "1005001234568")), Field.DIPLOMA) is AGREES
    assert outcome(recognised("диплом 1005001234568", again=("100500123456", "1005001234568")), Field.DIPLOMA) is UNREADABLE


def test_the_licence_is_known_by_its_last_digits() -> None:
    assert outcome(read("ЛИЦЕНЗИЯ № ЛО-77-01-012345 от 14.11.2021"), Field.LICENCE) is AGREES
    assert outcome(read("ЛИЦЕНЗИЯ № ЛО-77-01-012346 от 14.11.2021"), Field.LICENCE) is DIFFERS
    assert outcome(read("ЛИЦЕНЗИЯ от 14.11.2021"), Field.LICENCE) is UNREADABLE


@pytest.mark.parametrize(
    ("text", "agreement"),
    [
        ("место работы: ГБУЗ «Вымышленская больница № 4»", AGREES),
        ("Государственное бюджетное учреждение Вымышленская больница №4", AGREES),
        ("ООО «Клиника Берёзовая роща»", UNREADABLE),
    ],
)
def test_a_workplace_is_known_by_its_name_and_not_by_the_form_of_the_company(text: str, agreement: Agreement) -> None:
    assert outcome(read(text), Field.WORKPLACE) is agreement


def test_letters_are_of_one_kind() -> None:
    assert normalised("Фёдор — КОТ") == "ФЕДОР - КОТ"
    assert normalised("BECHA весна") == "ВЕСНА ВЕСНА"
    assert normalised("№ 5") == "# 5"


def test_fields_come_in_the_order_that_was_asked_for() -> None:
    fields = [Field.SNILS, Field.NAME, Field.PASSPORT]
    assert [one.field for one in compare(read("ничего"), facts(), fields)] == fields


@pytest.mark.parametrize(("document_type", "is_warning"), [(DocumentType.EMPLOYMENT_RECORD, True), (DocumentType.LICENCE, False)])
def test_a_book_of_former_work_is_not_refused_for_it(document_type: DocumentType, is_warning: bool) -> None:  # noqa: FBT001 - a table
    reading = read("Берёзкина Алёна Фёдоровна\nЛО-77-01-012345\nРаботодатель: ООО «Клиника Берёзовая роща»")
    result = consistency(RULES[document_type], reading, facts(), at=datetime(2026, 3, 2, tzinfo=UTC))
    assert Finding(FindingCode.WORKPLACE_DIFFERS, is_warning=is_warning) in result.findings


HOSTILE = {
    "letters among digits": "1а" * 30,
    "dates of birth": "рожд 01.01.1990",
    "numbers behind their label": "лицензия № 12 34 56 78",
    "parts of the name": f"{HOLDER.surname} и другие слова между ними {HOLDER.given_name} Иванович",
    "companies": "работодатель ООО Ромашка",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("source", list(Source))
def test_a_page_that_is_all_one_thing_is_compared_as_quickly_as_any(text: str, source: Source) -> None:
    words = tuple(Word(word, line, 95.0, (word, word)) for line in range(2_000) for word in text.split())
    started = time.process_time()
    compare(Reading(source, (Page(words[:5_000]),)), facts(), list(Field))
    assert time.process_time() - started < 5, "the worker compares beside its other files"
