"""The outside world of these tests: a mail server, an SMS gateway and a file, each real and on a free port."""

import asyncio
import email
import email.policy
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass
class MailServer:
    """Takes every letter, or answers with `reply` instead."""

    port: int = 0
    reply: str | None = None
    tries: int = 0
    letters: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        self.tries += 1
        if self.reply is not None:
            return self.reply
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.letters.append(parsed)
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        return [letter for letter in self.letters if letter["To"] == address]


@dataclass
class Gateway:
    """An SMS gateway at /messages that drops what it already has, and a file at /file."""

    port: int = 0
    status: int = 201
    tries: list[dict[str, Any]] = field(default_factory=list)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By idempotency key."""
    file: bytes = b""

    def to(self, phone: str) -> list[dict[str, Any]]:
        return [message for message in self.messages.values() if message["to"] == phone]


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    world = MailServer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(world, hostname="mail.test", loop=loop), "127.0.0.1", 0)
    world.port = server.sockets[0].getsockname()[1]
    try:
        yield world
    finally:
        server.close()
        await server.wait_closed()


@contextmanager
def gateway() -> Iterator[Gateway]:
    world = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            world.tries.append(message)
            if world.status < 300:
                world.messages.setdefault(self.headers["Idempotency-Key"], message)
            self._answer(world.status, b"{}")

        def do_GET(self) -> None:
            self._answer(200, world.file)

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class' name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    world.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
