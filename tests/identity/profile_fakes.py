"""In-memory twins of the repositories of profiles over time; the behaviour tests run on both."""

from dataclasses import replace
from uuid import UUID

from chassis.transaction import Transaction
from services.identity.domain.changes import ProfileChange
from services.identity.domain.versions import NoSuchProfileVersion, ProfileVersion
from services.identity.repository.encoding import StaleRecord
from services.identity.repository.profiles import ProfileChangeRepository, ProfileVersionRepository
from tests.identity.fakes import NO_CIPHER, NO_DATABASE


class FakeProfileVersions(ProfileVersionRepository):
    def __init__(self) -> None:
        super().__init__(NO_DATABASE, NO_CIPHER)
        self.rows: dict[tuple[UUID, int], ProfileVersion] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def find(self, tx: Transaction, person_id: UUID, number: int) -> ProfileVersion | None:
        return self.rows.get((person_id, number))

    async def get(self, tx: Transaction, person_id: UUID, number: int) -> ProfileVersion:
        if (person_id, number) not in self.rows:
            raise NoSuchProfileVersion("Такой версии профиля нет.")
        return self.rows[person_id, number]

    async def page(self, tx: Transaction, person_id: UUID, *, limit: int, before: int | None) -> list[ProfileVersion]:
        numbers = sorted((number for owner, number in self.rows if owner == person_id), reverse=True)
        return [self.rows[person_id, number] for number in numbers if before is None or number < before][:limit]

    async def add(self, tx: Transaction, version: ProfileVersion) -> None:
        if (version.person_id, version.number) in self.rows:
            raise StaleRecord
        await self.save(tx, version)

    async def save(self, tx: Transaction, version: ProfileVersion) -> None:
        self.rows[version.person_id, version.number] = version


class FakeProfileChanges(ProfileChangeRepository):
    def __init__(self) -> None:
        super().__init__(NO_DATABASE, NO_CIPHER)
        self.rows: dict[UUID, ProfileChange] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def get(self, tx: Transaction, person_id: UUID) -> ProfileChange | None:
        return self.rows.get(person_id)

    async def put(self, tx: Transaction, change: ProfileChange) -> ProfileChange:
        before = self.rows.get(change.person_id)
        self.rows[change.person_id] = replace(change, version=(before.version if before else 0) + 1)
        return self.rows[change.person_id]

    async def save(self, tx: Transaction, change: ProfileChange) -> ProfileChange:
        held = self.rows.get(change.person_id)
        if held is None or (held.id, held.version) != (change.id, change.version):
            raise StaleRecord
        self.rows[change.person_id] = replace(change, version=change.version + 1)
        return self.rows[change.person_id]

    async def remove(self, tx: Transaction, person_id: UUID) -> None:
        self.rows.pop(person_id, None)
