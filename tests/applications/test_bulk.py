"""The employers' table: read whole or refused by a name; pure."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chassis.errors import Invalid
from services.applications.domain.certificates import StandingChange
from services.applications.domain.employers import Line, RowOutcome, Subscription, SubscriptionState, outcome_of, parsed
from services.applications.domain.errors.employer import AskedTooSoon, CsvRowsWrong, PurposeUnknown
from services.applications.domain.grounds import Change
from services.applications.domain.purposes import purpose_for
from tests.applications.test_domain import RULES, TERMS
from tests.applications.test_fhir import AT, CERTIFICATE

HEADER = "number;surname;purpose\n"
NUMBER = CERTIFICATE.number
PURPOSES = RULES.purposes.values()


def test_tables_of_usual_programs_are_read() -> None:
    expected = [Line(2, NUMBER, "Вымышленникова", "hiring"), Line(4, NUMBER, "Ли", "contract")]
    text = f"{HEADER}{NUMBER};Вымышленникова;hiring\n\n{NUMBER.lower()} ; Ли ;Договор об оказании услуг\n"
    assert parsed(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), PURPOSES, rows_max=2) == expected
    assert parsed(text.replace(";", ",").encode(), PURPOSES, rows_max=2) == expected


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (b"", "csv-columns-wrong", []),
        (b"\n" * 5000, "csv-columns-wrong", []),
        (HEADER.encode("utf-16"), "csv-not-utf8", []),
        (f"{HEADER}{NUMBER};Вымышленникова;hiring".encode("cp1251"), "csv-not-utf8", []),
        (b"number;surname\nMC;A", "csv-columns-wrong", []),
        (b"number;surname;purpose;holder\n", "csv-columns-wrong", []),
        (HEADER.encode(), "csv-empty", []),
        (f"{HEADER}{NUMBER};\0;hiring".encode(), "csv-rows-wrong", [("/2/surname", "control-character")]),
        (f'{HEADER}{NUMBER};"A"B;hiring'.encode(), "csv-unreadable", []),
        (f"{HEADER}{NUMBER};{'A' * 140_000};hiring".encode(), "csv-unreadable", []),
        ((HEADER + f"{NUMBER};Ли;hiring\n" * 4).encode(), "csv-too-many-rows", []),
        ((HEADER + f"{NUMBER};Ли;\n" * 9).encode(), "csv-too-many-rows", []),
        (f"{HEADER}{NUMBER};Ли;".encode(), "csv-rows-wrong", [("/2/purpose", "purpose-missing")]),
        (f"{HEADER}{NUMBER};Ли;curiosity".encode(), "csv-rows-wrong", [("/2/purpose", "purpose-unknown")]),
        (f"{HEADER}{NUMBER};Ли\n;Ли;hiring\n{NUMBER};;hiring".encode(), "csv-rows-wrong",
         [("/2", "cells-wrong"), ("/3/number", "number-missing"), ("/4/surname", "surname-missing")]),
        (f"{HEADER}{NUMBER};=cmd|' /C calc'!A0;hiring\n{NUMBER};@SUM(A1);hiring\n-1;Ли;hiring".encode(), "csv-rows-wrong",
         [("/2/surname", "formula-cell"), ("/3/surname", "formula-cell"), ("/4/number", "formula-cell")]),
        (f"{HEADER}{NUMBER};{'A' * 201};hiring".encode(), "csv-rows-wrong", [("/2/surname", "cell-too-long")]),
    ],
)  # fmt: skip
def test_what_cannot_be_checked_is_refused_by_a_name(content: bytes, code: str, told: list[tuple[str, str]]) -> None:
    with pytest.raises(Invalid) as refused:
        parsed(content, PURPOSES, rows_max=3)
    assert (refused.value.code, [(error.pointer, error.code) for error in refused.value.errors]) == (code, told)


@pytest.mark.parametrize(
    ("surname", "outcome"),
    [
        ("Вымышленникова", RowOutcome.VALID),
        ("  ВЫМЫШЛЕННИКОВА ", RowOutcome.VALID),
        ("Вымышленников", RowOutcome.NOT_MATCHING),
        ("Вымышленникова А.", RowOutcome.NOT_MATCHING),
        ("", RowOutcome.NOT_MATCHING),
    ],
)
def test_a_row_is_answered_only_for_the_right_surname(surname: str, outcome: RowOutcome) -> None:
    assert outcome_of(Line(2, NUMBER, surname, "hiring"), CERTIFICATE, AT) is outcome


def test_a_row_says_how_the_certificate_stands() -> None:
    line, later = Line(2, NUMBER, "Вымышленникова", "hiring"), AT + timedelta(days=1)
    revoked = CERTIFICATE.changed(StandingChange(Change.REVOKED, AT, CERTIFICATE.id, "court-decision"))
    assert outcome_of(line, revoked, later) is RowOutcome.REVOKED
    assert outcome_of(line, CERTIFICATE, datetime(2040, 1, 1, tzinfo=UTC)) is RowOutcome.EXPIRED
    assert outcome_of(line, None, later) is RowOutcome.UNKNOWN
    assert outcome_of(line, CERTIFICATE.anonymised(at=AT), later) is RowOutcome.UNKNOWN
    assert outcome_of(Line(2, f"{NUMBER[:-1]}9", "Вымышленникова", "hiring"), CERTIFICATE, later) is RowOutcome.NUMBER_WRONG


def test_a_wrong_purpose_is_told_the_right_ones_in_peoples_words() -> None:
    with pytest.raises(CsvRowsWrong) as refused:
        parsed(f"{HEADER}{NUMBER};Ли;любопытство".encode(), PURPOSES, rows_max=3)
    told = refused.value.errors[0].detail
    assert told.startswith("Строка 2: цель - одна из: «Приём на работу», «Допуск работника к деятельности»")
    assert "hiring" not in told
    with pytest.raises(PurposeUnknown) as unknown:
        purpose_for(RULES.purposes, "curiosity")
    assert "hiring (Приём на работу)" in unknown.value.errors[0].detail


def test_who_asks_too_soon_is_told_from_when_one_may() -> None:
    refused = Subscription(uuid4(), 1, uuid4(), uuid4(), NUMBER, uuid4(), "hiring", AT).ended(at=AT)
    pause = timedelta(days=30)
    with pytest.raises(AskedTooSoon, match=f"после {AT + pause:%d.%m.%Y}") as error:
        refused.asked_again("contract", at=AT + timedelta(days=29), pause=pause, terms=TERMS)
    assert error.value.extra["again_at"] == (AT + pause).isoformat()
    again = refused.asked_again("contract", at=AT + pause, pause=pause, terms=TERMS)
    assert (again.state, again.purpose) == (SubscriptionState.ASKED, "contract")
