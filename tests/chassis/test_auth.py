"""Tokens prove who is asking; keys are fetched rarely and survive an absent issuer; every route states its callers."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from joserfc import jws, jwt
from joserfc.jwk import OctKey, OKPKey

from chassis import auth, problems
from chassis.auth import (
    ALGORITHM,
    Authenticator,
    InvalidToken,
    JwksCache,
    Principal,
    TokenSigner,
    anyone,
    callers,
    needs_recent_factor,
    route_callers,
)
from chassis.clock import SystemClock
from chassis.errors import Unavailable
from contracts.roles import Role, Scope
from tests.support import Signer

PERSON = uuid4()


class _Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class _Issuer:
    """An issuer in memory that counts what it is asked and can be down."""

    def __init__(self, *signers: TokenSigner) -> None:
        self.signers = list(signers)
        self.asked = 0
        self.is_down = False
        self.body: Any = None

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.is_down:
            raise httpx.ConnectError("down")
        return httpx.Response(200, json={"keys": [signer.public_jwk() for signer in self.signers]} if self.body is None else self.body)


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def tokens(clock: _Clock) -> TokenSigner:
    return TokenSigner.generate(clock)


def _cache(issuer: _Issuer, *, lifetime: float = 300, pause: float = 5) -> JwksCache:
    return JwksCache("http://identity/jwks", issuer.client(), lifetime_seconds=lifetime, pause_seconds=pause)


def _issue(tokens: TokenSigner, *roles: Role, minutes: float = 5) -> str:
    factors = {"password": datetime(2026, 3, 2, 8, 59, tzinfo=UTC)}
    return tokens.issue(
        PERSON, roles=roles or (Role.PRACTITIONER,), session_id=uuid4(), factors=factors, lifetime=timedelta(minutes=minutes)
    )


def _app(authenticator: Authenticator) -> FastAPI:
    app = FastAPI()
    staff = APIRouter(prefix="/desk", dependencies=[callers(Role.SUPPORT_AGENT)])

    @staff.get("/tickets")
    async def tickets() -> None: ...

    @app.get("/me")
    async def me(person: Annotated[Principal, callers(Role.PRACTITIONER, Role.REVIEWER)]) -> dict[str, Any]:
        return {"id": person.id, "roles": sorted(person.roles), "factors": person.factors, "address": person.address}

    @app.get("/open", dependencies=[anyone()])
    async def for_all() -> None: ...

    @app.get("/scans", dependencies=[callers(Role.PRACTITIONER, Scope.REGISTRATION)])
    async def scans() -> None: ...

    @app.get("/recent", dependencies=[callers(Role.PRACTITIONER, Scope.ENROLMENT, is_recent=True)])
    async def recent() -> None: ...

    @app.get("/unmarked")
    async def unmarked() -> None: ...

    @app.get("/twice", dependencies=[anyone(), callers(Role.AUDITOR)])
    async def twice() -> None: ...

    app.include_router(staff, prefix="/api")
    auth.install(app, authenticator)
    problems.install(app)
    return app


Client = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def client(clock: _Clock, tokens: TokenSigner) -> AsyncIterator[Client]:
    made: list[httpx.AsyncClient] = []

    def make(address: str = "127.0.0.1", *, trusted_proxies: tuple[str, ...] = auth.LOOPBACK) -> httpx.AsyncClient:
        app = _app(Authenticator(_cache(_Issuer(tokens)), clock, trusted_proxies=trusted_proxies))
        made.append(httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 5)), base_url="http://x"))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_limited_token_opens_only_what_names_its_scope(client: Client, tokens: TokenSigner) -> None:
    token = tokens.issue(
        PERSON, roles=(Role.PRACTITIONER,), session_id=uuid4(), factors={}, lifetime=timedelta(minutes=5), scope=Scope.REGISTRATION
    )
    http = client()
    statuses = {
        path: (await http.get(path, headers=_bearer(token))).status_code for path in ("/scans", "/me", "/recent", "/api/desk/tickets")
    }
    assert statuses == {"/scans": 200, "/me": 403, "/recent": 403, "/api/desk/tickets": 403}


async def test_an_unknown_scope_opens_nothing(client: Client, clock: _Clock, tokens: TokenSigner) -> None:
    now = int(clock.now().timestamp())
    claims = {"iss": "medkabinet", "aud": "medkabinet", "sub": str(PERSON), "sid": str(uuid4()), "roles": ["practitioner"], "factors": {}}
    token = tokens.sign(claims | {"iat": now, "exp": now + 300, "scope": "everything"})
    for path in ("/me", "/scans", "/recent"):
        assert (await client().get(path, headers=_bearer(token))).json()["code"] == "role-missing"


@pytest.mark.parametrize(
    ("factors", "status"),
    [
        ({"password": 0}, 403),
        ({"password": 0, "sms": 10}, 200),
        ({"password": 0, "sms": 10.1}, 403),
        ({"sms": 30, "totp": 1}, 200),
        ({"something-new": 0}, 403),
    ],
)
async def test_a_route_may_ask_for_a_recent_second_factor(
    client: Client, clock: _Clock, tokens: TokenSigner, factors: dict[str, float], status: int
) -> None:
    given = {name: clock.now() - timedelta(minutes=age) for name, age in factors.items()}
    token = tokens.issue(PERSON, roles=(Role.PRACTITIONER,), session_id=uuid4(), factors=given, lifetime=timedelta(minutes=5))
    answer = await client().get("/recent", headers=_bearer(token))
    assert answer.status_code == status
    if status == 403:
        assert (answer.json()["code"], answer.json()["max_age_seconds"]) == ("step-up-required", 600)


async def test_a_limited_token_needs_no_second_factor_where_its_scope_is_named(client: Client, tokens: TokenSigner) -> None:
    token = tokens.issue(PERSON, roles=(), session_id=uuid4(), factors={}, lifetime=timedelta(minutes=5), scope=Scope.ENROLMENT)
    assert (await client().get("/recent", headers=_bearer(token))).status_code == 200


async def test_a_good_token_names_its_person(client: Client, tokens: TokenSigner) -> None:
    answer = await client().get("/me", headers=_bearer(_issue(tokens)))
    assert answer.json() == {
        "id": str(PERSON),
        "roles": ["practitioner"],
        "factors": {"password": "2026-03-02T08:59:00Z"},
        "address": "127.0.0.1",
    }


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eHg6eXk=", "Bearer x.y.z", "Bearer " + "a" * 9_000, "Bearer é"])
async def test_no_or_unreadable_token_is_401_with_a_challenge(client: Client, header: str | None) -> None:
    headers = {} if header is None else {b"Authorization": header.encode()}
    answer = await client().get("/me", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="medkabinet"')


async def test_the_wrong_role_is_403(client: Client, tokens: TokenSigner) -> None:
    answer = await client().get("/api/desk/tickets", headers=_bearer(_issue(tokens)))
    assert (answer.status_code, answer.json()["code"]) == (403, "role-missing")
    assert (await client().get("/api/desk/tickets", headers=_bearer(_issue(tokens, Role.SUPPORT_AGENT)))).status_code == 200


def _claims(clock: _Clock, **changes: Any) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    usual = {"iss": "medkabinet", "aud": "medkabinet", "sub": str(PERSON), "sid": str(uuid4()), "roles": ["practitioner"], "factors": {}}
    return {name: value for name, value in (usual | {"iat": now, "exp": now + 60, "jti": "1"} | changes).items() if value is not ...}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"aud": "other"},
        {"aud": ...},
        {"exp": ...},
        {"exp": 0},
        {"exp": "soon"},
        {"iat": 2**40},
        {"iat": ...},
        {"nbf": 2**40},
        {"nbf": "soon"},
        {"sub": "me"},
        {"sub": 7},
        {"sid": ...},
        {"roles": 5},
        {"roles": [[]]},
        {"factors": []},
        {"factors": {"sms": 10**30}},
        {"factors": {"sms": "x"}},
    ],
)
async def test_wrong_claims_are_refused(client: Client, clock: _Clock, tokens: TokenSigner, changes: dict[str, Any]) -> None:
    answer = await client().get("/me", headers=_bearer(tokens.sign(_claims(clock, **changes))))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token"), answer.text


@pytest.mark.parametrize("kind", [None, "JWT", "id+jwt", "logout+jwt"])
async def test_only_an_access_token_is_one(client: Client, clock: _Clock, tokens: TokenSigner, kind: Any) -> None:
    """The same key may sign other things."""
    header = {"alg": ALGORITHM, "kid": tokens.key_id} | ({} if kind is None else {"typ": kind})
    key = OKPKey.import_key(json.loads(tokens.private_jwk()))
    other = jws.serialize_compact(header, json.dumps(_claims(clock)), key, algorithms=[ALGORITHM])
    answer = await client().get("/me", headers=_bearer(other))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token")
    assert (await client().get("/me", headers=_bearer(tokens.sign(_claims(clock))))).status_code == 200


async def test_unknown_roles_of_a_newer_issuer_are_ignored(client: Client, clock: _Clock, tokens: TokenSigner) -> None:
    token = tokens.sign(_claims(clock, roles=["practitioner", "archivist"], aud=["medkabinet", "other"]))
    assert (await client().get("/me", headers=_bearer(token))).json()["roles"] == ["practitioner"]


async def test_a_changed_or_foreign_signature_is_refused(client: Client, clock: _Clock, tokens: TokenSigner) -> None:
    head, body, signature = _issue(tokens).split(".")
    padded = json.loads(base64.urlsafe_b64decode(body + "=="))
    raised = base64.urlsafe_b64encode(json.dumps(padded | {"roles": ["administrator"]}).encode()).rstrip(b"=").decode()
    foreign = TokenSigner.generate(clock)
    foreign.key_id = tokens.key_id
    for token in (f"{head}.{raised}.{signature}", foreign.sign(_claims(clock))):
        assert (await client().get("/me", headers=_bearer(token))).status_code == 401


async def test_the_token_never_chooses_its_algorithm(client: Client, clock: _Clock, tokens: TokenSigner) -> None:
    public = json.dumps(tokens.public_jwk())
    forged = jwt.encode({"alg": "HS256", "kid": tokens.key_id}, _claims(clock), OctKey.import_key(public), algorithms=["HS256"])
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": tokens.key_id}).encode()).rstrip(b"=").decode()
    body = base64.urlsafe_b64encode(json.dumps(_claims(clock)).encode()).rstrip(b"=").decode()
    for token in (forged, f"{head}.{body}."):
        assert (await client().get("/me", headers=_bearer(token))).status_code == 401


async def test_a_remembered_token_ends_with_its_time(client: Client, clock: _Clock, tokens: TokenSigner) -> None:
    one, token = client(), _issue(tokens, minutes=5)
    assert (await one.get("/me", headers=_bearer(token))).status_code == 200
    clock.at += timedelta(minutes=5)
    assert (await one.get("/me", headers=_bearer(token))).json()["code"] == "invalid-token"
    clock.at -= timedelta(minutes=7)
    assert (await one.get("/me", headers=_bearer(token))).status_code == 401


async def test_remembered_tokens_are_bounded(clock: _Clock, tokens: TokenSigner) -> None:
    authenticator = Authenticator(_cache(_Issuer(tokens)), clock, remembered=3)
    for _ in range(10):
        await authenticator._verified(_issue(tokens))
    assert len(authenticator._remembered) == 3


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.5", "198.51.100.1"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "2001:DB8::1", "2001:db8::1"),
    ],
)
async def test_the_address_is_the_nearest_that_is_no_proxy_of_ours(
    client: Client, tokens: TokenSigner, peer: str, forwarded: str | None, address: str
) -> None:
    headers = _bearer(_issue(tokens)) | ({"X-Forwarded-For": forwarded} if forwarded else {})
    one = client(peer, trusted_proxies=("127.0.0.0/8", "10.0.0.0/8"))
    assert (await one.get("/me", headers=headers)).json()["address"] == address


async def test_route_callers_reads_the_marker_and_refuses_none_or_two(clock: _Clock, tokens: TokenSigner) -> None:
    app = _app(Authenticator(_cache(_Issuer(tokens)), clock))
    found = {route.path: route_callers(route) for route in iter_route_contexts(app.routes) if hasattr(route, "dependant")}
    assert found == {
        "/me": frozenset({"practitioner", "reviewer"}),
        "/open": frozenset({"anyone"}),
        "/scans": frozenset({"practitioner", "registration"}),
        "/recent": frozenset({"practitioner", "enrolment"}),
        "/unmarked": None,
        "/twice": None,
        "/api/desk/tickets": frozenset({"support-agent"}),
    }
    recent = [route.path for route in iter_route_contexts(app.routes) if needs_recent_factor(route)]
    assert recent == ["/recent"]
    operations = app.openapi()["paths"]
    assert operations["/me"]["get"]["x-callers"] == ["practitioner", "reviewer"]
    assert operations["/me"]["get"]["security"] == [{"accessToken": []}]
    assert "security" not in operations["/open"]["get"]


def test_a_marker_without_roles_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="name the roles"):
        callers()


async def test_keys_are_fetched_once_for_many_and_again_for_a_new_key(clock: _Clock, tokens: TokenSigner) -> None:
    newer = TokenSigner.generate(clock)
    issuer = _Issuer(tokens)
    cache = _cache(issuer, pause=0)
    await asyncio.gather(*(cache.key(tokens.key_id) for _ in range(20)))
    assert issuer.asked <= 20
    asked = issuer.asked
    assert await cache.key(tokens.key_id)
    assert issuer.asked == asked
    issuer.signers = [newer]
    assert await cache.key(newer.key_id)
    assert await cache.key(tokens.key_id) is None


async def test_unknown_keys_cannot_make_us_ask_all_the_time(clock: _Clock, tokens: TokenSigner) -> None:
    issuer = _Issuer(tokens)
    cache = _cache(issuer, pause=60)
    assert await cache.key(tokens.key_id)
    for number in range(50):
        assert await cache.key(f"unknown-{number}") is None
    assert issuer.asked == 1


async def test_old_keys_survive_an_absent_issuer(tokens: TokenSigner) -> None:
    issuer = _Issuer(tokens)
    cache = _cache(issuer, lifetime=0, pause=0)
    assert await cache.key(tokens.key_id)
    issuer.is_down = True
    for _ in range(3):
        assert await cache.key(tokens.key_id)
        assert cache._renewal is not None
        await cache._renewal
    assert issuer.asked > 1
    await cache.aclose()


@pytest.mark.parametrize("body", [None, [], {"keys": 5}, {"keys": [5]}, {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "!"}]}])
async def test_without_any_key_the_answer_is_503(tokens: TokenSigner, body: Any) -> None:
    issuer = _Issuer(tokens)
    issuer.body, issuer.is_down = body, body is None
    with pytest.raises(Unavailable):
        await _cache(issuer).key(tokens.key_id)


async def test_the_tests_signer_is_trusted_over_real_http(signer: Signer) -> None:
    async with httpx.AsyncClient() as http:
        authenticator = Authenticator(JwksCache(signer.jwks_url, http, lifetime_seconds=60), SystemClock())
        verified = await authenticator._verified(signer.token(PERSON, Role.AUDITOR))
        assert (verified.id, verified.roles) == (PERSON, frozenset({Role.AUDITOR}))
        with pytest.raises(InvalidToken):
            await authenticator._verified(signer.token(PERSON, Role.AUDITOR, exp=1))


def test_a_signer_s_key_travels_as_json(clock: _Clock, tokens: TokenSigner) -> None:
    again = TokenSigner.from_json(tokens.private_jwk(), clock)
    assert again.key_id == tokens.key_id
    assert UUID(jwt.decode(_issue(again), again._key, algorithms=["Ed25519"]).claims["sub"]) == PERSON
    with pytest.raises(ValueError, match="private"):
        TokenSigner.from_json(json.dumps(tokens.public_jwk()), clock)
