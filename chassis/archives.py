"""ZIP archives that are written while they are read: memory holds one chunk, however much there is."""

import io
import zipfile
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive; its bytes are asked for when its turn comes."""

    name: str
    at: datetime
    content: AsyncIterable[bytes]


async def zipped(entries: AsyncIterable[Entry]) -> AsyncIterator[bytes]:
    """The archive. When an entry fails it ends without its table of contents, so that nobody takes a part of it for the whole."""
    out = _Drained()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        async for entry in entries:
            about = zipfile.ZipInfo(entry.name, entry.at.timetuple()[:6])
            about.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(about, "w") as member:
                async for chunk in entry.content:
                    member.write(chunk)
                    if written := out.drain():
                        yield written
            yield out.drain()
    yield out.drain()


class _Drained(io.RawIOBase):
    """What was written since it was last asked for. It cannot seek: sizes and sums then follow each file."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        self._written += content
        return len(content)

    def drain(self) -> bytes:
        written = bytes(self._written)
        self._written.clear()
        return written
