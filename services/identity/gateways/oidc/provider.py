"""One provider: where to send a browser, what a code is worth, who came."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import structlog
from joserfc import jwt
from joserfc.jwk import JWKRegistry
from pydantic import BaseModel, Field, ValidationError

from chassis.breaker import CircuitBreaker
from services.identity.domain.portal import (
    IdTokenMalformed,
    PortalAway,
    PortalCodeRefused,
    PortalIdentity,
    PortalIssuerWrong,
    SubjectDiffers,
)
from services.identity.gateways.oidc import tokens
from services.identity.gateways.oidc.http import Patience, ProviderClient, ProviderDown
from services.identity.gateways.oidc.knowledge import Freshness, Knowledge
from services.identity.settings import OidcProvider

log = structlog.get_logger()

_RETRY_SECONDS = 5
_ASSERTION_SECONDS = 60
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Redirect:
    """What the browser brings to the provider."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer is compared with."""

    is_nonce: Callable[[str], bool]


class Answer(BaseModel):
    """What a code was worth. Source: RFC 6749, 5.1."""

    access_token: str = Field(repr=False, min_length=1, max_length=16_384)
    id_token: str = Field(repr=False)


class Provider:
    """The client's side of one provider. Everything raises `PortalAway` when the provider gives no answer."""

    def __init__(
        self,
        settings: OidcProvider,
        redirect_uri: str,
        http: httpx.AsyncClient,
        *,
        patience: Patience,
        freshness: Freshness,
        breaker: CircuitBreaker,
        leeway: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        """`now` is the machine's time."""
        self.settings = settings
        self._redirect_uri = redirect_uri
        self._client = ProviderClient(http, patience)
        self._patience = patience
        self._knowledge = Knowledge(settings.issuer, self._client, freshness)
        self._breaker = breaker
        self._leeway = leeway
        self._now = now

    async def authorization_url(self, redirect: Redirect) -> str:
        """Where the person's browser goes."""
        with self._asking():
            async with asyncio.timeout(self._patience.total_seconds):
                endpoint = (await self._knowledge.metadata()).authorization_endpoint
        challenge = base64.urlsafe_b64encode(hashlib.sha256(redirect.verifier.encode()).digest()).rstrip(b"=").decode()
        parameters = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": redirect.state,
            "nonce": redirect.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return str(httpx.URL(endpoint).copy_merge_params(parameters))

    async def check_issuer(self, issuer: str | None) -> None:
        """Raises `PortalIssuerWrong`. Source: RFC 9207."""
        with self._asking():
            async with asyncio.timeout(self._patience.total_seconds):
                is_always_named = (await self._knowledge.metadata()).authorization_response_iss_parameter_supported
        if issuer != self.settings.issuer and (issuer is not None or is_always_named):
            raise PortalIssuerWrong

    async def exchange(self, code: str, verifier: str) -> Answer:
        """What the code is worth; it is spent by this. Raises `PortalCodeRefused`."""
        with self._asking():
            async with asyncio.timeout(self._patience.total_seconds):
                endpoint = (await self._knowledge.metadata()).token_endpoint
                form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect_uri, "code_verifier": verifier}
                status, given = await self._client.post(endpoint, form | self._assertion(), auth=self._basic())
            if status == httpx.codes.UNAUTHORIZED or given.get("error") in ("invalid_client", "unauthorized_client"):
                log.error("oidc-client-refused", issuer=self.settings.issuer, status=status)
                raise ProviderDown("our client is refused")
            if status >= httpx.codes.BAD_REQUEST:
                raise PortalCodeRefused
            try:
                return Answer.model_validate(given)
            except ValidationError:
                raise ProviderDown("no tokens in the answer") from None

    async def identify(self, answer: Answer, asked: Asked) -> PortalIdentity:
        """Who came. Raises the refusal of whatever is wrong with the id_token, `SubjectDiffers`."""
        header = tokens.header_of(answer.id_token, self.settings.algorithms)
        with self._asking():
            async with asyncio.timeout(self._patience.total_seconds):
                keys = await self._knowledge.keys(header)
                claims = tokens.signed_claims(answer.id_token, header, keys)
                age = tokens.check_claims(claims, header, self._expected(answer, asked))
                told = await self._user_information(answer)
        if told is not None and told.get("sub") != claims["sub"]:
            raise SubjectDiffers
        return self._identity(claims["sub"], age, claims | (told or {}))

    async def _user_information(self, answer: Answer) -> dict[str, Any] | None:
        endpoint = (await self._knowledge.metadata()).userinfo_endpoint
        if endpoint is None:
            return None
        if not answer.access_token.isascii() or not answer.access_token.isprintable():
            raise IdTokenMalformed
        return await self._client.get(endpoint, bearer=answer.access_token)

    def _expected(self, answer: Answer, asked: Asked) -> tokens.Expected:
        return tokens.Expected(
            issuer=self.settings.issuer,
            client_id=self.settings.client_id,
            is_nonce=asked.is_nonce,
            access_token=answer.access_token,
            at=self._now(),
            leeway=self._leeway,
        )

    def _identity(self, subject: str, age: timedelta, claims: Mapping[str, Any]) -> PortalIdentity:
        named = self.settings.claims
        return PortalIdentity(
            subject=subject,
            age=age,
            is_verified=named.verified is None or claims.get(named.verified) is True,
            snils=claims.get(named.snils),
            surname=claims.get(named.surname),
            given_name=claims.get(named.given_name),
            birth_date=claims.get(named.birth_date),
        )

    def _basic(self) -> httpx.BasicAuth | None:
        """Form-encoded before they are joined. Source: RFC 6749, 2.3.1."""
        secret = self.settings.client_secret
        if secret is None:
            return None
        return httpx.BasicAuth(quote(self.settings.client_id, safe=""), quote(secret.get_secret_value(), safe=""))

    def _assertion(self) -> dict[str, str]:
        """Our own signature instead of a shared secret. Source: RFC 7523, 2.2."""
        if self.settings.client_key is None:
            return {}
        key = JWKRegistry.import_key(json.loads(self.settings.client_key.get_secret_value()))
        algorithm, issued_at, client_id = str(key.get("alg")), int(self._now().timestamp()), self.settings.client_id
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": self.settings.issuer,
            "jti": str(uuid4()),
            "iat": issued_at,
            "exp": issued_at + _ASSERTION_SECONDS,
        }
        signed = jwt.encode({"alg": algorithm, "kid": key.get("kid")}, claims, key, algorithms=[algorithm])
        return {"client_id": client_id, "client_assertion_type": _ASSERTION, "client_assertion": signed}

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """A dead or slow provider becomes `PortalAway`, and is left alone for a while after some failures in a row."""
        busy = self._breaker.busy_seconds()
        if busy is not None:
            raise PortalAway(retry_after_seconds=ceil(busy))
        try:
            with self._breaker.attempt(ProviderDown):
                try:
                    yield
                except TimeoutError:
                    raise ProviderDown("too slow in all") from None
        except ProviderDown as down:
            log.warning("portal-unavailable", issuer=self.settings.issuer, reason=str(down))
            raise PortalAway(retry_after_seconds=ceil(self._breaker.busy_seconds() or _RETRY_SECONDS)) from None
