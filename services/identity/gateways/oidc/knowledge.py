"""What a provider publishes about itself: its endpoints and its keys, kept for a while, fetched once for all who wait."""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Annotated, Any

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key
from pydantic import BaseModel, StringConstraints, ValidationError

from services.identity.gateways.oidc.http import ProviderClient, ProviderDown
from services.identity.gateways.oidc.tokens import Header

log = structlog.get_logger()

_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_MOST_KEYS = 50
_SHORTEST_MODULUS = 342
"""Base64 characters of 2048 bits."""

Url = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[^\s]+$")]


class Metadata(BaseModel):
    """The part of the discovery document that is used. Source: OpenID Connect Discovery 1.0, RFC 9207."""

    issuer: str
    authorization_endpoint: Url
    token_endpoint: Url
    jwks_uri: Url
    userinfo_endpoint: Url | None = None
    authorization_response_iss_parameter_supported: bool = False

    @property
    def is_secured(self) -> bool:
        """Whether every address is as protected as the issuer's own."""
        named = (self.authorization_endpoint, self.token_endpoint, self.jwks_uri, self.userinfo_endpoint)
        return not self.issuer.startswith("https:") or all(url is None or url.startswith("https:") for url in named)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How long the provider's pages are kept, and how soon after one another they are fetched at the most."""

    keep_seconds: float
    pause_seconds: float


class Knowledge:
    """One provider's endpoints and keys. What was known goes on being used while the provider is silent."""

    def __init__(self, issuer: str, client: ProviderClient, freshness: Freshness) -> None:
        self._issuer = issuer
        self._client = client
        self._freshness = freshness
        self._metadata: Metadata | None = None
        self._metadata_at = self._metadata_tried_at = self._keys_at = self._keys_tried_at = float("-inf")
        self._keys: tuple[Key, ...] = ()
        self._lock = asyncio.Lock()

    async def metadata(self) -> Metadata:
        """The endpoints. Raises `ProviderDown` if they were never known."""
        async with self._lock:
            if self._metadata is None or self._is_due(self._metadata_at, self._metadata_tried_at):
                self._metadata = await self._fetched_metadata()
            return self._metadata

    async def keys(self, header: Header) -> Collection[Key]:
        """The keys that may have signed so; an id nobody has seen makes the set be fetched again, not more often than the pause.

        Raises `ProviderDown` if no key was ever known.
        """
        async with self._lock:
            known_at = self._keys_at if _fitting(self._keys, header) else float("-inf")
            if not self._keys or self._is_due(known_at, self._keys_tried_at):
                await self._fetch_keys()
            return _fitting(self._keys, header)

    def _is_due(self, known_at: float, tried_at: float) -> bool:
        now = monotonic()
        return now - known_at > self._freshness.keep_seconds and now - tried_at > self._freshness.pause_seconds

    async def _fetched_metadata(self) -> Metadata:
        self._metadata_tried_at = monotonic()
        try:
            found = Metadata.model_validate(await self._client.get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"))
        except (ProviderDown, ValidationError) as error:
            if self._metadata is None:
                raise ProviderDown(f"discovery: {type(error).__name__}") from None
            log.warning("oidc-metadata-not-renewed", issuer=self._issuer, error=type(error).__name__)
            return self._metadata
        if found.issuer != self._issuer or not found.is_secured:
            raise ProviderDown("the discovery document is another issuer's, or names unprotected addresses")
        self._metadata_at = self._metadata_tried_at
        return found

    async def _fetch_keys(self) -> None:
        self._keys_tried_at = monotonic()
        jwks_uri = (self._metadata or await self._fetched_metadata()).jwks_uri
        try:
            found = _public_keys(await self._client.get(jwks_uri))
        except ProviderDown as error:
            if not self._keys:
                raise
            log.warning("oidc-keys-not-renewed", issuer=self._issuer, error=type(error).__name__)
        else:
            self._keys, self._keys_at = found, self._keys_tried_at


def _fitting(keys: Collection[Key], header: Header) -> list[Key]:
    kind = _KINDS[header.algorithm[:2]]
    return [
        key
        for key in keys
        if key.key_type == kind and header.key_id in (None, key.get("kid")) and key.get("alg") in (None, header.algorithm)
    ]


def _public_keys(jwks: dict[str, Any]) -> tuple[Key, ...]:
    """Raises `ProviderDown` when there is none."""
    found = tuple(_usable_keys(jwks))
    if not found:
        raise ProviderDown("no usable key")
    return found


def _usable_keys(jwks: dict[str, Any]) -> Iterator[Key]:
    """Keys of two halves that may verify signatures; the rest of the set is none of ours."""
    members = jwks.get("keys")
    for member in members[:_MOST_KEYS] if isinstance(members, list) else ():
        if not isinstance(member, dict) or member.get("kty") not in _PUBLIC or member.get("use", "sig") != "sig":
            continue
        if member["kty"] == "RSA" and len(str(member.get("n", ""))) < _SHORTEST_MODULUS:
            continue
        named = ("kty", "kid", "alg", *_PUBLIC[member["kty"]])
        try:
            yield JWKRegistry.import_key({name: member[name] for name in named if isinstance(member.get(name), str)})
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):
            continue
