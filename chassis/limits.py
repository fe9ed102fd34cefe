"""Rate limits by person or address, shared by all replicas through the service's own database."""

import hashlib
import hmac
import math
from collections.abc import Mapping
from time import time
from typing import TYPE_CHECKING, Any, Literal

from fastapi import Depends, FastAPI, Request
from limits import RateLimitItem, parse
from limits.aio.storage import MongoDBStorage
from limits.aio.strategies import MovingWindowRateLimiter

from chassis.errors import TooManyRequests

if TYPE_CHECKING:
    from chassis.auth import Authenticator

COLLECTION = "rate_windows"
_UNKNOWN_ADDRESS = "unknown"

By = Literal["address", "principal"]


class RateLimiter:
    """Counts in moving windows. What is counted is kept as a keyed hash: neither addresses nor names can be read from the store."""

    def __init__(self, storage: MongoDBStorage, *, hash_key: bytes, rates: Mapping[str, str] | None = None) -> None:
        self._storage = storage
        self._strategy = MovingWindowRateLimiter(storage)
        self._hash_key = hash_key
        self._rates = {name: parse(rate) for name, rate in (rates or {}).items()}
        self._parsed: dict[str, RateLimitItem] = {}

    async def hit(self, name: str, subject: str, *, rate: str) -> None:
        """Count one use of `name` by `subject`; `TooManyRequests` with the seconds to wait when `rate` (or the setting's) is used up."""
        limit = self.rate(name, rate)
        key = hmac.digest(self._hash_key, f"{name}\n{subject}".encode(errors="surrogatepass"), hashlib.sha256).hex()
        if await self._strategy.hit(limit, name, key):
            return
        # not the strategy's statistics: they fail when the window has emptied since
        began_at, _ = await self._storage.get_moving_window(limit.key_for(name, key), limit.amount, limit.get_expiry())
        wait = max(1, math.ceil((began_at or 0) + limit.get_expiry() - time()))
        raise TooManyRequests(f"Слишком много попыток. Повторите через {wait} с.", retry_after_seconds=wait)

    def close(self) -> None:
        """Close the store's own connections."""
        self._storage.storage.close()

    def rate(self, name: str, default: str) -> RateLimitItem:
        """The rate of the settings, else the default."""
        found = self._rates.get(name) or self._parsed.get(default)
        if found is None:
            found = self._parsed[default] = parse(default)
        return found


def mongo_storage(mongo_url: str, database: str, *, server_selection_seconds: float) -> MongoDBStorage:
    """The shared store. Moving windows only: they do not compare with the server's `$$NOW`."""
    return MongoDBStorage(
        f"async+{mongo_url}",
        database_name=database,
        counter_collection_name="rate_counters",
        window_collection_name=COLLECTION,
        serverSelectionTimeoutMS=int(server_selection_seconds * 1000),
    )


class _Limited:
    """The marker of a limited route, and the count itself."""

    def __init__(self, name: str, rate: str, by: By) -> None:
        parse(rate)
        self.name = name
        self._rate = rate
        self._by = by

    async def __call__(self, request: Request) -> None:
        limiter: RateLimiter = request.app.state.limiter
        authenticator: Authenticator = request.app.state.authenticator
        if self._by == "principal":
            subject = str((await authenticator.principal(request)).id)
        else:
            subject = authenticator.address(request) or _UNKNOWN_ADDRESS
        await limiter.hit(self.name, subject, rate=self._rate)


def limited(name: str, rate: str, *, by: By = "address") -> Any:
    """At most `rate` ("30/minute") per address or signed-in person: `dependencies=[limited("sign-in", "30/minute", by="address")]`.

    `settings.rate_limits[name]` overrides the rate.
    """
    return Depends(_Limited(name, rate, by))


def is_limited(call: Any) -> bool:
    """Whether a route's dependency is such a marker."""
    return isinstance(call, _Limited)


def install(app: FastAPI, limiter: RateLimiter) -> None:
    """Give the app's routes their limiter."""
    app.state.limiter = limiter
