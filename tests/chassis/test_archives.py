"""ZIP archives: written while they are read, and none of a part."""

import io
import os
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from chassis.archives import Entry, zipped

AT = datetime(2026, 4, 15, 9, 30, 2, tzinfo=UTC)
CHUNK = os.urandom(65_536)
CHUNKS = 64


class Source:
    """A long file that tells how much of it was asked for."""

    def __init__(self, *, breaks_at: int = CHUNKS) -> None:
        self.asked = 0
        self.breaks_at = breaks_at

    async def chunks(self) -> AsyncIterator[bytes]:
        for _ in range(CHUNKS):
            if self.asked == self.breaks_at:
                raise ConnectionError
            self.asked += 1
            yield CHUNK

    async def entries(self) -> AsyncIterator[Entry]:
        yield Entry("Опись.txt", AT, _words())
        yield Entry("long.bin", AT, self.chunks())


async def _words() -> AsyncIterator[bytes]:
    yield "слова\n".encode()


async def test_what_is_read_is_passed_on_before_more_is_asked_for() -> None:
    source, archive, ahead, largest = Source(), bytearray(), 0, 0
    async for piece in zipped(source.entries()):
        archive += piece
        largest = max(largest, len(piece))
        ahead = max(ahead, source.asked * len(CHUNK) - len(archive))
    assert (largest < 2 * len(CHUNK), ahead < 2 * len(CHUNK)) == (True, True)
    with zipfile.ZipFile(io.BytesIO(archive)) as read:
        assert read.testzip() is None
        assert [(one.filename, one.date_time) for one in read.infolist()] == [
            (name, AT.timetuple()[:6]) for name in ("Опись.txt", "long.bin")
        ]
        assert (read.read("Опись.txt").decode(), read.read("long.bin") == CHUNK * CHUNKS) == ("слова\n", True)


async def test_a_part_is_no_archive() -> None:
    archive = bytearray()

    async def read() -> None:
        async for piece in zipped(Source(breaks_at=3).entries()):
            archive.extend(piece)

    with pytest.raises(ConnectionError):
        await read()
    assert len(archive) > len(CHUNK)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(archive))
