"""The signature inside a PDF (PAdES), by pyHanko and without a network."""

import io
import logging
import re
from datetime import datetime

from asn1crypto.cms import ContentInfo
from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from deploy.verifier.codes import Outcome, Refused
from deploy.verifier.keys import Keys, KeysUnusable

_UNREADABLE = (
    PdfError,
    SignatureValidationError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RecursionError,
)
_HELD_OUT = re.compile(rb"<([0-9A-F]+)>")


def check_signature(content: bytes, keys: Keys) -> None:
    """Whether the file is as it was signed, and by whom. Raises `Refused`, `KeysUnusable`."""
    if not keys.roots:
        raise KeysUnusable("В файле ключей нет сертификатов подписи документов (x5c): подпись PDF ими не проверить.")
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # it tells of wrong files; so do we
    try:
        signature = _only(PdfFileReader(io.BytesIO(content)).embedded_signatures)
        is_whole = _encloses_itself(content, signature)
        trusted = ValidationContext(
            trust_roots=[Certificate.load(root.public_bytes(Encoding.DER)) for root in keys.roots],
            allow_fetching=False,
            moment=_moment(signature),
        )
        status = validate_pdf_signature(signature, signer_validation_context=trusted)
    except Refused:
        raise
    except _UNREADABLE:
        raise Refused(Outcome.ALTERED) from None
    if not (is_whole and status.intact and status.valid and status.coverage is SignatureCoverageLevel.ENTIRE_FILE):
        raise Refused(Outcome.ALTERED)
    if not status.trusted:
        raise Refused(Outcome.FOREIGN_KEY)


def _only(signatures: list[EmbeddedPdfSignature]) -> EmbeddedPdfSignature:
    if not signatures:
        raise Refused(Outcome.UNSIGNED)
    (signature,) = signatures
    return signature


def _moment(signature: EmbeddedPdfSignature) -> datetime:
    """When the signer's certificate was valid: it may have expired since, and the time in a signature is only what the signer says."""
    validity = signature.signer_cert["tbs_certificate"]["validity"]
    begins, ends = validity["not_before"].native, validity["not_after"].native
    stated = signature.self_reported_timestamp or begins
    moment: datetime = min(max(stated, begins), ends)
    return moment


def _encloses_itself(content: bytes, signature: EmbeddedPdfSignature) -> bool:
    """Whether all that is not signed is the signature itself, written in the one way we write it: pyHanko counts lengths only."""
    start, before, behind, rest = (int(number) for number in signature.byte_range)
    held_out = _HELD_OUT.fullmatch(content[before:behind])
    if start != 0 or behind + rest != len(content) or held_out is None:
        return False
    written = held_out[1]
    structure = ContentInfo.load(signature.pkcs7_content).dump()
    return bool(written == structure.hex().upper().encode().ljust(len(written), b"0"))
