"""The signatures in a PDF: whether they hold, whether the file was changed after them, and whether the signer is known.

Nothing is fetched: a certificate is trusted when it leads to a given root by what the file itself carries. Importing this takes a second.
"""

import asyncio
import io
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult, ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import SignatureCoverageLevel, async_validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.utils import extract_message_digest
from pyhanko_certvalidator import ValidationContext

_FORMATS = {"/adbe.pkcs7.detached", "/ETSI.CAdES.detached"}
_CERTIFICATES = {".pem", ".crt", ".cer", ".der"}
_TIMESTAMP = "/DocTimeStamp"
_DIGESTS = {"sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"}
_SIGNING = {"rsassa_pkcs1v15", "rsassa_pss", "ecdsa", "ed25519", "ed448", "dsa"}
_UNREADABLE = (PdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, ArithmeticError)


class Standing(StrEnum):
    """What is to be thought of a signature, the worst first."""

    BROKEN = "broken"
    """The bytes are not those that were signed, or there is no signature in it at all."""
    CHANGED = "then-changed"
    """It holds for an earlier state of the file; what was added later is more than filled-in forms and further signatures."""
    NOT_VERIFIABLE = "not-verifiable"
    """Made with algorithms nobody here knows, GOST first of all."""
    UNTRUSTED = "untrusted"
    """It holds, but the certificate leads to none of the roots, has expired, or is not for signing."""
    VALID = "valid"


def roots_in(folder: Path) -> list[Any]:
    """The certificates, PEM or DER, of the files in the folder whose names say that they are some."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in _CERTIFICATES)
    return [one for path in paths for one in load_certs_from_pemder_data(path.read_bytes())]


def standing(content: bytes, roots: Callable[[], Sequence[Any]]) -> Standing | None:
    """Of the worst signature in the file; None when there is none. `roots` is called only when there is one."""
    try:
        reader = PdfFileReader(io.BytesIO(content))
        fields = [(name, field.get_object()) for name, _, field in enumerate_sig_fields(reader, filled_status=True)]
        signed = [(name, field) for name, field in fields if field["/V"].get("/Type") != _TIMESTAMP]
    except _UNREADABLE:
        return Standing.NOT_VERIFIABLE
    if not signed:
        return None
    trusted = list(roots())
    found = {_standing(content, reader, name, field, trusted) for name, field in signed}
    return next(one for one in Standing if one in found)


def _standing(content: bytes, reader: PdfFileReader, name: str, field: Any, roots: list[Any]) -> Standing:
    if field["/V"].get("/SubFilter") not in _FORMATS:
        return Standing.NOT_VERIFIABLE
    try:
        signature = EmbeddedPdfSignature(reader, field, name)
        is_whole = _encloses_itself(content, signature) and (not _is_known(signature) or _fits(signature))
    except _UNREADABLE:
        is_whole = False
    if not is_whole:
        return Standing.BROKEN
    try:
        if _is_known(signature):
            return _verified(signature, roots)
        return Standing.CHANGED if _is_changed(signature) else Standing.NOT_VERIFIABLE
    except (SignatureValidationError, UnsupportedAlgorithm, *_UNREADABLE):
        return Standing.NOT_VERIFIABLE


def _encloses_itself(content: bytes, signature: EmbeddedPdfSignature) -> bool:
    """Whether what is left out of the signed bytes is the signature, all of it, and nothing but it."""
    first, length, second, rest = (int(one) for one in signature.byte_range)
    gap = content[length:second]
    is_inside = first == 0 < length < second and second + rest <= len(content)
    return is_inside and gap[:1] == b"<" and gap[-1:] == b">" and bytes.fromhex(gap[1:-1].decode("ascii")) == signature.pkcs7_content


def _is_known(signature: EmbeddedPdfSignature) -> bool:
    try:
        return signature.md_algorithm in _DIGESTS and signature.signer_info["signature_algorithm"].signature_algo in _SIGNING
    except (ValueError, KeyError):
        return False


def _fits(signature: EmbeddedPdfSignature) -> bool:
    """Whether the bytes are those that were signed, said first: what else is wrong with the signature may end the verification."""
    if signature.signer_info["signed_attrs"].native is None:
        return True
    return bool(extract_message_digest(signature.signer_info) == signature.compute_digest())


def _is_changed(signature: EmbeddedPdfSignature) -> bool:
    """By structure alone, whatever the algorithm: what was added after the signed bytes."""
    covered = signature.evaluate_signature_coverage()
    if covered < SignatureCoverageLevel.ENTIRE_REVISION:
        return True
    if covered is SignatureCoverageLevel.ENTIRE_FILE:
        return False
    found = DEFAULT_DIFF_POLICY.review_file(signature.reader, signature.signed_revision, signature.fieldmdp, signature.docmdp_level)
    return not isinstance(found, DiffResult) or found.modification_level is ModificationLevel.OTHER


def _verified(signature: EmbeddedPdfSignature, roots: list[Any]) -> Standing:
    status = asyncio.run(async_validate_pdf_signature(signature, ValidationContext(trust_roots=roots, allow_fetching=False)))
    if not (status.intact and status.valid):
        return Standing.BROKEN
    if not status.docmdp_ok:
        return Standing.CHANGED
    return Standing.VALID if status.trusted else Standing.UNTRUSTED


def problems(found: Standing | None, *, is_needed: bool) -> Iterator[dict[str, str]]:
    """What is to be said of the signature of a document that needs one, or does not."""
    if found is not None:
        yield {"code": f"signature-{found}"}
    elif is_needed:
        yield {"code": "signature-missing"}
