"""An OTLP/HTTP collector inside the test: keeps every span any process sends."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from fastapi import FastAPI, Request, Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse


@dataclass(frozen=True)
class CollectedSpan:
    """What the tests look at."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    attributes: dict[str, str]


@dataclass
class Collector:
    """All spans so far."""

    url: str
    spans: list[CollectedSpan] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def of_trace(self, trace_id: str) -> list[CollectedSpan]:
        return [span for span in self.spans if span.trace_id == trace_id]

    def take(self, body: bytes) -> None:
        self.raw.append(body)
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next((a.value.string_value for a in of_resource.resource.attributes if a.key == "service.name"), "")
            for of_scope in of_resource.scope_spans:
                self.spans += [
                    CollectedSpan(
                        service=service,
                        name=span.name,
                        trace_id=span.trace_id.hex(),
                        span_id=span.span_id.hex(),
                        parent_id=span.parent_span_id.hex(),
                        kind=span.kind,
                        attributes={a.key: a.value.string_value for a in span.attributes},
                    )
                    for span in of_scope.spans
                ]


@asynccontextmanager
async def running_collector() -> AsyncIterator[Collector]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    collector = Collector(f"http://127.0.0.1:{listener.getsockname()[1]}")
    app = FastAPI()

    @app.post("/v1/traces")
    async def traces(request: Request) -> Response:
        body = await request.body()
        collector.take(gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body)
        return Response(ExportTraceServiceResponse().SerializeToString(), media_type="application/x-protobuf")

    @app.post("/v1/metrics")
    async def metrics() -> Response:
        return Response(b"", media_type="application/x-protobuf")

    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    async with _serving(server, listener):
        yield collector


@asynccontextmanager
async def _serving(server: uvicorn.Server, listener: socket.socket) -> AsyncIterator[None]:
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
        listener.close()
