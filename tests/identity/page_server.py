"""Serves the page of a test and passes what it calls on to a running service, so that both are of one origin."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

PAGE = Path(__file__).with_name("passkey_page.html")
_PASSED_ON = ("authorization", "content-type")


@dataclass
class PageServer:
    """On a free port; `service_url` is set once the service runs."""

    port: int
    service_url: str = ""

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"


@contextmanager
def serving_page() -> Iterator[PageServer]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, "text/html; charset=utf-8", PAGE.read_bytes())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
            answer = httpx.post(f"{served.service_url}{self.path}", content=body, headers=headers, timeout=15)
            self._answer(answer.status_code, answer.headers.get("Content-Type", "application/json"), answer.content)

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class calls it so
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    served = PageServer(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
