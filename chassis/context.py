"""What is true for the one request or message at hand: who caused it, and the answer that waits for its transaction."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """`correlation_id` names the first request of a chain; `causation_id` the event at hand, None for a request."""

    correlation_id: str
    causation_id: str | None = None


current_cause: ContextVar[Cause | None] = ContextVar("current_cause", default=None)
