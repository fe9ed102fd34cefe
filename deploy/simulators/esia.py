"""ESIA, the state portal's sign-on, as an OpenID Connect provider: authorization code flow with PKCE, state and nonce."""

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from joserfc import jwt
from joserfc.jwk import RSAKey
from markupsafe import escape

from deploy.simulators.settings import SimulatorsSettings

CODE_SECONDS = 60
TOKEN_SECONDS = 300
KEEP_GRANTS = 1000
_CLAIMS = {"snils": "СНИЛС", "family_name": "Фамилия", "given_name": "Имя", "middle_name": "Отчество", "birthdate": "Дата рождения"}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a signed-in person allowed; spent once by its code, then by its access token."""

    client_id: str
    redirect_uri: str
    nonce: str
    challenge: str
    claims: dict[str, str] = field(repr=False)
    expires_at: float = 0
    signed_in_at: int = 0


class Esia:
    """Keys and open grants of the provider."""

    def __init__(self, settings: SimulatorsSettings) -> None:
        self.settings = settings
        self.issuer = f"{settings.public_url}/esia"
        self.key = RSAKey.generate_key(2048, parameters={"use": "sig", "alg": "RS256"}, auto_kid=True)
        self._codes: dict[str, Grant] = {}
        self._tokens: dict[str, Grant] = {}

    def allow(self, grant: Grant) -> str:
        """A one-time code for the grant."""
        return self._keep(self._codes, grant)

    def spend(self, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> tuple[str, Grant]:
        """An access token and the grant of a code; a wrong, used or late code is refused."""
        grant = self._codes.pop(code, None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if (
            grant is None
            or grant.expires_at < time.monotonic()
            or (grant.client_id, grant.redirect_uri, grant.challenge) != (client_id, redirect_uri, challenge)
        ):
            raise HTTPException(400, {"error": "invalid_grant"})
        return self._keep(self._tokens, grant), grant

    def grant_of(self, access_token: str) -> Grant:
        """The grant behind an access token."""
        if grant := self._tokens.get(access_token):
            return grant
        raise HTTPException(401, {"error": "invalid_token"}, headers={"WWW-Authenticate": "Bearer"})

    def id_token(self, grant: Grant, access_token: str) -> str:
        """The signed statement who signed in, and when."""
        issued_at = int(time.time())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = {
            "iss": self.issuer,
            "aud": grant.client_id,
            "iat": issued_at,
            "exp": issued_at + TOKEN_SECONDS,
            "auth_time": grant.signed_in_at,
            "nonce": grant.nonce,
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        }
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims | person_claims(grant), self.key)

    @staticmethod
    def _keep(grants: dict[str, Grant], grant: Grant) -> str:
        token = secrets.token_urlsafe(32)
        grants[token] = grant
        if len(grants) > KEEP_GRANTS:
            del grants[next(iter(grants))]
        return token


def person_claims(grant: Grant) -> dict[str, Any]:
    """Who the person is; `sub` stays the same for the same SNILS. `trusted` says that the account is a verified one."""
    digits = "".join(filter(str.isdigit, grant.claims["snils"]))
    told = {name: value for name, value in grant.claims.items() if value}
    return {"sub": hashlib.sha256(digits.encode()).hexdigest()[:20], "trusted": True, **told}


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What a client asks the person's browser to bring."""

    client_id: Annotated[str, Query()]
    redirect_uri: Annotated[str, Query(pattern=r"^https?://")]
    state: Annotated[str, Query(min_length=8)]
    nonce: Annotated[str, Query(min_length=8)]
    code_challenge: Annotated[str, Query(min_length=43, max_length=128)]
    response_type: Annotated[str, Query(pattern="^code$")] = "code"
    code_challenge_method: Annotated[str, Query(pattern="^S256$")] = "S256"
    scope: Annotated[str, Query(pattern=r"\bopenid\b")] = "openid"


def esia_router(esia: Esia) -> APIRouter:
    """Routes of the provider."""
    router = APIRouter(prefix="/esia", tags=["ЕСИА"])
    router.add_api_route("/.well-known/openid-configuration", lambda: _discovery(esia.issuer), methods=["GET"])
    router.add_api_route("/jwks.json", lambda: {"keys": [esia.key.as_dict(private=False)]}, methods=["GET"])
    _add_browser_routes(router, esia)
    _add_client_routes(router, esia)
    return router


def _add_browser_routes(router: APIRouter, esia: Esia) -> None:

    @router.get("/authorize", response_class=HTMLResponse)
    async def authorize(asked: Annotated[AuthorizationRequest, Depends()], request: Request) -> str:
        """The page on which the invented person signs in."""
        if asked.client_id != esia.settings.client_id:
            raise HTTPException(400, {"error": "invalid_client"})
        return _sign_in_page(str(request.url.query))

    @router.post("/authorize")
    async def sign_in(
        asked: Annotated[AuthorizationRequest, Depends()],
        snils: Annotated[str, Form(pattern=r"^\d{3}-?\d{3}-?\d{3}[ -]?\d{2}$")],
        family_name: Annotated[str, Form()] = "",
        given_name: Annotated[str, Form()] = "",
        middle_name: Annotated[str, Form()] = "",
        birthdate: Annotated[str, Form()] = "",
    ) -> RedirectResponse:
        """Send the browser back with a code."""
        if asked.client_id != esia.settings.client_id:
            raise HTTPException(400, {"error": "invalid_client"})
        claims = {"snils": snils, "family_name": family_name, "given_name": given_name, "middle_name": middle_name, "birthdate": birthdate}
        expires_at = time.monotonic() + CODE_SECONDS
        grant = Grant(asked.client_id, asked.redirect_uri, asked.nonce, asked.code_challenge, claims, expires_at, int(time.time()))
        answer = urlencode({"code": esia.allow(grant), "state": asked.state, "iss": esia.issuer})
        return RedirectResponse(f"{asked.redirect_uri}?{answer}", status_code=303)


def _add_client_routes(router: APIRouter, esia: Esia) -> None:
    @router.post("/token")
    async def token(
        client: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())],
        code: Annotated[str, Form()],
        redirect_uri: Annotated[str, Form()],
        code_verifier: Annotated[str, Form(min_length=43, max_length=128)],
        grant_type: Annotated[str, Form(pattern="^authorization_code$")],  # noqa: ARG001  # checked by its pattern
    ) -> Mapping[str, Any]:
        """Exchange a code for tokens."""
        expected = (esia.settings.client_id, esia.settings.client_secret)
        if not all(map(secrets.compare_digest, (client.username, client.password), expected)):
            raise HTTPException(401, {"error": "invalid_client"})
        access_token, grant = esia.spend(code, client_id=client.username, redirect_uri=redirect_uri, verifier=code_verifier)
        return {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "id_token": esia.id_token(grant, access_token),
        }

    @router.get("/userinfo")
    async def userinfo(request: Request) -> dict[str, Any]:
        """Who signed in."""
        return person_claims(esia.grant_of(request.headers.get("Authorization", "").removeprefix("Bearer ")))


def _discovery(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks.json",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "authorization_response_iss_parameter_supported": True,
        "scopes_supported": ["openid"],
        "claims_supported": ["sub", "trusted", *_CLAIMS],
    }


def _sign_in_page(query: str) -> str:
    inputs = "".join(
        f'<p><label>{title}<br><input name="{name}" {"required" if name == "snils" else ""}></label></p>' for name, title in _CLAIMS.items()
    )
    return (
        '<!doctype html><html lang="ru"><meta charset="utf-8"><title>Госуслуги (имитация)</title><h1>Вход через Госуслуги (имитация)</h1>'
        f'<form method="post" action="authorize?{escape(query)}">{inputs}<button>Войти</button></form></html>'
    )
