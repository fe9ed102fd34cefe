"""The steps of those who work here: reviewer, registrar, support agent, administrator."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from chassis.clock import machine_now
from deploy.journey.authenticator import AuthenticatorApp
from deploy.journey.gateway import Caller, Refused
from deploy.journey.member import Member
from deploy.journey.outside import Outside
from deploy.journey.waiting import until

Json = dict[str, Any]
Keep = Callable[[str], None]


def _forgotten(_: str) -> None:
    """Nobody asked to keep the secret."""


@dataclass(slots=True)
class StaffMember(Member):
    """Signs in with an authenticator app, which is set up at the first sign-in."""

    now: Callable[[], datetime] = field(default=machine_now, kw_only=True)
    app: AuthenticatorApp | None = field(default=None, kw_only=True)
    keep: Keep = field(default=_forgotten, kw_only=True, repr=False)
    """Is given the secret of a new app before it counts, so that no interruption loses it."""

    async def sign_in(self) -> Json:
        """Identifier, password, code of the app; without one by SMS, and then an app is set up."""
        if self.app is None:
            started = await Member.sign_in(self)
            await self.enrol()
            return started
        started = await self._start()
        try:
            tokens = await self._finish(started, await self.app.code())
        except Refused as refused:
            if refused.code != "sign-in-refused":
                raise
            tokens = await self._finish(started, await self.app.code())  # the first one was used, by another program with this secret
        self.go_on_with(tokens)
        return started

    async def set_password(self) -> None:
        """By the way of a forgotten one, with a code from the mail: nobody knows the password an account begins with."""
        seen = await self.outside.newest("email", self.identifier)
        begun = await self.caller.post("/api/identity/password-resets", {"identifier": self.identifier})
        code = await self.outside.code("email", self.identifier, after=seen)
        await self.caller.put(f"/api/identity/password-resets/{begun['reset_id']}", {"code": code, "password": self.password})

    async def enrol(self) -> None:
        """Set up an app; until then a member of staff may do nothing else."""
        made = await self.caller.post("/api/identity/factors/totp")
        self.keep(made["secret"])
        self.app = AuthenticatorApp(made["secret"], self.now)
        self.go_on_with(await self.caller.post("/api/identity/factors/totp/confirmation", {"code": await self.app.code()}))

    async def step_up(self) -> None:
        """A fresh code of the app."""
        if self.app is None:
            await Member.step_up(self)
            return
        begun = await self.caller.post("/api/identity/step-ups")
        await self._prove(begun, await self.app.code())

    async def _judge(self, method: str, path: str, act: str, body: Json) -> Json:
        """Act on the application as one sees it; it is looked at again when something came in between."""
        while True:
            seen = await self.caller.call("GET", path)
            try:
                answer = await self.caller.call(method, f"{path}/{act}", json=body, headers={"If-Match": seen.headers["ETag"]})
            except Refused as refused:
                if refused.code != "precondition-failed":
                    raise
            else:
                return dict(answer.json())


AnyStaff = TypeVar("AnyStaff", bound=StaffMember)


class Administrator(StaffMember):
    """Adds staff."""

    async def add_staff(self, body: Json) -> Json:
        """Give somebody an account; the password is theirs to set."""
        told = {name: value for name, value in body.items() if name != "password"}
        return dict(await self.caller.post("/api/identity/staff", told))


class Reviewer(StaffMember):
    """Looks at applications."""

    async def queue(self) -> list[Json]:
        """Applications waiting for review."""
        return list((await self.caller.get("/api/applications/reviews", params={"limit": 100}))["items"])

    async def queued(self, application_id: str) -> Json:
        """The row of one application once it is in the queue."""

        async def found() -> Json | None:
            return next((row for row in await self.queue() if row["application_id"] == application_id), None)

        return await until(found, "заявление в очереди экспертов")

    async def claim(self, application_id: str) -> None:
        """Take an application."""
        await self.caller.put(f"/api/applications/reviews/{application_id}/claim")

    async def look(self, application_id: str) -> Json:
        """The application with its documents and what changed since the last request."""
        return dict(await self.caller.get(f"/api/applications/reviews/{application_id}"))

    async def ask(self, application_id: str, *remarks: Json) -> Json | None:
        """Pin remarks; each `{code, pointer, comment}`."""
        answer: Json | None = await self.caller.post(f"/api/applications/reviews/{application_id}/requests", {"remarks": remarks})
        return answer

    async def recommend(self, application_id: str, decision: str, comment: str, reasons: tuple[Json, ...] = ()) -> Json:
        """Recommend to approve or reject; approval goes with a checklist on which everything is in order."""
        path = f"/api/applications/reviews/{application_id}"
        if decision == "approve":
            rows = (await self.look(application_id))["checklist"]["rows"]
            await self._judge("PUT", path, "checklist", {"answers": [{"code": row["code"], "result": "yes"} for row in rows]})
        return await self._judge("POST", path, "recommendation", {"decision": decision, "reasons": reasons, "comment": comment})


class Registrar(StaffMember):
    """Decides."""

    async def queue(self) -> list[Json]:
        """Recommended applications."""
        return list((await self.caller.get("/api/applications/registry", params={"limit": 100}))["items"])

    async def look(self, application_id: str) -> Json:
        """The application with the recommendation."""
        return dict(await self.caller.get(f"/api/applications/registry/{application_id}"))

    async def decide(self, application_id: str, decision: str, comment: str, reasons: tuple[Json, ...] = ()) -> Json:
        """Approve or reject."""
        path = f"/api/applications/registry/{application_id}"
        return await self._judge("POST", path, "decision", {"decision": decision, "reasons": reasons, "comment": comment})


class SupportAgent(StaffMember):
    """Helps."""

    async def desk(self) -> list[Json]:
        """Open requests."""
        return list((await self.caller.get("/api/support/desk/tickets", params={"limit": 100}))["items"])

    async def take(self, ticket_id: str) -> None:
        """Take a request."""
        await self.caller.put(f"/api/support/desk/tickets/{ticket_id}/assignment")

    async def reply(self, ticket_id: str, text: str) -> None:
        """Answer a request."""
        await self.caller.post(f"/api/support/desk/tickets/{ticket_id}/messages", {"text": text})


def member_of_staff(role: type[AnyStaff], body: Json, caller: Caller, outside: Outside, **more: Any) -> AnyStaff:
    """The one whom `body` added; staff sign in with their e-mail. `more` says the time and knows the app."""
    return role(caller, outside, identifier=body["email"], password=body["password"], phone=body["phone"], **more)
