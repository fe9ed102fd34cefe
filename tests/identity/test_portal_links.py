"""Links between accounts here and at a provider, made by who is signed in: over HTTP, on real servers."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.identity import PortalConfirmed, SecurityAlertRaised
from contracts.roles import Role
from tests.identity import people
from tests.identity.provider import HostileProvider
from tests.identity.test_portal import code_of
from tests.identity.test_sign_in import claims_of
from tests.identity.trip import Trip
from tests.identity.walk import Walk
from tests.support import Component, Signer

pytestmark = pytest.mark.usefixtures("back_to_normal")

Json = dict[str, Any]


async def signed_in(identity: Component, provider: HostileProvider, signer: Signer) -> Trip:
    """Somebody with an open session, on the way to link."""
    walk = Walk(identity)
    owner = await walk.register()
    session_id = str((await claims_of(identity, (await walk.sign_in())["access_token"]))["sid"])
    return Trip(walk, provider, owner=owner, headers=signer.headers(owner, Role.PRACTITIONER, sid=session_id))


@pytest.fixture
async def linking(identity: Component, provider: HostileProvider, signer: Signer) -> Trip:
    return await signed_in(identity, provider, signer)


async def links(trip: Trip) -> list[Json]:
    return list((await trip.walk.ask("GET", "/portal-links", None, **trip.headers))["items"])


async def link(trip: Trip, **granted: Any) -> Any:
    return await (await trip.start()).come_back(trip.agree(**granted))


async def told(trip: Trip, kind: str) -> SecurityAlertRaised:
    return await trip.walk.identity.tap.next(SecurityAlertRaised, where=lambda event: (event.person_id, event.kind) == (trip.owner, kind))


async def test_who_is_signed_in_links_lists_and_unlinks(linking: Trip) -> None:
    assert await links(linking) == []
    made = await link(linking)
    assert made.status_code == 200, made.text
    assert await links(linking) == [made.json()]
    assert made.json()["provider"] == "gosuslugi"
    await told(linking, "portal-linked")
    await linking.walk.identity.tap.next(PortalConfirmed, where=lambda event: event.practitioner_id == linking.owner)

    again = await link(linking)
    assert again.json() == made.json(), "linking what is linked changes nothing"
    stranger = Trip(linking.walk, linking.provider, sub=linking.sub)
    tokens = await stranger.sign_in(person={"snils": None})
    assert (await claims_of(linking.walk.identity, tokens.json()["access_token"]))["sub"] == str(linking.owner)

    path = f"/portal-links/{made.json()['portal_link_id']}"
    removed = await linking.walk.send("DELETE", path, None, **linking.headers)
    assert removed.status_code == 204, removed.text
    await told(linking, "portal-unlinked")
    assert await links(linking) == []
    assert code_of(await linking.walk.send("DELETE", path, None, **linking.headers)) == (404, "no-such-portal-link")
    assert code_of(await stranger.sign_in(person={"snils": None})) == (403, "portal-snils-missing")
    log = (await linking.walk.ask("GET", "/access-log", None, **linking.headers))["items"]
    assert [row["action"] for row in log if row["action"].startswith("portal")] == ["portal-unlinked", "portal-linked"]


async def test_linking_and_unlinking_ask_for_a_recent_factor_and_a_practitioner(linking: Trip, signer: Signer) -> None:
    made = (await link(linking)).json()
    owner: UUID = linking.owner or uuid4()
    old = signer.headers(owner, Role.PRACTITIONER, factors={"password": 1, "sms": 1})
    reviewer = signer.headers(owner, Role.REVIEWER)
    for method, path, body in (
        ("POST", "/portal-links", {"provider": "gosuslugi"}),
        ("DELETE", f"/portal-links/{made['portal_link_id']}", None),
    ):
        assert code_of(await linking.walk.send(method, path, body, **old)) == (403, "step-up-required")
        assert code_of(await linking.walk.send(method, path, body, **reviewer)) == (403, "role-missing")
        assert (await linking.walk.send(method, path, body)).status_code == 401
    stranger = signer.headers(uuid4(), Role.PRACTITIONER)
    path = f"/portal-links/{made['portal_link_id']}"
    assert code_of(await linking.walk.send("DELETE", path, None, **stranger)) == (404, "no-such-portal-link")
    assert await links(linking) == [made]


async def test_only_the_session_that_started_completes_and_only_while_it_is_open(linking: Trip, signer: Signer) -> None:
    owner: UUID = linking.owner or uuid4()
    await linking.start()
    returned = linking.agree()
    for other in (signer.headers(owner, Role.PRACTITIONER), signer.headers(uuid4(), Role.PRACTITIONER)):
        assert code_of(await linking.come_back(returned, **other)) == (404, "no-such-portal-sign-in")
    anonymous = f"/portal-sign-ins/{linking.started['portal_sign_in_id']}/completion"
    assert code_of(await linking.walk.send("POST", anonymous, returned)) == (404, "no-such-portal-sign-in")
    assert (await linking.walk.send("DELETE", "/sessions/current", None, **linking.headers)).status_code == 204
    assert code_of(await linking.come_back(returned)) == (401, "session-over")
    assert await links(linking) == []


async def test_a_session_that_went_idle_meanwhile_links_nothing(linking: Trip, signer: Signer) -> None:
    clock, owner = linking.walk.identity.clock, linking.owner or uuid4()
    session_id = (await claims_of(linking.walk.identity, (await linking.walk.sign_in())["access_token"]))["sid"]

    def present() -> dict[str, str]:
        now = int(clock.now().timestamp())
        return signer.headers(owner, Role.PRACTITIONER, sid=str(session_id), iat=now, exp=now + 300, factors={"sms": now})

    clock.move(timedelta(minutes=9))
    linking.headers = present()
    await linking.start()
    clock.move(timedelta(minutes=7))
    linking.headers = present()
    assert code_of(await linking.come_back(linking.agree())) == (401, "session-over")
    assert await links(linking) == []


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ({"snils": people.snils()}, (409, "portal-snils-differs")),
        ({"snils": None}, (403, "portal-snils-missing")),
        ({"snils": "112-233-445 94"}, (403, "portal-snils-wrong")),
        ({"birthdate": "1970-01-01"}, (409, "portal-person-differs")),
    ],
)
async def test_another_persons_account_is_not_linked(linking: Trip, person: Json, expected: tuple[int, str]) -> None:
    await linking.start()
    returned = linking.agree(person=person)
    assert code_of(await linking.come_back(returned)) == expected
    assert code_of(await linking.come_back(returned)) == (409, "portal-sign-in-used")
    assert await links(linking) == []


async def test_a_second_account_of_the_provider_and_one_that_is_taken_are_refused(
    linking: Trip, identity: Component, provider: HostileProvider, signer: Signer
) -> None:
    made = (await link(linking)).json()
    first_sub, linking.sub = linking.sub, "another"
    assert code_of(await link(linking)) == (409, "portal-account-linked-otherwise")
    assert await links(linking) == [made]
    other = await signed_in(identity, provider, signer)
    other.sub = first_sub
    assert code_of(await link(other)) == (409, "portal-link-taken")
    assert await links(other) == []
