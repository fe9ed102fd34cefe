"""Traces and metrics of one process: set-up, what is measured, and an orderly end. No statement, body or query string is recorded."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry import context as otel_context
from opentelemetry import metrics, propagate, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

INSTRUMENTATION = "medkabinet.chassis"
_FLUSH_MILLIS = 5_000
_EXPORT_INTERVAL_MILLIS = 10_000
_UNTRACED = ("/health/live", "/health/ready")
_SAMPLER = ParentBased(ALWAYS_ON, remote_parent_not_sampled=ALWAYS_ON)
"""A stranger's header may continue a trace, but not switch it off."""
_PERSONAL = ("url.query", "client.address", "client.port", "user_agent.original", "network.peer.address", "network.peer.port")


def trace_id() -> str | None:
    """The present trace as 32 hexadecimal digits, or None outside any span."""
    present = trace.get_current_span().get_span_context()
    return trace.format_trace_id(present.trace_id) if present.is_valid else None


class _Scrub(SpanProcessor):
    """Empties attributes that may say who somebody is, before anything else sees the span."""

    def on_start(self, span: Span, parent_context: otel_context.Context | None = None) -> None:  # noqa: ARG002 - the interface
        for name in _PERSONAL:
            if span.attributes is not None and name in span.attributes:
                span.set_attribute(name, "")

    def on_end(self, span: ReadableSpan) -> None:
        """Nothing: the span can no longer be changed."""


@dataclass(frozen=True, slots=True)
class Meters:
    """Rate, errors and duration of consumers and of the outbox; those of routes are measured by FastAPI itself."""

    meter: metrics.Meter
    messages: metrics.Counter = field(init=False)
    """Deliveries by `consumer` and `outcome` (done, repeated, retried, dead)."""
    message_seconds: metrics.Histogram = field(init=False)
    """Time from delivery to acknowledgement by `consumer`."""
    published: metrics.Counter = field(init=False)
    """Outbox rows by `event` and `outcome` (confirmed, failed, parked)."""
    outbox_rows: metrics._Gauge = field(init=False)
    """Outbox rows that wait, by `service` and `state` (pending, parked)."""
    outbox_lag_seconds: metrics.Histogram = field(init=False)
    """Time from commit to confirm by `event`."""

    def __post_init__(self) -> None:
        meter = self.meter
        set_field = object.__setattr__
        set_field(self, "messages", meter.create_counter("medkabinet.consumer.messages", description="Messages by outcome"))
        set_field(self, "message_seconds", meter.create_histogram("medkabinet.consumer.duration", unit="s"))
        set_field(self, "published", meter.create_counter("medkabinet.outbox.published", description="Outbox rows by outcome"))
        set_field(self, "outbox_rows", meter.create_gauge("medkabinet.outbox.rows", description="Rows that are not published"))
        set_field(self, "outbox_lag_seconds", meter.create_histogram("medkabinet.outbox.lag", unit="s"))


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The providers of one service."""

    tracer_provider: TracerProvider
    meter_provider: MeterProvider
    tracer: trace.Tracer
    meters: Meters

    def for_fastapi(self) -> TelemetryConfig:
        """What `FastAPI(telemetry=...)` takes: one server span and the RED metrics per request, nothing for health checks.

        Its log records stay off: they hold messages of exceptions, and those may hold what a person sent.
        """
        return {
            "tracer_provider": self.tracer_provider,
            "meter_provider": self.meter_provider,
            "tracing": True,
            "metrics": True,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
            "exclude": _is_health,
        }

    def shutdown(self) -> None:
        """Send what is still held and stop. Blocks for at most some seconds; later spans are dropped."""
        self.tracer_provider.force_flush(_FLUSH_MILLIS)
        self.tracer_provider.shutdown()
        self.meter_provider.shutdown(_FLUSH_MILLIS)


def set_up(service: str, *, otlp_endpoint: str | None = None) -> Telemetry:
    """Tracing and metrics of `service`, exported to the collector's base URL, if there is one.

    The first call of a process also becomes its global provider and instruments the MongoDB driver: call it before any client is made.
    """
    resource = Resource.create({"service.name": service, "service.namespace": "medkabinet"})
    tracer_provider = TracerProvider(resource=resource, sampler=_SAMPLER, shutdown_on_exit=False)
    tracer_provider.add_span_processor(_Scrub())
    readers: list[MetricReader] = []
    if otlp_endpoint is not None:
        base = otlp_endpoint.rstrip("/")
        tracer_provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{base}/v1/traces")))
        exporter = OTLPMetricExporter(endpoint=f"{base}/v1/metrics")
        readers.append(PeriodicExportingMetricReader(exporter, export_interval_millis=_EXPORT_INTERVAL_MILLIS))
    meter_provider = MeterProvider(metric_readers=readers, resource=resource, shutdown_on_exit=False)
    instrumentor = PymongoInstrumentor()
    if not instrumentor.is_instrumented_by_opentelemetry:
        # Baggage is whatever a client wrote: it must not reach the outbox and the bus.
        propagate.set_global_textmap(TraceContextTextMapPropagator())
        trace.set_tracer_provider(tracer_provider)
        metrics.set_meter_provider(meter_provider)
        instrumentor.instrument(capture_statement=False)
    return Telemetry(
        tracer_provider, meter_provider, tracer_provider.get_tracer(INSTRUMENTATION), Meters(meter_provider.get_meter(INSTRUMENTATION))
    )


def _is_health(scope: MutableMapping[str, Any]) -> bool:
    return scope.get("path") in _UNTRACED
