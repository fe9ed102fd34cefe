"""`medkabinet documents sweep` on real stores: what is damaged is named, what is nobody's goes, and the status says which it was."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner, Result

from chassis.clock import SandboxClock
from chassis.settings import load_settings
from contracts.documents import DocumentType
from deploy.cli.main import app
from services.documents.domain.documents import Document, StoredBytes
from services.documents.main import command_line
from services.documents.settings import Settings
from services.documents.usecases import WorkerUseCases
from tests.documents.test_repository import a_document, an_upload
from tests.support import Infra, service_environment
from tests.support.work import Work


@dataclass
class Archive:
    """A store of documents whose service is not running."""

    usecases: WorkerUseCases
    clock: SandboxClock

    async def file(self, content: bytes) -> Document:
        sweeping = self.usecases.sweeping
        begun = replace(a_document(), document_type=DocumentType.DIPLOMA)
        key = f"{begun.owner_id}/{begun.id}/{uuid4()}"
        upload = replace(an_upload(), object_key=key)

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        stored = await sweeping.files.store(key, chunks(), size_bytes=len(content), media_type=upload.media_type)
        begun = replace(begun, upload=upload)
        document = begun.finish(upload.id, StoredBytes(key, stored.size_bytes, stored.sha256), at=datetime.now(UTC))
        await Work(sweeping.begin)(lambda tx: sweeping.documents.add(tx, document))
        return document

    async def overwrite(self, key: str, content: bytes) -> None:
        files = self.usecases.sweeping.files
        await files.objects.put_bytes(files.bucket, key, content, "application/pdf")

    async def keys(self) -> set[str]:
        files = self.usecases.sweeping.files
        return set(await files.objects.list_keys(files.bucket))

    async def sweep(self, *options: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, ["documents", "sweep", *options])


@pytest.fixture
async def archive(infra: Infra, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Archive]:
    more = {"DOCUMENTS_SWEEP_DOCUMENTS": "2", "DOCUMENTS_SWEEP_OBJECTS": "2"}
    async with service_environment(infra, "documents", **more) as env:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        async with command_line(load_settings(Settings)) as usecases:
            yield Archive(usecases, SandboxClock(Path(env["SANDBOX_CLOCK_FILE"])))


async def test_a_sweep_names_what_is_damaged_and_removes_what_is_nobodys(archive: Archive) -> None:
    whole, gone, cut, changed = [await archive.file(secrets.token_bytes(1000)) for _ in range(4)]
    clean = await archive.sweep("--bytes")
    assert (clean.exit_code, "все файлы целы" in clean.stdout, "файлов 4" in clean.stdout) == (0, True, True), clean.output

    files = archive.usecases.sweeping.files
    await files.delete(gone.file().object_key)
    await archive.overwrite(cut.file().object_key, b"short")
    await archive.overwrite(changed.file().object_key, secrets.token_bytes(1000))
    lost = f"{uuid4()}/{uuid4()}/{uuid4()}"
    await archive.overwrite(lost, b"lost")

    measured = await archive.sweep()
    assert (measured.exit_code, "повреждено файлов: 2" in measured.stdout) == (1, True), measured.output
    assert f"{gone.id} версия 1: файла нет в хранилище" in measured.stdout
    assert f"{cut.id} версия 1: другой размер" in measured.stdout
    assert lost in await archive.keys(), "it may be on its way"

    archive.clock.move(timedelta(hours=2))
    dry = await archive.sweep("--bytes", "--dry-run")
    assert (dry.exit_code, "повреждено файлов: 3" in dry.stdout, "ничьих объектов найдено 1" in dry.stdout) == (1, True, True), dry.output
    assert f"{changed.id} версия 1: другое содержимое" in dry.stdout
    assert str(whole.id) not in dry.stdout
    assert lost in await archive.keys()
    swept = await archive.sweep()
    assert "ничьих объектов удалено 1" in swept.stdout, swept.output
    assert await archive.keys() == {one.file().object_key for one in (whole, cut, changed)}

    sweep_id = UUID(swept.stdout.split()[-1])
    kept = await archive.usecases.sweeping.sweeps.find(sweep_id)
    assert kept is not None
    assert (kept.is_done, kept.damage_count, kept.files, kept.orphans) == (True, 2, 4, 1)


async def test_a_store_that_is_away_is_one_sentence_and_no_damage(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    await archive.file(b"some bytes")
    monkeypatch.setenv("DOCUMENTS_S3_ENDPOINT", "127.0.0.1:9")
    refused = await archive.sweep()
    assert refused.exit_code == 1
    assert "Хранилище файлов временно недоступно" in refused.stderr
    assert "повреждено" not in refused.stdout
