"""The certificate authority of a local stack: invented once with the signing key, worth nothing outside of it."""

import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

FILE = "document-signing.pem"
_BITS = 2048
_EXPONENT = 65_537
_DAYS = 30 * 366


def load_or_invent(folder: Path) -> Path:
    """The PEM with the signing key and its chain, for its owner's eyes only. Of two that invent at once the first wins."""
    file = folder / FILE
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key, chain = invent()
        coded = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(file, coded + b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain))
    return file


def invent() -> tuple[rsa.RSAPrivateKey, tuple[x509.Certificate, ...]]:
    """A key, its certificate, that of its issuer and the root's; the keys of both authorities are forgotten."""
    root, authority = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    own = rsa.generate_private_key(_EXPONENT, _BITS)
    names = ("Medkabinet development: document signing", "Medkabinet development: issuing CA", "Medkabinet development: root CA")
    leaf, issuing, top = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in names)
    return own, (
        issue(leaf, own.public_key(), issuing, authority, is_authority=False),
        issue(issuing, authority.public_key(), top, root, is_authority=True),
        issue(top, root.public_key(), top, root, is_authority=True),
    )


def issue(
    subject: x509.Name,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    """A certificate that begins yesterday: clocks of one machine differ too."""
    begin = datetime.now(UTC) - timedelta(days=1)
    unused = dict.fromkeys(("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False)
    usage = x509.KeyUsage(
        digital_signature=not is_authority, content_commitment=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority, **unused
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _write(file: Path, content: bytes) -> None:
    fresh = file.with_suffix(f".{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
        written.write(content)
    with suppress(FileExistsError):
        file.hardlink_to(fresh)
    fresh.unlink()
