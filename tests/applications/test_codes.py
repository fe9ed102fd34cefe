"""What a QR code states, who signed it, and what is found out about forged ones. Pure but for the program that reads the code."""

import base64
import json
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from joserfc import jws
from joserfc.jwk import OctKey, OKPKey

from services.applications.domain.certificates.payload import NotACode, Statement, parts_of
from services.applications.domain.errors.certificate import CodeUnreadable
from services.applications.domain.rules import Kind
from services.applications.gateways import CredentialKeys, Printer, document_jwk
from services.applications.usecases.credentials import Credentials
from tests.applications.signing import authority

URL = "https://cabinet.example"
STATEMENT = Statement("MC-2026-12345678-8", "Вымышленникова АТ", Kind.PRIMARY, "31.08.36", date(2026, 4, 14), date(2031, 4, 14))
KEYS = CredentialKeys.generate()
CREDENTIALS = Credentials(
    keys=KEYS, document_key=document_jwk(authority()[1]), issuer=f"{URL}/issuer", public_urls=(f"{URL}/", "https://former.example")
)
CODE = Printer(URL, KEYS).code_text(STATEMENT)
ADDRESS, TOKEN = parts_of(CODE)
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def signed_like(payload: bytes, key: Any, header: dict[str, str], algorithm: str) -> str:
    return f"{ADDRESS}#{jws.serialize_compact(header, payload, key, algorithms=[algorithm])}"


def unsigned(header: dict[str, str]) -> str:
    parts = (json.dumps(header).encode(), STATEMENT.encoded(), b"")
    return f"{ADDRESS}#" + ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize("kind", Kind)
def test_a_statement_is_read_as_it_was_written(kind: Kind) -> None:
    written = replace(STATEMENT, kind=kind, specialty_code="01.00.07", valid_from=date(2005, 1, 2), valid_until=date(2010, 12, 31))
    assert Statement.decoded(written.encoded()) == written
    assert json.loads(STATEMENT.encoded()) == [202612345678, "Вымышленникова АТ", 1, 310836, 260414, 310414]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[1,2,3,4,5,6]",
        b'[202612345678,"A",9,310836,260414,310414]',
        b'[202612345678,"A",1,310836,260231,1]',
        b"[" * 9999,
    ],
)
def test_what_is_no_statement_is_refused(payload: bytes) -> None:
    with pytest.raises(NotACode):
        Statement.decoded(payload)


def test_the_text_is_short_and_its_signed_part_is_no_part_of_any_request() -> None:
    assert CREDENTIALS.read_code(CODE).statement == STATEMENT
    assert f"{URL}/verify/{STATEMENT.number}" == ADDRESS
    assert len(CODE) < 280


def test_one_changed_character_anywhere_is_detected() -> None:
    for place, letter in enumerate(CODE):
        there = LATIN.find(letter)
        other = LATIN[there ^ 1] if there >= 0 else "A"  # the last bit: it may be one that base64url does not need
        try:
            verdict = CREDENTIALS.read_code(CODE[:place] + other + CODE[place + 1 :])
        except CodeUnreadable:
            assert letter == "#"
        else:
            assert verdict.outcome in ("altered", "foreign-key"), place
            assert verdict.statement is None


def forgeries() -> dict[str, tuple[str, str]]:
    stranger, mine = OKPKey.generate_key("Ed25519"), {"alg": "Ed25519", "kid": "k1"}
    public = json.dumps(KEYS.jwks()[0]).encode()
    other = replace(STATEMENT, number="MC-2026-87654321-8").encoded()
    return {
        "key of a stranger under our name": (signed_like(STATEMENT.encoded(), stranger, mine, "Ed25519"), "altered"),
        "key of a stranger": (signed_like(STATEMENT.encoded(), stranger, {**mine, "kid": "k2"}, "Ed25519"), "foreign-key"),
        "no algorithm": (unsigned({"alg": "none", "kid": "k1"}), "altered"),
        "the public key as a password": (
            signed_like(STATEMENT.encoded(), OctKey.import_key(public), {"alg": "HS256", "kid": "k1"}, "HS256"),
            "altered",
        ),
        "another number in the signed part": (f"{ADDRESS}#{KEYS.sign(other)}", "altered"),
        "another statement of ours": (f"{ADDRESS}#{KEYS.sign(b'[]')}", "altered"),
        "a page of a stranger": (CODE.replace("cabinet", "kabinet"), "altered"),
        "no JWS": (f"{ADDRESS}#x", "altered"),
        "no object as header": (f"{ADDRESS}#W10.W10.W10", "altered"),
    }


@pytest.mark.parametrize("name", forgeries())
def test_forged_codes_are_named(name: str) -> None:
    forged, outcome = forgeries()[name]
    assert CREDENTIALS.read_code(forged).outcome == outcome


@pytest.mark.parametrize("text", ["", "#", ADDRESS, f"{ADDRESS}#", f"#{TOKEN}", f"{CODE}{'A' * 1024}"])
def test_what_is_no_code_is_said_to_be_none(text: str) -> None:
    with pytest.raises(CodeUnreadable):
        CREDENTIALS.read_code(text)


def test_codes_of_older_keys_and_former_addresses_stay_good() -> None:
    fresh = CredentialKeys.generate("k2")
    ring = json.dumps({"keys": [*json.loads(fresh.private_jwks())["keys"], *json.loads(KEYS.private_jwks())["keys"]]})
    renewed = CredentialKeys.from_json(ring)
    assert renewed.key_id == "k2"
    assert "d" not in {name for key in renewed.jwks() for name in key}
    former = Printer("https://former.example", KEYS).code_text(STATEMENT)
    for code in (CODE, former):
        assert replace(CREDENTIALS, keys=renewed).read_code(code).outcome == "genuine"
    assert repr(renewed) == "CredentialKeys(active='k2', keys=['k2', 'k1'])"


@pytest.mark.parametrize(
    "ring",
    [
        "",
        "{}",
        '{"keys": []}',
        json.dumps({"keys": KEYS.jwks()}),
        json.dumps({"keys": json.loads(KEYS.private_jwks())["keys"] * 2}),
        json.dumps({"keys": [{**json.loads(KEYS.private_jwks())["keys"][0], "kid": "longer than a code bears"}]}),
        json.dumps({"keys": [{**OKPKey.generate_key("X25519").as_dict(private=True), "kid": "k1"}]}),
        json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": "!"}]}),
    ],
)
def test_a_ring_that_cannot_sign_is_refused_without_showing_a_key(ring: str) -> None:
    with pytest.raises(ValueError, match=r"credential key|JWK set") as refused:
        CredentialKeys.from_json(ring)
    assert json.loads(KEYS.private_jwks())["keys"][0]["d"] not in str(refused.value)


VALUES = {
    "number": STATEMENT.number,
    "holder": "Вымышленникова Алёна Тестовна",
    "kind": "Первичная специализированная",
    "specialty_code": "31.08.36",
    "specialty": "Кардиология",
    "valid_from": "14.04.2026",
    "valid_until": "14.04.2031",
    "application_number": "MK-2026-00000001-1",
}


@pytest.mark.parametrize("holder", [STATEMENT.holder, "Александровская-Рождественско-Константин ВВ"[:40]])
async def test_the_code_is_read_from_a_page_scanned_coarsely_and_by_a_reader_of_strangers(holder: str, tmp_path: Path) -> None:
    statement, printer = replace(STATEMENT, holder=holder), Printer(URL, KEYS)
    pdf = await printer.certificate(VALUES, statement, made_at=datetime(2026, 4, 14, 9, 0, tzinfo=UTC))
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    for dpi in (110, 150, 300):
        (code,) = zxingcpp.read_barcodes(document[0].render(scale=dpi / 72).to_pil())
        assert code.text == printer.code_text(statement), dpi
    document[0].render(scale=300 / 72).to_pil().save(tmp_path / "page.png")
    read = subprocess.run(["zbarimg", "--raw", "-q", "--oneshot", tmp_path / "page.png"], capture_output=True, timeout=30, check=True)  # noqa: S603, S607, ASYNC221
    assert read.stdout.decode().rstrip("\n") == printer.code_text(statement)
