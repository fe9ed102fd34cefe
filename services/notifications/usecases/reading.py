"""What people do with their notices: list, read, act, follow live, choose channels."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.transaction import atomic
from services.notifications.domain import Channel, Notice, Recipient, check_preferences
from services.notifications.usecases.base import Base
from services.notifications.usecases.streaming import Listener

_BATCH = 100
_HINT_PAUSE_SECONDS = 1


class Reading(Base):
    """Use-cases behind the HTTP routes; the person is part of every query."""

    __slots__ = ()

    async def list_notices(self, recipient_id: UUID, *, before: int | None, is_unread: bool | None, limit: int) -> list[Notice]:
        """Newest first, below the sequence `before`."""
        return await self.notices.newest(recipient_id, before=before, is_unread=is_unread, limit=limit)

    async def get_notice(self, notice_id: UUID, *, recipient_id: UUID) -> Notice:
        """One notice of the person."""
        return await self.notices.get(notice_id, recipient_id=recipient_id)

    @atomic
    async def mark_read(self, notice_id: UUID, *, recipient_id: UUID) -> None:
        """The person has seen it."""
        async with self.begin() as tx:
            notice = await self.notices.get(notice_id, recipient_id=recipient_id, tx=tx)
            seen = notice.read(at=self.now())
            if seen is not notice:
                await self.notices.save(tx, seen)

    @atomic
    async def mark_acted(self, notice_id: UUID, *, recipient_id: UUID) -> None:
        """The person did what the notice asks for; it is not repeated any more."""
        async with self.begin() as tx:
            notice = await self.notices.get(notice_id, recipient_id=recipient_id, tx=tx)
            acted = notice.act(at=self.now())
            if acted is not notice:
                await self.notices.save(tx, acted)
                await self._stop_repeating(tx, acted)

    async def get_recipient(self, recipient_id: UUID) -> Recipient:
        """The person with their preferences."""
        return await self.recipients.find(recipient_id)

    @atomic
    async def choose_channels(self, recipient_id: UUID, wished: Mapping[str, tuple[Channel, ...]]) -> Recipient:
        """Replace the person's preferences; kinds not named return to their defaults."""
        check_preferences(wished)
        async with self.begin() as tx:
            await self.recipients.save_preferences(tx, recipient_id, wished)
        return Recipient(id=recipient_id, preferences=dict(wished))

    async def open_stream(self, recipient_id: UUID, *, after: int | None) -> int:
        """The sequence a stream starts after: what the person saw last, else now. Raises `TooManyStreams`."""
        self.bell.check_room(recipient_id)
        newest = (await self.recipients.find(recipient_id)).sequence
        return newest if after is None else min(after, newest)

    async def follow(
        self, recipient_id: UUID, *, after: int, until: datetime, stopped: Callable[[], Coroutine[Any, Any, object]]
    ) -> AsyncGenerator[Notice, None]:
        """The person's notices above the sequence, in order, as they are committed; until the moment, or until `stopped` returns."""
        with self.bell.listening(recipient_id) as listener:
            stopping = asyncio.create_task(stopped())
            stopping.add_done_callback(lambda _: listener.end())
            try:
                async for notice in self._heard(listener, recipient_id, after, until):
                    yield notice
            finally:
                stopping.cancel()

    async def _heard(self, listener: Listener, recipient_id: UUID, after: int, until: datetime) -> AsyncGenerator[Notice, None]:
        has_missed = True
        while not listener.is_over:
            while listener.heard:
                notice = listener.heard.popleft()
                if notice.sequence == after + 1:
                    after = notice.sequence
                    yield notice
                has_missed = has_missed or notice.sequence > after
            while has_missed:
                batch = await self.notices.after(recipient_id, after, limit=_BATCH)
                for notice in batch:
                    after = notice.sequence
                    yield notice
                has_missed = len(batch) == _BATCH
            left = (until - self.now()).total_seconds()
            if left <= 0:
                return
            if not listener.heard:
                has_missed = not await listener.wait(min(left, self.terms.stream_poll_seconds))

    async def hear_other_replicas(self) -> None:
        """Wake this process' streams by what any replica commits; runs for ever. While the store is away streams look for themselves."""
        while True:
            async for notice in self.notices.inserted():
                self.bell.ring(notice)
            await asyncio.sleep(_HINT_PAUSE_SECONDS)
