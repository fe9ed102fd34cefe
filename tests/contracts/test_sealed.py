"""Sealed fields: readable in code, ciphertext everywhere else, and errors that do not tell what was inside."""

import base64
import json
import traceback
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OctKey
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from contracts.access import PersonalDataRead
from contracts.base import Event
from contracts.generate.samples import GOLDEN_KEY_RING, sample_of
from contracts.generate.schemas import declared_events
from contracts.identity import ContactsChanged, Licence, ProfileFacts, ProfileVerified, Workplace
from contracts.sealed import LARGEST_PLAINTEXT_BYTES, KeyRing, KeyRingMissing

SECRET = "Zyablikova"
RAW_KEY = b"k" * 32


def ring_text(active: str = "k1", **keys: bytes) -> str:
    return json.dumps({"active": active, "keys": {kid: base64.urlsafe_b64encode(key).decode() for kid, key in keys.items()}})


def ring(active: str = "k1", **keys: bytes) -> KeyRing:
    return KeyRing.from_json(ring_text(active, **(keys or {"k1": RAW_KEY})))


def contacts(**values: Any) -> ContactsChanged:
    return sample_of(ContactsChanged, email=f"{SECRET}@example.org", phone=SECRET, salutation=SECRET, **values)


def facts(**values: Any) -> ProfileFacts:
    secret = dict.fromkeys(
        ("surname", "given_name", "patronymic", "birth_place", "passport_number", "snils", "inn", "phone", "email"), SECRET
    )
    return sample_of(ProfileFacts, **secret | values)


def verified() -> ProfileVerified:
    return sample_of(ProfileVerified, facts=facts())


def token_of(header: dict[str, Any], plaintext: bytes = b'"x"', key: bytes = RAW_KEY) -> str:
    registry = jwe.JWERegistry(algorithms=["dir", "A256GCM", "A256KW", "DEF"])
    return jwe.encrypt_compact(header, plaintext, OctKey.import_key(key), registry=registry)


def raw_token(header: bytes) -> str:
    return base64.urlsafe_b64encode(header).rstrip(b"=").decode() + "..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA"


def test_the_body_holds_ciphertext_and_comes_back_readable() -> None:
    sent = verified()
    body = sent.to_wire(ring())
    assert SECRET.encode() not in body
    assert ProfileVerified.from_wire(body, ring()) == sent


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{!r}".format, lambda event: "".join(map(str, event.__rich_repr__()))])
def test_sealed_values_never_show(show: Any) -> None:
    assert SECRET not in show(contacts())
    assert SECRET not in show(verified())
    assert SECRET not in show(facts())


def test_the_same_value_is_never_the_same_ciphertext() -> None:
    first, second = (json.loads(contacts().to_wire(ring())) for _ in range(2))
    assert first["phone"] != second["phone"]


def test_none_stays_null_on_the_wire() -> None:
    event = sample_of(PersonalDataRead, address=None)
    body = event.to_wire(ring())
    assert json.loads(body)["address"] is None
    assert PersonalDataRead.from_wire(body, ring()).address is None


@pytest.mark.parametrize("dump", [lambda event: event.model_dump_json(), lambda event: event.model_dump(mode="json")])
def test_nothing_is_written_without_a_key_ring(dump: Any) -> None:
    with pytest.raises(PydanticSerializationError, match="KeyRingMissing"):
        dump(contacts())


def test_nothing_is_read_without_a_key_ring() -> None:
    body = contacts().to_wire(ring())
    with pytest.raises(KeyRingMissing):
        ContactsChanged.model_validate_json(body)


def test_rotation_reads_old_and_new_messages() -> None:
    before, both, after = ring("k1", k1=b"1" * 32), ring("k2", k1=b"1" * 32, k2=b"2" * 32), ring("k2", k2=b"2" * 32)
    old, new = contacts().to_wire(before), contacts().to_wire(both)
    assert ContactsChanged.from_wire(old, both).phone == SECRET
    assert ContactsChanged.from_wire(new, both).phone == SECRET
    assert ContactsChanged.from_wire(new, after).phone == SECRET
    with pytest.raises(ValidationError, match="unknown key 'k1'"):
        ContactsChanged.from_wire(old, after)


def test_a_foreign_key_of_the_same_name_opens_nothing() -> None:
    with pytest.raises(ValidationError, match="not a sealed value of ours"):
        ContactsChanged.from_wire(contacts().to_wire(ring(k1=b"f" * 32)), ring())


def test_altered_ciphertext_is_refused_wherever_it_was_altered() -> None:
    token = ring().seal(SECRET)
    for part, text in enumerate(parts := token.split(".")):
        altered = [*parts]
        altered[part] = ("A" if not text.startswith("A") else "B") + text[1:]
        with pytest.raises(ValueError, match=r"sealed|JSON"):
            ring().open(".".join(altered))


NOT_CIPHERTEXT: dict[str, Any] = {
    "clear text": SECRET,
    "empty": "",
    "dots": "....",
    "five parts of nothing": "a.b.c.d.e",
    "letters outside ASCII": "ж.ж.ж.ж.ж",
    "NUL": "\0",
    "a number": 5,
    "a list": ["x"],
    "an object": {"surname": SECRET},
    "true": True,
    "very long": "A" * 5_000_000,
    "header: no JSON": raw_token(b"\xff"),
    "header: a list": raw_token(b"[]"),
    "header: a number": raw_token(b"5"),
    "header: null": raw_token(b"null"),
    "header: empty object": raw_token(b"{}"),
    "header: deep nesting": raw_token(b"[" * 100_000),
    "header: alg a list": raw_token(b'{"alg":["dir"],"enc":"A256GCM","kid":"k1"}'),
    "header: enc a number": raw_token(b'{"alg":"dir","enc":5,"kid":"k1"}'),
    "header: kid a list": raw_token(b'{"alg":"dir","enc":"A256GCM","kid":["k1"]}'),
    "header: no kid": raw_token(b'{"alg":"dir","enc":"A256GCM"}'),
    "header: unknown critical": raw_token(b'{"alg":"dir","enc":"A256GCM","kid":"k1","crit":["x"]}'),
    "header: endless key derivation": raw_token(b'{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","kid":"k1","p2c":2000000000,"p2s":"aaaa"}'),
    "sealed with another algorithm": token_of({"alg": "A256KW", "enc": "A256GCM", "kid": "k1"}),
    "sealed and compressed": token_of({"alg": "dir", "enc": "A256GCM", "kid": "k1", "zip": "DEF"}),
    "sealed bytes that are no JSON": token_of({"alg": "dir", "enc": "A256GCM", "kid": "k1"}, SECRET.encode()),
    "sealed surrogate": token_of({"alg": "dir", "enc": "A256GCM", "kid": "k1"}, b'"\\ud800"'),
    "sealed NaN": token_of({"alg": "dir", "enc": "A256GCM", "kid": "k1"}, b"NaN"),
    "sealed deep nesting": token_of({"alg": "dir", "enc": "A256GCM", "kid": "k1"}, b"[" * 10_000),
    "sealed nothing": token_of({"alg": "dir", "enc": "A256GCM", "kid": "k1"}, b""),
    "sealed value of another type": token_of({"alg": "dir", "enc": "A256GCM", "kid": "k1"}, json.dumps({"secret": SECRET}).encode()),
    "sealed null where a value is needed": token_of({"alg": "dir", "enc": "A256GCM", "kid": "k1"}, b"null"),
    "null where a value is needed": None,
}


@pytest.mark.parametrize("value", NOT_CIPHERTEXT.values(), ids=NOT_CIPHERTEXT.keys())
def test_what_is_not_our_ciphertext_is_a_validation_error_that_quotes_nothing(value: Any) -> None:
    body = json.dumps(json.loads(contacts().to_wire(ring())) | {"phone": value}).encode()
    with pytest.raises(ValidationError) as refused:
        ContactsChanged.from_wire(body, ring())
    assert refused.value.errors(include_input=False)[0]["loc"][0] == "phone"
    assert SECRET not in "".join(traceback.format_exception(refused.value))


@settings(max_examples=200, deadline=None)
@given(
    value=st.text()
    | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode())
    | st.lists(st.text("AZaz09-_"), min_size=5, max_size=5).map(".".join)
)
def test_random_text_is_never_opened(value: str) -> None:
    with pytest.raises(ValueError, match="sealed"):
        ring().open(value)


def test_a_wrong_value_inside_is_named_by_its_field_and_not_quoted_anywhere() -> None:
    inside = json.loads(facts().model_dump_json()) | {"birth_date": SECRET, "licence": {"series": SECRET}}
    body = json.dumps(json.loads(verified().to_wire(ring())) | {"facts": ring().seal(inside)}).encode()
    with pytest.raises(ValidationError) as refused:
        ProfileVerified.from_wire(body, ring())
    assert ("facts", "birth_date") in [problem["loc"] for problem in refused.value.errors()]
    for text in (
        str(refused.value),
        repr(refused.value),
        str(refused.value.errors()),
        refused.value.json(),
        "".join(traceback.format_exception(refused.value)),
    ):
        assert SECRET not in text


def test_a_value_that_cannot_be_made_into_an_event_is_not_quoted_either() -> None:
    with pytest.raises(ValidationError) as refused:
        sample_of(ContactsChanged, phone=[SECRET])
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(refused.value)
    with pytest.raises(ValidationError) as refused:
        Licence(series=SECRET, number=SECRET, holder=SECRET, valid_from=SECRET)
    assert SECRET not in str(refused.value)


def test_a_value_too_large_to_be_opened_again_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="bytes"):
        ring().seal("x" * LARGEST_PLAINTEXT_BYTES)
    largest = "x" * (LARGEST_PLAINTEXT_BYTES - 2)
    assert ring().open(ring().seal(largest)) == largest


def test_a_value_that_json_cannot_hold_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        contacts().model_copy(update={"phone": "\ud800"}).to_wire(ring())


BAD_RINGS = {
    "no JSON": "{",
    "a list": "[]",
    "null": "null",
    "no keys": '{"active": "k1"}',
    "keys a list": '{"active": "k1", "keys": ["k1"]}',
    "active a list": '{"active": ["k1"], "keys": {}}',
    "active unknown": ring_text("k2", k1=RAW_KEY),
    "key too short": ring_text("k1", k1=b"short"),
    "key too long": ring_text("k1", k1=b"l" * 33),
    "key a number": '{"active": "k1", "keys": {"k1": 5}}',
    "key null": '{"active": "k1", "keys": {"k1": null}}',
    "key no base64": '{"active": "k1", "keys": {"k1": "жжж"}}',
    "deep nesting": "[" * 100_000,
}


@pytest.mark.parametrize("text", BAD_RINGS.values(), ids=BAD_RINGS.keys())
def test_a_wrong_key_ring_is_a_value_error_that_says_what_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match=r"key"):
        KeyRing.from_json(text)


def test_a_key_ring_shows_the_names_of_its_keys_and_no_key() -> None:
    shown = repr(ring("k2", k1=b"1" * 32, k2=b"2" * 32))
    assert "k1" in shown
    assert base64.urlsafe_b64encode(b"1" * 32).decode().rstrip("=") not in shown


def test_no_personal_looking_field_is_declared_in_clear() -> None:
    words = (
        "surname",
        "given_name",
        "patronymic",
        "salutation",
        "phone",
        "email",
        "snils",
        "inn",
        "passport",
        "birth",
        "address",
        "facts",
        "link",
    )
    open_fields = [
        f"{event.type}: {name}"
        for event in declared_events()
        for name, schema in event.model_json_schema(mode="serialization")["properties"].items()
        if any(word in name.split("_") for word in words) and "jwe" not in json.dumps(schema)
    ]
    assert open_fields == []


def test_structured_values_hide_their_fields_in_lists_too() -> None:
    workplace = Workplace(organisation=SECRET, ogrn=SECRET, address=SECRET, department=SECRET)
    assert SECRET not in f"{[workplace]}"


def test_sealed_is_kept_by_every_event_that_has_it() -> None:
    sealing = [event for event in declared_events() if "jwe" in json.dumps(event.model_json_schema(mode="serialization"))]
    assert {ContactsChanged, ProfileVerified, PersonalDataRead} <= set(sealing)
    for event in sealing:
        _assert_only_ciphertext(event)


def _assert_only_ciphertext(event: type[Event]) -> None:
    body = json.loads(sample_of(event).to_wire(GOLDEN_KEY_RING))
    sealed = [name for name, schema in event.model_json_schema(mode="serialization")["properties"].items() if "jwe" in json.dumps(schema)]
    for name in sealed:
        assert body[name].startswith("eyJ"), f"{event.type}: {name}"
