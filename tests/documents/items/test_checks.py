"""What is found in files, and that everything comes to its end."""

import asyncio
import json
import re
from collections.abc import Iterable
from typing import Any

import aio_pika
import httpx
import psutil
import pytest

from chassis.broker import dead_letter_queue
from contracts.documents import CheckRequested, DocumentAccepted, DocumentReceived, DocumentRejected, DocumentType, MalwareFound
from contracts.topology import queue_name
from services.documents.domain.rules import MEGABYTE, RULES, MediaType
from tests.documents import samples
from tests.documents.byhand import raw_request
from tests.documents.corpus.kinds import DOORS, KINDS, Door, Kind
from tests.documents.corpus.makers import MAKERS
from tests.documents.person import PDF, Person, keys_of
from tests.documents.processes import client_of
from tests.support import Component, Signer, eventually

AT_THE_DOOR = {"file-empty": 422, "file-too-large": 413}
"""What is known before the first byte."""
OWNERS = 4
"""Nobody may upload more than 120 files a minute."""
MAY_KEEP = 64 * MEGABYTE
"""What a worker's allocator holds on to after files of 10 MB; it has held several of them, and a child takes up to 640."""
REMEDY = re.compile(r"\w(?:ите|йте|ьте)\b")
"""Every sentence asks for something."""
OF_CONTENT = {"text-unreadable", "page-rotated", "profile-not-verified"}
"""What is said of how a file could be read has a table of its own."""
QUEUES = (DocumentReceived, CheckRequested, DocumentAccepted, MalwareFound)


class Crowd:
    """Some people who send everything of the table at the same moment."""

    def __init__(self, service: Component, signer: Signer) -> None:
        self.service = service
        self.people = [Person(service, signer) for _ in range(OWNERS)]

    async def send_all(self) -> dict[str, dict[str, Any]]:
        """The answers by kind or door, each with its status and its person."""
        files = await asyncio.to_thread(lambda: {kind.id: kind.content() for kind in KINDS})
        async with client_of(self.service.url) as client:
            sent = [self._kind(client, kind, files[kind.id], self.people[number % OWNERS]) for number, kind in enumerate(KINDS)]
            sent += [self._door(door, self.people[number % OWNERS]) for number, door in enumerate(DOORS)]
            return dict(await asyncio.gather(*sent))

    async def _kind(self, client: httpx.AsyncClient, kind: Kind, content: bytes, person: Person) -> tuple[str, dict[str, Any]]:
        headers = person.upload_headers(kind.name, kind.media_type)
        if AT_THE_DOOR.keys() & set(kind.codes):
            raw = await raw_request(self.service.url, headers, len(content), b"", document_type=kind.type)
            return kind.id, {**_parsed(raw), "person": person}
        answer = await client.post(f"/types/{kind.type}/files", content=content, headers=headers)
        return kind.id, {**answer.json(), "status": answer.status_code, "person": person}

    async def _door(self, door: Door, person: Person) -> tuple[str, dict[str, Any]]:
        content = samples.pdf()
        lengths = {"right": len(content), "none": None, "letters": "many", "enormous": 10**15 - 1}
        headers = person.upload_headers(door.name, door.declared)
        body = content if door.length == "right" else b""
        answer = await raw_request(self.service.url, headers, lengths[door.length], body)
        return door.id, {**_parsed(answer), "person": person}

    async def decided(self, document_ids: Iterable[str]) -> None:
        wanted = set(document_ids)

        async def all_of_them() -> bool:
            told = [*self.service.tap.all(DocumentAccepted), *self.service.tap.all(DocumentRejected)]
            missing = wanted - {str(one.document_id) for one in told}
            assert not missing, missing
            return True

        await eventually(all_of_them, timeout=150, interval=0.5)


def _parsed(answer: bytes) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    return {**(json.loads(body) if b"json" in head else {}), "status": status}


@pytest.mark.timeout(300)
async def test_do_4_every_kind_of_file_sent_at_once_comes_to_its_end(
    service: Component, worker: psutil.Process, person: Person, signer: Signer
) -> None:
    await person.pictured((await person.upload(samples.pdf())).json()["document_id"])
    [nursery] = worker.children()
    before = worker.memory_info().rss

    crowd = Crowd(service, signer)
    sent = await crowd.send_all()
    at_the_door = {kind.id: AT_THE_DOOR[kind.codes[0]] for kind in KINDS if kind.codes and kind.codes[0] in AT_THE_DOOR}
    expected = {kind.id: 202 for kind in KINDS} | at_the_door | {door.id: door.status for door in DOORS}
    assert {name: answer["status"] for name, answer in sent.items()} == expected
    refused = {kind.id: kind.codes[0] for kind in KINDS if kind.id in at_the_door} | {door.id: door.code for door in DOORS if door.code}
    assert {name: sent[name]["code"] for name in refused} == refused
    assert all(f"«{RULES[DocumentType(kind.type)].title}»" in sent[kind.id]["detail"] for kind in KINDS if kind.id in at_the_door)

    received = {name: answer for name, answer in sent.items() if answer["status"] == 202}
    await crowd.decided(answer["document_id"] for answer in received.values())
    shown = {name: await answer["person"].document(answer["document_id"]) for name, answer in received.items()}
    kinds = {kind.id: kind for kind in KINDS if kind.id in received}
    assert {name: codes_of(shown[name]) for name in kinds} == {name: kind.codes for name, kind in kinds.items()}
    assert {door.id: shown[door.id]["file"]["file_name"] for door in DOORS if door.kept} == {
        door.id: door.kept for door in DOORS if door.kept
    }
    for document in shown.values():
        assert document["state"] == ("rejected" if document["file"]["findings"] else "accepted")
        for finding in (*document["file"]["findings"], *document["file"]["warnings"]):
            title, _, advice = finding["detail"].partition("»: ")
            assert title == f"«{document['title']}"
            assert REMEDY.search(advice), finding

    await eventually(lambda: nothing_waits(service), timeout=30, interval=0.2)
    await eventually(lambda: nobody_looks(nursery), timeout=30)
    kept = worker.memory_info().rss - before
    assert kept <= MAY_KEEP, f"{kept / MEGABYTE:.1f} MiB more than before"


def codes_of(document: dict[str, Any]) -> list[str]:
    found = [finding["code"] for finding in (*document["file"]["findings"], *document["file"]["warnings"])]
    return [code for code in found if code not in OF_CONTENT]


async def nothing_waits(service: Component) -> bool:
    connection = await aio_pika.connect(service.amqp_url)
    async with connection:
        channel = await connection.channel()
        names = [*(queue_name("documents", event) for event in QUEUES), dead_letter_queue("documents")]
        queues = [await channel.declare_queue(name, passive=True) for name in names]
    waiting = {queue.name: queue.declaration_result.message_count for queue in queues}
    assert not any(waiting.values()), waiting
    assert await service.database["dead_letters"].count_documents({}) == 0
    return True


async def nobody_looks(nursery: psutil.Process) -> bool:
    assert nursery.children() == []
    return True


async def test_do_4_bytes_that_changed_in_the_store_are_refused_and_not_looked_at(service: Component, person: Person) -> None:
    accepted = await person.pictured((await person.upload(samples.pdf())).json()["document_id"])
    [key] = await keys_of(service, person.id)
    files = service.app.state.usecases.uploads.files
    await files.objects.put_bytes(files.bucket, key, samples.pdf(2), "application/pdf")
    about = {"document_id": accepted["document_id"], "owner_id": person.id, "document_type": "diploma", "file_version": 1}
    steps = ("integrity", "opens")
    await service.publish(CheckRequested(occurred_at=service.clock.now(), attempt=1, steps=steps, reason="demand", **about))
    told = await service.tap.next(DocumentRejected, where=lambda one: str(one.document_id) == accepted["document_id"])
    assert told.codes == ("stored-bytes-differ",)
    case = await service.database["checks"].find_one({"document_id": told.document_id})
    assert case is not None
    assert {step["step"]: step["outcome"] for step in case["results"] if step["step"] in steps} == {
        "integrity": "failed",
        "opens": "skipped",
    }


async def test_do_6_codes_and_signatures_are_verified_and_shown(person: Person) -> None:
    async def sent(content: bytes, document_type: str, name: str, media_type: str = PDF) -> dict[str, Any]:
        answer = await person.upload(content, document_type, **person.upload_headers(name, media_type))
        return await person.decided(answer.json()["document_id"])

    png = MediaType.PNG.value
    ours, foreign, missing, unsigned, signed = await asyncio.gather(
        sent(MAKERS["confirmation_of_the_portal"](), "gosuslugi-confirmation", "Госуслуги.png", png),
        sent(MAKERS["confirmation_of_another_host"](), "gosuslugi-confirmation", "Госуслуги.png", png),
        sent(MAKERS["confirmation_without_a_code"](), "gosuslugi-confirmation", "Госуслуги.png", png),
        sent(samples.pdf(), "no-criminal-record", "Справка.pdf"),
        sent(MAKERS["signed_by_the_authority"](), "no-criminal-record", "Справка.pdf"),
    )
    assert [(one["state"], codes_of(one)) for one in (ours, foreign, missing, unsigned, signed)] == [
        ("accepted", []),
        ("rejected", ["code-foreign"]),
        ("accepted", ["code-missing"]),
        ("rejected", ["signature-missing"]),
        ("accepted", ["signature-valid"]),
    ]
    assert signed["file"]["warnings"][0]["detail"].startswith("«Справка об отсутствии судимости»: электронная подпись верна")
