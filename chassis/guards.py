"""Limits of size and time around every request, as plain ASGI: nothing is buffered."""

import asyncio
from collections.abc import Iterator
from re import Pattern
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.auth import calls_of
from chassis.errors import PayloadTooLarge
from chassis.problems import answer

_TIMEOUT_KEY = "medkabinet.timeout"


class _BodyLimit:
    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes

    async def __call__(self) -> None:
        """Nothing to do per request: `BodyLimitMiddleware` reads the marker."""


class _TimeLimit:
    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds

    async def __call__(self, request: Request) -> None:
        timeout: asyncio.Timeout | None = request.scope.get(_TIMEOUT_KEY)
        if timeout is not None:
            timeout.reschedule(None if self._seconds is None else asyncio.get_running_loop().time() + self._seconds)


def body_limit(limit_bytes: int) -> Any:
    """Let the route take bodies of at most so many bytes instead of the service's default: `dependencies=[body_limit(10 * MIB)]`."""
    return Depends(_BodyLimit(limit_bytes))


def time_limit(seconds: float | None) -> Any:
    """Let the route take so long instead of the service's default; None for streams without an end (SSE)."""
    return Depends(_TimeLimit(seconds))


class BodyLimitMiddleware:
    """Refuses a body that is, or claims to be, larger than its route allows. Counts what really arrives, whatever Content-Length says."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int, owner: FastAPI) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._owner = owner
        self._own_limits: list[tuple[Pattern[str], set[str], int]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope)
        claimed = Headers(scope=scope).get("content-length", "")
        if claimed.isdecimal() and int(claimed[:20]) > limit:
            await answer(scope, too_large(limit))(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise too_large(limit)
            return message

        await self._app(scope, counted, send)

    def _limit_of(self, scope: Scope) -> int:
        if self._own_limits is None:
            self._own_limits = list(_own_limits(self._owner))
        for pattern, methods, limit in self._own_limits:
            if scope["method"] in methods and pattern.match(scope["path"]):
                return limit
        return self._limit_bytes


def _own_limits(app: FastAPI) -> Iterator[tuple[Pattern[str], set[str], int]]:
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        if dependant is not None:
            for call in calls_of(dependant):
                if isinstance(call, _BodyLimit):
                    yield route.path_regex, set(route.methods or ()), call.limit_bytes


def too_large(limit_bytes: int) -> PayloadTooLarge:
    """The refusal, with the limit as people and as programs read it."""
    return PayloadTooLarge(f"Слишком большой запрос: допустимо не более {limit_bytes} байт.", limit_bytes=limit_bytes)


class TimeLimitMiddleware:
    """Ends a request that takes too long with 503; a route sets its own limit by `time_limit`."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_started = False

        async def noted(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await send(message)

        limit = asyncio.timeout(self._seconds)
        try:
            async with limit as scope[_TIMEOUT_KEY]:
                await self._app(scope, receive, noted)
        except TimeoutError as error:
            if is_started or not limit.expired():
                raise
            await answer(scope, error)(scope, receive, send)


def install(app: FastAPI, *, body_limit_bytes: int, request_timeout_seconds: float) -> None:
    """Put both limits around the app."""
    app.add_middleware(BodyLimitMiddleware, limit_bytes=body_limit_bytes, owner=app)
    app.add_middleware(TimeLimitMiddleware, seconds=request_timeout_seconds)
