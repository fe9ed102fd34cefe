"""Sessions that ended before their last access token did: the issuer lists them, every process keeps the list fresh."""

import asyncio
from uuid import UUID

import httpx
import structlog
from opentelemetry.instrumentation.utils import suppress_instrumentation

log = structlog.get_logger(__name__)


class EndedSessions:
    """The issuer's list, polled. While the issuer is away the last list stays: tokens end by themselves minutes later."""

    def __init__(self, url: str, client: httpx.AsyncClient, *, poll_seconds: float) -> None:
        self._url = url
        self._client = client
        self._poll_seconds = poll_seconds
        self._ids: frozenset[UUID] = frozenset()
        self._is_known = True

    def __contains__(self, session_id: object) -> bool:
        return session_id in self._ids

    async def run(self) -> None:
        """Keep the list fresh until cancelled."""
        while True:
            with suppress_instrumentation():
                await self.renew()
            await asyncio.sleep(self._poll_seconds)

    async def renew(self) -> None:
        """Fetch the list once; a failure keeps the one there is and is logged when it begins."""
        try:
            answer = await self._client.get(self._url, timeout=self._poll_seconds)
            answer.raise_for_status()
            self._ids = frozenset(UUID(session_id) for session_id in answer.json()["session_ids"])
            self._is_known = True
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, AttributeError) as error:
            if self._is_known:
                log.warning("ended-sessions-not-fetched", error=type(error).__name__)
            self._is_known = False
