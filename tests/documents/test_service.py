"""Documents through its doors, on real servers."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest

from contracts.documents import DocumentAccepted, DocumentRejected
from services.documents.domain.rules import MEGABYTE
from tests.documents import samples
from tests.documents.byhand import raw_request
from tests.documents.person import Person, keys_of
from tests.support import Component, Signer, eventually


@pytest.fixture
def person(service: Component, signer: Signer) -> Person:
    return Person(service, signer)


async def test_a_good_file_is_received_accepted_told_and_downloaded(service: Component, person: Person) -> None:
    content = samples.pdf()
    answer = await person.upload(content)
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert (body["state"], body["file_version"], body["version"], answer.headers["ETag"]) == ("checking", 1, 1, '"1"')
    assert body["file"]["file_name"] == "Диплом Ивановой.pdf"
    assert body["file"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert answer.headers["Location"] == f"/api/documents/documents/{body['document_id']}"
    mine = UUID(body["document_id"])
    told = await service.tap.next(DocumentAccepted, where=lambda one: one.document_id == mine)
    assert (told.owner_id, told.file_version, told.version, told.document_type) == (person.id, 1, 2, "diploma")
    document = await person.decided(body["document_id"])
    assert document["state"] == "accepted"
    link = await service.client.post(f"/documents/{mine}/links", headers=person.headers)
    assert link.status_code == 201, link.text
    async with httpx.AsyncClient() as outside:
        downloaded = await outside.get(link.json()["url"])
    assert downloaded.content == content
    assert downloaded.headers["Content-Disposition"].startswith("attachment")
    asked = parse_qs(urlsplit(link.json()["url"]).query)["response-content-disposition"]
    assert asked == ["attachment; filename=\"diploma-1.pdf\"; filename*=UTF-8''diploma-1.pdf"]


@pytest.mark.parametrize(
    ("content", "name", "codes"),
    [
        pytest.param("просто текст".encode() * 50, "диплом.pdf", ["content-unknown"], id="renamed text"),
        pytest.param(samples.png(), "диплом.pdf", ["content-mismatch"], id="renamed picture"),
        pytest.param(samples.half(samples.pdf()), "диплом.pdf", ["pdf-damaged"], id="cut"),
        pytest.param(samples.pdf_encrypted(), "диплом.pdf", ["pdf-encrypted"], id="encrypted"),
        pytest.param(samples.pdf_with_script(), "диплом.jpg", ["extension-mismatch", "pdf-active-content"], id="two reasons"),
    ],
)
async def test_a_bad_file_is_rejected_with_its_reasons_by_name(
    service: Component, person: Person, content: bytes, name: str, codes: list[str]
) -> None:
    headers = person.upload_headers(name)
    body = (await service.client.post("/types/diploma/files", content=content, headers=headers)).json()
    told = await service.tap.next(DocumentRejected, where=lambda one: str(one.document_id) == body["document_id"])
    assert list(told.codes) == codes
    document = await person.decided(body["document_id"])
    assert [finding["code"] for finding in document["file"]["findings"]] == codes
    assert all(finding["detail"].startswith("«Диплом о высшем медицинском образовании»: ") for finding in document["file"]["findings"])
    link = await service.client.post(f"/documents/{body['document_id']}/links", headers=person.headers)
    assert (link.status_code, link.json()["code"]) == (409, "file-not-accepted")


async def test_a_rejected_file_is_replaced_and_earlier_ones_stay(service: Component, person: Person) -> None:
    first = (await person.upload(b"not a document")).json()
    rejected = await person.decided(first["document_id"])
    path = f"/documents/{first['document_id']}/file"
    for if_match, status in ((None, 428), ('"1"', 412), ('"x"', 422)):
        headers = person.upload_headers() | ({"If-Match": if_match} if if_match else {})
        assert (await service.client.put(path, content=samples.pdf(), headers=headers)).status_code == status
    headers = person.upload_headers() | {"If-Match": f'"{rejected["version"]}"'}
    answer = await service.client.put(path, content=samples.pdf(), headers=headers)
    assert answer.status_code == 202, answer.text
    assert answer.json()["file_version"] == 2
    document = await person.decided(first["document_id"])
    assert [(file["file_version"], file["state"]) for file in document["files"]] == [(2, "accepted"), (1, "rejected")]
    assert len(await keys_of(service, person.id)) == 2


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"Content-Type": "image/png"}, 415, "media-type-not-allowed", "#header:Content-Type"),
        ({"Content-Type": "nonsense"}, 415, "media-type-not-allowed", "#header:Content-Type"),
        ({"Content-Disposition": "attachment"}, 422, "file-name-missing", "#header:Content-Disposition"),
        ({"Content-Disposition": "attachment; filename*=UTF-8''%00"}, 422, "file-name-missing", "#header:Content-Disposition"),
        ({"Content-Length": "0"}, 422, "file-empty", "#header:Content-Length"),
    ],
)
async def test_wrong_headers_are_named(person: Person, change: dict[str, str], status: int, code: str, pointer: str) -> None:
    answer = await person.upload(b"" if change.get("Content-Length") == "0" else samples.pdf(), **change)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert problem["errors"][0]["pointer"] == pointer


async def test_too_large_is_refused_before_reading_with_the_limits_named(service: Component, person: Person) -> None:
    for size in (5 * MEGABYTE + 1, 10**12):
        answer = await raw_request(service.url, person.upload_headers(), size, b"")
        assert b" 413 " in answer.split(b"\r\n")[0]
        assert "PDF или JPEG, не больше 5 МБ" in answer.decode()
        assert b'"max_bytes":5242880' in answer.replace(b" ", b"")


async def test_an_upload_without_length_is_refused(service: Component, person: Person) -> None:
    async def chunked() -> AsyncIterator[bytes]:
        yield samples.pdf()

    answer = await service.client.post("/types/diploma/files", content=chunked(), headers=person.upload_headers())
    assert (answer.status_code, answer.json()["code"]) == (411, "length-required")


async def test_while_it_comes_the_document_shows_receiving(service: Component, person: Person) -> None:
    content = samples.pdf()
    head_sent = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield content[:50]
        await head_sent.wait()
        yield content[50:]

    sending = asyncio.create_task(
        service.client.post("/types/diploma/files", content=slow(), headers=person.upload_headers() | {"Content-Length": str(len(content))})
    )

    async def receiving() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await service.client.get("/documents", headers=person.headers)).json()["items"]
        return found

    (shown,) = await eventually(receiving)
    assert (shown["state"], shown["file"], shown["version"]) == ("receiving", None, 0)
    head_sent.set()
    assert (await sending).status_code == 202


async def test_lists_are_paged_and_filtered(service: Component, person: Person) -> None:
    made = [(await person.upload(samples.pdf(), kind)).json()["document_id"] for kind in ("diploma", "licence", "passport")]
    first = (await service.client.get("/documents?limit=2", headers=person.headers)).json()
    rest = (await service.client.get("/documents", params={"limit": 2, "cursor": first["next_cursor"]}, headers=person.headers)).json()
    assert [one["document_id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None
    licences = (await service.client.get("/documents?document_type=licence", headers=person.headers)).json()
    assert [one["document_type"] for one in licences["items"]] == ["licence"]
    for query in ("cursor=x", "cursor=W10", "limit=0", "document_type=passports"):
        answer = await service.client.get(f"/documents?{query}", headers=person.headers)
        assert answer.status_code == 422, (query, answer.text)


async def test_nothing_personal_leaves_in_messages_or_keys(service: Component, person: Person) -> None:
    await person.decided((await person.upload(samples.pdf())).json()["document_id"])
    sent = b"".join(message.body for message in service.tap.messages) + str([message.headers for message in service.tap.messages]).encode()
    assert "Иванов".encode() not in sent
    assert b"\\u0418\\u0432\\u0430\\u043d" not in sent
    assert all("pdf" not in key for key in await keys_of(service, person.id))
