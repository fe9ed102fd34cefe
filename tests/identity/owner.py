"""A verified practitioner before their own profile, and the ways to change it."""

from typing import Any
from uuid import UUID

from contracts.identity import ContactsChanged, ProfileVerified, VerificationRequested
from contracts.roles import Role
from tests.identity import people
from tests.identity.walk import Json, Walk
from tests.support import Component, Signer


class Owner:
    """A verified practitioner before their profile."""

    def __init__(self, identity: Component, signer: Signer, walk: Walk, person_id: UUID) -> None:
        self.identity, self.signer, self.walk, self.id = identity, signer, walk, person_id

    async def send(self, method: str, path: str, body: Json | None = None, **headers: str) -> tuple[int, Json]:
        now = int(self.identity.clock.now().timestamp())
        own = self.signer.headers(self.id, Role.PRACTITIONER, iat=now, exp=now + 300, factors={"password": now, "sms": now})
        answer = await self.identity.client.request(method, path, json=body, headers=own | headers)
        return answer.status_code, answer.json()

    async def ask(self, method: str, path: str, body: Json | None = None, **headers: str) -> Json:
        status, answer = await self.send(method, path, body, **headers)
        assert status < 300, answer
        return answer

    async def profile(self) -> Json:
        return await self.ask("GET", "/profile")

    async def propose(self, patch: Json) -> Json:
        version = (await self.profile())["version"]
        return await self.ask("POST", "/profile/changes", patch, **{"If-Match": f'"{version}"'})

    async def refused(self, patch: Json) -> set[tuple[str, str]]:
        """Pointer and code of everything wrong with a patch."""
        version = (await self.profile())["version"]
        status, answer = await self.send("POST", "/profile/changes", patch, **{"If-Match": f'"{version}"'})
        assert status == 422, answer
        return {(error["pointer"], error["code"]) for error in answer["errors"]}

    async def codes(self, change: Json, *addresses: str) -> list[str]:
        await self.ask("POST", f"/profile/changes/{change['change_id']}/code", {})
        return [await self.walk.code(address) for address in addresses]

    async def change(self, patch: Json) -> Json:
        """A change confirmed by the code to the present telephone alone."""
        change = await self.propose(patch)
        [code] = await self.codes(change, self.walk.phone)
        return await self.ask("POST", f"/profile/changes/{change['change_id']}/confirmation", {"code": code})

    async def next(self, event: type[Any]) -> Any:
        """The next event of the class about this person."""

        def is_own(seen: Any) -> bool:
            return self.id in (getattr(seen, "practitioner_id", None), getattr(seen, "person_id", None))

        return await self.identity.tap.next(event, where=is_own)


async def owner(identity: Component, signer: Signer, **profile: Any) -> Owner:
    walk = Walk(identity, profile=people.profile(**profile))
    found = Owner(identity, signer, walk, await walk.register())
    await found.next(ProfileVerified)
    await found.next(ContactsChanged)
    await found.next(VerificationRequested)
    return found


def licence(**changes: Any) -> Json:
    return {"practice": {"licence": changes}}
