"""PAdES: a signature inside the PDF it signs."""

import asyncio
import hashlib
import io
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from pyhanko.pdf_utils.generic import ArrayObject, ByteStringObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from chassis.clock import machine_now
from chassis.errors import Outage
from services.applications.gateways.signing.cms import CmsTemplate
from services.applications.gateways.signing.keys import DocumentSigner

log = structlog.get_logger()
FIELD = "Signature"
_WAIT_SECONDS = 30
_NOTICE = timedelta(days=60)
"""Before its certificate ends whoever runs the service is told at each start."""
_REASON = "Сертификат об аккредитации"


class PdfSigner:
    """Signs PDFs; what was signed may not be changed by anybody, not even by appending to it."""

    def __init__(self, signer: DocumentSigner, *, timeout_seconds: float = 10, now: Callable[[], datetime] = machine_now) -> None:
        self.signer = signer
        self._timeout_seconds = timeout_seconds
        self._now = now
        self._template: CmsTemplate | None = None
        self._making = asyncio.Lock()

    async def prepare(self) -> None:
        """Make the template and try it. Raises `SigningUnusable`; a device that is away is tried again with the first certificate."""
        ends_at = self.signer.chain[0].not_valid_after_utc
        if ends_at - self._now() < _NOTICE:
            log.warning("signing-certificate-ends", ends_at=ends_at.isoformat())
        try:
            await self._ready()
        except Outage as error:
            log.warning("signing-device-away", detail=error.detail)

    async def signed(self, pdf: bytes, *, at: datetime) -> bytes:
        """The PDF with its signature (PAdES B-B).

        Raises `Outage` when the signer does not answer in time, or when its certificate has ended: nobody would trust what it signs.
        """
        if self._now() > self.signer.chain[0].not_valid_after_utc:
            raise Outage("Сертификат, которым подписывают, закончился.", retry_after_seconds=_WAIT_SECONDS)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await asyncio.to_thread(_signed, pdf, at, await self._ready())
        except TimeoutError:
            raise Outage("Подпись не сделана вовремя.", retry_after_seconds=_WAIT_SECONDS) from None

    async def _ready(self) -> CmsTemplate:
        async with self._making:
            if self._template is None:
                self._template = await CmsTemplate.of(self.signer)
            return self._template


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
