"""Live notices: streams of this process wait here and are woken by the commit itself, or by another replica's change stream."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from services.notifications.domain import Notice, TooManyStreams

_QUEUE = 50
"""Notices kept for one stream between two looks; a stream that missed some reads them from the store."""


@dataclass(slots=True, eq=False)
class Listener:
    """One open stream."""

    heard: deque[Notice] = field(default_factory=lambda: deque(maxlen=_QUEUE))
    is_over: bool = False
    """The service stops; the stream says goodbye."""
    _rung: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, notice: Notice) -> None:
        """Wake the stream with the notice in hand."""
        self.heard.append(notice)
        self._rung.set()

    def end(self) -> None:
        """Wake the stream to end it."""
        self.is_over = True
        self._rung.set()

    async def wait(self, seconds: float) -> bool:
        """Whether something was heard within the time; takes the wake-up."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True


class Bell:
    """Who listens in this process, by person; `limit` streams each."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._listeners: dict[UUID, set[Listener]] = {}

    def ring(self, notice: Notice) -> None:
        """Tell the person's streams of a committed notice; telling twice does no harm."""
        for listener in self._listeners.get(notice.recipient_id, ()):
            listener.hear(notice)

    def check_room(self, recipient_id: UUID) -> None:
        """Raises `TooManyStreams` when the person may open no further stream."""
        if len(self._listeners.get(recipient_id, ())) >= self._limit:
            raise TooManyStreams(
                "Открыто слишком много окон с живыми уведомлениями. Закройте лишние и повторите попытку.", retry_after_seconds=5
            )

    @contextmanager
    def listening(self, recipient_id: UUID) -> Iterator[Listener]:
        """A listener for as long as the block runs."""
        listener = Listener()
        self._listeners.setdefault(recipient_id, set()).add(listener)
        try:
            yield listener
        finally:
            others = self._listeners[recipient_id]
            others.discard(listener)
            if not others:
                del self._listeners[recipient_id]
