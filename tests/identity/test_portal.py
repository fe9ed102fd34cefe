"""Sign-in through the state portal over HTTP: against a provider of the tests' own that behaves, and misbehaves in every way we know."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey

from chassis.clock import machine_now
from contracts.identity import PortalConfirmed, ProfileRefused, SecurityAlertRaised
from contracts.roles import Role
from tests.identity import people
from tests.identity.provider import HUGE, HostileProvider
from tests.identity.registries import FakeRegistries
from tests.identity.test_sign_in import claims_of
from tests.identity.trip import Trip
from tests.identity.walk import Walk
from tests.support import Component, Signer

pytestmark = pytest.mark.usefixtures("back_to_normal")

Json = dict[str, Any]


@pytest.fixture
async def trip(walk: Walk, provider: HostileProvider) -> Trip:
    """Of somebody who is registered."""
    return Trip(walk, provider, owner=await walk.be_verified())


@pytest.fixture(scope="module")
async def resident(identity: Component, registries: FakeRegistries) -> tuple[Walk, UUID]:
    """Somebody registered, for tests that end before anything is linked."""
    registries.answers.clear()
    identity.clock.reset()
    walk = Walk(identity)
    return walk, await walk.be_verified()


@pytest.fixture
async def refused(resident: tuple[Walk, UUID], provider: HostileProvider) -> AsyncIterator[Trip]:
    """A trip of the resident that does not get there; whoever it is told to be is linked to nobody."""
    walk, owner = resident
    trip = Trip(walk, provider, owner=owner)
    yield trip
    assert await rows_of_owner(trip) == []


async def rows_of(trip: Trip, collection: str) -> list[Json]:
    return await trip.walk.identity.database[collection].find({}).to_list(None)


async def test_id_3_the_portal_account_signs_in_and_is_linked_by_snils_once(trip: Trip, signer: Signer) -> None:
    first = await trip.sign_in(changes={"auth_time": int(machine_now().timestamp()) - 120})
    assert first.status_code == 200, first.text
    assert first.headers["Cache-Control"] == "no-store"
    claims = await claims_of(trip.walk.identity, first.json()["access_token"])
    assert claims["roles"] == ["practitioner"]
    factors: Json = claims["factors"]  # type: ignore[assignment]
    assert set(factors) == {"portal"}
    assert 119 <= claims["iat"] - factors["portal"] <= 125

    alert = await trip.walk.identity.tap.next(SecurityAlertRaised, where=lambda event: str(event.person_id) == claims["sub"])
    assert alert.kind == "portal-linked"
    again = await trip.sign_in(person={"snils": None})
    assert (await claims_of(trip.walk.identity, again.json()["access_token"]))["sub"] == claims["sub"], "the link needs no SNILS"
    told = [event for event in trip.walk.identity.tap.all(SecurityAlertRaised) if str(event.person_id) == claims["sub"]]
    assert len(told) == 1, "told once"

    caller = signer.headers(alert.person_id, Role.PRACTITIONER)
    log = (await trip.walk.ask("GET", "/access-log", None, **caller))["items"]
    assert [row["action"] for row in log] == ["signed-in", "signed-in", "portal-linked", "registered"]


async def test_a_practitioner_is_confirmed_when_the_portal_names_their_snils(trip: Trip) -> None:
    assert (await trip.sign_in()).status_code == 200
    told = await trip.walk.identity.tap.next(PortalConfirmed, where=lambda event: event.practitioner_id == trip.owner)
    assert told.provider == "gosuslugi"
    for snils in (None, people.snils(), "11"):
        assert (await trip.sign_in(person={"snils": snils})).status_code == 200
    assert (await trip.sign_in()).status_code == 200
    mine = [event for event in trip.walk.identity.tap.all(PortalConfirmed) if event.practitioner_id == trip.owner]
    assert 1 <= len(mine) <= 2, "neither without a SNILS nor with another one"


async def test_the_browser_is_sent_with_state_nonce_and_a_challenge(refused: Trip) -> None:
    await refused.start()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(refused.started["authorization_url"]).query).items()}
    assert refused.started["authorization_url"].startswith(f"{refused.provider.url}/authorize?")
    assert (asked["response_type"], asked["client_id"], asked["scope"]) == ("code", "medkabinet", "openid snils")
    assert (asked["redirect_uri"], asked["code_challenge_method"]) == ("http://cabinet.test/portal-sign-in", "S256")
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) == 43
    stored = str((await rows_of(refused, "portal_sign_ins"))[-1])
    assert not any(secret in stored for secret in (asked["state"], asked["nonce"], refused.started["browser_token"]))


async def test_the_providers_are_listed(refused: Trip) -> None:
    listed = await refused.walk.ask("GET", "/portal-providers")
    assert {"provider": "gosuslugi", "title": "Госуслуги"} in listed["items"]
    unknown = await refused.walk.send("POST", "/portal-sign-ins", {"provider": "unknown"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no-such-portal-provider")


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_only_the_browser_that_started_completes_with_its_own_state_and_in_time(trip: Trip, provider: HostileProvider) -> None:
    other = await Trip(trip.walk, provider).start()
    await trip.start()
    returned = trip.agree()
    stolen = returned | {"browser_token": other.started["browser_token"]}
    assert code_of(await trip.come_back(stolen)) == (403, "portal-browser-differs")
    assert code_of(await trip.come_back(returned | {"state": "x" * 43})) == (403, "portal-state-wrong")
    assert code_of(await other.come_back(returned | {"browser_token": other.started["browser_token"]})) == (403, "portal-state-wrong")
    trip.started["portal_sign_in_id"], known = uuid4(), trip.started["portal_sign_in_id"]
    assert code_of(await trip.come_back(returned)) == (404, "no-such-portal-sign-in")
    trip.started["portal_sign_in_id"] = known
    trip.walk.identity.clock.move(timedelta(minutes=10))
    assert code_of(await trip.come_back(returned)) == (409, "portal-sign-in-over")
    trip.walk.identity.clock.move(timedelta(minutes=-1))
    assert (await trip.come_back(returned)).status_code == 200, "none of these tries used anything up"


async def test_a_trip_is_used_once_also_by_two_at_once(trip: Trip) -> None:
    await trip.start()
    returned = trip.agree()
    assert (await trip.come_back(returned)).status_code == 200
    assert code_of(await trip.come_back(returned)) == (409, "portal-sign-in-used")

    await trip.start()
    returned = trip.agree()
    answers = await asyncio.gather(*(trip.come_back(returned) for _ in range(4)))
    assert sum(answer.status_code == 200 for answer in answers) <= 1
    assert {code_of(answer)[1] for answer in answers if answer.status_code != 200} <= {"portal-sign-in-used", "portal-code-refused"}


async def test_a_code_of_another_trip_or_made_up_is_refused(trip: Trip, provider: HostileProvider) -> None:
    other = await Trip(trip.walk, provider).start()
    await trip.start()
    injected = trip.agree() | {"code": other.agree()["code"]}
    assert code_of(await trip.come_back(injected)) == (403, "portal-code-refused"), "PKCE binds the code to its trip"
    assert code_of(await trip.come_back(injected)) == (409, "portal-sign-in-used")
    await trip.start()
    assert code_of(await trip.come_back(trip.agree() | {"code": "придумано"})) == (403, "portal-code-refused")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("access_denied", (403, "portal-access-denied")),
        ("login_required", (403, "portal-request-refused")),
        ("<script>", (403, "portal-request-refused")),
        ("temporarily_unavailable", (503, "portal-unavailable")),
    ],
)
async def test_an_error_of_the_provider_has_a_name(refused: Trip, error: str, expected: tuple[int, str]) -> None:
    await refused.start()
    returned = refused.agree()
    del returned["code"]
    answer = await refused.come_back(returned | {"error": error})
    assert code_of(answer) == expected
    assert error not in answer.text


async def test_a_body_needs_a_code_or_an_error(refused: Trip) -> None:
    await refused.start()
    returned = refused.agree()
    for wrong in (returned | {"error": "access_denied"}, {name: returned[name] for name in ("state", "browser_token")}):
        assert code_of(await refused.come_back(wrong)) == (422, "invalid")
    assert code_of(await refused.come_back(returned | {"code": "к" * 5000})) == (422, "invalid")


async def test_a_named_issuer_must_be_the_provider(trip: Trip) -> None:
    await trip.start()
    assert code_of(await trip.come_back(trip.agree() | {"iss": "https://mix-up.example"})) == (403, "portal-issuer-wrong")
    await trip.start()
    assert (await trip.come_back(trip.agree() | {"iss": trip.provider.url})).status_code == 200


def _by_hand(header: Json, claims: Json, secret: bytes | None = None) -> str:
    """What no library lets one sign."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    text = ".".join(parts)
    signature = b"" if secret is None else hmac.digest(secret, text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _by_the_public_key(provider: HostileProvider) -> Callable[[Json], str]:
    header = {"alg": "HS256", "kid": provider.key.kid}
    return lambda claims: _by_hand(header, claims, provider.key.as_pem(private=False))


FORGERIES: dict[str, Callable[[HostileProvider], Json]] = {
    "portal-token-signature-wrong": lambda provider: {"sign": lambda claims: provider.signed(claims, RSAKey.generate_key(2048))},
    "portal-token-algorithm-wrong": lambda _: {"sign": lambda claims: _by_hand({"alg": "none"}, claims)},
    "portal-token-malformed": lambda _: {"sign": lambda _: "не.токен.вовсе"},
    "portal-token-issuer-wrong": lambda provider: {"changes": {"iss": f"{provider.url}/"}},
    "portal-token-audience-wrong": lambda _: {"changes": {"aud": "another"}},
    "portal-token-nonce-wrong": lambda _: {"changes": {"nonce": "n" * 43}},
    "portal-token-expired": lambda _: {"changes": {"exp": int(machine_now().timestamp()) - 61}},
    "portal-access-token-differs": lambda _: {"changes": {"at_hash": "A" * 22}},
    "portal-subject-differs": lambda _: {"told": {"sub": "somebody-else"}},
    "portal-account-unverified": lambda _: {"told": {"trusted": False}},
    "portal-snils-missing": lambda _: {"person": {"snils": None}},
    "portal-snils-wrong": lambda _: {"person": {"snils": "112-233-445 94"}},
}


@pytest.mark.parametrize("expected", FORGERIES)
async def test_what_the_provider_must_not_say_is_refused_by_its_name(refused: Trip, expected: str) -> None:
    answer = await refused.sign_in(**FORGERIES[expected](refused.provider))
    assert code_of(answer) == (403, expected)
    assert await rows_of_owner(refused) == []


async def rows_of_owner(trip: Trip) -> list[Json]:
    return [row for row in await rows_of(trip, "portal_links") if row["person_id"] == trip.owner]


MORE_FORGERIES: list[tuple[str, Callable[[HostileProvider], Json]]] = [
    ("portal-token-algorithm-wrong", lambda provider: {"sign": _by_the_public_key(provider)}),
    ("portal-token-algorithm-wrong", lambda provider: {"sign": lambda claims: provider.signed(claims, alg="RS512")}),
    ("portal-token-signature-wrong", lambda provider: {"sign": lambda claims: provider.signed(claims, kid="unknown")}),
    ("portal-token-malformed", lambda provider: {"sign": lambda claims: provider.signed(claims, kid="k" * 1000)}),
    ("portal-token-malformed", lambda _: {"sign": lambda _: "x" * 40_000}),
    ("portal-token-malformed", lambda _: {"changes": {"sub": None}}),
    ("portal-token-malformed", lambda _: {"changes": {"sub": "s" * 300}}),
    ("portal-token-malformed", lambda _: {"changes": {"sub": 17}}),
    ("portal-token-issuer-wrong", lambda _: {"changes": {"iss": None}}),
    ("portal-token-audience-wrong", lambda _: {"changes": {"aud": ["medkabinet", "another"]}}),
    ("portal-token-audience-wrong", lambda _: {"changes": {"azp": "another"}}),
    ("portal-token-audience-wrong", lambda _: {"changes": {"aud": {"medkabinet": 1}}}),
    ("portal-token-nonce-wrong", lambda _: {"changes": {"nonce": None}}),
    ("portal-token-nonce-wrong", lambda _: {"changes": {"nonce": ["n"]}}),
    ("portal-token-expired", lambda _: {"changes": {"exp": "завтра"}}),
    ("portal-token-expired", lambda _: {"changes": {"exp": None}}),
    ("portal-token-expired", lambda _: {"changes": {"iat": int(machine_now().timestamp()) + 120}}),
    ("portal-token-expired", lambda _: {"changes": {"auth_time": int(machine_now().timestamp()) + 120}}),
    ("portal-token-expired", lambda _: {"changes": {"auth_time": 10**400}}),
    ("portal-token-expired", lambda _: {"changes": {"auth_time": "вчера"}}),
    ("portal-access-token-differs", lambda _: {"changes": {"at_hash": 7}}),
    ("portal-access-token-differs", lambda _: {"changes": {"at_hash": "ы"}}),
    ("portal-snils-wrong", lambda _: {"person": {"snils": ["112-233-445 95"]}}),
    ("portal-snils-wrong", lambda _: {"person": {"snils": "1" * 5000}}),
]


@pytest.mark.parametrize("number", range(len(MORE_FORGERIES)))
async def test_every_other_way_to_say_it_is_refused_too(refused: Trip, number: int) -> None:
    expected, make = MORE_FORGERIES[number]
    assert code_of(await refused.sign_in(**make(refused.provider))) == (403, expected)


async def test_two_audiences_are_fine_when_we_are_the_party(trip: Trip) -> None:
    answer = await trip.sign_in(changes={"aud": ["another", "medkabinet"], "azp": "medkabinet", "at_hash": None})
    assert answer.status_code == 200, answer.text


async def test_the_provider_may_change_its_keys(trip: Trip) -> None:
    assert (await trip.sign_in()).status_code == 200
    fresh = RSAKey.generate_key(2048, auto_kid=True)
    trip.provider.published = [{"kty": "oct", "k": "c2VjcmV0"}, {"kty": "unknown"}, trip.provider.public(fresh)]
    await asyncio.sleep(0.35)
    trip.provider.asked.clear()
    answer = await trip.sign_in(sign=lambda claims: trip.provider.signed(claims, fresh, kid=fresh.kid))
    assert answer.status_code == 200, answer.text
    assert trip.provider.asked.count("jwks") == 1
    for _ in range(3):
        refused = await trip.sign_in(sign=lambda claims: trip.provider.signed(claims, kid="unknown"))
        assert code_of(refused)[1] == "portal-token-signature-wrong"
    assert trip.provider.asked.count("jwks") <= 2, "unknown keys do not make us ask all the time"
    await asyncio.sleep(0.35)
    trip.provider.reset()
    assert (await trip.sign_in()).status_code == 200


AWAY = {"status": 500, "refused": 429, "silence": 2.0, "huge": HUGE, "no JSON": b"<html>", "a list": b"[]", "deep": b"[" * 100_000}


@pytest.mark.parametrize("kind", AWAY)
@pytest.mark.parametrize("endpoint", ["token", "userinfo"])
async def test_a_provider_that_is_away_loses_nothing(trip: Trip, endpoint: str, kind: str) -> None:
    await trip.start()
    returned = trip.agree()
    trip.provider.faults[endpoint] = AWAY[kind]
    answer = await trip.come_back(returned)
    assert code_of(answer) == (503, "portal-unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    trip.provider.faults.clear()
    again = await trip.come_back(returned)
    assert again.status_code == 200, again.text


async def test_a_provider_that_never_answered_cannot_be_gone_to(refused: Trip) -> None:
    answer = await refused.walk.send("POST", "/portal-sign-ins", {"provider": "dead"})
    assert code_of(answer) == (503, "portal-unavailable")
    assert int(answer.headers["Retry-After"]) > 0


async def test_an_answer_without_tokens_is_no_answer(refused: Trip) -> None:
    refused.provider.faults["token"] = b'{"access_token": 5}'
    assert code_of(await refused.sign_in()) == (503, "portal-unavailable")


async def test_nobody_registered_is_told_so_and_nothing_is_kept(walk: Walk, provider: HostileProvider) -> None:
    trip = Trip(walk, provider)
    links = len(await rows_of(trip, "portal_links"))
    answer = await trip.sign_in()
    assert code_of(answer) == (409, "portal-not-registered")
    assert "Зарегистрируйтесь" in answer.json()["detail"]
    assert len(await rows_of(trip, "portal_links")) == links


async def test_an_account_the_registries_have_not_confirmed_is_not_linked_by_its_number(
    walk: Walk, provider: HostileProvider, registries: FakeRegistries
) -> None:
    registries.answers["snils"] = {"outcome": "mismatch", "fields": [{"field": "snils", "code": "does-not-match"}]}
    person_id = await walk.register()
    await walk.identity.tap.next(ProfileRefused, where=lambda event: event.practitioner_id == person_id)
    trip = Trip(walk, provider, owner=person_id)
    links = len(await rows_of(trip, "portal_links"))
    assert code_of(await trip.sign_in()) == (409, "portal-profile-unverified")
    assert len(await rows_of(trip, "portal_links")) == links


async def test_an_account_has_one_link_and_an_outside_account_one_owner(trip: Trip, provider: HostileProvider) -> None:
    assert (await trip.sign_in()).status_code == 200
    twin = Trip(trip.walk, provider)
    assert code_of(await twin.sign_in()) == (409, "portal-account-linked-otherwise")
    other_walk = Walk(trip.walk.identity)
    await other_walk.be_verified()
    moved = Trip(other_walk, provider, sub=trip.sub)
    first = await claims_of(trip.walk.identity, (await trip.sign_in()).json()["access_token"])
    second = await claims_of(trip.walk.identity, (await moved.sign_in()).json()["access_token"])
    assert first["sub"] == second["sub"], "the link decides, whatever SNILS is told later"


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"birthdate": "1989-03-13"}, 409),
        ({"birthdate": "13.03.1989"}, 409),
        ({"family_name": "Другая", "given_name": "Совсем"}, 409),
        ({"birthdate": "12.03.1989", "family_name": "Замужняя"}, 200),
        ({"birthdate": None, "family_name": None, "given_name": None}, 200),
        ({"birthdate": "0000", "family_name": 5, "given_name": "евстолия "}, 200),
    ],
)
async def test_somebody_elses_data_with_the_same_snils_is_not_linked(trip: Trip, told: Json, status: int) -> None:
    answer = await trip.sign_in(person=told)
    assert answer.status_code == status, answer.text
    if status == 409:
        assert answer.json()["code"] == "portal-person-differs"


async def test_two_first_sign_ins_at_once_make_one_link(trip: Trip, provider: HostileProvider) -> None:
    trips = [await Trip(trip.walk, provider, sub=trip.sub).start() for _ in range(3)]
    answers = await asyncio.gather(*(one.come_back(one.agree()) for one in trips))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    assert len(await rows_of_owner(trip)) == 1


async def test_a_repeated_completion_gets_the_first_answer(trip: Trip) -> None:
    await trip.start()
    returned = trip.agree()
    key = {"Idempotency-Key": uuid4().hex}
    first, second = [await trip.come_back(returned, **key) for _ in range(2)]
    assert first.status_code == 200, first.text
    assert first.json() == second.json()
