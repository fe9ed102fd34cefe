"""Files stream through in constant memory, are what they claim, and leave nothing when cut."""

import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import httpx
import psutil
import pytest

from chassis.errors import PayloadTooLarge
from chassis.objects import FileMissing, ObjectStore, StoreUnavailable, UploadCut, attachment
from tests.support import Infra, eventually

MIB = 1024 * 1024


@pytest.fixture(scope="module")
async def store(infra: Infra) -> AsyncIterator[ObjectStore]:
    made = ObjectStore(infra.s3_endpoint, infra.s3_access_key, infra.s3_secret_key, secure=False)
    yield made
    await made.aclose()


@pytest.fixture(scope="module")
async def bucket(infra: Infra, store: ObjectStore) -> AsyncIterator[str]:
    name = f"test-{infra.run}-objects"
    await store.ensure_bucket(name)
    await store.ensure_bucket(name)
    yield name
    await infra.drop_buckets(name)


async def _nothing_below(store: ObjectStore, bucket: str, prefix: str) -> None:
    """Waits, because the store notices a cut a moment after its client."""

    async def is_empty() -> bool:
        return await store.list_keys(bucket, prefix=prefix) == []

    assert await eventually(is_empty, timeout=5)


async def _chunks(total: int, piece: bytes = b"\x01" * 65_536) -> AsyncIterator[bytes]:
    for start in range(0, total, len(piece)):
        yield piece[: min(len(piece), total - start)]


async def test_an_idle_connection_is_let_go_before_the_store_may_drop_it(store: ObjectStore, bucket: str) -> None:
    await store.put_bytes(bucket, "idle", b"1", "text/plain")
    pool: Any = cast("Any", store._http._transport)._pool

    async def all_expired() -> bool:
        return all(connection.has_expired() for connection in pool.connections)

    assert not await all_expired()
    began = time.monotonic()
    await eventually(all_expired, timeout=4)
    assert time.monotonic() - began < 4


async def test_a_stream_is_stored_hashed_and_read_back(store: ObjectStore, bucket: str) -> None:
    content = secrets.token_bytes(300_000)

    async def pieces() -> AsyncIterator[bytes]:
        yield content[:1]
        yield b""
        yield content[1:]

    stored = await store.put_stream(bucket, "people/1/v1", pieces(), len(content), "application/pdf")
    assert stored.size_bytes == len(content)
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert await store.fetch(bucket, "people/1/v1") == content
    assert b"".join([chunk async for chunk in store.open(bucket, "people/1/v1")]) == content


async def test_an_object_is_copied_measured_and_listed(infra: Infra, store: ObjectStore, bucket: str) -> None:
    await store.put_bytes(bucket, "copied/1", b"some bytes", "text/plain")
    other = f"{bucket}-other"
    await store.ensure_bucket(other)
    before = datetime.now(UTC) - timedelta(minutes=1)
    for _ in range(2):
        await store.copy(bucket, "copied/1", to_bucket=other)
    assert await store.fetch(other, "copied/1") == b"some bytes"
    assert await store.size_bytes(other, "copied/1") == 10
    [listed] = await store.list_objects(other)
    assert (listed.key, listed.size_bytes) == ("copied/1", 10)
    assert before < listed.modified_at < before + timedelta(minutes=2)
    with pytest.raises(FileMissing):
        await store.copy(bucket, "copied/2", to_bucket=other)
    with pytest.raises(FileMissing):
        await store.size_bytes(bucket, "copied/2")
    await infra.drop_buckets(other)


@pytest.mark.parametrize("content", [b"", b"x"])
async def test_the_smallest_objects(store: ObjectStore, bucket: str, content: bytes) -> None:
    await store.put_bytes(bucket, f"small/{len(content)}", content, "text/plain")
    assert await store.fetch(bucket, f"small/{len(content)}") == content


async def test_a_cut_upload_leaves_nothing_and_can_be_repeated(store: ObjectStore, bucket: str) -> None:
    with pytest.raises(UploadCut) as cut:
        await store.put_stream(bucket, "cut/1", _chunks(2 * MIB), 3 * MIB, "application/pdf")
    assert cut.value.code == "upload-cut"
    await _nothing_below(store, bucket, "cut/")
    await store.put_stream(bucket, "cut/1", _chunks(3 * MIB), 3 * MIB, "application/pdf")
    assert await store.list_keys(bucket, prefix="cut/") == ["cut/1"]


async def test_more_bytes_than_promised_leave_nothing(store: ObjectStore, bucket: str) -> None:
    with pytest.raises(PayloadTooLarge):
        await store.put_stream(bucket, "more/1", _chunks(MIB + 1), MIB, "application/pdf")
    await _nothing_below(store, bucket, "more/")


async def test_a_source_that_fails_leaves_nothing(store: ObjectStore, bucket: str) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"x" * 70_000
        raise LookupError("source")

    with pytest.raises(LookupError):
        await store.put_stream(bucket, "broken/1", breaking(), MIB, "application/pdf")
    await _nothing_below(store, bucket, "broken/")


async def test_memory_does_not_grow_with_the_size(store: ObjectStore, bucket: str) -> None:
    await store.put_stream(bucket, "big/warm", _chunks(MIB), MIB, "application/pdf")
    process = psutil.Process()
    before = process.memory_info().rss
    peak = 0

    async def watched() -> AsyncIterator[bytes]:
        nonlocal peak
        async for chunk in _chunks(100 * MIB):
            peak = max(peak, process.memory_info().rss)
            yield chunk

    await store.put_stream(bucket, "big/1", watched(), 100 * MIB, "application/pdf")
    assert peak - before < 8 * MIB
    await store.delete(bucket, "big/1")


async def test_reading_is_bounded_and_names_what_is_missing(store: ObjectStore, bucket: str) -> None:
    await store.put_bytes(bucket, "bounded", b"x" * 1000, "text/plain")
    with pytest.raises(PayloadTooLarge):
        await store.fetch(bucket, "bounded", max_bytes=999)
    await store.delete(bucket, "bounded")
    await store.delete(bucket, "bounded")
    with pytest.raises(FileMissing):
        await store.fetch(bucket, "bounded")


async def test_keys_are_listed_in_pages(store: ObjectStore, bucket: str) -> None:
    for number in range(5):
        await store.put_bytes(bucket, f"list/{number}", b"x", "text/plain")
    first = await store.list_keys(bucket, prefix="list/", limit=3)
    assert first == ["list/0", "list/1", "list/2"]
    assert await store.list_keys(bucket, prefix="list/", after=first[-1]) == ["list/3", "list/4"]


async def test_a_link_downloads_under_a_safe_name_until_it_expires(store: ObjectStore, bucket: str) -> None:
    await store.put_bytes(bucket, "linked", b"content", "application/pdf")
    link = store.link(bucket, "linked", file_name="Диплом «врач».pdf", expires=timedelta(minutes=2))
    query = parse_qs(urlsplit(link).query)
    assert query["X-Amz-Expires"] == ["120"]
    assert query["response-content-disposition"] == [attachment("Диплом «врач».pdf")]
    async with httpx.AsyncClient() as http:
        answer = await http.get(link)
        assert answer.content == b"content"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert (await http.get(link.replace("linked", "small/1"))).status_code == 403


async def test_links_may_name_a_public_host(infra: Infra) -> None:
    store = ObjectStore(infra.s3_endpoint, infra.s3_access_key, infra.s3_secret_key, secure=False, public_endpoint="files.example.org")
    link = store.link("b-1", "k", file_name="x.pdf", expires=timedelta(minutes=1))
    assert link.startswith("https://files.example.org/b-1/k?")
    await store.aclose()


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a.pdf", 'filename="a.pdf"'),
        ("../../etc/passwd", 'filename="etcpasswd"'),
        ('x"; filename=evil.exe', 'filename="x filename=evil.exe"'),
        ("a\r\nSet-Cookie: x", 'filename="aSet-Cookie x"'),
        ("\u202egpj.exe", 'filename="gpj.exe"'),
        ("", 'filename="file"'),
        ("...", 'filename="file"'),
        ("\ud800", 'filename="file"'),
        ("диплом.pdf", 'filename="______.pdf"'),
    ],
)
def test_no_name_escapes_its_header(name: str, plain: str) -> None:
    header = attachment(name)
    assert plain in header
    assert header.isascii()
    assert header.isprintable()


async def test_an_absent_store_is_503(infra: Infra) -> None:
    store = ObjectStore("127.0.0.1:9", infra.s3_access_key, infra.s3_secret_key, secure=False, timeout_seconds=1)
    with pytest.raises(StoreUnavailable) as away:
        await store.put_bytes("b-1", "k", b"x", "text/plain")
    assert away.value.retry_after_seconds > 0
    named = store.fetch("b-1", "k"), store.opened("b-1", "k"), store.delete("b-1", "k"), store.ensure_bucket("b-1"), store.list_keys("b-1")
    for call in (*named, store.ping()):
        with pytest.raises(StoreUnavailable):
            await call
    await store.aclose()


async def test_wrong_keys_are_503_not_a_missing_file(infra: Infra, bucket: str) -> None:
    store = ObjectStore(infra.s3_endpoint, infra.s3_access_key, "wrong-secret", secure=False)
    with pytest.raises(StoreUnavailable):
        await store.put_bytes(bucket, "k", b"x", "text/plain")
    with pytest.raises(StoreUnavailable):
        await store.fetch(bucket, "k")
    await store.aclose()
