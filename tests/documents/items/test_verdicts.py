"""No upload is silent about itself, and nobody gets the bytes of a file that is not accepted: not by any route, link or from the store."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.applications import ApplicationSubmitted, ApprovalRecommended, ReviewClaimed
from contracts.documents import CheckRequested, DocumentDelayed, MalwareFound, UploadTermReached
from contracts.roles import Role, Scope
from deploy.local.clamd import Clamd, eicar
from tests.documents import samples
from tests.documents.person import Person, keys_of
from tests.support import Component, Infra, Signer, eventually

NOW = datetime.now(UTC)
REFUSALS = {401, 403, 404, 409, 422}


@dataclass
class Everybody:
    """The owner, the reviewer and the registrars of the owner's applications, strangers of each role, and nobody at all."""

    owner: Person
    signer: Signer
    reviewer_id: UUID

    @property
    def headers(self) -> dict[str, dict[str, str]]:
        until = int(time.time()) + 3600
        found = {f"a strange {role}": self.signer.headers(uuid4(), role, exp=until) for role in Role}
        found |= {f"a token for {scope}": self.signer.headers(self.owner.id, scope=str(scope), factors={}, exp=until) for scope in Scope}
        return found | {
            "nobody": {},
            "the owner": self.owner.headers,
            "the reviewer": self.signer.headers(self.reviewer_id, Role.REVIEWER, exp=until),
            "a registrar of the application": self.signer.headers(uuid4(), Role.REGISTRAR, exp=until),
            "somebody of all roles": self.signer.headers(uuid4(), *Role, exp=until),
        }


@dataclass
class Stage:
    """The service without a scanner, so that no verdict comes before it is wanted."""

    running: Component
    clamd: Clamd
    everybody: Everybody
    endpoint: str
    buckets: tuple[str, str]

    async def requests(self) -> list[tuple[str, str, Any]]:
        """Every route of the OpenAPI document with every body that asks for another thing."""
        schema = (await self.running.client.get("/openapi.json")).json()
        found = []
        for path, methods in schema["paths"].items():
            for method, route in methods.items():
                found += [(method, path, body) for body in (None, *_bodies(schema, route))]
        assert ("post", "/api/documents/documents/{document_id}/links", {"file_version": 1}) in found
        return found

    async def nobody_gets(self, document_id: str, content: bytes) -> None:
        """Every route, asked by everybody, and the store, asked by whoever guesses its addresses."""
        requests = await self.requests()
        for who, headers in self.everybody.headers.items():
            for method, path, body in requests:
                url = self.running.url + path.format_map({"document_id": document_id, "document_type": "diploma"})
                answer = await self.running.client.request(method, url, headers=headers, json=body)
                asked = f"{method} {path} {body} by {who}: {answer.status_code}"
                assert answer.status_code not in {301, 302, 303, 307, 308}, asked
                assert content not in answer.content, asked
                assert "X-Amz" not in answer.text, asked
                assert not any(secret in answer.text for secret in (self.endpoint, *self.buckets)), asked
                if path.endswith("/links"):
                    assert answer.status_code in REFUSALS, asked
        await self._store_is_closed(document_id)

    async def _store_is_closed(self, document_id: str) -> None:
        files = self.running.app.state.usecases.uploads.files
        prefix = f"{self.everybody.owner.id}/{document_id}/"
        keys = [(bucket, key) for bucket in self.buckets for key in await files.objects.list_keys(bucket, prefix=prefix)]
        async with httpx.AsyncClient() as outside:
            for bucket, key in [*keys, *((bucket, "") for bucket in self.buckets)]:
                assert (await outside.get(f"http://{self.endpoint}/{bucket}/{key}")).status_code == 403

    async def links(self, document_id: str) -> dict[str, int]:
        """Who is answered what on asking for a link."""
        path = f"/documents/{document_id}/links"
        return {who: (await self.running.client.post(path, headers=headers)).status_code for who, headers in self.everybody.headers.items()}


def _bodies(schema: dict[str, Any], route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One JSON body for each property the route knows, and for each value of it that can be told."""
    media = route.get("requestBody", {}).get("content", {}).get("application/json")
    if media is None:
        return
    for name, about in _resolved(schema, media["schema"]).get("properties", {}).items():
        for value in _resolved(schema, about).get("enum", [1]):
            yield {name: value}


def _resolved(schema: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    options = [one for one in about.get("anyOf", [about]) if one.get("type") != "null"]
    found: dict[str, Any] = options[0]
    return schema["components"]["schemas"][found["$ref"].rpartition("/")[2]] if "$ref" in found else found


@pytest.fixture
async def stage(infra: Infra, service: Component, service_env: dict[str, str], clamd: Clamd, person: Person, signer: Signer) -> Stage:
    clamd.process.freeze()
    buckets = service_env["DOCUMENTS_BUCKET"], service_env["DOCUMENTS_QUARANTINE_BUCKET"]
    return Stage(service, clamd, Everybody(person, signer, uuid4()), infra.s3_endpoint, buckets)


async def held(stage: Stage, document_ids: tuple[UUID, ...]) -> None:
    """One application at its reviewer and another at the registrars hold the documents."""
    for event_class, more in (
        (ReviewClaimed, {"reviewer_id": stage.everybody.reviewer_id}),
        (ApprovalRecommended, {"reviewer_id": uuid4(), "due_at": NOW}),
    ):
        names: dict[str, Any] = {
            "occurred_at": NOW,
            "application_id": uuid4(),
            "applicant_id": stage.everybody.owner.id,
            "number": "MK-2026-00000001-1",
            "document_ids": document_ids,
        }
        submitted = ApplicationSubmitted(version=2, kind="primary", specialty_code="1", snapshot_sha256="0", due_at=NOW, **names)
        await stage.running.publish(submitted)
        await stage.running.publish(event_class(version=3, **names, **more))

    async def is_granted() -> bool:
        found = [
            await stage.running.client.get(f"/documents/{document_ids[0]}", headers=stage.everybody.headers[who])
            for who in ("the reviewer", "a registrar of the application")
        ]
        return all(answer.status_code == 200 for answer in found)

    await eventually(is_granted)


async def test_do_8_nobody_gets_a_file_before_its_verdict_nor_an_infected_one(stage: Stage) -> None:
    owner, goes_on = stage.everybody.owner, asyncio.Event()
    clean, infected, half = samples.pdf(), samples.pdf() + b"\n" + eicar(), samples.pdf(2)

    async def slowly() -> AsyncIterator[bytes]:
        yield half[:-1]
        await goes_on.wait()
        yield half[-1:]

    sent = {content: (await owner.upload(content)).json()["document_id"] for content in (clean, infected)}
    headers = owner.upload_headers() | {"Content-Length": str(len(half))}
    receiving = asyncio.ensure_future(stage.running.client.post("/types/diploma/files", content=slowly(), headers=headers))

    async def begun() -> str | None:
        shown = (await stage.running.client.get("/documents", headers=owner.headers)).json()["items"]
        return next((one["document_id"] for one in shown if one["state"] == "receiving"), None)

    sent[half] = str(await eventually(begun))
    await held(stage, tuple(UUID(document_id) for document_id in sent.values()))
    for content, document_id in sent.items():
        await stage.nobody_gets(document_id, content)
    goes_on.set()
    assert (await receiving).status_code == 202

    stage.running.clock.move(timedelta(minutes=5, seconds=1))

    async def delayed() -> bool:
        states = {(await owner.document(document_id))["state"] for document_id in sent.values()}
        return states == {"delayed"}

    await eventually(delayed)
    waiting = {UUID(document_id) for document_id in sent.values()}
    for _ in waiting:
        await stage.running.tap.next(DocumentDelayed, where=lambda told: told.document_id in waiting)
        await stage.running.tap.next(CheckRequested, where=lambda told: told.document_id in waiting)
    told = [(await owner.document(str(document_id)))["explanation"] for document_id in waiting]
    assert all("повторим" in one for one in told)
    for content, document_id in sent.items():
        await stage.nobody_gets(document_id, content)

    stage.clamd.process.thaw()
    assert (await owner.decided(sent[clean]))["state"] == "accepted"
    assert (await owner.decided(sent[infected]))["state"] == "rejected"
    await stage.running.tap.next(MalwareFound, where=lambda one: str(one.document_id) == sent[infected])

    async def places() -> list[int]:
        files = stage.running.app.state.usecases.uploads.files
        prefix = f"{owner.id}/{sent[infected]}/"
        return [len(await files.objects.list_keys(bucket, prefix=prefix)) for bucket in stage.buckets]

    async def is_isolated() -> bool:
        return await places() == [0, 1]

    await eventually(is_isolated)
    await stage.nobody_gets(sent[infected], infected)
    given = {who for who, status in (await stage.links(sent[clean])).items() if status == 201}
    assert given == {"the owner", "the reviewer", "a registrar of the application", "somebody of all roles", "a strange registrar"}


async def test_do_8_the_same_bytes_are_stored_once_and_the_answer_names_the_twin(service: Component, person: Person) -> None:
    first = (await person.upload(samples.pdf())).json()
    await person.decided(first["document_id"])
    second = (await person.upload(samples.pdf(), "licence")).json()
    assert second["file"]["twin"]["document_id"] == first["document_id"]
    assert second["file"]["twin"]["detail"] == "Такой же файл уже загружен: «Диплом о высшем медицинском образовании», версия 1."
    assert (await person.decided(second["document_id"]))["state"] == "accepted"

    async def once() -> bool:
        return len(await keys_of(service, person.id)) == 1

    await eventually(once)
    await service.tap.next(UploadTermReached, where=lambda one: str(one.document_id) == second["document_id"])
