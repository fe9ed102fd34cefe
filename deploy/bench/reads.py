"""Reading one's application, token check, decryption, tracing and its export included.

Beside it a bare FastAPI route with the same driver call.
"""

import json
import sys
from pathlib import Path

import httpx

from deploy.bench.collector import collector
from deploy.bench.report import Figure, at_least
from deploy.bench.system import System, system
from deploy.bench.wire import WireClient
from deploy.local.ports import free_ports
from deploy.local.process import ChildProcess
from deploy.local.servers import PROJECT

SECONDS = 4.0
ROUNDS = 3


async def measure(folder: Path) -> list[Figure]:
    """Alternating rounds, best of each; one connection, so that neither side queues."""
    with collector() as spans:
        async with system(folder, environment={"OTLP_ENDPOINT": spans.url}) as running:
            figure = await _measure(running, folder)
    if not spans.traces:
        raise RuntimeError("no span was exported: the product ran without what this measurement includes")
    return [figure]


async def _measure(running: System, folder: Path) -> Figure:
    application_id = await running.confirmed_application()
    path = f"/api/applications/applications/{application_id}"
    tokens = running.practitioner.caller.tokens
    if tokens is None:
        raise RuntimeError("nobody is signed in")
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    port = running.stack.settings.applications_port
    bare = await _start_bare(running, path, headers, folder)
    try:
        ours, by_hand = [], []
        async with WireClient(port, path, headers) as product, WireClient(bare[1], f"/applications/{application_id}", {}) as plain:
            if json.loads(await plain.get()) != json.loads(await product.get()):
                raise RuntimeError("the bare route does not answer with the document")
            for _ in range(ROUNDS):
                ours.append(await product.rate(SECONDS))
                by_hand.append(await plain.rate(SECONDS))
    finally:
        await bare[0].stop()
    return at_least("GET one's application, beside bare FastAPI", max(ours), max(by_hand), 0.8, "answers/s")


async def _start_bare(running: System, path: str, headers: dict[str, str], folder: Path) -> tuple[ChildProcess, int]:
    port = free_ports(1)[0]
    async with httpx.AsyncClient(base_url=running.url_of("applications")) as http:
        answer = (await http.get(path, headers=headers)).raise_for_status()
        owner = (await http.get(f"{running.url_of('identity')}/api/identity/profile", headers=headers)).raise_for_status().json()
    (folder / "answer.json").write_text(answer.text)
    environment = {
        "PYTHONPATH": str(PROJECT),
        "BENCH_MONGO_URL": running.stack.mongo["applications"].url,
        "BENCH_ANSWER_FILE": str(folder / "answer.json"),
        "BENCH_OWNER": str(owner["person_id"]),
    }

    async def is_ready() -> bool:
        async with httpx.AsyncClient() as http:
            try:
                return (await http.get(f"http://127.0.0.1:{port}/openapi.json")).is_success
            except httpx.TransportError:
                return False

    command = [sys.executable, "-m", "uvicorn", "deploy.bench.bare_api:app", "--port", str(port), "--loop", "uvloop", "--no-access-log"]
    process = ChildProcess(name="bare", command=command, log_file=folder / "bare.log", is_ready=is_ready, environment=environment)
    process.start()
    await process.wait_ready()
    return process, port
