"""The list of sessions whose access tokens are void before they end."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from contracts.identity import SecurityAlertRaised
from contracts.roles import Role
from tests.identity import people
from tests.identity.walk import Walk
from tests.support import Component, Signer

pytestmark = pytest.mark.usefixtures("back_to_normal")


async def listed(identity: Component) -> list[str]:
    answer = await identity.client.get("/.well-known/ended-sessions.json")
    assert answer.is_success, answer.text
    return list(answer.json()["session_ids"])


def session_of(tokens: dict[str, str]) -> str:
    return str(UUID(hex=tokens["refresh_token"].partition(".")[0]))


async def test_a_session_is_listed_from_its_end_until_its_last_token_is_over(identity: Component, signer: Signer) -> None:
    walk = Walk(identity)
    person_id = await walk.register()
    first, second = session_of(await walk.sign_in()), session_of(await walk.sign_in())
    assert not {first, second} & set(await listed(identity))

    headers = signer.headers(person_id, Role.PRACTITIONER, sid=second)
    assert (await identity.client.delete("/sessions/others", headers=headers)).status_code == 204
    found = await listed(identity)
    assert first in found
    assert second not in found

    identity.clock.move(timedelta(minutes=5, seconds=1))
    assert first not in await listed(identity)


async def test_a_reused_refresh_token_voids_the_access_tokens_too(identity: Component) -> None:
    walk = Walk(identity)
    await walk.register()
    tokens = await walk.sign_in()
    await walk.ask("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})
    assert (await walk.send("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})).status_code == 401
    assert session_of(tokens) in await listed(identity)


async def test_one_session_more_than_twenty_ends_the_oldest(identity: Component, signer: Signer) -> None:
    walk = Walk(identity)
    person_id = await walk.register()
    started = await walk.start_sign_in(walk.email)
    trusting = {"code": await walk.code(walk.phone), "trust_device": True}
    first = await walk.ask("POST", f"/sign-ins/{started['sign_in_id']}/code", trusting)

    async def sign_in() -> dict[str, str]:
        body = {"identifier": walk.email, "password": people.PASSWORD, "device_token": first["device_token"]}
        return dict((await walk.ask("POST", "/sign-ins", body))["tokens"])

    async def open_sessions(current: dict[str, str]) -> set[str]:
        now = int(identity.clock.now().timestamp())
        headers = signer.headers(person_id, Role.PRACTITIONER, sid=session_of(current), iat=now, exp=now + 60)
        return {item["session_id"] for item in (await walk.ask("GET", "/sessions", None, **headers))["items"]}

    second, *others = [await sign_in() for _ in range(19)]
    assert await open_sessions(first) == {session_of(tokens) for tokens in (first, second, *others)}
    await walk.ask("POST", "/tokens", {"refresh_token": first["refresh_token"]})

    last = await sign_in()
    assert await open_sessions(last) == {session_of(tokens) for tokens in (second, *others, last)}
    assert session_of(first) in await listed(identity)
    ended = await identity.database["sessions"].find_one({"_id": UUID(session_of(first))})
    assert ended is not None
    assert ended["ending"] == "too-many"

    identity.clock.move(timedelta(minutes=16))
    fresh = await sign_in()
    assert await open_sessions(fresh) == {session_of(fresh)}
    assert await identity.database["sessions"].count_documents({"person_id": person_id, "ending": "too-many"}) == 1, (
        "idle ones do not count"
    )


async def test_an_administrator_ends_every_session_of_a_person_who_is_told(identity: Component, signer: Signer) -> None:
    walk = Walk(identity)
    person_id = await walk.register()
    signed_in = [await walk.sign_in(), await walk.sign_in()]
    administrator = signer.headers(uuid4(), Role.ADMINISTRATOR)
    assert (await walk.send("DELETE", f"/people/{person_id}/sessions", None, **administrator)).status_code == 204
    assert {session_of(tokens) for tokens in signed_in} <= set(await listed(identity))
    for tokens in signed_in:
        assert (await walk.send("POST", "/tokens", {"refresh_token": tokens["refresh_token"]})).json()["code"] == "session-over"
    await identity.tap.next(SecurityAlertRaised, where=lambda event: (event.person_id, event.kind) == (person_id, "sessions-ended"))
    rows = (await walk.ask("GET", "/access-log", None, **signer.headers(person_id, Role.PRACTITIONER)))["items"]
    assert (rows[0]["action"], rows[0]["actor_role"], rows[0]["is_own"]) == ("session-ended", "administrator", False)

    unknown = await walk.send("DELETE", f"/people/{uuid4()}/sessions", None, **administrator)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no-such-person")
    assert (await walk.sign_in())["access_token"], "the account itself stays open"
