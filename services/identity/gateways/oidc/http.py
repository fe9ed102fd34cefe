"""Asking a provider: bounded in time and size, tried again where that is harmless."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import stamina
from pydantic import TypeAdapter, ValidationError

_OBJECT = TypeAdapter(dict[str, Any])
_PLAIN = {"Accept": "application/json", "Accept-Encoding": "identity"}
"""No compression: a small answer must not become a large one here."""
_SERVER_ERROR = 500
_TOO_MANY = 429
_CLIENT_ERROR = 400


class ProviderDown(Exception):
    """The provider did not answer, or not with an answer."""


class ProviderNotReached(ProviderDown):
    """The request never got there, or the provider says that it did nothing with it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one provider is waited for, in all and for each answer, and how much it may say."""

    total_seconds: float
    timeout_seconds: float
    tries: int
    retry_wait_seconds: float
    answer_bytes: int


@dataclass(frozen=True, slots=True)
class ProviderClient:
    """JSON from one provider. Raises `ProviderDown` for whatever else comes, or nothing."""

    http: httpx.AsyncClient
    patience: Patience

    async def get(self, url: str, *, bearer: str | None = None) -> dict[str, Any]:
        """What is there now; asked again after any failure."""
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        async for attempt in self._tries(ProviderDown):
            with attempt:
                status, found = await self._send("GET", url, headers=headers)
                if status >= _CLIENT_ERROR:
                    raise ProviderDown(f"status {status}")
                return found
        raise AssertionError("stamina returns or raises")

    async def post(self, url: str, form: Mapping[str, str], *, auth: httpx.Auth | None) -> tuple[int, dict[str, Any]]:
        """Status below 500 and answer; sent again only if nothing was done with it, as a code works once."""
        async for attempt in self._tries(ProviderNotReached):
            with attempt:
                return await self._send("POST", url, data=form, auth=auth)
        raise AssertionError("stamina returns or raises")

    def _tries(self, again: type[ProviderDown]) -> Any:
        wait = self.patience.retry_wait_seconds
        return stamina.retry_context(on=again, attempts=self.patience.tries, wait_initial=wait, wait_jitter=wait, wait_max=wait * 8)

    async def _send(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **sent: Any) -> tuple[int, dict[str, Any]]:
        try:
            async with (
                asyncio.timeout(self.patience.timeout_seconds),
                self.http.stream(method, url, headers=_PLAIN | dict(headers or {}), **sent) as response,
            ):
                content = await self._read(response)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ProviderNotReached(type(error).__name__) from None
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, TimeoutError) as error:
            raise ProviderDown(type(error).__name__) from None
        if response.status_code in (_TOO_MANY, httpx.codes.SERVICE_UNAVAILABLE):
            raise ProviderNotReached(f"status {response.status_code}")
        if response.status_code >= _SERVER_ERROR:
            raise ProviderDown(f"status {response.status_code}")
        try:
            return response.status_code, _OBJECT.validate_json(content)
        except ValidationError:
            raise ProviderDown(f"status {response.status_code} without a JSON object") from None

    async def _read(self, response: httpx.Response) -> bytes:
        content = bytearray()
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > self.patience.answer_bytes:
                raise ProviderDown("answer too large")
        return bytes(content)
