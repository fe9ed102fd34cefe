"""The id_token: whether this provider made it, for us, for this trip, lately. Source: OpenID Connect Core 1.0, 3.1.3.7."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, ClaimError, JoseError
from joserfc.jwk import Key

from services.identity.domain.portal import (
    AccessTokenDiffers,
    IdTokenAlgorithmWrong,
    IdTokenAudienceWrong,
    IdTokenExpired,
    IdTokenIssuerWrong,
    IdTokenMalformed,
    IdTokenNonceWrong,
    IdTokenSignatureWrong,
    PortalRefusal,
)

_LONGEST = 32_768
_LONGEST_KEY_ID = 200
_LONGEST_SUBJECT = 255
"""Source: OpenID Connect Core 1.0, 2."""
_UNREADABLE = (JoseError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
_HASHES: Mapping[str, Callable[[bytes], Any]] = {
    **{f"{family}{bits}": getattr(hashlib, f"sha{bits}") for family in ("RS", "PS", "ES") for bits in (256, 384, 512)},
    "Ed25519": hashlib.sha512,
}
ALGORITHMS = frozenset(_HASHES)
"""Every signature that may be allowed of a provider: with two keys, so that what is published verifies and cannot sign."""
_OF_CLAIM: Mapping[str, type[PortalRefusal]] = {
    "iss": IdTokenIssuerWrong,
    "aud": IdTokenAudienceWrong,
    "azp": IdTokenAudienceWrong,
    "exp": IdTokenExpired,
    "iat": IdTokenExpired,
    "nbf": IdTokenExpired,
}


@dataclass(frozen=True, slots=True)
class Header:
    """What a token says of its own signature. It chooses among what is allowed, and nothing beyond."""

    algorithm: str
    key_id: str | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say. `at` is the machine's time: the provider lives in no sandbox."""

    issuer: str
    client_id: str
    is_nonce: Callable[[str], bool]
    access_token: str
    at: datetime
    leeway: timedelta


def header_of(id_token: str, allowed: Collection[str]) -> Header:
    """Raises `IdTokenMalformed`, `IdTokenAlgorithmWrong`."""
    if len(id_token) > _LONGEST:
        raise IdTokenMalformed
    try:
        header = jws.extract_compact(id_token.encode()).headers()
    except _UNREADABLE:
        raise IdTokenMalformed from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in allowed:
        raise IdTokenAlgorithmWrong
    if key_id is not None and not (isinstance(key_id, str) and len(key_id) <= _LONGEST_KEY_ID):
        raise IdTokenMalformed
    return Header(algorithm, key_id)


def signed_claims(id_token: str, header: Header, keys: Collection[Key]) -> dict[str, Any]:
    """What a key of the provider signed. Raises `IdTokenSignatureWrong`, `IdTokenMalformed`."""
    for key in keys:
        try:
            return jwt.decode(id_token, key, algorithms=[header.algorithm]).claims
        except BadSignatureError:
            continue
        except _UNREADABLE:
            raise IdTokenMalformed from None
    raise IdTokenSignatureWrong


def check_claims(claims: dict[str, Any], header: Header, expected: Expected) -> timedelta:
    """How long ago the provider asked the person for proof. Raises the refusal of the first claim that is wrong."""
    now, leeway = int(expected.at.timestamp()), int(expected.leeway.total_seconds())
    registry = jwt.JWTClaimsRegistry(
        now=now,
        leeway=leeway,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        azp={"essential": _has_others(claims.get("aud")), "value": expected.client_id},
    )
    try:
        registry.validate(claims)
    except ClaimError as error:
        raise _OF_CLAIM.get(error.claim, IdTokenMalformed) from None
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not expected.is_nonce(nonce):
        raise IdTokenNonceWrong
    if "at_hash" in claims and not _is_hash(claims["at_hash"], expected.access_token, header.algorithm):
        raise AccessTokenDiffers
    if len(claims["sub"]) > _LONGEST_SUBJECT:
        raise IdTokenMalformed
    return _age(claims.get("auth_time", claims["iat"]), now, leeway)


def _has_others(audience: Any) -> bool:
    return isinstance(audience, list) and len(audience) > 1


def _is_hash(given: Any, access_token: str, algorithm: str) -> bool:
    """The left half of the hash the signature is made with."""
    digest = _HASHES[algorithm](access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    return isinstance(given, str) and hmac.compare_digest(half.encode(), given.encode(errors="replace"))


def _age(proved_at: Any, now: int, leeway: int) -> timedelta:
    if isinstance(proved_at, bool) or not isinstance(proved_at, int | float) or not 0 < proved_at <= now + leeway:
        raise IdTokenExpired
    return timedelta(seconds=max(0, now - int(proved_at)))
