"""An OpenID Connect provider of the tests' own, which can do everything wrong: real HTTP, faults set by the test."""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

from chassis.clock import machine_now
from tests.identity.serving import serving

Json = dict[str, Any]
CLIENT_ID = "medkabinet"
CLIENT_SECRET = "тайна: с двоеточием"
HUGE = b"{" + b" " * 400_000 + b"}"
Sign = Callable[[Json], str]


@dataclass
class Grant:
    """What one code is worth. `changes` replace claims of the id_token (None removes one), `told` those of the user information."""

    asked: dict[str, str]
    person: Json
    changes: Json = field(default_factory=dict)
    told: Json = field(default_factory=dict)
    sign: Sign | None = None


class HostileProvider:
    """`faults` by endpoint: a number of 100 or more is a status, a smaller one seconds of silence, bytes are a body."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, auto_kid=True)
        self.published: list[Json] = []
        self.url = ""
        self.faults: dict[str, Any] = {}
        self.asked: list[str] = []
        self.grants: dict[str, Grant] = {}
        self.reset()

    def reset(self) -> None:
        """Behave again."""
        self.faults.clear()
        self.asked.clear()
        self.published = [self.public(self.key)]

    @staticmethod
    def public(key: RSAKey) -> Json:
        return {**key.as_dict(private=False), "alg": "RS256", "use": "sig"}

    def settings(self, **changes: Any) -> Json:
        own = {"title": "Госуслуги", "issuer": self.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        return own | {"scopes": ["openid", "snils"], "claims": {"verified": "trusted"}} | changes

    def allow(self, authorization_url: str, person: Json, **granted: Any) -> Json:
        """What the browser comes back with after the person agreed."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(authorization_url).query).items()}
        code = secrets.token_urlsafe()
        self.grants[code] = Grant(asked, person, **granted)
        return {"code": code, "state": asked["state"]}

    def signed(self, claims: Json, key: Any = None, **header: Any) -> str:
        header = {"alg": "RS256", "kid": self.key.kid} | header
        return jwt.encode(header, claims, key or self.key, algorithms=[header["alg"]])

    def app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.middleware("http")
        async def misbehave(request: Request, call_next: Any) -> Response:
            name = request.url.path.rpartition("/")[2]
            self.asked.append(name)
            fault = self.faults.get(name)
            if isinstance(fault, bytes):
                return Response(fault, media_type="application/json")
            if isinstance(fault, int) and fault >= 100:
                return Response(status_code=fault)
            if fault is not None:
                await asyncio.sleep(fault)
            answer: Response = await call_next(request)
            return answer

        app.add_api_route("/.well-known/openid-configuration", self._discovery)
        app.add_api_route("/jwks", lambda: {"keys": self.published})
        app.add_api_route("/token", self._token, methods=["POST"])
        app.add_api_route("/userinfo", self._userinfo)
        return app

    def _discovery(self) -> Json:
        return {"issuer": self.url} | {
            name: f"{self.url}/{path}"
            for name, path in {
                "authorization_endpoint": "authorize",
                "token_endpoint": "token",
                "jwks_uri": "jwks",
                "userinfo_endpoint": "userinfo",
            }.items()
        }

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        proof = base64.b64encode(f"{quote(CLIENT_ID, safe='')}:{quote(CLIENT_SECRET, safe='')}".encode()).decode()
        if request.headers["authorization"] != f"Basic {proof}":
            return JSONResponse({"error": "invalid_client"}, 401)
        grant = self.grants.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if grant is None or (challenge, form["redirect_uri"]) != (grant.asked["code_challenge"], grant.asked["redirect_uri"]):
            return JSONResponse({"error": "invalid_grant"}, 400)
        token = secrets.token_urlsafe()
        self.grants[token] = grant
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": 60, "id_token": self._id_token(grant, token)})

    def _id_token(self, grant: Grant, access_token: str) -> str:
        now = int(machine_now().timestamp())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": grant.person["sub"],
            "iat": now,
            "exp": now + 60,
            "nonce": grant.asked["nonce"],
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        }
        changed = {name: value for name, value in (claims | grant.changes).items() if value is not None}
        return (grant.sign or self.signed)(changed)

    async def _userinfo(self, request: Request) -> Json:
        grant = self.grants[request.headers["authorization"].removeprefix("Bearer ")]
        return {"trusted": True} | grant.person | grant.told


@asynccontextmanager
async def running_provider() -> AsyncIterator[HostileProvider]:
    provider = HostileProvider()
    async with serving(provider.app()) as url:
        provider.url = url
        yield provider
