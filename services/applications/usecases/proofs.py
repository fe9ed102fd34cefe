"""Verification of certificates: by number, by the code's text, by the file. Everything found is told to the holder."""

import asyncio
import hashlib
from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from chassis.paging import PageRequest
from services.applications.domain.certificates import Certificate
from services.applications.domain.certificates.verification import Finding, Signature, Verification, Way
from services.applications.domain.errors.certificate import CertificateNotFound, NotAPdf
from services.applications.domain.numbers import CERTIFICATE_PREFIX, is_number
from services.applications.gateways import SignatureReader
from services.applications.repository import CertificateRepository, VerificationRepository
from services.applications.repository.verifications import Asked
from services.applications.usecases.credentials import Credentials

_PDF = b"%PDF-"


@dataclass(frozen=True, slots=True)
class Proofs:
    """What anybody may ask. `address` is where a question comes from; it is not kept."""

    certificates: CertificateRepository
    verifications: VerificationRepository
    credentials: Credentials
    signatures: SignatureReader
    clock: Clock
    file_bytes_max: int

    async def by_number(self, number: str, address: str | None, *, way: Way = Way.NUMBER) -> Certificate:
        """A number with a wrong check digit is not looked up. Raises `CertificateNotFound`."""
        written = number.strip().upper()
        if not is_number(CERTIFICATE_PREFIX, written):
            raise CertificateNotFound("Номер сертификата записан неверно. Проверьте каждый знак.")
        certificate = await self.certificates.get_issued(written)
        await self._issued(certificate, way, address)
        return certificate

    async def by_code(self, text: str, address: str | None) -> Finding:
        """By the text of the QR code: signed by us, and of a number in the register. Raises `CodeUnreadable`."""
        verdict = self.credentials.read_code(text)
        if verdict.statement is None:
            return Finding.of_nothing_issued(Signature(verdict.outcome))
        try:
            certificate = await self.certificates.get_issued(verdict.statement.number)
        except CertificateNotFound:
            return Finding.of_nothing_issued(Signature.VALID)
        return await self._issued(certificate, Way.CODE, address, Signature.VALID)

    async def by_file(self, content: bytes, address: str | None) -> Finding:
        """By the PDF: the very bytes that were issued, or what its signature says. Raises `NotAPdf`."""
        if not content.startswith(_PDF):
            raise NotAPdf("Это не PDF. Пришлите файл сертификата таким, каким он был скачан.")
        digest = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        certificate = await self.certificates.find_by_file(digest)
        if certificate is not None:
            return await self._issued(certificate, Way.FILE, address)
        return Finding.of_nothing_issued(await asyncio.to_thread(self.signatures.read, content))

    async def list_verifications(self, number: str, holder_id: UUID, page: PageRequest) -> tuple[list[Verification], str | None]:
        """Who asked about one's own certificate, the last hour first. Raises `CertificateNotFound`."""
        certificate = await self.certificates.get_own(number.strip().upper(), holder_id)
        return await self.verifications.list_of(certificate.id, page)

    async def _issued(self, certificate: Certificate, way: Way, address: str | None, signature: Signature | None = None) -> Finding:
        found = Finding.of_issued(certificate, self.clock.now(), signature)
        await self.verifications.record(Asked(certificate.id, way, found.outcome, self.clock.now(), address))
        return found
