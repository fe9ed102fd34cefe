"""Stores of applications filled for measurements, and the service on each: one of a size that is quick to fill, one that is kept."""

import hashlib
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection

from chassis.mongo import Document
from chassis.settings import load_settings
from chassis.transaction import Begin, atomic
from contracts.identity import ProfileFacts
from contracts.roles import Role
from deploy.bench.tokens import Issuer
from deploy.cli.surroundings import entered
from deploy.journey.people import invent_person
from deploy.local.ports import free_ports, http_status
from deploy.local.process import ChildProcess
from deploy.local.servers import PROJECT
from deploy.local.stack import Stack
from services.applications.domain.application import Application, Desk, Recommendation
from services.applications.domain.facts import OwnedDocument, StaffMember, Verdict
from services.applications.domain.form import Form, prefilled
from services.applications.domain.numbers import APPLICATION_PREFIX, written
from services.applications.domain.rules import Kind
from services.applications.domain.states import State
from services.applications.gateways import read_rulebook
from services.applications.main import command_line
from services.applications.repository import ApplicationRepository, FactsRepository
from services.applications.repository.applications import COLLECTION
from services.applications.repository.applications.queries import INDEXES, places
from services.applications.settings import Settings

FIRST = datetime(2026, 1, 12, 9, tzinfo=UTC)
QUEUED = "31.08.36"
"""The specialty whose queue is as deep in every store."""
DEEP = "31.08.49"
"""The specialty whose queue grows with the store."""
_OTHER = "31.08.66"
_CACHE = PROJECT / ".data" / "bench"
_PORTION = 1_000
_SOURCES = ("services/applications/repository", "services/applications/domain/stages.py", "deploy/bench/applications_store.py")
_WORDS = {"address": "г. Примерск, ул. Первая, 1", "organisation": "ГБУЗ Пример", "surname": "Вымышленникова", "given_name": "Алёна"}


def person(name: str) -> UUID:
    """Somebody who is the same in every store and run."""
    return uuid5(NAMESPACE_OID, name)


APPLICANT, REVIEWER, DEEP_REVIEWER, REGISTRAR = (person(name) for name in ("applicant", "reviewer", "deep reviewer", "registrar"))


@dataclass(frozen=True, slots=True)
class Contents:
    """How many applications of other people have ended, and how deep the queues are; one person's own are always twenty."""

    ended: int
    queued: int
    deep: int
    own: int = 20


def cached(name: str) -> Path:
    """A folder that is the same as long as what is stored in it would be; older ones go."""
    digest = hashlib.sha256(name.encode())
    for source in _SOURCES:
        path = PROJECT / source
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    folder = _CACHE / f"{name}-{digest.hexdigest()[:12]}"
    for older in _CACHE.glob(f"{name}-*") if _CACHE.exists() else ():
        if older != folder:
            shutil.rmtree(older)
    return folder


async def fill(environment: Mapping[str, str], contents: Contents) -> None:
    """Put everything into a store, whatever was there. It takes minutes, most of them for indexes, which are made at the end.

    One application of each shape is encrypted, the others share its ciphertext.
    """
    async with planting(environment) as planter:
        collection = planter.collection
        await collection.delete_many({})
        await planter.staff(_staff())
        await planter.plant(list(_SHAPES.values()))
        rows = _rows(contents, {name: await planter.stored(shape.id) for name, shape in _SHAPES.items()})
        await collection.delete_many({})
        await collection.drop_indexes()
        while portion := list(islice(rows, _PORTION)):
            await collection.insert_many(portion, ordered=False)
        for index in INDEXES:
            await collection.create_indexes([index])


@dataclass(frozen=True, slots=True)
class Waiting:
    """An application with what is known of its applicant: approval asks whether the check finds anything wrong."""

    application: Application
    facts: Mapping[str, Any]
    documents: tuple[OwnedDocument, ...]


@dataclass(frozen=True)
class Planter:
    """Puts things into a store of applications past the service."""

    begin: Begin
    applications: ApplicationRepository
    facts: FactsRepository
    collection: AsyncCollection[Document]

    @atomic
    async def staff(self, members: Sequence[StaffMember]) -> None:
        """Those who ask."""
        async with self.begin() as tx:
            for member in members:
                await self.facts.keep_staff_member(tx, member)

    @atomic
    async def plant(self, applications: Sequence[Application]) -> None:
        """As they are; nothing is told and no timer is set."""
        async with self.begin() as tx:
            for application in applications:
                await self.applications.add(tx, application)

    @atomic
    async def plant_known(self, waiting: Waiting) -> None:
        """One with what is known of its applicant."""
        async with self.begin() as tx:
            await self.facts.keep_verified(tx, waiting.application.applicant_id, 1, dict(waiting.facts))
            for document in waiting.documents:
                await self.facts.keep_document(tx, document)
            await self.applications.add(tx, waiting.application)

    async def stored(self, application_id: UUID) -> Document:
        """The row of one that was planted."""
        found = await self.collection.find_one({"_id": application_id})
        if found is None:
            raise RuntimeError("what was planted is not there")
        return found


@asynccontextmanager
async def planting(environment: Mapping[str, str]) -> AsyncIterator[Planter]:
    """Into the store of that environment."""
    with entered(environment):
        settings = load_settings(Settings)
    client: AsyncMongoClient[Document] = AsyncMongoClient(
        settings.mongo_url.get_secret_value(), uuidRepresentation="standard", tz_aware=True
    )
    try:
        async with command_line(settings) as usecases:
            yield Planter(usecases.begin, usecases.applications, usecases.facts, client[settings.mongo_database][COLLECTION])
    finally:
        await client.close()


def waiting(name: str, due_at: datetime) -> Application:
    """One that any reviewer of the specialty may claim."""
    shape = _shape(name, State.UNDER_REVIEW, review_due_at=due_at, specialty_code=QUEUED)
    return replace(shape, number=f"MK-{name}")


def recommended(serial: int) -> Waiting:
    """One that waits for a registrar, of a person of its own."""
    shape, name = _SHAPES[Desk.REGISTRAR], f"recommended {serial}"
    applicant, invented = person(f"of {name}"), invent_person(name, today=FIRST.date())
    facts = ProfileFacts.model_validate(asdict(invented)).model_dump(mode="json")
    needed = read_rulebook().on(FIRST.date()).required_documents(shape.kind, invented.specialty_code)
    documents = tuple(
        OwnedDocument(person(f"{one} of {name}"), 1, applicant, one, 1, Verdict.ACCEPTED, "0" * 64, 1, "application/pdf", (), FIRST)
        for one in needed
    )
    form = prefilled(facts, {one.document_type: str(one.id) for one in documents})
    application = replace(
        shape,
        id=person(name),
        applicant_id=applicant,
        specialty_code=invented.specialty_code,
        number=written(APPLICATION_PREFIX, 2026, serial),
        form=form.merged({"consent": {"personal_data": True, "accuracy": True}}),
    )
    return Waiting(application, facts, documents)


def registrar() -> StaffMember:
    """Who decides."""
    return StaffMember(REGISTRAR, 1, frozenset({Role.REGISTRAR}), frozenset(), None)


def _staff() -> list[StaffMember]:
    reviewers = {REVIEWER: QUEUED, DEEP_REVIEWER: DEEP}
    return [StaffMember(key, 1, frozenset({Role.REVIEWER}), frozenset({code}), None) for key, code in reviewers.items()]


def _shape(name: str, state: State, **changed: object) -> Application:
    form = Form(personal=dict(_WORDS), professional={"workplace": dict(_WORDS)}, consent={"personal_data": True, "accuracy": True})
    base = Application(
        person(name), 5, person(f"of {name}"), Kind.PERIODIC, _OTHER, state, form, FIRST, FIRST, number=name, submitted_at=FIRST
    )
    return replace(base, **changed)  # type: ignore[arg-type]  # fields by name


_SHAPES: dict[str, Application] = {
    State.CERTIFIED: _shape("certified", State.CERTIFIED, ended_at=FIRST),
    State.REJECTED: _shape("rejected", State.REJECTED, ended_at=FIRST),
    Desk.REVIEWER: _shape("waiting", State.UNDER_REVIEW, review_due_at=FIRST),
    Desk.REGISTRAR: _shape(
        "recommended",
        State.UNDER_REVIEW,
        approval_due_at=FIRST,
        recommendations=(Recommendation(person("other"), "approve", (), "", FIRST),),
    ),
}


def _rows(contents: Contents, shapes: Mapping[str, Document]) -> Iterator[Document]:
    ended = cycle((State.CERTIFIED, State.CERTIFIED, State.REJECTED))
    plan = chain(
        ((next(ended), _OTHER, APPLICANT) for _ in range(contents.own)),
        ((Desk.REVIEWER, QUEUED, None) for _ in range(contents.queued)),
        ((Desk.REGISTRAR, _OTHER, None) for _ in range(contents.queued)),
        ((Desk.REVIEWER, DEEP, None) for _ in range(contents.deep)),
        ((next(ended), _OTHER, None) for _ in range(contents.ended)),
    )
    for serial, (name, specialty_code, owner) in enumerate(plan, start=1):
        yield _row(shapes[name], serial, specialty_code, owner or person(f"applicant {serial}"))


def _row(shape: Document, serial: int, specialty_code: str, owner: UUID) -> Document:
    begun = FIRST + timedelta(minutes=serial)
    later = {name: begun + timedelta(days=5) for name in ("ended_at", "review_due_at", "approval_due_at") if shape[name] is not None}
    row = shape | later | {
        "_id": person(f"application {serial}"),
        "applicant_id": owner,
        "specialty_code": specialty_code,
        "number": written(APPLICATION_PREFIX, 2026, serial),
        "created_at": begun,
        "submitted_at": begun,
        "updated_at": begun,
    }  # fmt: skip
    return row | places(row)


@asynccontextmanager
async def serving(stack: Stack, environment: Mapping[str, str], issuer: Issuer) -> AsyncIterator[int]:
    """The service on that store, on a port of its own, trusting the issuer; it watches nothing, which would be work beside."""
    (port,) = free_ports(1)
    quiet = {"APPLICATIONS_PORT": str(port), "JWKS_URL": issuer.url, "APPLICATIONS_WATCH_SECONDS": "100000"}

    async def is_ready() -> bool:
        return await http_status(port, "/health/ready") == HTTPStatus.OK

    ordinary: ChildProcess = stack.processes["applications"]
    made = replace(ordinary, name=f"applications-{port}", environment={**ordinary.environment, **environment, **quiet}, is_ready=is_ready)
    made.start()
    try:
        await made.wait_ready()
        yield port
    finally:
        await made.stop()
