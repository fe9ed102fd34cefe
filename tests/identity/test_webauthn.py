"""What comes from browsers is a stranger's: whatever it is, it is accepted or refused by name, never an error of ours."""

import hashlib
import random
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, derive_private_key, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.identity.domain.passkeys import MalformedCredential, NotAccepted, Passkey, PasskeyRefused, UnsupportedKey
from services.identity.gateways.webauthn import RelyingParty
from services.identity.settings import Settings
from tests.identity.authenticator import ATTESTED, HONEST, ORIGIN, PRESENT, RP_ID, VERIFIED, Authenticator, Json, decoded, encoded
from tests.identity.samples import NOW

US = RelyingParty(RP_ID, "Медкабинет", (ORIGIN,))
CHALLENGE = b"c" * 32
OPTIONS: Json = {"challenge": encoded(CHALLENGE), "user": {"id": encoded(uuid4().bytes)}}


def passkey_of(device: Authenticator) -> Passkey:
    made = US.registered(device.create(OPTIONS), CHALLENGE)
    return Passkey.of(made, passkey_id=uuid4(), person_id=uuid4(), name="", at=NOW)


def refusal(of: Callable[[], Any]) -> type[PasskeyRefused] | None:
    """How it was refused; None if it was not. Any other exception fails the test."""
    try:
        of()
    except PasskeyRefused as error:
        return type(error)
    return None


def with_response(credential: Json, **changes: Any) -> Json:
    return credential | {"response": credential["response"] | changes}


def attested(
    public_key: bytes, *, credential_id: bytes = b"i" * 32, flags: int = PRESENT | VERIFIED | ATTESTED, rest: bytes = b""
) -> bytes:
    head = hashlib.sha256(RP_ID.encode()).digest() + bytes([flags]) + bytes(4)
    return head + bytes(16) + len(credential_id).to_bytes(2, "big") + credential_id + public_key + rest


def registration(statement: Any, *, credential_id: bytes = b"i" * 32) -> Json:
    device = Authenticator(credential_id=credential_id)
    return with_response(
        device.create(OPTIONS), attestationObject=encoded(statement if isinstance(statement, bytes) else cbor2.dumps(statement))
    )


def none(data: Any, **changes: Any) -> Json:
    return {"fmt": "none", "attStmt": {}, "authData": data} | changes


GOOD_KEY = Authenticator().public_key()
POINT = cbor2.loads(GOOD_KEY)
NESTED = b"\x81" * 50_000 + b"\x01"

BAD_REGISTRATIONS: dict[str, tuple[Any, type[PasskeyRefused]]] = {
    "nothing": (b"", MalformedCredential),
    "no CBOR": (b"\xff\xff", MalformedCredential),
    "a list": ([1, 2], MalformedCredential),
    "deeply nested": (NESTED, MalformedCredential),
    "a claim of four gigabytes": (b"\x5a\xff\xff\xff\xff", MalformedCredential),
    "no data": ({"fmt": "none", "attStmt": {}}, MalformedCredential),
    "data that is no bytes": (none(7), MalformedCredential),
    "short data": (none(b"\x00" * 36), MalformedCredential),
    "a statement that is no map": (none(attested(GOOD_KEY), attStmt=7), MalformedCredential),
    "no key at all": (none(attested(GOOD_KEY)[:37]), MalformedCredential),
    "bytes left over": (none(attested(GOOD_KEY, rest=b"x")), MalformedCredential),
    "a format of makers": (none(attested(GOOD_KEY), fmt="tpm"), UnsupportedKey),
    "a format that is no text": (none(attested(GOOD_KEY), fmt=["none"]), UnsupportedKey),
    "a certificate": (none(attested(GOOD_KEY), fmt="packed", attStmt={"alg": -7, "sig": b"s", "x5c": [b"c"]}), UnsupportedKey),
    "a wrong own signature": (none(attested(GOOD_KEY), fmt="packed", attStmt={"alg": -7, "sig": b"s"}), UnsupportedKey),
    "no statement about none": (none(attested(GOOD_KEY), attStmt={"sig": b"s"}), UnsupportedKey),
    "an empty key": (none(attested(cbor2.dumps({}))), UnsupportedKey),
    "a key that is a list": (none(attested(cbor2.dumps([1]))), UnsupportedKey),
    "a point off the curve": (none(attested(cbor2.dumps(POINT | {-3: b"\x01" * 32}))), UnsupportedKey),
    "coordinates that are text": (none(attested(cbor2.dumps(POINT | {-2: "x", -3: "y"}))), UnsupportedKey),
    "an unknown curve": (none(attested(cbor2.dumps(POINT | {-1: 99}))), UnsupportedKey),
    "an algorithm not asked for": (none(attested(cbor2.dumps(POINT | {3: -65535}))), UnsupportedKey),
    "an RSA key of 16,384 bits": (none(attested(cbor2.dumps({1: 3, 3: -257, -1: b"\xff" * 2048, -2: b"\x01\x00\x01"}))), UnsupportedKey),
    "an even RSA key": (none(attested(cbor2.dumps({1: 3, 3: -257, -1: b"\x10" * 256, -2: b"\x02"}))), UnsupportedKey),
    "another id than it says": (none(attested(GOOD_KEY, credential_id=b"j" * 32)), MalformedCredential),
}


@pytest.mark.parametrize("case", BAD_REGISTRATIONS)
def test_a_bad_registration_is_refused_by_name(case: str) -> None:
    statement, expected = BAD_REGISTRATIONS[case]
    assert refusal(lambda: US.registered(registration(statement), CHALLENGE)) is expected


def test_a_key_that_signs_for_itself_is_taken() -> None:
    device = Authenticator()
    honest = device.create(OPTIONS)
    data = cbor2.loads(decoded(honest["response"]["attestationObject"]))["authData"]
    client_data = decoded(honest["response"]["clientDataJSON"])
    signature = device.key.sign(data + hashlib.sha256(client_data).digest(), ECDSA(SHA256()))
    statement = cbor2.dumps(none(data, fmt="packed", attStmt={"alg": -7, "sig": signature}))
    made = US.registered(with_response(honest, attestationObject=encoded(statement)), CHALLENGE)
    assert made.credential_id == device.credential_id


@pytest.mark.parametrize("length", [0, 1024, 60_000])
def test_a_credential_id_of_a_length_that_no_authenticator_makes_is_refused(length: int) -> None:
    credential_id = b"i" * length
    credential = registration(none(attested(GOOD_KEY, credential_id=credential_id)), credential_id=credential_id)
    assert refusal(lambda: US.registered(credential, CHALLENGE)) in (MalformedCredential, UnsupportedKey)


@pytest.mark.parametrize(
    "client_data",
    [
        b"",
        b"7",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 8_000,
        b'{"type": "webauthn.get", "challenge": 7, "origin": "http://cabinet.test"}',
        b'{"type": "webauthn.get", "challenge": "\xd0\xb6", "origin": "http://cabinet.test"}',
        b'{"type": "webauthn.get", "challenge": "", "origin": {}}',
        b'{"type": [], "challenge": "", "origin": []}',
    ],
)
def test_client_data_of_any_shape_is_refused(client_data: bytes) -> None:
    device = Authenticator()
    credential = with_response(device.get(OPTIONS), clientDataJSON=encoded(client_data))
    assert refusal(lambda: US.read(credential, CHALLENGE)) is not None


@pytest.mark.parametrize("text", ["", "ы", "=", "A", "\ud800", "%%%", "A" * 8_191])
@pytest.mark.parametrize("name", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
def test_base64_of_any_shape_is_refused(name: str, text: str) -> None:
    device = Authenticator()
    passkey = passkey_of(device)
    credential = with_response(device.get(OPTIONS), **{name: text})
    refused = refusal(lambda: US.signature(US.read(credential, CHALLENGE), passkey))
    assert refused is not None or name == "userHandle"


def test_a_signature_by_another_key_or_of_another_kind_is_not_accepted() -> None:
    device, passkey = Authenticator(), passkey_of(Authenticator())
    assertion = US.read(device.get(OPTIONS), CHALLENGE)
    assert refusal(lambda: US.signature(assertion, passkey)) is NotAccepted
    standard = with_response(device.get(OPTIONS), signature=b64encode(b"s" * 70).decode())
    assert refusal(lambda: US.signature(US.read(standard, CHALLENGE), passkey)) is NotAccepted


def test_what_is_compared_with_nobodys_key_is_not_accepted_whoever_signed_it() -> None:
    for key in (derive_private_key(1, SECP256R1()), generate_private_key(SECP256R1())):
        assertion = US.read(Authenticator(key=key).get(OPTIONS), CHALLENGE)
        assert refusal(lambda: US.refuse(assertion)) is NotAccepted  # noqa: B023  # called here


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), blows=st.integers(1, 6), part=st.sampled_from(["clientDataJSON", "attestationObject"]))
def test_a_damaged_registration_is_never_an_error_of_ours(seed: int, blows: int, part: str) -> None:
    honest = Authenticator().create(OPTIONS)
    credential = with_response(honest, **{part: damaged(honest["response"][part], seed, blows)})
    refused = refusal(lambda: US.registered(credential, CHALLENGE))
    assert refused is None or refused.code


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), blows=st.integers(1, 6), part=st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]))
def test_a_damaged_assertion_is_refused(seed: int, blows: int, part: str) -> None:
    device = Authenticator()
    passkey, honest = passkey_of(device), device.get(OPTIONS, HONEST)
    hurt = damaged(honest["response"][part], seed, blows)
    refused = refusal(lambda: US.signature(US.read(with_response(honest, **{part: hurt}), CHALLENGE), passkey))
    assert refused is not None or decoded(hurt) == decoded(honest["response"][part])


def damaged(text: str, seed: int, blows: int) -> str:
    """The bytes with some changed, inserted or cut."""
    random_ = random.Random(seed)
    data = bytearray(decoded(text))
    for _ in range(blows):
        place = random_.randrange(len(data) + 1)
        match random_.randrange(3):
            case 0 if place < len(data):
                data[place] = random_.randrange(256)
            case 1:
                data.insert(place, random_.choice((0, 0x7F, 0x9F, 0xBF, 0xFF, random_.randrange(256))))
            case _:
                del data[place : place + random_.randrange(1, 40)]
    return encoded(bytes(data))


def settings_of(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    given_ = {
        "IDENTITY_PORT": "1",
        "IDENTITY_MONGO_URL": "mongodb://x",
        "IDENTITY_MONGO_DATABASE": "x",
        "IDENTITY_AMQP_URL": "amqp://x",
        "SEALED_KEY_RING": "{}",
        "IDENTITY_FIELD_MASTER_KEY": "x",
        "JWKS_URL": "http://x",
        "IDENTITY_PEPPER": "p" * 32,
        "IDENTITY_REGISTRIES_URL": "http://x",
        "ENVIRONMENT": "development",
    }
    for name, value in (given_ | values).items():
        monkeypatch.setenv(name, value)
    return Settings()


@pytest.mark.parametrize(
    ("public_url", "domain", "origin"),
    [
        ("http://127.0.0.1:8080", "localhost", "http://localhost:8080"),
        ("http://[::1]:8080", "localhost", "http://localhost:8080"),
        ("http://localhost:8080/", "localhost", "http://localhost:8080"),
        ("https://cabinet.example", "cabinet.example", "https://cabinet.example"),
    ],
)
def test_the_relying_party_is_where_people_reach_the_cabinet(
    monkeypatch: pytest.MonkeyPatch, public_url: str, domain: str, origin: str
) -> None:
    found = settings_of(monkeypatch, PUBLIC_URL=public_url)
    assert (found.relying_party_id, found.relying_party_origins) == (domain, (origin,))


def test_origins_may_be_below_the_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"IDENTITY_PASSKEY_RP_ID": "example.org", "IDENTITY_PASSKEY_ORIGINS": '["https://lk.example.org", "https://example.org"]'}
    found = settings_of(monkeypatch, PUBLIC_URL="https://lk.example.org", ENVIRONMENT="production", **values)
    assert found.relying_party_id == "example.org"


@pytest.mark.parametrize(
    "origins", ['["https://evil.example"]', '["https://notexample.org"]', '["https://example.org/page"]', '["http://example.org"]', '["?"]']
)
def test_origins_elsewhere_stop_the_service(monkeypatch: pytest.MonkeyPatch, origins: str) -> None:
    values = {"IDENTITY_PASSKEY_RP_ID": "example.org", "IDENTITY_PASSKEY_ORIGINS": origins}
    with pytest.raises(ValueError, match="PASSKEY_ORIGINS"):
        settings_of(monkeypatch, PUBLIC_URL="https://example.org", ENVIRONMENT="production", **values)
