"""Sessions that ended before their tokens: the list of the issuer, and what it makes of a token."""

import json
from datetime import timedelta
from typing import Annotated, Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from chassis import auth, problems
from chassis.auth import Authenticator, EndedSessions, JwksCache, Principal, TokenSigner, callers
from chassis.clock import SystemClock
from contracts.roles import Role

CLOCK = SystemClock()


class Issuer:
    """Serves the keys, and the list while it is up."""

    def __init__(self, tokens: TokenSigner) -> None:
        self.jwks = tokens.jwks()
        self.said: Any = b'{"session_ids": []}'
        self.is_up = True
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/jwks.json":
            return httpx.Response(200, json=self.jwks)
        return httpx.Response(200, content=self.said) if self.is_up else httpx.Response(503)


def listing(*session_ids: object) -> bytes:
    return json.dumps({"session_ids": [str(session_id) for session_id in session_ids]}).encode()


@pytest.fixture
def tokens() -> TokenSigner:
    return TokenSigner.generate(CLOCK)


@pytest.fixture
def issuer(tokens: TokenSigner) -> Issuer:
    return Issuer(tokens)


@pytest.fixture
def ended(issuer: Issuer) -> EndedSessions:
    return EndedSessions("http://identity/ended-sessions.json", issuer.client, poll_seconds=1)


async def test_a_token_of_an_ended_session_is_void_once_the_list_says_so(issuer: Issuer, tokens: TokenSigner, ended: EndedSessions) -> None:
    app = FastAPI()

    @app.get("/me")
    async def me(person: Annotated[Principal, callers(Role.PRACTITIONER)]) -> str:
        return str(person.session_id)

    keys = JwksCache("http://identity/jwks.json", issuer.client, lifetime_seconds=300)
    auth.install(app, Authenticator(keys, CLOCK, ended=ended))
    problems.install(app)
    session_id = uuid4()
    token = tokens.issue(uuid4(), roles=(Role.PRACTITIONER,), session_id=session_id, factors={}, lifetime=timedelta(minutes=5))
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        await ended.renew()
        assert (await http.get("/me", headers=headers)).status_code == 200
        issuer.said = listing(uuid4(), session_id)
        await ended.renew()
        refused = await http.get("/me", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "invalid-token")
        issuer.is_up = False
        await ended.renew()
        assert (await http.get("/me", headers=headers)).status_code == 401, "the last list stays while the issuer is away"


@pytest.mark.parametrize("said", [b"", b"[]", b'{"session_ids": 1}', b'{"session_ids": ["x"]}', b'{"session_ids": [null]}', b"\xff"])
async def test_an_answer_that_is_no_list_keeps_the_one_before(issuer: Issuer, ended: EndedSessions, said: bytes) -> None:
    session_id = uuid4()
    issuer.said = listing(session_id)
    await ended.renew()
    issuer.said = said
    await ended.renew()
    assert session_id in ended
    issuer.said = listing()
    await ended.renew()
    assert session_id not in ended
