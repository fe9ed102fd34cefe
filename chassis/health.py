"""Is the process alive, and can it do its work now."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import structlog
from fastapi import APIRouter
from pydantic import BaseModel

from chassis.auth import anyone
from chassis.errors import Unavailable

Check = Callable[[], Awaitable[object]]
"""Fine when it returns; False or any exception is a failure."""

_CHECK_SECONDS = 2.0
_RETRY_AFTER_SECONDS = 2

log = structlog.get_logger(__name__)


class NotReady(Unavailable):
    """Something the service cannot work without does not answer; `failing` names it."""

    code = "not-ready"


class Health(BaseModel):
    """The answer when all is well."""

    status: Literal["alive", "ready"]


class Readiness:
    """Named checks of what the service depends on. While it is stopping it is never ready, so that no new request is routed to it."""

    def __init__(self, checks: Mapping[str, Check], *, timeout_seconds: float = _CHECK_SECONDS) -> None:
        self._checks = dict(checks)
        self._timeout_seconds = timeout_seconds
        self._is_stopping = False
        self._last_failing: list[str] = []

    def add(self, name: str, check: Check) -> None:
        """One more thing the service cannot work without."""
        self._checks[name] = check

    def stop(self) -> None:
        """From now on not ready."""
        self._is_stopping = True

    async def failing(self) -> list[str]:
        """Names of the checks that fail now, all asked at once."""
        if self._is_stopping:
            return ["stopping"]
        names = list(self._checks)
        results = await asyncio.gather(*(self._is_fine(name) for name in names))
        failing = [name for name, is_fine in zip(names, results, strict=True) if not is_fine]
        if failing != self._last_failing:
            (log.warning if failing else log.info)("readiness-changed", failing=failing)
            self._last_failing = failing
        return failing

    async def _is_fine(self, name: str) -> bool:
        async def run() -> object:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._checks[name]()

        (result,) = await asyncio.gather(run(), return_exceptions=True)
        return not isinstance(result, BaseException) and result is not False


def health_router(readiness: Readiness) -> APIRouter:
    """`/health/live` and `/health/ready`, for everybody."""
    router = APIRouter(prefix="/health", tags=["health"], dependencies=[anyone()])

    @router.get("/live")
    async def live() -> Health:
        """The process answers."""
        return Health(status="alive")

    @router.get("/ready")
    async def ready() -> Health:
        """Everything the service depends on answers; 503 names what does not."""
        failing = await readiness.failing()
        if failing:
            raise NotReady("Сервис ещё не готов.", retry_after_seconds=_RETRY_AFTER_SECONDS, failing=failing)
        return Health(status="ready")

    return router
