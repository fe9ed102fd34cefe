"""Free and taken TCP ports of this machine, and who answers on them."""

import asyncio
import secrets
import socket
from contextlib import ExitStack, suppress

_ANSWER_SECONDS = 2
_LOWEST, _HIGHEST = 20_000, 32_000
"""Below what kernels give to outgoing connections: one of those could take a port in the seconds before its server listens."""


def free_ports(count: int) -> list[int]:
    """`count` different ports nobody listens on; all are held until the last is found, so none comes twice."""
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            holder, port = held.enter_context(socket.socket()), _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST)
            with suppress(OSError):
                holder.bind(("127.0.0.1", port))
                ports.append(port)
        return ports


def is_taken(port: int) -> bool:
    """Whether a server that starts now could not listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def accepts(port: int) -> bool:
    """Whether somebody answers on the port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


async def http_status(port: int, path: str) -> int | None:
    """The status of a GET; None when nobody answers. Cheap enough to be asked ten times a second for a dozen processes."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
                words = (await reader.readline()).split()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None
