"""Verification of certificates in three ways: genuine ones, one changed byte, foreign keys, forgeries, and what no longer holds."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pypdfium2
import pytest
import zxingcpp

from deploy.local import development_pki
from services.applications.domain.certificates.verification import Entry, Finding, Outcome, Signature
from services.applications.domain.grounds import Change
from services.applications.gateways import FileSigner, PdfSigner, SignatureReader
from tests.applications import people
from tests.applications.certified import certified
from tests.applications.conftest import Applicant, Hands
from tests.applications.signing import AT, authority, printed, signed
from tests.applications.test_standing import certificate
from tests.support import Component

PDF = "application/pdf"
READER = SignatureReader(authority()[1])


@dataclass
class Issued:
    """A certificate in somebody's hands."""

    number: str
    pdf: bytes
    code: str


@pytest.fixture
async def issued(applicant: Applicant, reviewers: list[Hands], registrar: Hands) -> Issued:
    told = await certified(applicant, reviewers[0], registrar)
    pdf = (await applicant.call("GET", f"/applications/{told.application_id}/certificate")).content
    (code,) = zxingcpp.read_barcodes(pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil())
    return Issued(told.certificate_number, pdf, code.text)


async def verify_file(service: Component, pdf: bytes) -> httpx.Response:
    return await service.client.post("/certificates/verifications/file", content=pdf, headers={"Content-Type": PDF})


async def outcomes(service: Component, one: Issued) -> list[str]:
    """By number, by code, by file."""
    code = await service.client.post("/certificates/verifications/code", json={"code": one.code})
    file = await verify_file(service, one.pdf)
    number = await service.client.get(f"/certificates/{one.number}")
    return [number.json()["status"], code.json()["outcome"], file.json()["outcome"]]


async def test_a_certificate_is_genuine_in_each_way_until_it_is_suspended_or_revoked(
    service: Component, applicant: Applicant, registrar: Hands, issued: Issued
) -> None:
    assert await outcomes(service, issued) == ["valid", "genuine", "genuine"]
    shown = (await verify_file(service, issued.pdf)).json()
    assert (shown["certificate"]["number"], shown["certificate"]["holder"]) == (issued.number, "Вымышленникова А. Т.")
    for step, ground, expected in (("suspension", "court-decision", "suspended"), ("revocation", "court-decision", "revoked")):
        version = (await service.client.get(f"/certificates/{issued.number}")).headers["etag"]
        await registrar.ok("PUT", f"/certificates/{issued.number}/{step}", {"reason_code": ground}, If_Match=version)
        assert await outcomes(service, issued) == [expected] * 3
    seen = (await applicant.ok("GET", f"/certificates/{issued.number}/verifications?limit=100"))["items"]
    counted: Counter[tuple[str, str]] = Counter()
    for one in seen:
        counted[one["way"], one["outcome"]] += one["times"]
    assert counted == {
        ("number", "genuine"): 2, ("code", "genuine"): 1, ("file", "genuine"): 2,
        ("number", "suspended"): 2, ("code", "suspended"): 1, ("file", "suspended"): 1,
        ("number", "revoked"): 1, ("code", "revoked"): 1, ("file", "revoked"): 1,
    }  # fmt: skip
    assert [one["first_at"] for one in seen] == sorted((one["first_at"] for one in seen), reverse=True)
    titles = {(one["way_title"], one["outcome_title"]) for one in seen if one["way"] == "code"}
    found = ("Подлинный, действует", "Подлинный, действие приостановлено", "Подлинный, но аннулирован")
    assert titles == {("По QR-коду", title) for title in found}
    first = await applicant.ok("GET", f"/certificates/{issued.number}/verifications?limit=4")
    rest = await applicant.ok("GET", f"/certificates/{issued.number}/verifications?limit=100&cursor={first['next_cursor']}")
    assert first["items"] + rest["items"] == seen
    assert "127.0.0.1" not in str([row async for row in service.database["verifications"].find()])


async def test_one_changed_byte_is_seen_in_each_way(service: Component, issued: Issued) -> None:
    last = issued.number[-1]
    wrong = issued.number[:-1] + str((int(last) + 1) % 10)
    answer = await service.client.get(f"/certificates/{wrong}")
    assert (answer.status_code, answer.json()["code"]) == (404, "certificate-not-found")
    place = issued.code.index("#") + 60
    other = "A" if issued.code[place] != "A" else "B"
    code = issued.code[:place] + other + issued.code[place + 1 :]
    assert (await service.client.post("/certificates/verifications/code", json={"code": code})).json()["outcome"] == "altered"
    for at in (len(issued.pdf) // 3, issued.pdf.rindex(b"/M ("), len(issued.pdf) - 1):
        changed = bytearray(issued.pdf)
        changed[at] ^= 1
        found = (await verify_file(service, bytes(changed))).json()
        assert (found["outcome"], found["certificate"]) == ("altered", None), at


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"", 422, "not-a-pdf"), (b"\x89PNG", 422, "not-a-pdf"), (b"%PDF-" + b"0" * 2_097_152, 413, "payload-too-large")],
)
async def test_what_is_no_certificate_is_refused_by_name(service: Component, body: bytes, status: int, code: str) -> None:
    answer = await verify_file(service, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_other_types_other_codes_other_keys_and_unsigned_files_are_named(service: Component) -> None:
    answer = await service.client.post("/certificates/verifications/file", content=b"%PDF-1.7")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")
    answer = await service.client.post("/certificates/verifications/code", json={"code": "MC-2026-00000001-2"})
    assert (answer.status_code, answer.json()["code"]) == (422, "code-unreadable")
    assert (await verify_file(service, await signed())).json()["outcome"] == "foreign-key", "signed by a key that is not this service's"
    unsigned = (await verify_file(service, await printed())).json()
    assert (unsigned["outcome"], unsigned["signature"], unsigned["entry"]) == ("unknown", "missing", "unknown")


async def test_signatures_are_told_apart_without_reading_the_pdf() -> None:
    pdf = await signed()
    assert READER.read(pdf) is Signature.VALID
    assert READER.read(await printed()) is Signature.MISSING
    assert READER.read(pdf + b"\n%appended") is Signature.ALTERED
    assert READER.read(pdf[:-1]) is Signature.ALTERED
    assert READER.read(pdf + b"/ByteRange [0 1 2 3]") is Signature.ALTERED
    key, chain = development_pki.invent()
    foreign = PdfSigner(FileSigner(chain, key))
    await foreign.prepare()
    assert READER.read(await foreign.signed(await printed(), at=AT)) is Signature.FOREIGN_KEY


async def test_no_digit_of_the_signature_itself_can_be_another() -> None:
    pdf = await signed()
    begin = pdf.rindex(b"/Contents <") + len(b"/Contents <")
    for at in range(begin, pdf.index(b">", begin), 11):
        changed = bytearray(pdf)
        changed[at] = ord("1" if changed[at] == ord("0") else "0")
        assert READER.read(bytes(changed)) in {Signature.ALTERED, Signature.FOREIGN_KEY}, at - begin


async def test_a_certificate_that_is_none_is_no_error_of_ours() -> None:
    pdf = await signed()
    version = pdf.rindex(b"A003020102")
    assert READER.read(pdf[:version] + b"A003020112" + pdf[version + 10 :]) in {Signature.ALTERED, Signature.FOREIGN_KEY}


async def test_no_bytes_make_the_reader_fail_or_believe() -> None:
    pdf, drawn = await signed(), random.Random(34)
    begin, end = pdf.rindex(b"/ByteRange"), pdf.rindex(b">")
    for _ in range(400):
        changed = bytearray(pdf)
        for _ in range(drawn.randint(1, 4)):
            changed[drawn.randrange(begin, end)] = drawn.choice(b"0123456789abcdef<>[] ")
        if changed != pdf:
            assert READER.read(bytes(changed)) in {Signature.ALTERED, Signature.FOREIGN_KEY, Signature.MISSING}


@pytest.mark.parametrize(
    ("changes", "day", "outcome"),
    [
        ((), 1, Outcome.GENUINE),
        ((), 366, Outcome.EXPIRED),
        ((Change.SUSPENDED,), 2, Outcome.SUSPENDED),
        ((Change.SUSPENDED, Change.REINSTATED), 3, Outcome.GENUINE),
        ((Change.REVOKED,), 366, Outcome.REVOKED),
    ],
)
def test_the_standing_of_the_day_decides_what_is_said_of_a_genuine_one(changes: tuple[Change, ...], day: int, outcome: Outcome) -> None:
    found = Finding.of_issued(certificate(*changes), people.NOW + timedelta(days=day))
    assert (found.outcome, found.entry) == (outcome, Entry.FOUND)


def test_our_signature_without_an_entry_in_the_register_proves_nothing() -> None:
    found = Finding.of_nothing_issued(Signature.VALID)
    assert (found.outcome, found.entry, found.certificate) == (Outcome.UNKNOWN, Entry.UNKNOWN, None)
