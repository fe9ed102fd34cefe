"""The steps of those who work here: reviewer, registrar, support agent, administrator."""

from typing import Any, TypeVar

from deploy.journey.gateway import Caller
from deploy.journey.member import Member
from deploy.journey.outside import Outside
from deploy.journey.waiting import until

Json = dict[str, Any]
AnyStaff = TypeVar("AnyStaff", bound=Member)


class Administrator(Member):
    """Adds staff."""

    async def add_staff(self, body: Json) -> Json:
        """Give somebody an account."""
        return dict(await self.caller.post("/api/identity/staff", body))


class Reviewer(Member):
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

    async def recommend(self, application_id: str, decision: str, comment: str, reasons: tuple[Json, ...] = ()) -> Json | None:
        """Recommend to approve or reject."""
        body = {"decision": decision, "reasons": reasons, "comment": comment}
        answer: Json | None = await self.caller.post(f"/api/applications/reviews/{application_id}/recommendation", body)
        return answer


class Registrar(Member):
    """Decides."""

    async def queue(self) -> list[Json]:
        """Recommended applications."""
        return list((await self.caller.get("/api/applications/registry", params={"limit": 100}))["items"])

    async def look(self, application_id: str) -> Json:
        """The application with the recommendation."""
        return dict(await self.caller.get(f"/api/applications/registry/{application_id}"))

    async def decide(self, application_id: str, decision: str, comment: str, reasons: tuple[Json, ...] = ()) -> Json | None:
        """Approve or reject."""
        body = {"decision": decision, "reasons": reasons, "comment": comment}
        answer: Json | None = await self.caller.post(f"/api/applications/registry/{application_id}/decision", body)
        return answer


class SupportAgent(Member):
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


def member_of_staff(role: type[AnyStaff], body: Json, caller: Caller, outside: Outside) -> AnyStaff:
    """The one whom `body` added; staff sign in with their e-mail."""
    return role(caller, outside, identifier=body["email"], password=body["password"], phone=body["phone"])
