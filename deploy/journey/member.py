"""Somebody with an account: signs in with a code from the telephone, reads notices, signs out."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from deploy.journey.gateway import Caller, Refused, Tokens
from deploy.journey.outside import Outside

REFUSED = (401, 403)


@dataclass(slots=True)
class Member:
    """A person at the gateway; `identifier` is what they sign in with."""

    caller: Caller
    outside: Outside
    identifier: str = field(repr=False)
    password: str = field(repr=False)
    phone: str = field(repr=False)

    async def sign_in(self) -> dict[str, Any]:
        """Identifier, password, code from the SMS. Returns the answer to the first step."""
        seen = await self.outside.newest("sms", self.phone)
        started = await self._start()
        self.go_on_with(await self._finish(started, await self.outside.code("sms", self.phone, after=seen)))
        return started

    def go_on_with(self, tokens: dict[str, Any]) -> None:
        """Go on with these tokens."""
        self.caller.tokens = Tokens(tokens["access_token"], tokens["refresh_token"])

    async def _start(self) -> dict[str, Any]:
        self.caller.tokens = None
        body = {"identifier": self.identifier, "password": self.password}
        return dict(await self.caller.post("/api/identity/sign-ins", body))

    async def _finish(self, started: dict[str, Any], code: str) -> dict[str, Any]:
        return dict(await self.caller.post(f"/api/identity/sign-ins/{started['sign_in_id']}/code", {"code": code}))

    def __post_init__(self) -> None:
        self.caller.step_up = self.step_up

    async def step_up(self) -> None:
        """A fresh second factor for the session that is open."""
        seen = await self.outside.newest("sms", self.phone)
        begun = await self.caller.post("/api/identity/step-ups")
        await self._prove(begun, await self.outside.code("sms", self.phone, after=seen))

    async def _prove(self, begun: dict[str, Any], code: str) -> None:
        proved = await self.caller.post(f"/api/identity/step-ups/{begun['step_up_id']}/code", {"code": code})
        if self.caller.tokens is not None:
            self.caller.tokens = Tokens(proved["access_token"], self.caller.tokens.refresh_token)

    async def is_signed_in(self) -> bool:
        """Whether the session still holds."""
        try:
            await self.caller.get("/api/notifications/preferences")
        except Refused as refused:
            if refused.status in REFUSED:
                return False
            raise
        return True

    async def sign_out(self) -> None:
        """End the session by hand."""
        await self.caller.call("DELETE", "/api/identity/sessions/current")
        self.caller.tokens = None

    async def notices(self, **query: Any) -> list[dict[str, Any]]:
        """The newest notices of the inbox."""
        page = await self.caller.get("/api/notifications/notices", params={"limit": 100, **query})
        return list(page["items"])

    async def notice(self, kind: str, subject: UUID | str | None = None) -> dict[str, Any] | None:
        """The newest notice of a kind (about one thing), or None."""
        for notice in await self.notices():
            if notice["kind"] == kind and (subject is None or str(subject) in f"{notice}"):
                return notice
        return None

    async def read(self, notice_id: str) -> None:
        """Mark a notice as read."""
        await self.caller.put(f"/api/notifications/notices/{notice_id}/reading")

    async def act(self, notice_id: str) -> None:
        """Say that one acted on a notice: it is not repeated any more."""
        await self.caller.put(f"/api/notifications/notices/{notice_id}/act")
