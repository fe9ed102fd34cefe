"""Access tokens: who signs them, which keys verify them."""

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from chassis.clock import Clock
from chassis.errors import Unavailable
from contracts.roles import Role, Scope

ISSUER = "medkabinet"
AUDIENCE = "medkabinet"
ALGORITHM = "Ed25519"
"""RFC 9864's name. It is also the only one accepted: the name in a token's header chooses nothing."""
TYPE = "at+jwt"
"""RFC 9068's name of access tokens: no other token signed with the same key is taken for one."""

_NO_KEYS_RETRY_SECONDS = 2

log = structlog.get_logger(__name__)


class TokenSigner:
    """Makes access tokens with one Ed25519 private key; `jwks()` is what verifies them."""

    def __init__(self, key: OKPKey, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        self.key_id = key.thumbprint()

    @classmethod
    def generate(cls, clock: Clock) -> Self:
        """A signer with a fresh key."""
        return cls(OKPKey.generate_key("Ed25519"), clock)

    @classmethod
    def from_json(cls, private_jwk: str, clock: Clock) -> Self:
        """A signer from a private JWK as JSON text; ValueError when it is not one."""
        key = OKPKey.import_key(json.loads(private_jwk))
        if not key.is_private or key.curve_name != "Ed25519":
            raise ValueError("not a private Ed25519 key")
        return cls(key, clock)

    def private_jwk(self) -> str:
        """The private key as JSON text, for a secret file."""
        return json.dumps(self._key.as_dict(private=True))

    def public_jwk(self) -> dict[str, Any]:
        """The public half as one member of a JWKS."""
        return {**self._key.as_dict(private=False), "kid": self.key_id, "use": "sig", "alg": ALGORITHM}

    def jwks(self) -> dict[str, Any]:
        """The public half as a whole JWKS."""
        return {"keys": [self.public_jwk()]}

    def issue(
        self,
        person_id: UUID,
        *,
        roles: Collection[Role],
        session_id: UUID,
        factors: Mapping[str, datetime],
        lifetime: timedelta,
        scope: Scope | None = None,
    ) -> str:
        """An access token valid from now for `lifetime`; with a scope it is a limited one and names no role."""
        now = self._clock.now()
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(person_id),
            "sid": str(session_id),
            "roles": sorted(roles) if scope is None else [],
            "factors": {name: int(at.timestamp()) for name, at in factors.items()},
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
            "jti": str(uuid4()),
        }
        if scope is not None:
            claims["scope"] = str(scope)
        return self.sign(claims)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token of exactly these claims."""
        return jwt.encode({"alg": ALGORITHM, "typ": TYPE, "kid": self.key_id}, dict(claims), self._key, algorithms=[ALGORITHM])


class JwksCache:
    """The issuer's public keys. Old ones keep working while the issuer is down; a stale set is renewed without making anybody wait."""

    def __init__(self, url: str, client: httpx.AsyncClient, *, lifetime_seconds: float, pause_seconds: float = 5) -> None:
        self._url = url
        self._client = client
        self._lifetime_seconds = lifetime_seconds
        self._pause_seconds = pause_seconds
        self._keys: dict[str, OKPKey] = {}
        self._loaded_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None

    async def key(self, key_id: str) -> OKPKey | None:
        """The key of that id; None when the issuer does not have it; `Unavailable` when no key was ever fetched."""
        if key_id not in self._keys:
            await self._renew()
            if not self._keys:
                raise Unavailable("Вход временно недоступен. Повторите через несколько секунд.", retry_after_seconds=_NO_KEYS_RETRY_SECONDS)
        elif monotonic() - self._loaded_at > self._lifetime_seconds and (self._renewal is None or self._renewal.done()):
            self._renewal = asyncio.create_task(self._renew())
        return self._keys.get(key_id)

    async def aclose(self) -> None:
        """Stop renewing. The client stays its owner's."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)

    async def _renew(self) -> None:
        """Fetch once for all who wait; never more often than the pause, whatever is asked for."""
        async with self._lock:
            if monotonic() - self._tried_at < self._pause_seconds:
                return
            try:
                answer = await self._client.get(self._url)
                answer.raise_for_status()
                self._keys = dict(_public_keys(answer.json()))
                self._loaded_at = monotonic()
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, AttributeError, JoseError) as error:
                log.warning("jwks-not-fetched", error=type(error).__name__, known_keys=len(self._keys))
            self._tried_at = monotonic() if self._keys else monotonic() - self._pause_seconds + min(0.5, self._pause_seconds)


def _public_keys(jwks: dict[str, Any]) -> Iterator[tuple[str, OKPKey]]:
    for member in jwks["keys"]:
        if member.get("kty") == "OKP" and member.get("crv") == "Ed25519":
            yield str(member["kid"]), OKPKey.import_key({name: member[name] for name in ("kty", "crv", "x")})
