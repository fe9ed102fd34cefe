"""What may be sent, what becomes of it, and that no cut leaves anything behind or doubles anything."""

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pikepdf
import psutil

from contracts.applications import InformationRequested
from contracts.documents import DocumentReceived, DocumentType
from services.documents.domain.rules import MEGABYTE
from tests.documents import samples
from tests.documents.byhand import raw_request
from tests.documents.corpus.makers import MAKERS
from tests.documents.corpus.makers.files import of_size
from tests.documents.person import PDF, Person, keys_of, submitted
from tests.documents.processes import SERVICE, a_process
from tests.support import Component, Signer, eventually

JPEG, PNG = "image/jpeg", "image/png"
PAPERS = {"diploma", "licence", "training-certificate", "no-criminal-record"}
OTHERS = {"gosuslugi-confirmation", "passport", "snils", "employment-record", "supporting", "appeal-attachment", "chat-attachment"}
UPLOAD_TERM = timedelta(minutes=15, seconds=1)


async def test_do_1_every_type_of_document_is_taken_and_accepted(service: Component, person: Person) -> None:
    proved = {
        "gosuslugi-confirmation": ("confirmation_of_the_portal", "снимок.png", PNG),
        "no-criminal-record": ("signed_by_the_authority", "справка.pdf", PDF),
    }

    async def sent(document_type: str) -> dict[str, Any]:
        maker, name, media_type = proved.get(document_type, ("honest_pdf", "документ.pdf", PDF))
        answer = await person.upload(MAKERS[maker](), document_type, **person.upload_headers(name, media_type))
        assert answer.status_code == 202, answer.text
        return await person.decided(answer.json()["document_id"])

    types = [row["document_type"] for row in (await service.client.get("/types")).json()["items"]]
    assert set(types) == PAPERS | OTHERS == {one.value for one in DocumentType}
    made = await asyncio.gather(*map(sent, types))
    assert [(one["document_type"], one["state"]) for one in made] == [(name, "accepted") for name in types]
    refused = await person.upload(samples.pdf(), "recipe")
    assert refused.status_code == 422


async def test_do_2_formats_and_sizes_are_shown_before_and_kept_and_a_jpeg_becomes_a_pdf(service: Component, person: Person) -> None:
    for row in (await service.client.get("/types")).json()["items"]:
        is_paper = row["document_type"] in PAPERS
        limit = (5 if is_paper else 10) * MEGABYTE
        assert (row["media_types"], row["max_bytes"]) == ([PDF, JPEG] if is_paper else [PDF, JPEG, PNG], limit)
        assert row["limits"] == ("PDF или JPEG, не больше 5 МБ" if is_paper else "PDF, JPEG или PNG, не больше 10 МБ")
        for media_type, size, status in ((PDF, limit + 1, 413), ("image/webp", 9, 415), (PNG, limit + 1, 415 if is_paper else 413)):
            headers = person.upload_headers(media_type=media_type)
            answer = await raw_request(service.url, headers, size, b"", document_type=row["document_type"])
            assert int(answer.split()[1]) == status, (row["document_type"], media_type)
            detail = json.loads(answer.partition(b"\r\n\r\n")[2])["detail"]
            assert detail.startswith(f"«{row['title']}»: ")
            assert row["limits"] in detail
    assert (await person.upload(MAKERS["exactly_5_mb"]())).json()["file"]["size_bytes"] == 5 * MEGABYTE

    scan = samples.jpeg()
    sent = await person.upload(scan, **person.upload_headers("диплом.jpg", JPEG))
    shown = await person.pictured(sent.json()["document_id"])
    assert shown["file"]["has_pdf"]
    with pikepdf.open(io.BytesIO(await downloaded(service, person, shown["document_id"], kind="pdf"))) as pdf:
        [page] = pdf.pages
        [image] = page.get_images().values()
        assert bytes(image.read_raw_bytes()) == scan, "without any loss"


async def downloaded(service: Component, person: Person, document_id: str, **wanted: Any) -> bytes:
    link = await service.client.post(f"/documents/{document_id}/links", json=wanted, headers=person.headers)
    assert link.status_code == 201, link.text
    async with httpx.AsyncClient() as outside:
        return (await outside.get(link.json()["url"])).content


async def test_do_3_versions_stay_and_only_flagged_documents_of_an_application_can_be_replaced(service: Component, person: Person) -> None:
    begun_at = service.clock.now()
    first = (await person.upload(samples.pdf())).json()
    document_id, path = first["document_id"], f"/documents/{first['document_id']}/file"

    async def replace(content: bytes) -> httpx.Response:
        version = (await person.decided(document_id))["version"]
        return await service.client.put(path, content=content, headers=person.upload_headers("лучше.pdf") | {"If-Match": f'"{version}"'})

    assert (await replace(samples.pdf(2))).status_code == 202
    another = (await person.upload(samples.pdf(3))).json()
    assert another["document_id"] != document_id, "another of the same type"
    shown = await person.decided(document_id)
    sent = {2: (samples.pdf(2), "лучше.pdf"), 1: (samples.pdf(), "Диплом Ивановой.pdf")}
    assert [file["file_version"] for file in shown["files"]] == list(sent)
    for file in shown["files"]:
        content, name = sent[file["file_version"]]
        assert (file["file_name"], file["media_type"], file["uploaded_by"]) == (name, PDF, str(person.id))
        assert (file["size_bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert begun_at <= datetime.fromisoformat(file["received_at"]) <= service.clock.now()
        assert await downloaded(service, person, document_id, file_version=file["file_version"]) == content

    handed_in = submitted(person.id, document_id)
    await service.publish(handed_in)
    await person.await_lock(document_id, is_locked=True)
    refused = await replace(samples.pdf(4))
    assert (refused.status_code, refused.json()["code"]) == (409, "document-locked")
    assert refused.json()["application_ids"] == [str(handed_in.application_id)]
    names = {name: getattr(handed_in, name) for name in ("application_id", "applicant_id", "number", "occurred_at", "due_at")}
    asked = InformationRequested(version=4, requested_by="reviewer", remarks=(), unlocked_document_ids=(UUID(document_id),), **names)
    await service.publish(asked)
    await person.await_lock(document_id, is_locked=False)
    assert (await replace(samples.pdf(4))).status_code == 202


class Repeated:
    """One upload with its key, cut somewhere and then sent whole."""

    def __init__(self, service: Component, person: Person) -> None:
        self.service, self.person = service, person
        self.content = of_size(MEGABYTE)
        self.headers = person.upload_headers(**{"Idempotency-Key": str(uuid4())})

    async def repeat(self) -> httpx.Response:
        """As clients do it: until there is an answer that is no "not now"."""

        async def answered() -> httpx.Response:
            answer = await self.service.client.post("/types/diploma/files", content=self.content, headers=self.headers)
            assert answer.status_code == 202, answer.text
            return answer

        return await eventually(answered)

    async def is_one(self) -> bool:
        """One document of one file, one object, told once; nothing of what was cut."""
        listed = (await self.service.client.get("/documents", headers=self.person.headers)).json()["items"]
        assert [(one["state"], one["file_version"]) for one in listed] == [("accepted", 1)]
        assert await self.service.database["documents"].count_documents({"owner_id": self.person.id}) == 1
        assert len(await keys_of(self.service, self.person.id)) == 1
        told = [one for one in self.service.tap.all(DocumentReceived) if one.owner_id == self.person.id]
        assert [(str(one.document_id), one.file_version) for one in told] == [(listed[0]["document_id"], 1)]
        return True

    async def states(self) -> list[str]:
        listed = (await self.service.client.get("/documents", headers=self.person.headers)).json()["items"]
        return [one["state"] for one in listed]


async def test_do_3_an_upload_whose_connection_was_cut_is_repeated_with_its_key_without_a_double(
    service: Component, person: Person, signer: Signer
) -> None:
    for share in (0.0, 0.5, 1.0):
        cut = Repeated(service, Person(service, signer))
        sent = cut.content[: int(len(cut.content) * share)]
        await raw_request(service.url, cut.headers, len(cut.content), sent, hang_up=True)
        await cut.repeat()
        await eventually(cut.is_one)
    together = Repeated(service, person)
    first, second = await asyncio.gather(together.repeat(), together.repeat())
    assert first.json()["document_id"] == second.json()["document_id"]
    third = await together.repeat()
    assert (third.json(), third.headers["Idempotency-Replayed"]) == (first.json(), "true")
    await eventually(together.is_one)
    other = await person.upload(samples.pdf(), **{"Idempotency-Key": together.headers["Idempotency-Key"]})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_do_3_an_upload_whose_service_was_killed_is_repeated_with_its_key_without_a_double(
    service: Component, service_env: Mapping[str, str], worker: psutil.Process, signer: Signer
) -> None:
    assert worker.is_running()
    in_the_middle, before_the_answer = (Repeated(service, Person(service, signer)) for _ in range(2))
    async with (
        a_process(SERVICE, service_env) as (process, url),
        sending(url, in_the_middle, share=0.5),
        sending(url, before_the_answer, share=1.0),
    ):
        await eventually(lambda: is_at(in_the_middle, "receiving"))
        await eventually(lambda: is_at(before_the_answer, "checking", "accepted"))
        process.kill()
    answer = await before_the_answer.repeat()
    assert answer.headers["Idempotency-Replayed"] == "true"
    await eventually(before_the_answer.is_one)

    await in_the_middle.repeat()
    service.clock.move(UPLOAD_TERM)  # nobody was left to clean up at once
    await eventually(in_the_middle.is_one, timeout=20)


async def is_at(upload: Repeated, *states: str) -> bool:
    found = await upload.states()
    return len(found) == 1 and found[0] in states


@asynccontextmanager
async def sending(url: str, upload: Repeated, *, share: float) -> AsyncIterator[None]:
    """So much of it is sent, and nobody reads the answer."""
    address = urlsplit(url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    lines = ["POST /api/documents/types/diploma/files HTTP/1.1", "Host: test", f"Content-Length: {len(upload.content)}"]
    lines += [f"{name}: {value}" for name, value in upload.headers.items()]
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode() + upload.content[: int(len(upload.content) * share)])
        await writer.drain()
        yield
    finally:
        writer.transport.abort()
