"""In-memory twins of the repositories; the behaviour tests run on both."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from chassis.mongo import Database, Document
from chassis.transaction import Overtaken, Transaction
from contracts.factors import Factor
from contracts.roles import Role
from services.identity.domain.access_log import Entry, Filters, Record, row_mac
from services.identity.domain.factors import Factors
from services.identity.domain.people import NoSuchPerson, Person, Status
from services.identity.domain.registration import Registration
from services.identity.domain.sessions import Ending, Session
from services.identity.domain.sign_ins import SentCode, SignIn
from services.identity.domain.step_ups import NoSuchStepUp, StepUp
from services.identity.domain.verification import Registry, RegistryAnswer
from services.identity.gateways.registries import Registries
from services.identity.repository.access_log import AccessLogRepository
from services.identity.repository.encoding import StaleRecord
from services.identity.repository.factors import FactorRepository
from services.identity.repository.people import Credentials, PersonRepository, already_registered, lookups
from services.identity.repository.registrations import RegistrationRepository
from services.identity.repository.sessions import SessionRepository, SigningKey, SigningKeyRepository
from services.identity.repository.sign_ins import SignInRepository
from services.identity.repository.step_ups import StepUpRepository
from services.identity.repository.throttles import Key, Throttle, ThrottleRepository, Throttles

NO_DATABASE = cast(Database, None)
NO_CIPHER = cast(Any, None)


def stored(rows: dict[UUID, Any], aggregate: Any) -> Any:
    """Replace a row of the version that was read."""
    if aggregate.id not in rows or rows[aggregate.id].version != aggregate.version:
        raise StaleRecord
    rows[aggregate.id] = replace(aggregate, version=aggregate.version + 1)
    return rows[aggregate.id]


class FakeRegistrations(RegistrationRepository):
    def __init__(self) -> None:
        super().__init__(NO_DATABASE, NO_CIPHER)
        self.rows: dict[UUID, Registration] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def open_by_phone(self, tx: Transaction, phone: str) -> Registration | None:
        return next((row for row in self.rows.values() if row.phone == phone and row.completed_at is None), None)

    async def get(self, tx: Transaction, registration_id: UUID) -> Registration | None:
        return self.rows.get(registration_id)

    async def id_of_open(self, owner_id: UUID) -> UUID | None:
        return next((row.id for row in self.rows.values() if row.owner_id == owner_id and row.completed_at is None), None)

    async def add(self, tx: Transaction, registration: Registration) -> Registration:
        self.rows[registration.id] = replace(registration, version=registration.version + 1)
        return self.rows[registration.id]

    async def save(self, tx: Transaction, registration: Registration) -> Registration:
        return cast(Registration, stored(self.rows, registration))

    async def remove(self, tx: Transaction, registration: Registration) -> None:
        self.rows.pop(registration.id, None)


def found_by(person: Person) -> dict[str, str | None]:
    return {"phone": person.phone, "email": person.email} | lookups(person)


class FakePeople(PersonRepository):
    def __init__(self) -> None:
        super().__init__(NO_DATABASE, NO_CIPHER)
        self.rows: dict[UUID, Person] = {}
        self.erased: set[UUID] = set()

    async def prepare(self) -> None:
        """Nothing to make."""

    async def get(self, tx: Transaction, person_id: UUID) -> Person:
        if person_id not in self.rows:
            raise NoSuchPerson("Учётная запись не найдена.")
        return self.rows[person_id]

    async def has_account(self, tx: Transaction, person_id: UUID) -> bool:
        return person_id in self.rows or person_id in self.erased

    async def erase(self, tx: Transaction, person: Person, *, at: datetime) -> None:
        if self.rows[person.id].version != person.version:
            raise StaleRecord
        del self.rows[person.id]
        self.erased.add(person.id)

    async def is_taken(self, tx: Transaction, name: str, value: str) -> bool:
        return any(found_by(row).get(name) == value for row in self.rows.values())

    async def by_snils(self, tx: Transaction, snils: str) -> Person | None:
        return next((row for row in self.rows.values() if found_by(row).get("snils") == snils), None)

    async def credentials_of(self, tx: Transaction | None, person_id: UUID) -> Credentials | None:
        row = self.rows.get(person_id)
        return Credentials(row.id, row.password_hash, row.roles) if row and row.closed_at is None and row.deactivated_at is None else None

    async def open_phone(self, credentials: Credentials | None) -> str:
        return self.rows[credentials.person_id].phone if credentials else ""

    async def hold(self, tx: Transaction, person_id: UUID) -> Credentials | None:
        return await self.credentials_of(tx, person_id)

    async def credentials(self, tx: Transaction | None, candidates: Mapping[str, str]) -> Credentials | None:
        def fitting(*names: str) -> list[Person]:
            sought = {name: candidates[name] for name in names if name in candidates}
            rows = [row for row in self.rows.values() if row.deactivated_at is None]
            return [row for row in rows if any(found_by(row).get(name) == value for name, value in sought.items())]

        owners = [row for name in ("phone", "email", "snils", "inn") for row in fitting(name)]
        licensed = fitting("licence_number", "licence")
        fits = owners[:1] or [row for row in licensed if row.status is Status.VERIFIED] or licensed
        return Credentials(fits[0].id, fits[0].password_hash, fits[0].roles) if len(fits) == 1 else None

    async def has_staff(self, tx: Transaction, role: str) -> bool:
        return any(row.status is Status.STAFF and role in row.roles for row in self.rows.values())

    async def staff_member(self, tx: Transaction, staff_id: UUID) -> Person:
        found = await self.get(tx, staff_id)
        if found.status is not Status.STAFF:
            raise NoSuchPerson("Сотрудник не найден.")
        return found

    async def staff(
        self, tx: Transaction, *, role: Role | None, is_active: bool | None, limit: int, after: tuple[datetime, UUID] | None
    ) -> list[Person]:
        def fits(row: Person) -> bool:
            has_role = role is None or role in row.roles
            return row.status is Status.STAFF and has_role and is_active in {None, row.deactivated_at is None}

        def place(row: Person) -> tuple[datetime, bytes]:
            return (row.created_at, row.id.bytes)

        found = sorted(filter(fits, self.rows.values()), key=place, reverse=True)
        return [row for row in found if after is None or place(row) < (after[0], after[1].bytes)][:limit]

    async def hold_other_administrators(self, tx: Transaction, person_id: UUID) -> int:
        return sum(row.administers for row in self.rows.values() if row.id != person_id)

    async def escalated(self, tx: Transaction, *, limit: int, after: tuple[Any, ...] | None) -> list[Person]:
        def place(person: Person) -> tuple[Any, bytes]:
            return (person.verification and person.verification.requested_at, person.id.bytes)

        queue = sorted((row for row in self.rows.values() if row.status is Status.ESCALATED), key=place)
        return [row for row in queue if after is None or place(row) > (after[0], after[1].bytes)][:limit]

    async def add(self, tx: Transaction, person: Person) -> Person:
        for name in ("phone", "email", "snils", "inn"):
            value = found_by(person).get(name)
            if value is not None and await self.is_taken(tx, name, value):
                raise already_registered(name)
        self.rows[person.id] = replace(person, version=person.version + 1)
        return self.rows[person.id]

    async def save(self, tx: Transaction, person: Person) -> Person:
        return cast(Person, stored(self.rows, person))


class FakeFactors(FactorRepository):
    def __init__(self) -> None:
        super().__init__(NO_DATABASE, NO_CIPHER)
        self.rows: dict[UUID, Factors] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def get(self, tx: Transaction | None, person_id: UUID) -> Factors:
        return self.rows.get(person_id, Factors(id=person_id))

    async def strong(self, tx: Transaction, person_id: UUID) -> frozenset[Factor]:
        return self.rows.get(person_id, Factors(id=person_id)).strong

    async def save(self, tx: Transaction, factors: Factors) -> Factors:
        if self.rows.get(factors.id, Factors(id=factors.id)).version != factors.version:
            raise Overtaken
        self.rows[factors.id] = replace(factors, version=factors.version + 1)
        return self.rows[factors.id]


class FakeSignIns(SignInRepository):
    def __init__(self) -> None:
        super().__init__(NO_DATABASE)
        self.rows: dict[UUID, SignIn] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def get(self, tx: Transaction | None, sign_in_id: UUID) -> SignIn | None:
        return self.rows.get(sign_in_id)

    async def add(self, tx: Transaction, sign_in: SignIn) -> SignIn:
        self.rows[sign_in.id] = replace(sign_in, version=sign_in.version + 1)
        return self.rows[sign_in.id]

    async def save(self, tx: Transaction, sign_in: SignIn) -> SignIn:
        return cast(SignIn, stored(self.rows, sign_in))


class FakeThrottles(ThrottleRepository):
    def __init__(self) -> None:
        super().__init__(NO_DATABASE)
        self.rows: dict[Key, Throttle] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def read(self, tx: Transaction | None, keys: Collection[Key]) -> Throttles:
        return Throttles({key: self.rows[key] for key in keys if key in self.rows})

    async def write(self, tx: Transaction, rows: Iterable[Throttle], *, at: datetime) -> None:
        for row in rows:
            key = row.id if isinstance(row, SentCode) else row.key
            if key in self.rows and self.rows[key].version != row.version:
                raise Overtaken
            self.rows[key] = replace(row, version=row.version + 1)


class FakeStepUps(StepUpRepository):
    def __init__(self) -> None:
        super().__init__(NO_DATABASE)
        self.rows: dict[UUID, StepUp] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def get(self, tx: Transaction, step_up_id: UUID, *, session_id: UUID, person_id: UUID) -> StepUp:
        found = self.rows.get(step_up_id)
        if found is None or (found.session_id, found.person_id) != (session_id, person_id):
            raise NoSuchStepUp("Подтверждение не найдено. Запросите код ещё раз.")
        return found

    async def latest(self, tx: Transaction, *, session_id: UUID, person_id: UUID) -> StepUp | None:
        own = [row for row in self.rows.values() if (row.session_id, row.person_id) == (session_id, person_id)]
        return max(own, key=lambda row: row.created_at, default=None)

    async def add(self, tx: Transaction, step_up: StepUp) -> StepUp:
        self.rows[step_up.id] = replace(step_up, version=step_up.version + 1)
        return self.rows[step_up.id]

    async def save(self, tx: Transaction, step_up: StepUp) -> StepUp:
        return cast(StepUp, stored(self.rows, step_up))

    async def remove_sent(self, tx: Transaction, person_id: UUID) -> None:
        sent = [row.id for row in self.rows.values() if (row.person_id, row.channel) == (person_id, "sms")]
        for step_up_id in sent:
            del self.rows[step_up_id]


class FakeSessions(SessionRepository):
    def __init__(self) -> None:
        super().__init__(NO_DATABASE, NO_CIPHER, keep=cast(Any, None))
        self.rows: dict[UUID, Session] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def get(self, tx: Transaction, session_id: UUID) -> Session | None:
        return self.rows.get(session_id)

    async def not_ended(self, tx: Transaction, person_id: UUID, *, limit: int, used_since: datetime | None = None) -> list[Session]:
        found = [row for row in self.rows.values() if row.person_id == person_id and row.ended_at is None]
        found = [row for row in found if used_since is None or row.last_used_at > used_since]
        return sorted(found, key=lambda row: row.created_at, reverse=True)[:limit]

    async def each_not_ended(self, person_id: UUID, *, portion: int) -> AsyncIterator[Session]:
        for row in await self.not_ended(cast(Any, None), person_id, limit=len(self.rows)):
            yield row

    async def end_all(self, tx: Transaction, person_id: UUID, ending: Ending, at: datetime) -> int:
        ended = [row for row in self.rows.values() if row.person_id == person_id and row.ended_at is None]
        self.rows |= {row.id: replace(row.ended(ending, at), version=row.version + 1) for row in ended}
        return len(ended)

    async def add(self, tx: Transaction, session: Session) -> Session:
        self.rows[session.id] = replace(session, version=session.version + 1)
        return self.rows[session.id]

    async def save(self, tx: Transaction, session: Session) -> Session:
        return cast(Session, stored(self.rows, session))


class FakeSigningKeys(SigningKeyRepository):
    def __init__(self) -> None:
        super().__init__(NO_DATABASE, NO_CIPHER)
        self.rows: dict[int, SigningKey] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def latest(self, tx: Transaction, *, limit: int) -> Sequence[SigningKey]:
        return [self.rows[ordinal] for ordinal in sorted(self.rows, reverse=True)][:limit]

    async def published(self, *, limit: int) -> list[Document]:
        newest = [self.rows[ordinal] for ordinal in sorted(self.rows, reverse=True)][:limit]
        return [{"_id": key.ordinal, "signs_from": key.signs_from, "public_jwk": key.public_jwk} for key in newest]

    async def add(self, tx: Transaction, key: SigningKey) -> None:
        self.rows[key.ordinal] = key


class FakeAccessLog(AccessLogRepository):
    def __init__(self, secret: bytes) -> None:
        super().__init__(NO_DATABASE, NO_CIPHER, secret=secret)
        self.secret = secret
        self.rows: list[Record] = []

    async def prepare(self) -> None:
        """Nothing to make."""

    async def append(self, tx: Transaction, entry: Entry) -> None:
        parts = (
            entry.id.bytes,
            entry.subject_id.bytes,
            b"",
            entry.action.encode(),
            entry.service.encode(),
            entry.outcome.encode(),
            b"",
            b"",
        )
        self.rows.append(Record(entry=entry, parts=parts, mac=row_mac(parts, self.secret)))

    async def page(self, tx: Transaction, filters: Filters, *, limit: int) -> list[Record]:
        def fits(entry: Entry) -> bool:
            named = ("subject_id", "actor_id", "action", "service", "outcome")
            is_named = all(getattr(filters, name) in (None, getattr(entry, name)) for name in named)
            is_late = filters.from_at is None or entry.at >= filters.from_at
            is_early = filters.to_at is None or entry.at < filters.to_at
            is_next = filters.before_id is None or entry.id.bytes < filters.before_id.bytes
            return is_named and is_late and is_early and is_next

        found = [row for row in self.rows if fits(row.entry)]
        return sorted(found, key=lambda row: row.entry.id.bytes, reverse=True)[:limit]


class FakeRegistries(Registries):
    """Answers set by the test; a registry without one is silent."""

    def __init__(self) -> None:
        super().__init__({})
        self.answers: dict[Registry, RegistryAnswer] = {}
        self.asked: list[tuple[Registry, ...]] = []

    async def check(self, person: Person, names: tuple[Registry, ...]) -> dict[Registry, RegistryAnswer]:
        self.asked.append(names)
        return {name: self.answers[name] for name in names if name in self.answers}
