"""The packet of an appeal, to be handed over: as one PDF, or with the papers it is about as an archive."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis.archives import Entry, zipped
from services.applications.domain.appeals.judging import Case
from services.applications.domain.application import StoredFile
from services.applications.domain.lineage import Link
from services.applications.usecases.appeals.base import Viewer
from services.applications.usecases.appeals.paper import contents, packet_values
from services.applications.usecases.appeals.reading import Reading


class FileAltered(Exception):
    """The stored bytes are not those that were stored; the answer has begun, so all that is left is to end it early."""


@dataclass(frozen=True, slots=True)
class Packing(Reading):
    """Paper for whoever examines an appeal next."""

    async def packet(self, appeal_id: UUID, viewer: Viewer) -> tuple[str, bytes]:
        """File name and PDF of everything about an appeal. Raises `AppealNotFound`."""
        case = await self._read(appeal_id, viewer)
        return f"{case.appeal.number}.pdf", await self._printed(case, await self._links(case))

    async def archive(self, appeal_id: UUID, viewer: Viewer) -> tuple[str, AsyncIterator[bytes]]:
        """File name and ZIP: the packet with what this service keeps of the application, and a list that says where the rest is.

        Raises `AppealNotFound`, `FileMissing` and `StoreUnavailable` before it begins.
        """
        case = await self._read(appeal_id, viewer)
        appeals = await self.appeals.whole_of_application(case.appeal.application_number)
        packet = _Packet(case, [replace(case, appeal=one) for one in appeals], await self._links(case), await self._papers(case))
        for paper in packet.papers:
            await self.files.check(paper.file)
        return f"{case.appeal.number}.zip", zipped(self._entries(packet))

    async def _papers(self, case: Case) -> list["_Paper"]:
        application = case.application
        certificate = await self.certificates.find_of_application(application.id) if application.certificate else None
        document, made_at = application.electronic_document, application.submitted_at
        papers = [_Paper(f"Заявление {application.public_number}.pdf", made_at, document)] if document and made_at else []
        if certificate is not None and certificate.file is not None:
            papers.append(_Paper(f"Сертификат {certificate.number}.pdf", certificate.issued_at, certificate.file))
        return papers

    async def _entries(self, packet: "_Packet") -> AsyncIterator[Entry]:
        case, sums = packet.case, dict[str, str]()
        for one in packet.appealed:
            summed = _Summed(_whole(await self._printed(one, packet.links)), sums, f"Материалы жалобы {one.appeal.number}.pdf")
            yield Entry(summed.name, _made_at(one), summed.stream())
        for paper in packet.papers:
            summed = _Summed(await self.files.open(paper.file), sums, paper.name, paper.file.sha256)
            yield Entry(paper.name, paper.at, summed.stream())
        listed = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
        yield Entry("SHA256SUMS", _made_at(case), _whole(listed.encode()))
        text = contents(case, sums, self.rules_of(case.application), self.printer.document_url)
        yield Entry("Содержание.txt", _made_at(case), _whole(text.encode()))

    async def _links(self, case: Case) -> list[Link]:
        return await self._lineage(case.application.id, case.application.applicant_id)

    async def _printed(self, case: Case, links: Iterable[Link]) -> bytes:
        values = packet_values(case, links, self.rules_of(case.application), self.terms)
        return await self.printer.appeal(values, made_at=_made_at(case))


@dataclass(frozen=True, slots=True)
class _Paper:
    """A file of the store with its name in the archive."""

    name: str
    at: datetime
    file: StoredFile


@dataclass(frozen=True, slots=True)
class _Packet:
    """What an archive is made of: the case, and with each appeal of its application again; everything but the files' bytes."""

    case: Case
    appealed: list[Case]
    links: list[Link]
    papers: list[_Paper]


@dataclass(slots=True)
class _Summed:
    """A file that is summed on its way; of one whose sum is on record nothing else is let pass as the whole. Raises `FileAltered`."""

    chunks: AsyncIterator[bytes]
    sums: dict[str, str]
    name: str
    expected: str | None = None

    async def stream(self) -> AsyncIterator[bytes]:
        digest = hashlib.sha256()
        async for chunk in self.chunks:
            digest.update(chunk)
            yield chunk
        self.sums[self.name] = digest.hexdigest()
        if self.expected not in {None, self.sums[self.name]}:
            raise FileAltered(f"the stored bytes of a paper do not hash to {self.expected}")


def _made_at(case: Case) -> datetime:
    return case.appeal.decided_at or case.appeal.filed_at


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
