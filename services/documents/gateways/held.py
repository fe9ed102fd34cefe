"""The bytes of one file in memory, read once for everybody who looks at them."""

import fcntl
import hashlib
import mmap
import os
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import Self

_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
_CHUNK = 262_144


@dataclass(frozen=True, slots=True)
class Held:
    """Sealed: nobody who is given them can change them for those who look later."""

    descriptor: int
    size_bytes: int
    sha256: str

    @classmethod
    async def of(cls, content: AsyncIterable[bytes]) -> Self:
        """Read and measured."""
        descriptor = os.memfd_create("file", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            size_bytes, digest = 0, hashlib.sha256()
            async for chunk in content:
                size_bytes += len(chunk)
                digest.update(chunk)
                _write(descriptor, chunk)
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor, size_bytes, digest.hexdigest())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)

    def head(self, count: int) -> bytes:
        """The first bytes."""
        return os.pread(self.descriptor, count, 0)

    def has(self, mark: bytes) -> bool:
        """Whether these bytes are somewhere in it."""
        if self.size_bytes == 0:
            return False
        with mmap.mmap(self.descriptor, 0, access=mmap.ACCESS_COPY) as content:
            return content.find(mark) >= 0

    async def chunks(self) -> AsyncIterator[bytes]:
        """All of it, in parts; as often as wanted."""
        for start in range(0, self.size_bytes, _CHUNK):
            yield os.pread(self.descriptor, _CHUNK, start)

    def opened(self) -> int:
        """A descriptor of its own, at the beginning and only for reading. Whoever asks closes it."""
        return os.open(f"/proc/self/fd/{self.descriptor}", os.O_RDONLY | os.O_CLOEXEC)


def _write(descriptor: int, chunk: bytes) -> None:
    waiting = memoryview(chunk)
    while waiting:
        waiting = waiting[os.write(descriptor, waiting) :]
