"""One caller of the gateway: tokens, idempotency keys, problems as exceptions."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Refused(Exception):  # reads as what happened
    """The product said no, with a problem document (RFC 9457)."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        is_problem = response.headers.get("Content-Type", "").startswith("application/problem+json")
        self.problem: dict[str, Any] = response.json() if is_problem else {}
        request = response.request
        super().__init__(f"{request.method} {request.url.path}: {self.status} {self.code} {self.detail} {self.errors}")

    @property
    def code(self) -> str:
        """The stable code."""
        return str(self.problem.get("code", ""))

    @property
    def detail(self) -> str:
        """The sentence for people."""
        return str(self.problem.get("detail", ""))

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The single wrong values."""
        return list(self.problem.get("errors") or [])


@dataclass(slots=True)
class Tokens:
    """What a session holds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


@dataclass(slots=True)
class Caller:
    """Somebody at the gateway, signed in or not."""

    http: httpx.AsyncClient
    tokens: Tokens | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with every call; a test adds `traceparent`."""
    step_up: Callable[[], Awaitable[None]] | None = field(default=None, repr=False)
    """How a fresh second factor is given when an answer asks for one; None refuses."""

    async def call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **request: Any) -> httpx.Response:
        """One request; a spent access token is renewed once, a fresh second factor is given once if the answer asks for it.

        Raises `Refused` for any answer but success.
        """
        sent = self.headers | dict(headers or {})
        if method in UNSAFE:
            sent.setdefault("Idempotency-Key", str(uuid4()))
        response = await self.http.request(method, path, headers=sent | self._authorization(), **request)
        if response.status_code == httpx.codes.UNAUTHORIZED and self.tokens is not None:
            await self._renew()
            response = await self.http.request(method, path, headers=sent | self._authorization(), **request)
        if self.step_up is not None and _asks_for_step_up(response):
            await self.step_up()
            response = await self.http.request(method, path, headers=sent | self._authorization(), **request)
        if not response.is_success:
            raise Refused(response)
        return response

    async def get(self, path: str, **request: Any) -> Any:
        """The JSON of a resource."""
        return (await self.call("GET", path, **request)).json()

    async def post(self, path: str, body: Any = None, **request: Any) -> Any:
        """Create or do something; the answer's JSON, None when it has no body."""
        return _json(await self.call("POST", path, json=body, **request))

    async def put(self, path: str, body: Any = None, **request: Any) -> Any:
        """Replace something; the answer's JSON, None when it has no body."""
        return _json(await self.call("PUT", path, json=body, **request))

    @asynccontextmanager
    async def stream(self, path: str, **headers: str) -> AsyncIterator[httpx.Response]:
        """An answer that is read while it comes."""
        sent = self.headers | headers | self._authorization()
        async with self.http.stream("GET", path, headers=sent, timeout=httpx.Timeout(10, read=60)) as response:
            if not response.is_success:
                await response.aread()
                raise Refused(response)
            yield response

    def _authorization(self) -> dict[str, str]:
        return {} if self.tokens is None else {"Authorization": f"Bearer {self.tokens.access_token}"}

    async def _renew(self) -> None:
        spent, self.tokens = self.tokens, None
        if spent is not None:
            fresh = await self.post("/api/identity/tokens", {"refresh_token": spent.refresh_token})
            self.tokens = Tokens(fresh["access_token"], fresh["refresh_token"])


def _asks_for_step_up(response: httpx.Response) -> bool:
    return response.status_code == httpx.codes.FORBIDDEN and Refused(response).code == "step-up-required"


def _json(response: httpx.Response) -> Any:
    return response.json() if response.content else None
