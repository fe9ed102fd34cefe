"""Signatures of PDFs: what holds, what was changed, whose it is, and what nobody here can verify."""

from functools import cache
from pathlib import Path

import pytest

from services.documents.gateways.sandbox.signatures import Standing, problems, roots_in, standing
from tests.documents import samples, signing
from tests.documents.signing import Holder
from tests.identity.signing import Bureau


@cache
def authority() -> Holder:
    return Holder.authority()


@cache
def signed(kind: str = "rsa") -> bytes:
    return authority().person(kind).sign(samples.pdf())


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    folder = tmp_path / "roots"
    folder.mkdir()
    (folder / "authority.pem").write_bytes(authority().pem)
    (folder / "README.txt").write_text("Корневые сертификаты")
    (folder / "other.der").write_bytes(Holder.authority("Другой центр", "rsa").der)
    return folder


def of(content: bytes, roots: Path) -> Standing | None:
    return standing(content, lambda: roots_in(roots))


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_a_signature_of_a_known_authority_s_certificate_is_valid(kind: str, roots: Path) -> None:
    assert of(signed(kind), roots) is Standing.VALID


def test_further_signatures_do_not_spoil_the_first(roots: Path) -> None:
    assert of(authority().person("p256").sign(signed(), "Вторая"), roots) is Standing.VALID


def test_the_worst_of_several_signatures_counts(roots: Path) -> None:
    stranger = Holder.authority("Неизвестный центр").person("p256")
    assert of(stranger.sign(signed(), "Вторая"), roots) is Standing.UNTRUSTED


def test_a_file_without_signatures_has_no_standing(roots: Path) -> None:
    assert of(samples.pdf(), roots) is None
    assert of(samples.pdf(3), roots) is None


def test_a_changed_byte_breaks_a_signature(roots: Path) -> None:
    changed = signing.changed_within(signed())
    assert changed != signed()
    assert of(changed, roots) is Standing.BROKEN


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"\x30\x03\x02\x01\x01", b"%PDF-"])
def test_a_place_for_a_signature_without_one_is_a_broken_signature(signature: bytes, roots: Path) -> None:
    assert of(signing.with_signature(signed(), signature), roots) is Standing.BROKEN


def test_a_signature_taken_from_another_file_is_broken(roots: Path) -> None:
    other = authority().person("p256").sign(samples.pdf(2))
    begin, end = signing.places(other)
    taken = bytes.fromhex(other[begin + 1 : end - 1].decode())
    assert of(signing.with_signature(signed(), taken), roots) is Standing.BROKEN


def test_signed_bytes_that_leave_out_more_than_the_signature_are_a_broken_signature(roots: Path) -> None:
    begin, end = signing.places(signed())
    told = f" {begin} {end} ".encode()
    assert told in signed()
    wider = signed().replace(told, f" {begin - 1} {end} ".encode(), 1)
    assert of(wider, roots) is Standing.BROKEN


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_what_is_added_after_signing_is_found(kind: str, roots: Path) -> None:
    assert of(signing.with_another_page(signed(kind)), roots) is Standing.CHANGED


def test_bytes_behind_the_end_that_no_viewer_reads_change_nothing(roots: Path) -> None:
    assert of(samples.padded(signed(), len(signed()) + 100), roots) is Standing.VALID


def test_a_certificate_that_leads_to_no_known_root_is_not_trusted(roots: Path) -> None:
    assert of(Holder.authority("Неизвестный центр").person().sign(samples.pdf()), roots) is Standing.UNTRUSTED


def test_an_impostor_with_the_authority_s_name_is_not_trusted(roots: Path) -> None:
    impostor = Holder.authority(kind="rsa")
    assert impostor.certificate.subject == authority().certificate.subject
    assert of(impostor.person("p256").sign(samples.pdf()), roots) is Standing.UNTRUSTED


@pytest.mark.parametrize("flaw", [{"days": -1}, {"can_sign": False}])
def test_a_certificate_that_has_expired_or_is_not_for_signing_is_not_trusted(flaw: dict[str, int], roots: Path) -> None:
    assert of(authority().person("p256", **flaw).sign(samples.pdf()), roots) is Standing.UNTRUSTED  # type: ignore[arg-type]


def test_without_roots_nobody_is_trusted() -> None:
    assert standing(signed(), list) is Standing.UNTRUSTED


def test_gost_is_not_verifiable_here_but_a_change_after_it_is_found(tmp_path: Path, roots: Path) -> None:
    bureau = Bureau(tmp_path)
    person = bureau.person("person", bureau.authority("gost", "gost256"), "gost256")
    gost = signing.with_signature(signed(), bureau.sign(signing.signed_bytes(signed()), person, options=("-nosmimecap",)))
    assert of(gost, roots) is Standing.NOT_VERIFIABLE
    assert of(signing.with_another_page(gost), roots) is Standing.CHANGED


def test_a_format_of_signatures_that_nobody_knows_is_not_verifiable(roots: Path) -> None:
    assert of(signed().replace(b"/adbe.pkcs7.detached", b"/adbe.x509.rsa_sha11", 1), roots) is Standing.NOT_VERIFIABLE


def test_a_file_whose_forms_cannot_be_read_is_not_verifiable(roots: Path) -> None:
    assert of(samples.half(signed()), roots) is Standing.NOT_VERIFIABLE


def test_a_number_that_is_none_makes_the_file_not_verifiable(roots: Path) -> None:
    wrong = signed().replace(b"/Version /1.7", b"/Version 1.7.", 1)
    assert wrong != signed()
    assert of(wrong, roots) is Standing.NOT_VERIFIABLE


@pytest.mark.parametrize(
    ("found", "is_needed", "codes"),
    [
        (None, False, []),
        (None, True, ["signature-missing"]),
        (Standing.VALID, True, ["signature-valid"]),
        (Standing.BROKEN, False, ["signature-broken"]),
        (Standing.CHANGED, False, ["signature-then-changed"]),
        (Standing.UNTRUSTED, True, ["signature-untrusted"]),
        (Standing.NOT_VERIFIABLE, True, ["signature-not-verifiable"]),
    ],
)
def test_each_standing_has_its_finding(found: Standing | None, is_needed: bool, codes: list[str]) -> None:  # noqa: FBT001
    assert [problem["code"] for problem in problems(found, is_needed=is_needed)] == codes
