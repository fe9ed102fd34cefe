"""Codes under way to a telephone or a mailbox are void the moment it is no longer the person's."""

from typing import Any

import pytest

from contracts.identity import OneTimeCodeIssued, ProfileVerified
from services.identity.repository.sign_ins import SignInRepository
from tests.identity import people
from tests.identity.test_overtaken_sign_in import overtake
from tests.identity.visitor import Visitor

pytestmark = pytest.mark.usefixtures("back_to_normal")

NEW = "ольха-невод-брусника-44"


@pytest.fixture
async def visitor(visitor: Visitor) -> Visitor:
    await visitor.next(ProfileVerified)
    return visitor


async def code(visitor: Visitor, purpose: str, address: str) -> str:
    """The next code for the purpose; it must go to the address."""
    issued = await visitor.next(OneTimeCodeIssued, lambda event: event.purpose == purpose)
    assert issued.address == address
    return str(issued.code)


async def change(visitor: Visitor, **patch: Any) -> None:
    """A confirmed change of the profile."""
    profile = await visitor.ask("GET", "/profile")
    proposed = await visitor.ask("POST", "/profile/changes", patch, **{"If-Match": f'"{profile["version"]}"'})
    path, wanted = (
        f"/profile/changes/{proposed['change_id']}",
        {"phone": "code", "new-phone": "new_phone_code", "new-email": "new_email_code"},
    )
    addresses = {"phone": profile["phone"], "new-phone": patch.get("phone"), "new-email": patch.get("email")}
    codes = {}
    for proof in proposed["needed"]:
        await visitor.ask("POST", f"{path}/code", {"proofs": [proof]})
        codes[wanted[proof]] = await code(visitor, "profile-change", addresses[proof])
    await visitor.ask("POST", f"{path}/confirmation", codes)


async def begun(visitor: Visitor) -> tuple[str, str]:
    """A sign-in and a step-up of the session that is open, as paths."""
    sign_in = await visitor.walk.start_sign_in(visitor.walk.snils)
    step_up = await visitor.ask("POST", "/step-ups")
    return f"/sign-ins/{sign_in['sign_in_id']}/code", f"/step-ups/{step_up['step_up_id']}/code"


async def codes_sent(visitor: Visitor, phone: str) -> tuple[str, str]:
    return await code(visitor, "sign-in", phone), await code(visitor, "step-up", phone)


async def are_accepted(visitor: Visitor, paths: tuple[str, str], codes: tuple[str, str]) -> list[bool]:
    return [(await visitor.send("POST", path, {"code": text})).is_success for path, text in zip(paths, codes, strict=True)]


async def test_id_6_codes_sent_to_the_old_telephone_are_void_and_new_ones_go_to_the_new_at_once(visitor: Visitor) -> None:
    old, new = visitor.walk.phone, people.phone()
    paths = await begun(visitor)
    codes = await codes_sent(visitor, old)
    await change(visitor, phone=new)
    assert await are_accepted(visitor, paths, codes) == [False, False]
    paths = await begun(visitor)
    assert await are_accepted(visitor, paths, codes) == [False, False]
    assert await are_accepted(visitor, paths, await codes_sent(visitor, new)) == [True, True]


async def test_a_sign_in_under_way_is_finished_with_a_code_to_the_new_telephone(visitor: Visitor) -> None:
    new = people.phone()
    paths = await begun(visitor)
    await codes_sent(visitor, visitor.walk.phone)
    await change(visitor, phone=new)
    await visitor.send("POST", paths[0].removesuffix("code") + "sms")
    assert (await visitor.send("POST", paths[0], {"code": await code(visitor, "sign-in", new)})).is_success


async def test_id_6_the_code_for_a_new_password_sent_to_the_old_mailbox_is_void(visitor: Visitor) -> None:
    old, new = visitor.walk.email, people.email()

    async def begin(identifier: str) -> str:
        return f"/password-resets/{(await visitor.walk.ask('POST', '/password-resets', {'identifier': identifier}))['reset_id']}"

    async def is_set(path: str, text: str) -> bool:
        return (await visitor.walk.send("PUT", path, {"code": text, "password": NEW})).is_success

    path = await begin(old)
    sent = await code(visitor, "password-reset", old)
    await change(visitor, email=new)
    assert not await is_set(path, sent)
    again = await begin(new)
    told = await code(visitor, "password-reset", new)
    assert not await is_set(again, sent)
    assert await is_set(again, told)


async def test_codes_stay_good_when_no_address_changes(visitor: Visitor) -> None:
    paths = await begun(visitor)
    codes = await codes_sent(visitor, visitor.walk.phone)
    await change(visitor, patronymic="Аристарховна", email=people.email())
    assert await are_accepted(visitor, paths, codes) == [True, True]


async def test_a_sign_in_that_the_change_overtakes_sends_its_code_to_the_new_telephone(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = people.phone()
    overtake(monkeypatch, SignInRepository, "add", lambda: change(visitor, phone=new))
    await visitor.walk.start_sign_in(visitor.walk.snils)
    assert await code(visitor, "sign-in", new)
