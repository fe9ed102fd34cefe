"""A circuit breaker with a bulkhead: a dead or slow neighbour occupies few callers and is left alone for a while."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class CircuitBreaker:
    """Opens after some failures in a row; past the pause one caller at a time finds out whether it is over.

    A caller that awaits between asking `busy_seconds` and entering `attempt` may find others in before it.
    """

    failures_to_open: int
    pause_seconds: float
    concurrency: int | None = None
    monotonic: Callable[[], float] = time.monotonic
    _in_flight: int = 0
    _failed_in_a_row: int = 0
    _open_until: float = 0

    def busy_seconds(self) -> float | None:
        """How long to leave the neighbour alone, None if it can be asked now."""
        now = self.monotonic()
        if now < self._open_until:
            return self._open_until - now
        is_probing = self._failed_in_a_row >= self.failures_to_open and self._in_flight > 0
        is_full = self.concurrency is not None and self._in_flight >= self.concurrency
        return 1.0 if is_probing or is_full else None

    @contextmanager
    def attempt(self, failure: type[Exception]) -> Iterator[None]:
        """One call; only the named error is a failure of the neighbour, a cancelled call says nothing of it."""
        self._in_flight += 1
        try:
            yield
        except failure:
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= self.failures_to_open:
                self._open_until = self.monotonic() + self.pause_seconds
            raise
        except Exception:
            self._failed_in_a_row = 0
            raise
        else:
            self._failed_in_a_row = 0
        finally:
            self._in_flight -= 1
