"""The gateway in front of a service that tells what reached it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import httpx
import psutil
import pytest

from chassis.settings import ServiceSettings
from deploy.local.servers import PROJECT
from deploy.local.stack import Stack

SECURITY_HEADERS = ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy")
MIRRORED = ("identity", "applications", "documents", "notifications")


async def _mirror(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers every request with its line and headers as JSON; `/stream` sends one part and waits."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    if "chunked" in headers.get("transfer-encoding", ""):
        while (line := await reader.readline()) and not line.startswith(b"0"):
            pass
    elif length := int(headers.get("content-length", 0)):
        await reader.readexactly(length)
    if "stream" in head[0]:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nevent: notice\n\n")
        await writer.drain()
        await reader.read()
    else:
        body = json.dumps({"line": head[0], "headers": headers}).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        await writer.drain()
    writer.close()


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    stack = Stack(tmp_path_factory.mktemp("gateway"))
    process = stack.processes["gateway"]
    mirrors = [await asyncio.start_server(_answering, "127.0.0.1", stack.settings.port_of(service)) for service in MIRRORED]
    process.start()
    try:
        await process.wait_ready()
        async with httpx.AsyncClient(base_url=stack.url, timeout=10) as client:
            yield client
    finally:
        await process.kill()
        for mirror in mirrors:
            mirror.close()


async def _answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await _mirror(reader, writer)
    except (ConnectionError, asyncio.IncompleteReadError):
        writer.close()


def test_services_keep_idle_connections_longer_than_the_gateway() -> None:
    """Else a request, which must not be repeated, may meet a connection that was just closed."""
    (kept,) = re.findall(r"keepalive (\d+)s", (PROJECT / "deploy/gateway/Caddyfile").read_text())
    assert ServiceSettings.model_fields["keep_alive_seconds"].default > int(kept)


@pytest.mark.parametrize(
    ("path", "reached"),
    [
        ("/api/identity/profile", "/api/identity/profile"),
        ("/api/documents/types?x=%D1%8F", "/api/documents/types?x=%D1%8F"),
        ("/verify/123", "/verify/123"),
        ("/", "/"),
    ],
)
async def test_the_path_reaches_the_service_unchanged(gateway: httpx.AsyncClient, path: str, reached: str) -> None:
    assert (await gateway.get(path)).json()["line"] == f"GET {reached} HTTP/1.1"


@pytest.mark.parametrize("path", ["/health/ready", "/health/live", "/health/", "//health/ready", "/Health/ready", "/health%2Fready"])
async def test_how_services_are_is_not_told_outside(gateway: httpx.AsyncClient, path: str) -> None:
    answer = await gateway.get(f"http://{gateway.base_url.netloc.decode()}{path}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert (await gateway.get("/health")).status_code == 200


async def test_only_this_machine_reaches_the_gateway_unless_told_otherwise(gateway: httpx.AsyncClient) -> None:
    port = gateway.base_url.port
    listening = [found.laddr for found in psutil.net_connections("tcp") if found.status == psutil.CONN_LISTEN]
    assert [address for address in listening if address[1:] == (port,)] == [("127.0.0.1", port)]


async def test_the_clients_address_is_told_and_a_forged_one_dropped(gateway: httpx.AsyncClient) -> None:
    told = (await gateway.get("/api/identity/x", headers={"X-Forwarded-For": "203.0.113.9"})).json()["headers"]
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["x-forwarded-proto"] == "http"


async def test_every_answer_carries_the_security_headers(gateway: httpx.AsyncClient) -> None:
    for path in ("/api/identity/x", "/api/nowhere", "/api/support/x", "/verify/1"):
        answer = await gateway.get(path)
        assert [name for name in SECURITY_HEADERS if name not in answer.headers] == [], path
        assert "Server" not in answer.headers


@pytest.mark.parametrize(("path", "status", "code"), [("/api/nowhere", 404, "not-found"), ("/api/support/x", 503, "unavailable")])
async def test_what_the_gateway_refuses_itself_is_a_problem(gateway: httpx.AsyncClient, path: str, status: int, code: str) -> None:
    answer = await gateway.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert (answer.json()["status"], answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_over_the_limit_is_a_problem(gateway: httpx.AsyncClient, *, is_chunked: bool) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield bytes(1024)

    answer = await gateway.post("/api/identity/x", content=parts() if is_chunked else bytes(300 * 1024))
    assert (answer.status_code, answer.json()["code"]) == (413, "payload-too-large")


async def test_a_file_within_the_limit_of_documents_passes(gateway: httpx.AsyncClient) -> None:
    assert (await gateway.post("/api/documents/types/diploma/files", content=bytes(10 * 1_048_576))).status_code == 200


async def test_a_live_stream_is_not_held_back(gateway: httpx.AsyncClient) -> None:
    async with gateway.stream("GET", "/api/notifications/stream") as answer, asyncio.timeout(3):
        assert await anext(answer.aiter_lines()) == "event: notice"
