"""Files in the object store: streamed in and out, checked on the way, handed out by short-lived links. Nothing is ever overwritten."""

import asyncio
import hashlib
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self, TypeVar
from urllib.parse import quote

import httpx
import structlog
import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.datatypes import Object
from minio.error import MinioException, S3Error, ServerError

from chassis.errors import FieldError, Invalid, NotFound, Outage, PayloadTooLarge
from chassis.settings import ServiceSettings
from chassis.trust import authorities

REGION = "us-east-1"
"""Any fixed region will do for MinIO; naming it spares a request before each signature."""
CHUNK_BYTES = 256 * 1024
MAX_FETCH_BYTES = 32 * 1024 * 1024
MAX_LISTED = 10_000

_THREADS = 8
_CONNECTIONS = 64
_IDLE_SECONDS = 2.0
"""Well before a server drops idle connections (after 5 s at the earliest): what is sent into one that just ends gets no answer."""
_SIGNATURE_SECONDS = 3_600
_RETRY_AFTER_SECONDS = 5
_NAME_LENGTH = 120
_OK = 300
_NOT_FOUND = 404
_OWN_BUCKET = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}

Result = TypeVar("Result")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What was really stored; the hashes are hexadecimal."""

    size_bytes: int
    sha256: str
    md5: str


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as a listing shows it; `modified_at` is when it was stored, by the store's clock."""

    key: str
    size_bytes: int
    modified_at: datetime


class UploadCut(Invalid):
    """Fewer bytes arrived than were promised; nothing was kept."""

    code = "upload-cut"


class FileMissing(NotFound):
    """No object of that key."""

    code = "file-missing"


class StoreUnavailable(Outage):
    """The object store does not answer, or not as it should."""

    code = "file-store-unavailable"

    def __init__(self) -> None:
        super().__init__(
            "Хранилище файлов временно недоступно. Повторите через несколько секунд.", retry_after_seconds=_RETRY_AFTER_SECONDS
        )


class ObjectStore:
    """One S3 account. Streams go through httpx without a buffer; small calls through the MinIO client in a few threads."""

    def __init__(
        self,
        endpoint: str,
        access_key: str,
        secret_key: str,
        *,
        secure: bool = True,
        timeout_seconds: float = 5,
        public_endpoint: str | None = None,
        public_secure: bool = True,
    ) -> None:
        """`public_endpoint` (`host:port`) is what links name, when people reach the store elsewhere than services do."""
        pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=timeout_seconds, read=timeout_seconds),
            maxsize=_THREADS,
            retries=urllib3.Retry(total=1, redirect=0),
        )
        self._minio = Minio(endpoint, access_key=access_key, secret_key=secret_key, secure=secure, region=REGION, http_client=pool)
        self._signer = (
            Minio(public_endpoint, access_key=access_key, secret_key=secret_key, secure=public_secure, region=REGION)
            if public_endpoint
            else self._minio
        )
        pooled = httpx.Limits(max_connections=_CONNECTIONS, keepalive_expiry=_IDLE_SECONDS)
        self._http = httpx.AsyncClient(timeout=timeout_seconds, limits=pooled, trust_env=False, verify=authorities(of_environment=False))
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="objects")

    @classmethod
    def from_settings(cls, settings: ServiceSettings) -> Self:
        """The store of one service; ValueError names what the settings lack."""
        if settings.s3_endpoint is None or settings.s3_access_key is None or settings.s3_secret_key is None:
            raise ValueError("settings S3_ENDPOINT, S3_ACCESS_KEY and S3_SECRET_KEY are needed")
        return cls(
            settings.s3_endpoint,
            settings.s3_access_key.get_secret_value(),
            settings.s3_secret_key.get_secret_value(),
            secure=settings.s3_secure,
            timeout_seconds=settings.s3_timeout_seconds,
            public_endpoint=settings.s3_public_endpoint,
            public_secure=settings.s3_secure,
        )

    async def put_stream(self, bucket: str, key: str, chunks: AsyncIterator[bytes], size_bytes: int, media_type: str) -> StoredObject:
        """Store exactly `size_bytes` from `chunks`, holding no more than some hundred KiB in memory.

        `PayloadTooLarge` or `UploadCut` when more or fewer come, and then nothing is stored.
        The store's ETag must be the MD5 of what was sent, which holds for single uploads without SSE-KMS.
        """
        passed = _Passed(chunks, size_bytes)
        url = self._presigned("PUT", bucket, key)
        headers = {"Content-Length": str(size_bytes), "Content-Type": media_type, "Content-Disposition": "attachment"}
        with _failures_named():
            response = await self._http.put(url, content=passed.stream(), headers=headers)
        if response.status_code >= _OK:
            log.error("object-not-stored", bucket=bucket, key=key, status=response.status_code)
            raise StoreUnavailable
        stored = passed.result()
        if response.headers.get("etag", "").strip('"') != stored.md5:
            log.error("object-damaged-on-the-way", bucket=bucket, key=key)
            await self.delete(bucket, key)
            raise StoreUnavailable
        return stored

    async def put_bytes(self, bucket: str, key: str, content: bytes, media_type: str) -> StoredObject:
        """Store a small object that is already in memory."""

        async def whole() -> AsyncIterator[bytes]:
            for start in range(0, len(content), CHUNK_BYTES):
                yield content[start : start + CHUNK_BYTES]

        return await self.put_stream(bucket, key, whole(), len(content), media_type)

    @asynccontextmanager
    async def _get(self, bucket: str, key: str) -> AsyncIterator[httpx.Response]:
        with _failures_named():
            async with self._http.stream("GET", self._presigned("GET", bucket, key)) as response:
                if response.status_code == _NOT_FOUND:
                    raise FileMissing("Файл не найден.")
                if response.status_code >= _OK:
                    log.error("object-not-read", bucket=bucket, key=key, status=response.status_code)
                    raise StoreUnavailable
                yield response

    async def open(self, bucket: str, key: str) -> AsyncGenerator[bytes, None]:
        """The object's bytes, chunk by chunk; `FileMissing` if there is none."""
        async with self._get(bucket, key) as response:
            async for chunk in response.aiter_raw(CHUNK_BYTES):
                yield chunk

    async def opened(self, bucket: str, key: str) -> AsyncIterator[bytes]:
        """The same once the first chunk is here, so that a store that fails does so before an answer has begun."""
        chunks = self.open(bucket, key)
        return _resumed(await anext(chunks, b""), chunks)

    async def fetch(self, bucket: str, key: str, *, max_bytes: int = MAX_FETCH_BYTES) -> bytes:
        """The whole object in memory; `PayloadTooLarge` when it is larger than `max_bytes`."""
        async with self._get(bucket, key) as response:
            content = bytearray()
            async for chunk in response.aiter_raw(CHUNK_BYTES):
                content += chunk
                if len(content) > max_bytes:
                    raise PayloadTooLarge("Файл слишком большой.", limit_bytes=max_bytes)
        return bytes(content)

    def link(self, bucket: str, key: str, *, file_name: str, expires: timedelta) -> str:
        """A link that downloads the object under that name, as an attachment, until it expires. Asks the store nothing.

        nanio, the embedded store, knows no name in a link; there the `attachment` kept with every object still holds.
        """
        wanted: dict[str, str | list[str] | tuple[str]] = {"response-content-disposition": attachment(file_name)}
        return str(self._signer.get_presigned_url("GET", bucket, key, expires=expires, response_headers=wanted))

    async def delete(self, bucket: str, key: str) -> None:
        """Remove the object; one that is not there is fine."""
        await self._in_thread(lambda: self._minio.remove_object(bucket, key))

    async def delete_below(self, bucket: str, prefix: str) -> None:
        """Remove every object whose key begins so."""
        while keys := await self.list_keys(bucket, prefix=prefix):
            for key in keys:
                await self.delete(bucket, key)

    async def copy(self, bucket: str, key: str, *, to_bucket: str) -> None:
        """Copy the object into another bucket under the same key, within the store; `FileMissing` if there is none."""
        await self._in_thread(lambda: self._minio.copy_object(to_bucket, key, CopySource(bucket, key)))

    async def size_bytes(self, bucket: str, key: str) -> int:
        """How large the object is; `FileMissing` if there is none."""
        found = await self._in_thread(lambda: self._minio.stat_object(bucket, key))
        return int(found.size or 0)

    async def ensure_bucket(self, bucket: str) -> None:
        """Make the bucket unless it exists; several at once are fine."""

        def ensure() -> None:
            if not self._minio.bucket_exists(bucket):
                try:
                    self._minio.make_bucket(bucket)
                except S3Error as error:
                    if error.code not in _OWN_BUCKET:
                        raise

        await self._in_thread(ensure)

    async def list_keys(self, bucket: str, *, prefix: str = "", after: str | None = None, limit: int = MAX_LISTED) -> list[str]:
        """Keys below `prefix` in their order, at most `limit`, beginning behind `after`."""
        return [found.key for found in await self.list_objects(bucket, prefix=prefix, after=after, limit=limit)]

    async def list_objects(self, bucket: str, *, prefix: str = "", after: str | None = None, limit: int = MAX_LISTED) -> list[ListedObject]:
        """The same with size and moment."""

        def listed() -> list[ListedObject]:
            found = self._minio.list_objects(bucket, prefix=prefix, recursive=True, start_after=after)
            return [_listed(entry) for entry, _ in zip(found, range(limit), strict=False)]

        return await self._in_thread(listed)

    async def ping(self) -> None:
        """Whether the store answers at all; `Unavailable` otherwise."""
        await self._in_thread(self._minio.list_buckets)

    async def aclose(self) -> None:
        """Close connections and threads."""
        await self._http.aclose()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _presigned(self, method: str, bucket: str, key: str) -> str:
        return str(self._minio.get_presigned_url(method, bucket, key, expires=timedelta(seconds=_SIGNATURE_SECONDS)))

    async def _in_thread(self, call: Callable[[], Result]) -> Result:
        with _failures_named():
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _listed(entry: Object) -> ListedObject:
    if entry.last_modified is None:
        raise StoreUnavailable
    return ListedObject(str(entry.object_name), int(entry.size or 0), entry.last_modified)


def attachment(file_name: str) -> str:
    """Content-Disposition for a download: an ASCII name for old programs, the real one by RFC 5987.

    No path, quote or control sign survives.
    """
    kept = "".join(
        sign for sign in unicodedata.normalize("NFC", file_name) if unicodedata.category(sign)[0] != "C" and sign not in '/\\:*?"<>|;%'
    )
    name = kept.strip(". ")[-_NAME_LENGTH:] or "file"
    plain = "".join(sign if sign.isascii() else "_" for sign in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


class _failures_named:  # noqa: N801 - a context manager, reads as a phrase
    """Turns every failure of the store into `StoreUnavailable`, or `FileMissing`."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, S3Error) and error.code in {"NoSuchKey", "NoSuchObject"}:
            raise FileMissing("Файл не найден.") from error
        if isinstance(error, httpx.HTTPError | MinioException | ServerError | urllib3.exceptions.HTTPError | OSError):
            log.warning("object-store-failed", error=type(error).__name__)
            raise StoreUnavailable from error


async def _resumed(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


class _Passed:
    """Counts and hashes a stream on its way, and holds it to its promised size."""

    def __init__(self, chunks: AsyncIterator[bytes], size_bytes: int) -> None:
        self._chunks = chunks
        self._promised = size_bytes
        self._seen = 0
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)

    async def stream(self) -> AsyncIterator[bytes]:
        """The bytes in larger pieces. The last one leaves only when the size is known to be right, so a wrong stream is never complete."""
        held = bytearray()
        async for chunk in self._chunks:
            self._seen += len(chunk)
            if self._seen > self._promised:
                raise PayloadTooLarge("Пришло больше байт, чем указано в Content-Length.", limit_bytes=self._promised)
            if chunk and held and len(held) + len(chunk) > CHUNK_BYTES:
                ready, held = self._hashed(held), bytearray()
                yield ready
                del ready  # while many uploads wait for more, none keeps what is sent
            held += chunk
        if self._seen < self._promised:
            wrong = FieldError("#header:Content-Length", "upload-cut", "Файл короче, чем указано.")
            raise UploadCut("Загрузка оборвалась. Повторите её.", errors=[wrong])
        if held:
            yield self._hashed(held)

    def _hashed(self, piece: bytearray) -> bytes:
        self._sha256.update(piece)
        self._md5.update(piece)
        return bytes(piece)

    def result(self) -> StoredObject:
        return StoredObject(self._seen, self._sha256.hexdigest(), self._md5.hexdigest())
