"""Server-Sent Events: the live notices of the cabinet."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from deploy.journey.gateway import Caller
from deploy.journey.waiting import StillWaiting


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event of the stream."""

    id: str
    event: str
    data: str


async def parse_events(lines: AsyncIterator[str]) -> AsyncIterator[ServerSentEvent]:
    """Events of a stream's lines. Source: HTML Standard, section 9.2.6."""
    event_id, event, data = "", "message", list[str]()
    async for line in lines:
        if not line:
            if data:
                yield ServerSentEvent(event_id, event, "\n".join(data))
            event, data = "message", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            event = value
        elif name == "id":
            event_id = value


@dataclass(slots=True)
class LiveNotices:
    """Notices as they arrive; each can be awaited even if it came before somebody asked."""

    last_event_id: str = ""
    notices: list[dict[str, Any]] = field(default_factory=list)
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    _failure: BaseException | None = None

    async def wait_for(self, wanted: Callable[[dict[str, Any]], bool], what: str, *, timeout_seconds: float = 20) -> dict[str, Any]:
        """The first notice that is wanted."""
        try:
            async with asyncio.timeout(timeout_seconds), self._arrived:
                while True:
                    for notice in self.notices:
                        if wanted(notice):
                            return notice
                    if self._failure is not None:
                        raise StillWaiting(f"{what}: поток уведомлений оборвался") from self._failure
                    await self._arrived.wait()
        except TimeoutError:
            seen = [notice.get("kind") for notice in self.notices]
            raise StillWaiting(f"{what}: не дождались за {timeout_seconds:g} с; пришли {seen}") from None

    async def _follow(self, lines: AsyncIterator[str]) -> None:
        try:
            async for event in parse_events(lines):
                if event.event == "notice":
                    self.last_event_id = event.id
                    await self._remember(json.loads(event.data))
        except BaseException as failure:
            self._failure = failure
            raise
        finally:
            async with self._arrived:
                self._arrived.notify_all()

    async def _remember(self, notice: dict[str, Any]) -> None:
        async with self._arrived:
            self.notices.append(notice)
            self._arrived.notify_all()


@asynccontextmanager
async def live_notices(caller: Caller, *, last_event_id: str = "") -> AsyncIterator[LiveNotices]:
    """Follow the caller's notices in the background."""
    live = LiveNotices(last_event_id=last_event_id)
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    async with caller.stream("/api/notifications/stream", **headers) as response:
        task = asyncio.create_task(live._follow(response.aiter_lines()))  # noqa: SLF001  # the class and this function are one
        try:
            yield live
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
