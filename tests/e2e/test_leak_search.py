"""The search for personal data bites: every datum is found in every spelling a log or a store may give it."""

import base64
import json
from urllib.parse import quote

import pytest

from tests.e2e.leaks import as_bytes, leaks, secrets_of

PERSON = {
    "surname": "Берёзнеговская",
    "given_name": "Евстолия",
    "email": "evstoliya.bereznegovskaya.1234@example.org",
    "phone": "+79567181069",
    "snils": "15802879792",
    "passport_series": "4505",
    "passport_number": "626798",
}
SECRETS = secrets_of(PERSON)


def kinds(content: bytes) -> set[str]:
    return {leak.kind for leak in leaks([("here", content)], SECRETS)}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("surname", "письмо для БЕРЕЗНЕГОВСКОЙ"),
        ("surname", json.dumps({"name": "Берёзнеговская"})),
        ("surname", json.dumps(json.dumps({"name": "Берёзнеговская"}))),
        ("surname", f"GET /people?q={quote('Берёзнеговская')}"),
        ("surname", repr("Берёзнеговская".encode())),
        ("given_name", "Уважаемая Евстолии"),
        ("given_name", "cursor=" + base64.urlsafe_b64encode("имя: Евстолия Тимофеевна".encode()).decode().rstrip("=")),
        ("email", "sent to Evstoliya.Bereznegovskaya.1234@EXAMPLE.org"),
        ("phone", "8 (956) 718-10-69"),
        ("phone", '{"to":"+79567181069"}'),
        ("snils", "158-028-797 92"),
        ("snils", '"snils": "15802879792"'),
        ("passport", "паспорт 4505 626798"),
        ("passport", '{"passport_number": "626798"}'),
    ],
)
def test_a_datum_is_found_in_any_spelling(kind: str, text: str) -> None:
    assert kind in kinds(text.encode())


def test_other_encodings_and_binary_values_are_searched() -> None:
    assert "surname" in kinds("Берёзнеговская".encode("cp1251"))
    assert "surname" in kinds("Берёзнеговская".encode("utf-16-le"))
    assert "snils" in kinds(as_bytes({"personal": {"snils": b"15802879792"}}))


def test_what_is_not_personal_is_not_reported() -> None:
    assert kinds(b'{"at":"2026-11-23T10:00:00.626798Z","number":"MK-2026-00000001-7","event":"submitted"}') == set()
