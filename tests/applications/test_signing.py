"""PAdES as others see it: pyHanko's validation, poppler and qpdf."""

import io
from datetime import timedelta
from pathlib import Path

import pypdfium2
import pytest
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import SignatureCoverageLevel, async_validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from chassis.errors import Outage
from deploy.local.development_pki import issue
from services.applications.gateways import FileSigner, PdfSigner
from services.applications.gateways.signing.keys import SigningUnusable
from tests.applications.signing import AT, NUMBER, authority, pdf_signer, printed, signed, told


async def validated(pdf: bytes) -> PdfSignatureStatus:
    (found,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    _, chain = authority()
    context = ValidationContext(trust_roots=[Certificate.load(chain[-1].public_bytes(Encoding.DER))])
    return await async_validate_pdf_signature(found, context)


async def test_a_certificate_is_signed_so_that_others_find_it_valid_and_whole(tmp_path: Path) -> None:
    pdf, file = await signed(), tmp_path / "certificate.pdf"
    status = await validated(pdf)
    assert (status.intact, status.valid, status.trusted, status.bottom_line) == (True, True, True, True)
    assert (status.coverage, status.modification_level) == (SignatureCoverageLevel.ENTIRE_FILE, ModificationLevel.NONE)
    assert status.signer_reported_dt == AT
    file.write_bytes(pdf)
    said = told("pdfsig", "-nocert", file)
    assert "Signature Type: ETSI.CAdES.detached" in said
    assert "Total document signed" in said
    assert "Signature is Valid" in said
    assert "No syntax or stream encoding errors" in told("qpdf", "--check", file)
    assert NUMBER in pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()


async def test_one_changed_byte_is_seen(tmp_path: Path) -> None:
    pdf, file = bytearray(await signed()), tmp_path / "changed.pdf"
    pdf[len(await printed()) // 2] ^= 1
    file.write_bytes(pdf)
    assert "Digest Mismatch" in told("pdfsig", "-nocert", file)


async def test_the_same_certificate_is_signed_to_the_same_bytes() -> None:
    signer, pdf = await pdf_signer(), await printed()
    assert pdf == await printed()
    assert await signer.signed(pdf, at=AT) == await signer.signed(pdf, at=AT) == await (await pdf_signer()).signed(pdf, at=AT)


async def test_a_long_chain_has_its_room() -> None:
    key, authorities = rsa.generate_private_key(65_537, 2048), [ec.generate_private_key(ec.SECP256R1()) for _ in range(5)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Удостоверяющий центр № {place}")]) for place in range(6)]
    chain = [issue(names[0], key.public_key(), names[1], authorities[0], is_authority=False)]
    for place, own in enumerate(authorities, start=1):
        above = min(place + 1, 5)
        chain.append(issue(names[place], own.public_key(), names[above], authorities[above - 1], is_authority=True))
    signer = PdfSigner(FileSigner(tuple(chain), key))
    await signer.prepare()
    (found,) = PdfFileReader(io.BytesIO(await signer.signed(await printed(), at=AT))).embedded_signatures
    assert len(found.other_embedded_certs) == 4  # all but the signer's own and the root


@pytest.mark.parametrize("wrong", ["other key", "curve", "short", "order", "no key", "no certificates", "no root"])
def test_a_key_and_a_chain_that_do_not_fit_are_refused_by_name(wrong: str, tmp_path: Path) -> None:
    key, chain = authority()
    wrong_keys: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {
        "other key": rsa.generate_private_key(65_537, 2048),
        "curve": ec.generate_private_key(ec.SECP256R1()),
        "short": rsa.generate_private_key(65_537, 1024),  # noqa: S505 - it has to be refused
    }
    certificates = {"order": chain[:1] + chain[:0:-1], "no root": chain[:2], "no certificates": ()}.get(wrong, chain)
    key_file, certificates_file = tmp_path / "key.pem", tmp_path / "chain.pem"
    coded = wrong_keys.get(wrong, key).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_file.write_bytes(b"" if wrong == "no key" else coded)
    certificates_file.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    with pytest.raises(SigningUnusable, match=r"key|chain|certificate"):
        FileSigner.read(key_file, certificates_file)


async def test_a_certificate_that_is_not_for_signing_stops_the_service() -> None:
    key, _ = authority()
    root = ec.generate_private_key(ec.SECP256R1())
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Выдающий центр", "Корень")]
    chain = (
        issue(names[0], key.public_key(), names[1], root, is_authority=True),
        issue(names[1], root.public_key(), names[1], root, is_authority=True),
    )
    with pytest.raises(SigningUnusable, match="may not sign documents"):
        await PdfSigner(FileSigner(chain, key)).prepare()


async def test_nothing_is_signed_once_the_certificate_has_ended() -> None:
    key, chain = authority()
    ended = chain[0].not_valid_after_utc + timedelta(seconds=1)
    signer = PdfSigner(FileSigner(chain, key), now=lambda: ended)
    await signer.prepare()
    with pytest.raises(Outage, match="закончился"):
        await signer.signed(await printed(), at=AT)
