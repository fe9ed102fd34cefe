"""PAdES: a signature inside the PDF it signs."""

import asyncio
import hashlib
import io
from datetime import datetime

from pyhanko.pdf_utils.generic import ArrayObject, ByteStringObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from chassis.errors import Outage
from services.applications.gateways.signing.cms import CmsTemplate
from services.applications.gateways.signing.keys import DocumentSigner

FIELD = "Signature"
_WAIT_SECONDS = 30
_REASON = "Сертификат об аккредитации"


class PdfSigner:
    """Signs PDFs; what was signed may not be changed by anybody, not even by appending to it."""

    def __init__(self, signer: DocumentSigner, *, timeout_seconds: float = 10) -> None:
        self.signer = signer
        self._timeout_seconds = timeout_seconds
        self._template: CmsTemplate | None = None

    async def prepare(self) -> None:
        """Make the template and try it. Raises `SigningUnusable`."""
        self._template = await CmsTemplate.of(self.signer)

    async def signed(self, pdf: bytes, *, at: datetime) -> bytes:
        """The PDF with its signature (PAdES B-B). Raises `Outage` when the signer does not answer in time."""
        if self._template is None:
            raise RuntimeError("prepare() comes first")
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await asyncio.to_thread(_signed, pdf, at, self._template)
        except TimeoutError:
            raise Outage("Подпись не сделана вовремя.", retry_after_seconds=_WAIT_SECONDS) from None


class _Revision(IncrementalPdfFileWriter):
    """The same file signed again is the same, byte by byte."""

    def _update_meta(self) -> None:
        """What the file says of itself stays; to write it anew takes half of the time, and tells the machine's clock."""

    @classmethod
    def _handle_id(cls, prev: PdfFileReader) -> ArrayObject:
        first = prev.trailer["/ID"][0]
        return ArrayObject([first, ByteStringObject(hashlib.sha256(prev.stream.getvalue()).digest()[:16])])


def _signed(pdf: bytes, at: datetime, template: CmsTemplate) -> bytes:
    steps = PdfCMSEmbedder().write_cms(FIELD, _Revision(io.BytesIO(pdf)))
    next(steps)
    placeholder = SignatureObject(timestamp=at, subfilter=SigSeedSubFilter.PADES, reason=_REASON, bytes_reserved=2 * template.size_bytes)
    steps.send(SigObjSetup(placeholder, SigMDPSetup("sha256", certify=True, docmdp_perms=MDPPerm.NO_CHANGES)))
    prepared, output = steps.send(SigIOSetup("sha256", in_place=True))
    steps.send(template.filled(prepared.document_digest))
    signed: bytes = output.getvalue()
    return signed
