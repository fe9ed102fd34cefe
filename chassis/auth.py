"""Who is asking: access tokens, the keys that verify them, and the marker by which every route states who may call it."""

import asyncio
import ipaddress
import json
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from starlette.requests import HTTPConnection

from chassis.clock import Clock
from chassis.errors import Forbidden, Unauthenticated, Unavailable
from contracts.roles import Role

ISSUER = "medkabinet"
AUDIENCE = "medkabinet"
ALGORITHM = "Ed25519"
"""RFC 9864's name. It is also the only one accepted: the name in a token's header chooses nothing."""
CALLERS_OF_PUBLIC_ROUTES = frozenset({"anyone"})
LOOPBACK = ("127.0.0.0/8", "::1/128")

_MAX_TOKEN_LENGTH = 8_192
_MAX_KEY_ID_LENGTH = 200
_CLOCK_LEEWAY_SECONDS = 30
_NO_KEYS_RETRY_SECONDS = 2
_LAST_MOMENT = datetime(9999, 1, 1, tzinfo=UTC).timestamp()

_NEVER = datetime.max.replace(tzinfo=UTC)
_ROLES = {str(role): role for role in Role}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking. `factors` maps a proof ("password", "sms", ...) to when it was given; `address` is where the request came from.

    `expires_at` is when the token ends: what outlives the request (a live stream) ends with it.
    """

    id: UUID
    roles: frozenset[Role]
    session_id: UUID
    factors: Mapping[str, datetime]
    address: str | None
    expires_at: datetime = _NEVER


class InvalidToken(Unauthenticated):
    """The token is malformed, forged, expired or for somebody else."""

    code = "invalid-token"


class RoleMissing(Forbidden):
    """Known, but in none of the roles this route is for."""

    code = "role-missing"


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
    ) -> str:
        """An access token valid from now for `lifetime`."""
        now = self._clock.now()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(person_id),
            "sid": str(session_id),
            "roles": sorted(roles),
            "factors": {name: int(at.timestamp()) for name, at in factors.items()},
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
            "jti": str(uuid4()),
        }
        return self.sign(claims)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token of exactly these claims."""
        return jwt.encode({"alg": ALGORITHM, "kid": self.key_id}, dict(claims), self._key, algorithms=[ALGORITHM])


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


@dataclass(frozen=True, slots=True)
class _Verified:
    id: UUID
    roles: frozenset[Role]
    session_id: UUID
    factors: Mapping[str, datetime]
    issued_at: float
    expires_at: float


class Authenticator:
    """Turns the Authorization header into a `Principal`. A verified token is remembered until it expires (150 us saved on each use)."""

    def __init__(self, keys: JwksCache, clock: Clock, *, trusted_proxies: Sequence[str] = LOOPBACK, remembered: int = 10_000) -> None:
        self._keys = keys
        self._clock = clock
        self._remembered: OrderedDict[str, _Verified] = OrderedDict()
        self._capacity = remembered
        self._proxies = [ipaddress.ip_network(network) for network in trusted_proxies]

    async def principal(self, request: HTTPConnection) -> Principal:
        """Who sent this request; `Unauthenticated` without a good token. Also left in `request.state.principal`."""
        verified = await self._verified(_bearer_token(request))
        found = Principal(
            verified.id, verified.roles, verified.session_id, verified.factors, self.address(request), _moment(verified.expires_at)
        )
        request.state.principal = found
        return found

    def address(self, request: HTTPConnection) -> str | None:
        """The nearest address that is no proxy of ours; what a stranger writes into X-Forwarded-For counts for nothing."""
        nearest = request.client.host if request.client else None
        hops = [hop.strip() for value in request.headers.getlist("x-forwarded-for") for hop in value.split(",")]
        while nearest is not None and hops and self._is_proxy(nearest):
            try:
                nearest = str(ipaddress.ip_address(hops.pop()))
            except ValueError:
                break
        return nearest

    def _is_proxy(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._proxies)

    async def _verified(self, token: str) -> _Verified:
        known = self._remembered.get(token)
        if known is None:
            known = await self._verify(token)
            self._remembered[token] = known
            if len(self._remembered) > self._capacity:
                self._remembered.popitem(last=False)
        else:
            self._remembered.move_to_end(token)
        now = self._clock.now().timestamp()
        if now >= known.expires_at:
            self._remembered.pop(token, None)
            raise InvalidToken("Срок действия входа истёк. Войдите ещё раз.")
        if known.issued_at > now + _CLOCK_LEEWAY_SECONDS:
            raise _bad_token()
        return known

    async def _verify(self, token: str) -> _Verified:
        if len(token) > _MAX_TOKEN_LENGTH:
            raise _bad_token()
        try:
            key_id = jws.extract_compact(token.encode()).headers().get("kid")
            key = await self._keys.key(key_id) if isinstance(key_id, str) and len(key_id) <= _MAX_KEY_ID_LENGTH else None
            if key is None:
                raise _bad_token()
            return _from_claims(jwt.decode(token, key, algorithms=[ALGORITHM]).claims)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            raise _bad_token() from None


def _from_claims(claims: dict[str, Any]) -> _Verified:
    audience = claims["aud"]
    if claims["iss"] != ISSUER or AUDIENCE not in (audience if isinstance(audience, list) else [audience]):
        raise ValueError("issuer or audience")
    known_roles = frozenset(_ROLES[role] for role in claims["roles"] if role in _ROLES)
    factors = {str(name): datetime.fromtimestamp(at, UTC) for name, at in claims["factors"].items()}
    return _Verified(UUID(claims["sub"]), known_roles, UUID(claims["sid"]), factors, float(claims["iat"]), float(claims["exp"]))


def _moment(seconds: float) -> datetime:
    """A far-off end of a token is as good as none."""
    return datetime.fromtimestamp(min(seconds, _LAST_MOMENT), UTC)


def _bearer_token(request: HTTPConnection) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Войдите, чтобы продолжить.")
    return token.strip()


def _bad_token() -> InvalidToken:
    return InvalidToken("Подтверждение входа не принято. Войдите ещё раз.")


class _Callers:
    """The marker of a route for people in certain roles, and the check itself."""

    def __init__(self, roles: frozenset[Role]) -> None:
        self.callers: frozenset[str] = frozenset(roles)
        self._roles = roles

    async def __call__(self, request: Request) -> Principal:
        authenticator: Authenticator = request.app.state.authenticator
        principal = await authenticator.principal(request)
        if self._roles.isdisjoint(principal.roles):
            raise RoleMissing("Это действие доступно другим ролям.")
        return principal


class _Anyone:
    """The marker of a public route; checks nothing."""

    callers = CALLERS_OF_PUBLIC_ROUTES

    async def __call__(self) -> None:
        """Let everybody pass."""


def callers(*roles: Role) -> Any:
    """Let in only people who have one of these roles; the parameter it marks gets the `Principal`."""
    if not roles:
        raise ValueError("name the roles that may call, or use anyone()")
    return Depends(_Callers(frozenset(roles)))


def anyone() -> Any:
    """Everybody, without signing in: `dependencies=[anyone()]`."""
    return Depends(_Anyone())


def route_callers(route: Any) -> frozenset[str] | None:
    """Who may call the route: role names, `{"anyone"}`, or None when it does not state exactly one marker.

    `route` is what `fastapi.routing.iter_route_contexts(app.routes)` yields, so that markers of including routers count too.
    """
    dependant: Dependant | None = getattr(route, "dependant", None)
    found = [] if dependant is None else [call.callers for call in calls_of(dependant) if isinstance(call, _Callers | _Anyone)]
    return found[0] if len(found) == 1 else None


def calls_of(dependant: Dependant) -> Iterator[Any]:
    """Every dependency of a route, however deep; markers are found among them."""
    for child in dependant.dependencies:
        yield child.call
        yield from calls_of(child)


def install(app: FastAPI, authenticator: Authenticator) -> None:
    """Give the app's routes their authenticator."""
    app.state.authenticator = authenticator
