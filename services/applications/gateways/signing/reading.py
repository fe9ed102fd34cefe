"""The signature of a PDF that somebody sent, without reading the PDF: where ours stands is known, and a parser is a large target.

Looked at are the last `/ByteRange`, the bytes it leaves out, and in them one CMS structure of a few kilobytes. What does not look like a
signature of ours in every respect is altered or somebody else's; nothing here ever says of an unknown file that it was issued.
"""

import hashlib
import re
from collections.abc import Sequence

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from services.applications.domain.certificates.verification import Signature

_KEY = b"/ByteRange"
_RANGE = re.compile(rb"/ByteRange\s{0,9}\[\s{0,9}(\d{1,10})\s{1,9}(\d{1,10})\s{1,9}(\d{1,10})\s{1,9}(\d{1,10})\s{0,9}\]")
_LONGEST_CMS = 16_384
"""Hexadecimal digits; ours takes about 4,000."""
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, UnsupportedAlgorithm)
"""What the libraries raise for bytes that are no structure."""


class SignatureReader:
    """Knows the chain we sign with, and by its issuer also the certificates before the present one."""

    def __init__(self, chain: Sequence[x509.Certificate]) -> None:
        self._own = chain[0]
        self._issuer = chain[1] if len(chain) > 1 else None

    def read(self, pdf: bytes) -> Signature:
        """What the last signature is worth. Takes time with the size of the file: call it in a thread."""
        place = pdf.rfind(_KEY)
        if place < 0:
            return Signature.MISSING
        match = _RANGE.match(pdf, place)
        if match is None:
            return Signature.ALTERED
        start, length, second, rest = map(int, match.groups())
        if not length <= second <= len(pdf) or second - length > _LONGEST_CMS:
            return Signature.ALTERED
        try:
            signed = cms.ContentInfo.load(bytes.fromhex(pdf[length + 1 : second - 1].decode("ascii")), strict=False)["content"]
            key = self._our_key(signed)
            if key is None:
                return Signature.FOREIGN_KEY
            is_whole = start == 0 and second + rest == len(pdf) and pdf[length : length + 1] + pdf[second - 1 : second] == b"<>"
            is_valid = is_whole and _is_valid(signed, key, _digest(pdf, length, second))
        except _UNREADABLE:
            return Signature.ALTERED
        return Signature.VALID if is_valid else Signature.ALTERED

    def _our_key(self, signed: cms.SignedData) -> rsa.RSAPublicKey | None:
        (signer,) = signed["signer_infos"]
        named = signer["sid"].chosen
        for choice in signed["certificates"]:
            found = choice.chosen
            if (found.issuer, found.serial_number) == (named["issuer"], named["serial_number"].native):
                return self._known(x509.load_der_x509_certificate(found.dump()))
        return None

    def _known(self, certificate: x509.Certificate) -> rsa.RSAPublicKey | None:
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            return None
        if key == self._own.public_key():
            return key
        if self._issuer is None or certificate.subject != self._own.subject:
            return None
        try:
            certificate.verify_directly_issued_by(self._issuer)
        except (InvalidSignature, ValueError, TypeError):
            return None
        return key


def _is_valid(signed: cms.SignedData, key: rsa.RSAPublicKey, digest: bytes) -> bool:
    (signer,) = signed["signer_infos"]
    attributes = signer["signed_attrs"]
    (stated,) = [one["values"][0].native for one in attributes if one["type"].native == "message_digest"]
    if stated != digest or signer["digest_algorithm"]["algorithm"].native != "sha256":
        return False
    try:
        key.verify(signer["signature"].native, attributes.untag().dump(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _digest(pdf: bytes, length: int, second: int) -> bytes:
    view = memoryview(pdf)
    digest = hashlib.sha256(view[:length])
    digest.update(view[second:])
    return digest.digest()
