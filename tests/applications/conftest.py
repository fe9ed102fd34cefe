"""The service under test and a person's hands on it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
import pytest

from chassis.preconditions import etag
from contracts.base import Event
from contracts.roles import Role
from services.applications.main import create_app
from services.applications.settings import Settings
from tests.applications import people
from tests.support import Component, Infra, Signer, component, eventually, service_environment

AnyEvent = TypeVar("AnyEvent", bound=Event)


@pytest.fixture(scope="session")
async def service_env(infra: Infra) -> AsyncIterator[dict[str, str]]:
    rates = '{"certificate-verification": "10000/minute", "certificate-file-verification": "10000/minute", "exports": "3/day"}'
    async with service_environment(infra, "applications", APPLICATIONS_RATE_LIMITS=rates) as env:
        yield env


@pytest.fixture(scope="session")
async def service(service_env: dict[str, str]) -> AsyncIterator[Component]:
    async with component(create_app, Settings, service_env) as running:
        yield running


@dataclass
class Hands:
    """One person using the service."""

    service: Component
    signer: Signer
    id: UUID
    role: Role
    factor_age_seconds: int = 0
    """How long ago the second factor was given."""

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.service.client.request(method, path, json=body, headers=self.token() | named)

    def token(self) -> dict[str, str]:
        """The header of a token that begins now."""
        now = int(self.service.clock.now().timestamp())
        factors = {"password": now - self.factor_age_seconds, "sms": now - self.factor_age_seconds}
        return self.signer.headers(self.id, self.role, iat=now, exp=now + 300, factors=factors)

    async def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = await self.call(method, path, body, **headers)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content and answer.headers["content-type"].startswith("application/json") else answer

    async def judge(self, method: str, path: str, body: Any) -> httpx.Response:
        """A checklist, opinion or decision of one who just opened the application.

        It is opened again when something came in between, as the electronic document does.
        """
        application_id = UUID(path.split("/")[2])

        async def judged() -> httpx.Response:
            row = await self.service.database["applications"].find_one({"_id": application_id}, {"version": True})
            answer = await self.call(method, path, body, If_Match=etag(row["version"] if row else 1))
            assert answer.status_code != 412, answer.text
            return answer

        return await eventually(judged)

    async def judged(self, method: str, path: str, body: Any) -> Any:
        """What an act of judging is answered with when it is taken."""
        answer = await self.judge(method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def examine(self, application_id: str) -> None:
        """As the reviewer who holds it: find everything in order, as approval needs."""
        path = f"/reviews/{application_id}/checklist"
        rows = (await self.judged("PUT", path, {"answers": []}))["rows"]
        await self.judged("PUT", path, {"answers": [{"code": row["code"], "result": "yes"} for row in rows]})


class Applicant(Hands):
    """A verified practitioner with accepted documents."""

    documents: dict[str, UUID]

    async def become_known(self, **changed: Any) -> "Applicant":
        await self.service.publish(people.verified(self.id, **changed))
        self.documents = {name: uuid4() for name in people.REQUIRED}
        for name, document_id in self.documents.items():
            await self.service.publish(people.accepted(self.id, name, document_id))
        store = self.service.database
        await eventually(lambda: store["practitioners"].find_one({"_id": self.id}))

        async def all_known() -> bool:
            return await store["known_documents"].count_documents({"owner_id": self.id}) == len(self.documents)

        await eventually(all_known)
        return self

    async def draft(self, kind: str = "primary", specialty_code: str = people.CARDIOLOGY) -> dict[str, Any]:
        draft = await self.ok("POST", "/applications", {"kind": kind, "specialty_code": specialty_code})
        return await self.edit(draft, consent=people.CONSENT)

    async def draft_with(self, documents: dict[str, UUID]) -> dict[str, Any]:
        """A draft that names these documents, whatever was said of them."""
        return await self.edit(await self.draft(), documents={name: str(key) for name, key in documents.items()})

    async def edit(self, draft: dict[str, Any], **patch: Any) -> dict[str, Any]:
        edited: dict[str, Any] = await self.ok("PATCH", f"/applications/{draft['id']}", patch, If_Match=f'"{draft["version"]}"')
        return edited

    async def confirm(self, draft: dict[str, Any]) -> dict[str, Any]:
        path = f"/applications/{draft['id']}/confirmation"
        confirmed: dict[str, Any] = await self.ok("PUT", path, If_Match=f'"{draft["version"]}"')
        return confirmed

    async def submit(self, draft: dict[str, Any]) -> dict[str, Any]:
        return await self.hand_in(await self.confirm(draft))

    async def hand_in(self, confirmed: dict[str, Any]) -> dict[str, Any]:
        submitted: dict[str, Any] = await self.ok("POST", f"/applications/{confirmed['id']}/submission")
        return submitted

    async def get(self, application_id: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.ok("GET", f"/applications/{application_id}")
        return found

    async def reach(self, application_id: str, state: str) -> dict[str, Any]:
        async def there() -> dict[str, Any]:
            now = await self.get(application_id)
            assert now["state"] == state, now["state"]
            return now

        return await eventually(there)

    async def told(self, event: type[AnyEvent]) -> AnyEvent:
        """The next event of the class that is about this person."""
        return await self.service.tap.next(
            event, where=lambda one: self.id in (getattr(one, "applicant_id", None), getattr(one, "subject_id", None))
        )

    async def under_review(self) -> dict[str, Any]:
        """One that nothing but people changes any more: checked, and its electronic document made."""
        submitted = await self.submit(await self.draft())
        await self.reach(submitted["id"], "under-review")
        printed = {"_id": UUID(submitted["id"]), "electronic_document": {"$ne": None}}
        await eventually(lambda: self.service.database["applications"].find_one(printed))
        return await self.get(submitted["id"])


@pytest.fixture
async def applicant(service: Component, signer: Signer) -> Applicant:
    return await Applicant(service, signer, uuid4(), Role.PRACTITIONER).become_known()


async def known_reviewers(service: Component, signer: Signer, count: int = 2, *specialties: str) -> list[Hands]:
    """Reviewers of these specialties, cardiology unless told, whom the service knows."""
    hands = [Hands(service, signer, uuid4(), Role.REVIEWER) for _ in range(count)]
    for one in hands:
        await service.publish(people.reviewer(one.id, *specialties))

    async def known() -> bool:
        return await service.database["staff_members"].count_documents({"_id": {"$in": [one.id for one in hands]}}) == len(hands)

    await eventually(known)
    return hands


@pytest.fixture
async def reviewers(service: Component, signer: Signer) -> list[Hands]:
    return await known_reviewers(service, signer)


async def known_registrar(service: Component, signer: Signer) -> Hands:
    """One the service knows, and who therefore may decide."""
    hands = Hands(service, signer, uuid4(), Role.REGISTRAR)
    await service.publish(people.registrar(hands.id))
    await eventually(lambda: service.database["staff_members"].find_one({"_id": hands.id}))
    return hands


@pytest.fixture
async def registrar(service: Component, signer: Signer) -> Hands:
    return await known_registrar(service, signer)
