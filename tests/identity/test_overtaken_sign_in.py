"""Sign-ins that somebody who takes access away overtakes: no session is left of them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.identity import OneTimeCodeIssued
from contracts.roles import Role
from services.identity.repository.sign_ins import SignInRepository
from services.identity.repository.throttles import ThrottleRepository
from services.identity.usecases import UseCases
from tests.identity.test_password_reset import NEW, forget
from tests.identity.test_rights import Owner
from tests.identity.test_staff import Office
from tests.identity.walk import Walk
from tests.support import Component, Signer

pytestmark = pytest.mark.usefixtures("back_to_normal")

MOMENTS = [(SignInRepository, "save"), (ThrottleRepository, "write")]
"""Before the transaction of a sign-in reads anything, and in the middle of it."""


def overtake(monkeypatch: pytest.MonkeyPatch, place: type, name: str, deed: Callable[[], Awaitable[Any]]) -> None:
    """Do the deed just before the method does its work for the first time."""
    original, is_done = getattr(place, name), False

    async def overtaken(*args: Any, **kwargs: Any) -> Any:
        nonlocal is_done
        if not is_done:
            is_done = True
            await deed()
        return await original(*args, **kwargs)

    monkeypatch.setattr(place, name, overtaken)


async def is_left_open(identity: Component, person_id: UUID) -> bool:
    usecases: UseCases = identity.app.state.usecases
    return await usecases.sessions.open_sessions(person_id) != []


@pytest.mark.parametrize(("place", "name"), MOMENTS)
async def test_a_password_set_anew_meanwhile_leaves_no_session_of_the_old_one(
    identity: Component, monkeypatch: pytest.MonkeyPatch, place: type, name: str
) -> None:
    walk = Walk(identity)
    person_id = await walk.register()
    reset_id = await forget(walk, walk.email)
    mailed = await walk.code(walk.email)
    started = await walk.start_sign_in(walk.email)
    code = await walk.code(walk.phone)

    async def set_anew() -> None:
        answer = await walk.send("PUT", f"/password-resets/{reset_id}", {"code": mailed, "password": NEW})
        assert answer.status_code == 204, answer.text

    overtake(monkeypatch, place, name, set_anew)
    late = await walk.send("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": code})
    assert (late.status_code, late.json()["code"]) == (401, "sign-in-refused")
    assert not await is_left_open(identity, person_id)


@pytest.mark.parametrize("deed", ["deactivation", "roles"])
async def test_access_taken_meanwhile_leaves_no_session_with_the_old_roles(
    identity: Component, signer: Signer, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    office = await Office(identity, signer).open_office()
    staff_id, body = await office.add("support-agent")
    member = await office.member(body)
    started = await member.start_sign_in(body["email"])
    code = await member.code(body["phone"])

    async def take_access() -> None:
        if deed == "deactivation":
            await office.ask("POST", f"/staff/{staff_id}/deactivation")
        else:
            assert (await office.change(staff_id, roles=["auditor"])).is_success

    overtake(monkeypatch, ThrottleRepository, "write", take_access)
    late = await member.send("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": code})
    usecases: UseCases = identity.app.state.usecases
    roles = {role for session in await usecases.sessions.open_sessions(staff_id) for role in session.roles}
    assert (late.status_code, roles) == ((401, set()) if deed == "deactivation" else (200, {Role.AUDITOR}))


async def test_no_code_goes_anywhere_for_an_account_closed_meanwhile(identity: Component, signer: Signer) -> None:
    walk = Walk(identity)
    await walk.register()
    owner = Owner(identity, signer, walk)
    started = await walk.start_sign_in(walk.email)
    await walk.code(walk.phone)
    await owner.submit()
    await owner.ask_erasure(closes_account=True)
    identity.clock.move(timedelta(seconds=61))
    assert (await walk.send("POST", f"/sign-ins/{started['sign_in_id']}/sms")).status_code == 202
    other = Walk(identity)
    await other.ask("POST", "/registrations", {"phone": other.phone})
    await other.code(other.phone)
    assert "" not in {event.address for event in identity.tap.all(OneTimeCodeIssued)}
