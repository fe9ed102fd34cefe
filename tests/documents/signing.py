"""Certificates made on the spot, and PDFs signed with them."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Self

from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
from pyhanko_certvalidator.registry import SimpleCertificateStore

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_PLACE = 16_384
"""Bytes left for a signature: any of them fits."""


@cache
def key(kind: str) -> Key:
    return rsa.generate_private_key(65_537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Holder:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @classmethod
    def authority(cls, name: str = "Удостоверяющий центр", kind: str = "p256") -> Self:
        return cls(_issued(name, key(kind), None, is_authority=True), key(kind))

    def person(self, kind: str = "rsa", *, days: int = 365, can_sign: bool = True) -> "Holder":
        return Holder(_issued("Врач", key(kind), self, days=days, can_sign=can_sign), key(kind))

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def sign(self, pdf: bytes, field: str = "Подпись") -> bytes:
        coded = self.key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        signer = SimpleSigner(Certificate.load(self.der), PrivateKeyInfo.load(coded), SimpleCertificateStore())  # type: ignore[no-untyped-call]
        about = PdfSignatureMetadata(field_name=field, md_algorithm="sha256")
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        with ThreadPoolExecutor(1) as apart:  # pyHanko runs a loop, and the caller may be in one
            signed: io.BytesIO = apart.submit(sign_pdf, writer, about, signer, bytes_reserved=2 * _PLACE).result()
        return signed.getvalue()


def _issued(
    name: str, own: Key, issuer: Holder | None, *, is_authority: bool = False, days: int = 365, can_sign: bool = True
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = dict.fromkeys(
        ("digital_signature", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    usage |= {"content_commitment": can_sign and not is_authority, "key_cert_sign": is_authority, "crl_sign": is_authority}
    begin = datetime.now(UTC) - timedelta(days=400)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=400 + days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    )
    return built.sign(issuer.key if issuer else own, hashes.SHA256())


def places(pdf: bytes) -> tuple[int, int]:
    """Where the last signature's hexadecimal is, its brackets included."""
    begin = pdf.rindex(b"/ByteRange [")
    _, length, second, _ = map(int, pdf[begin + 12 : pdf.index(b"]", begin)].split())
    return length, second


def with_signature(pdf: bytes, signature: bytes) -> bytes:
    """The same signed bytes with another signature in its place."""
    begin, end = places(pdf)
    return pdf[: begin + 1] + signature.hex().encode().ljust(end - begin - 2, b"0") + pdf[end - 1 :]


def signed_bytes(pdf: bytes) -> bytes:
    """What is signed: all but the signature."""
    begin, end = places(pdf)
    return pdf[:begin] + pdf[end:]


def changed_within(pdf: bytes) -> bytes:
    """One byte of what was signed: in a comment, so that nothing else is wrong with the file."""
    return pdf[:12] + b"?" + pdf[13:]


def with_another_page(pdf: bytes) -> bytes:
    """A page of other content, appended as a new state of the file: the signed bytes stay."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    writer.add_stream_to_page(0, writer.add_object(_stream(b"0 0 m 300 300 l S")))  # type: ignore[no-untyped-call]
    target = io.BytesIO()
    writer.write(target)  # type: ignore[no-untyped-call]
    return target.getvalue()


def _stream(content: bytes) -> Any:
    from pyhanko.pdf_utils.generic import StreamObject  # noqa: PLC0415

    return StreamObject(stream_data=content)
