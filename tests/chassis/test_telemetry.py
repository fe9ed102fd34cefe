"""One server span per request, with the driver's spans below it, and nothing in it that says who somebody is."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chassis import problems, telemetry
from chassis.auth import anyone
from chassis.telemetry import Meters, Telemetry


@pytest.fixture
def measured() -> Iterator[tuple[Telemetry, InMemorySpanExporter]]:
    made = telemetry.set_up("probe")
    exporter = InMemorySpanExporter()
    made.tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield made, exporter
    made.shutdown()


def _app(made: Telemetry) -> FastAPI:
    app = FastAPI(telemetry=made.for_fastapi())

    @app.get("/people/{name}", dependencies=[anyone()])
    async def person(name: str) -> dict[str, Any]:
        with made.tracer.start_as_current_span("inside"):
            return {"name": name, "trace_id": telemetry.trace_id()}

    @app.get("/health/live", dependencies=[anyone()])
    async def live() -> None: ...

    @app.get("/bug", dependencies=[anyone()])
    async def bug() -> None:
        raise RuntimeError("TAINA")

    problems.install(app)
    return app


async def _get(made: Telemetry, url: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(_app(made)), base_url="http://x") as client:
        return await client.get(url, headers=headers)


def _served(exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.kind is trace.SpanKind.SERVER]


@pytest.mark.parametrize("flags", ["01", "00"], ids=["sampled", "a stranger who wants no trace"])
async def test_a_request_continues_the_caller_s_trace(measured: tuple[Telemetry, InMemorySpanExporter], flags: str) -> None:
    made, exporter = measured
    answer = await _get(made, "/people/1", traceparent=f"00-0123456789abcdef0123456789abcdef-0123456789abcdef-{flags}")
    assert answer.json()["trace_id"] == "0123456789abcdef0123456789abcdef"
    inside, served = exporter.get_finished_spans()
    assert (served.name, served.resource.attributes["service.name"]) == ("GET /people/{name}", "probe")
    assert inside.parent is not None
    assert inside.parent.span_id == served.context.span_id


async def test_queries_and_words_of_exceptions_are_not_recorded(measured: tuple[Telemetry, InMemorySpanExporter]) -> None:
    made, exporter = measured
    await _get(made, "/people/1?phone=TAINA")
    answer = await _get(made, "/bug")
    first, second = _served(exporter)
    assert "TAINA" not in first.to_json() + second.to_json()
    assert second.status.status_code is trace.StatusCode.ERROR
    assert answer.json()["trace_id"] == trace.format_trace_id(second.context.trace_id)


async def test_health_checks_are_not_traced(measured: tuple[Telemetry, InMemorySpanExporter]) -> None:
    made, exporter = measured
    await _get(made, "/health/live")
    assert _served(exporter) == []


def test_meters_measure_consumers_and_outbox() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    meters = Meters(provider.get_meter("probe"))
    meters.messages.add(1, {"consumer": "x", "outcome": "done"})
    meters.message_seconds.record(0.1, {"consumer": "x"})
    meters.published.add(1, {"event": "e", "outcome": "confirmed"})
    meters.outbox_lag_seconds.record(0.01, {"event": "e"})
    found = reader.get_metrics_data()
    assert found is not None
    names = {metric.name for resource in found.resource_metrics for scope in resource.scope_metrics for metric in scope.metrics}
    assert names == {"medkabinet.consumer.messages", "medkabinet.consumer.duration", "medkabinet.outbox.published", "medkabinet.outbox.lag"}
    provider.shutdown()


def test_outside_of_any_span_there_is_no_trace() -> None:
    assert telemetry.trace_id() is None
