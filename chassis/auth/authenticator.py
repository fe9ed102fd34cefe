"""Who is asking: an access token becomes a `Principal`."""

import ipaddress
from collections import OrderedDict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError
from starlette.requests import HTTPConnection

from chassis.auth.tokens import ALGORITHM, AUDIENCE, ISSUER, TYPE, JwksCache
from chassis.clock import Clock
from chassis.errors import Forbidden, Unauthenticated
from contracts.factors import SECOND_FACTORS
from contracts.roles import Role, Scope

LOOPBACK = ("127.0.0.0/8", "::1/128")

_MAX_TOKEN_LENGTH = 8_192
_MAX_KEY_ID_LENGTH = 200
_CLOCK_LEEWAY_SECONDS = 30
_LAST_MOMENT = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_NEVER = datetime.max.replace(tzinfo=UTC)
_ROLES = {str(role): role for role in Role}
_SCOPES = {str(scope): scope for scope in Scope}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking. `factors` maps a proof ("password", "sms", ...) to when it was given; `address` is where the request came from.

    `expires_at` is when the token ends: what outlives the request (a live stream) ends with it. `scope` makes it a limited token:
    its holder has no role.
    """

    id: UUID
    roles: frozenset[Role]
    session_id: UUID
    factors: Mapping[str, datetime]
    address: str | None
    expires_at: datetime = _NEVER
    scope: Scope | None = None

    def second_factor_at(self) -> datetime | None:
        """When the latest second factor was given."""
        return max((at for name, at in self.factors.items() if name in SECOND_FACTORS), default=None)


class InvalidToken(Unauthenticated):
    """The token is malformed, forged, expired or for somebody else."""

    code = "invalid-token"


class RoleMissing(Forbidden):
    """Known, but in none of the roles this route is for."""

    code = "role-missing"


class StepUpRequired(Forbidden):
    """The second factor is too old for this; a fresh one is asked for, `max_age_seconds` says how fresh. Compare RFC 9470."""

    code = "step-up-required"


@dataclass(frozen=True, slots=True)
class _Verified:
    id: UUID
    roles: frozenset[Role]
    session_id: UUID
    factors: Mapping[str, datetime]
    issued_at: float
    expires_at: float
    scope: Scope | None


class Authenticator:
    """Turns the Authorization header into a `Principal`. A verified token is remembered until it expires (150 us saved on each use)."""

    def __init__(
        self,
        keys: JwksCache,
        clock: Clock,
        *,
        trusted_proxies: Sequence[str] = LOOPBACK,
        remembered: int = 10_000,
        step_up: timedelta = timedelta(minutes=10),
        ended: Container[UUID] = frozenset(),
    ) -> None:
        """`step_up` is how old a second factor may be where a route asks for a recent one; `ended` holds sessions whose tokens are void."""
        self._keys = keys
        self._ended = ended
        self._step_up = step_up
        self._clock = clock
        self._remembered: OrderedDict[str, _Verified] = OrderedDict()
        self._capacity = remembered
        self._proxies = [ipaddress.ip_network(network) for network in trusted_proxies]

    async def principal(self, request: HTTPConnection) -> Principal:
        """Who sent this request; `Unauthenticated` without a good token. Also left in `request.state.principal`."""
        verified = await self._verified(_bearer_token(request))
        found = Principal(
            verified.id,
            verified.roles,
            verified.session_id,
            verified.factors,
            self.address(request),
            _moment(verified.expires_at),
            verified.scope,
        )
        request.state.principal = found
        return found

    def check_recent(self, principal: Principal) -> None:
        """Raises `StepUpRequired` unless a second factor was given lately."""
        given_at = principal.second_factor_at()
        if given_at is None or self._clock.now() - given_at > self._step_up:
            seconds = int(self._step_up.total_seconds())
            raise StepUpRequired("Подтвердите, что это вы: введите код ещё раз.", max_age_seconds=seconds)

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
        if known.session_id in self._ended:
            raise InvalidToken("Сеанс завершён. Войдите ещё раз.")
        return known

    async def _verify(self, token: str) -> _Verified:
        if len(token) > _MAX_TOKEN_LENGTH:
            raise _bad_token()
        try:
            header = jws.extract_compact(token.encode()).headers()
            key_id = header.get("kid") if str(header.get("typ")).casefold() == TYPE else None
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
    scope = claims.get("scope")
    known_roles = frozenset(_ROLES[role] for role in claims["roles"] if role in _ROLES and scope is None)
    valid_from = float(max(claims["iat"], claims.get("nbf", claims["iat"])))
    factors = {str(name): datetime.fromtimestamp(at, UTC) for name, at in claims["factors"].items()}
    return _Verified(
        UUID(claims["sub"]), known_roles, UUID(claims["sid"]), factors, valid_from, float(claims["exp"]), _SCOPES.get(str(scope))
    )


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
