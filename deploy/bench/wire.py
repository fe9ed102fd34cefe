"""A client that costs almost nothing, so that what is measured is the server: one connection, one request at a time."""

import asyncio
import time
from typing import Self

_HEADER_END = b"\r\n\r\n"


class WireClient:
    """Sends the same GET again and again over one kept-alive connection."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self._port = port
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
        self._request = "\r\n".join([*lines, "", ""]).encode()

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def get(self) -> bytes:
        """The body. Raises `ConnectionError` for any answer but 200."""
        self._writer.write(self._request)
        head = await self._reader.readuntil(_HEADER_END)
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(head.partition(b"\r\n")[0].decode())
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return await self._reader.readexactly(int(lengths[0].partition(b":")[2]))

    async def rate(self, seconds: float) -> float:
        """Answers per second."""
        answers, started = 0, time.perf_counter()
        while time.perf_counter() - started < seconds:
            await self.get()
            answers += 1
        return answers / (time.perf_counter() - started)
