"""The list of sessions whose access tokens are void before they end."""

from datetime import timedelta
from uuid import UUID

import pytest

from contracts.roles import Role
from tests.identity.walk import Walk
from tests.support import Component, Signer


@pytest.fixture(autouse=True)
def back_to_normal(identity: Component) -> None:
    identity.clock.reset()


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
