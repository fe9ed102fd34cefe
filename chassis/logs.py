"""JSON log lines on standard output: an event name, ids, the trace. Never a body, a command, a document or the words of an exception."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import trace
from structlog.stdlib import ProcessorFormatter
from structlog.types import EventDict, Processor

_FRAMES = 12
_MAX_EVENT_LENGTH = 300
_QUIET = {
    "uvicorn.access": logging.CRITICAL,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "aiormq": logging.ERROR,
    "pymongo": logging.WARNING,
}
_TRUSTED = ("uvicorn", "asyncio", "faststream", "chassis", "services", "deploy")
"""Libraries whose messages are ours or about connections only; of others the template is logged, not what was put into it."""


def set_up(service: str, level: str = "info") -> None:
    """Send structlog and the standard library's loggers to standard output as JSON. Safe to call again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Service(service),
        _add_trace,
        _exception_without_words,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[_only_template, *shared],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=_name_only),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(("uvicorn", "faststream", "aio_pika", "aiormq")):
            logging.getLogger(name).handlers = []
            logging.getLogger(name).propagate = True
    for name, quiet_level in _QUIET.items():
        logging.getLogger(name).setLevel(quiet_level)
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # else a malformed call is printed together with its arguments


class _Service:
    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        event["service"] = self._name
        return event


def _add_trace(_logger: Any, _method: str, event: EventDict) -> EventDict:
    present = trace.get_current_span().get_span_context()
    if present.is_valid:
        event["trace_id"] = trace.format_trace_id(present.trace_id)
        event["span_id"] = trace.format_span_id(present.span_id)
    return event


def _exception_without_words(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Class and places of an exception and of what caused it; messages hold what people sent (pydantic, drivers)."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"] = _described(error)
    event.pop("exc_text", None)
    event.pop("stack_info", None)
    return event


def _described(error: BaseException | None) -> list[MutableMapping[str, Any]]:
    chain: list[MutableMapping[str, Any]] = []
    while error is not None and len(chain) < _FRAMES:
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        kind = type(error)
        chain.append(
            {"type": f"{kind.__module__}.{kind.__qualname__}", "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]}
        )
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return chain


def _only_template(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """What a library says: with its arguments when it is trusted and nothing failed, else the bare template or the kind of failure."""
    record: logging.LogRecord = event["_record"]
    if record.exc_info and record.exc_info[1] is not None:
        event["event"] = "library-exception"
    elif record.name == "py.warnings":
        event["event"] = "python-warning"
    elif not record.name.startswith(_TRUSTED):
        event["event"] = str(record.msg)
    event["event"] = event["event"][:_MAX_EVENT_LENGTH]
    return event


def _name_only(value: Any) -> str:
    """What JSON cannot hold is named, never printed."""
    return f"<{type(value).__name__}>"
