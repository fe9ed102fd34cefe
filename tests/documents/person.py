"""Somebody with an account, before a running service of documents."""

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx

from contracts.applications import ApplicationSubmitted
from contracts.roles import Role
from services.documents.domain.documents import original_of
from tests.support import Component, Signer, eventually

PDF = "application/pdf"


class Person:
    """A practitioner with a client of the service."""

    def __init__(self, service: Component, signer: Signer) -> None:
        self.id = uuid4()
        self.service = service
        self.headers = signer.headers(self.id, Role.PRACTITIONER, exp=int(time.time()) + 3600)

    def upload_headers(self, name: str = "Диплом Ивановой.pdf", media_type: str = PDF, **more: str) -> dict[str, str]:
        return {**self.headers, "Content-Type": media_type, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", **more}

    async def upload(self, content: bytes, document_type: str = "diploma", **headers: str) -> httpx.Response:
        path = f"/types/{document_type}/files"
        return await self.service.client.post(path, content=content, headers=self.upload_headers() | headers)

    async def document(self, document_id: str) -> dict[str, Any]:
        answer = await self.service.client.get(f"/documents/{document_id}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def pictured(self, document_id: str) -> dict[str, Any]:
        """Once its last file is accepted and has the pictures that follow."""

        async def check() -> dict[str, Any] | None:
            found = await self.document(document_id)
            return found if found["file"] and found["file"]["previews"] else None

        return await eventually(check)

    async def decided(self, document_id: str) -> dict[str, Any]:
        async def check() -> dict[str, Any] | None:
            found = await self.document(document_id)
            return found if found["state"] in {"accepted", "rejected"} else None

        found = await eventually(check, timeout=30)
        assert found is not None
        return found

    async def await_lock(self, document_id: str, *, is_locked: bool) -> None:
        """Until applications' word about it has come."""

        async def check() -> bool:
            return bool((await self.document(document_id))["is_locked"]) is is_locked

        await eventually(check)


async def keys_of(service: Component, owner_id: UUID) -> list[str]:
    files = service.app.state.usecases.uploads.files
    return [key for key in await files.objects.list_keys(files.bucket, prefix=f"{owner_id}/") if key == original_of(key)]


def submitted(applicant_id: UUID, *document_ids: str) -> ApplicationSubmitted:
    """An application of theirs with these documents."""
    now = datetime.now(UTC)
    return ApplicationSubmitted(
        application_id=uuid4(),
        applicant_id=applicant_id,
        number="MK-2026-00000001-1",
        occurred_at=now,
        version=3,
        kind="primary",
        specialty_code="1",
        document_ids=tuple(map(UUID, document_ids)),
        snapshot_sha256="0",
        due_at=now,
    )
