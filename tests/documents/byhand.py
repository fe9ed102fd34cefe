"""Uploads written by hand, so that they can lie about their length or hang up."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

_ANSWER_SECONDS = 60
"""One of a hundred files sent at once may wait long for its turn on a busy machine."""


async def raw_request(
    url: str, headers: Mapping[str, str], length: int | str | None, body: bytes, *, document_type: str = "diploma", hang_up: bool = False
) -> bytes:
    """The answer to a POST with this Content-Length, if any, and this body; empty when it hung up behind the body."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    lines = [f"POST /api/documents/types/{document_type}/files HTTP/1.1", "Host: test", "Connection: close"]
    lines += [] if length is None else [f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        return b"" if hang_up else await asyncio.wait_for(reader.read(), _ANSWER_SECONDS)
    finally:
        writer.close()
        await writer.wait_closed()
