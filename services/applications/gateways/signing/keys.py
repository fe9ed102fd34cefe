"""Who signs documents: an RSA key and the certificates that say whose it is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_SHORTEST_BITS = 2048


class SigningUnusable(Exception):
    """The key or the certificates cannot sign: the service does not start."""


class DocumentSigner(Protocol):
    """Signs with the key of the first certificate of its chain. May block: call it in a thread."""

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The signer's certificate, then that of each issuer, the root last."""
        ...

    def sign(self, content: bytes) -> bytes:
        """RSA PKCS#1 v1.5 over SHA-256."""
        ...


@dataclass(frozen=True)
class FileSigner:
    """A key in a file."""

    chain: tuple[x509.Certificate, ...]
    key: rsa.RSAPrivateKey

    @classmethod
    def read(cls, key_file: Path, certificates_file: Path) -> Self:
        """PEM: PKCS#8 without a password, and the chain. Raises `SigningUnusable`."""
        try:
            key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise SigningUnusable(f"{key_file} holds no private key in PEM: {type(error).__name__}") from None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise SigningUnusable(f"{key_file} holds no RSA key")
        if key.key_size < _SHORTEST_BITS:
            raise SigningUnusable(f"the signing key is shorter than {_SHORTEST_BITS} bits")
        chain = chain_of(certificates_file)
        if chain[0].public_key() != key.public_key():
            raise SigningUnusable(f"the first certificate of {certificates_file} is not that of the signing key")
        return cls(chain, key)

    def sign(self, content: bytes) -> bytes:
        """As promised by `DocumentSigner`."""
        return self.key.sign(content, padding.PKCS1v15(), hashes.SHA256())


def chain_of(certificates_file: Path) -> tuple[x509.Certificate, ...]:
    """The certificates of a file if they are a chain that begins with that of an RSA key. Raises `SigningUnusable`."""
    try:
        chain = tuple(x509.load_pem_x509_certificates(certificates_file.read_bytes()))
    except (OSError, ValueError) as error:
        raise SigningUnusable(f"{certificates_file} holds no certificates in PEM: {type(error).__name__}") from None
    key = chain[0].public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _SHORTEST_BITS:
        raise SigningUnusable(f"the first certificate of {certificates_file} is not that of an RSA key of {_SHORTEST_BITS} bits or more")
    for issued, issuer in zip(chain, (*chain[1:], chain[-1]), strict=True):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            raise SigningUnusable(f"{certificates_file} must go from the signer's certificate to a root, each issued by the next") from None
    return chain
