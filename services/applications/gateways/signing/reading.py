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
from cryptography.hazmat.primitives.serialization import Encoding

from services.applications.domain.certificates.verification import Signature

_KEY = b"/ByteRange"
_RANGE = re.compile(rb"/ByteRange\s{0,9}\[\s{0,9}(\d{1,10})\s{1,9}(\d{1,10})\s{1,9}(\d{1,10})\s{1,9}(\d{1,10})\s{0,9}\]")
_LONGEST_CMS = 16_384
"""Hexadecimal digits; ours takes about 4,000."""
_UNREADABLE = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, UnsupportedAlgorithm),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)
"""What the libraries raise for bytes that are no structure."""

_VERSION, _SHA256 = bytes.fromhex("020101"), bytes.fromhex("300d06096086480165030402010500")
_FIXED = {
    "version": _VERSION,
    "digest_algorithms": b"\x31\x0f" + _SHA256,
    "encap_content_info": bytes.fromhex("300b06092a864886f70d010701"),
}
_SIGNER_FIXED = {
    "version": _VERSION,
    "digest_algorithm": _SHA256,
    "signature_algorithm": bytes.fromhex("300d06092a864886f70d01010b0500"),
}
"""What no signature covers and is the same in all of ours (RFC 5652): data, SHA-256, RSA with SHA-256."""


class SignatureReader:
    """Knows the chain we sign with, and by its issuer also the certificates before the present one."""

    def __init__(self, chain: Sequence[x509.Certificate]) -> None:
        self._own = chain[0]
        self._issuer = chain[1] if len(chain) > 1 else None
        self._issuers = frozenset(one.public_bytes(Encoding.DER) for one in chain[1:])

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
            left_out = pdf[length:second]
            structure = cms.ContentInfo.load(bytes.fromhex(left_out[1:-1].decode("ascii")), strict=False)
            signed = structure["content"]
            key = self._our_key(signed)
            if key is None:
                return Signature.FOREIGN_KEY
            is_whole = start == 0 and second + rest == len(pdf) and left_out == _written(structure, len(left_out))
            is_valid = is_whole and _is_valid(signed, key, _digest(pdf, length, second))
        except _UNREADABLE:
            return Signature.ALTERED
        return Signature.VALID if is_valid else Signature.ALTERED

    def _our_key(self, signed: cms.SignedData) -> rsa.RSAPublicKey | None:
        """Of the signer's certificate, if it is one of ours. Raises `ValueError` for other certificates beside it: they are not signed."""
        (signer,) = signed["signer_infos"]
        named = signer["sid"].chosen
        own: bytes | None = None
        others: list[bytes] = []
        for choice in signed["certificates"]:
            found = choice.chosen
            is_named = (found.issuer, found.serial_number) == (named["issuer"], named["serial_number"].native)
            own, others = (found.dump(), others) if is_named else (own, [*others, found.dump()])
        key = None if own is None else self._known(x509.load_der_x509_certificate(own))
        if key is not None and not self._issuers.issuperset(others):
            raise ValueError("carries certificates that are no issuers of ours")
        return key

    def _known(self, certificate: x509.Certificate) -> rsa.RSAPublicKey | None:
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            return None
        if certificate == self._own:
            return key
        if self._issuer is None or certificate.subject != self._own.subject:
            return None
        try:
            certificate.verify_directly_issued_by(self._issuer)
        except (InvalidSignature, ValueError, TypeError):
            return None
        return key


def _written(structure: cms.ContentInfo, size_bytes: int) -> bytes:
    """What is not signed, in the one way we write it: nothing may hide in another spelling or behind the end."""
    digits: str = structure.dump().hex().upper()
    return b"<" + digits.encode().ljust(size_bytes - 2, b"0") + b">"


def _is_valid(signed: cms.SignedData, key: rsa.RSAPublicKey, digest: bytes) -> bool:
    (signer,) = signed["signer_infos"]
    attributes = signer["signed_attrs"]
    (stated,) = [one["values"][0].native for one in attributes if one["type"].native == "message_digest"]
    fixed = tuple(part[name].dump() for part, names in ((signed, _FIXED), (signer, _SIGNER_FIXED)) for name in names)
    if stated != digest or fixed != (*_FIXED.values(), *_SIGNER_FIXED.values()):
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
