"""In-memory twins of the stores of passkeys and password resets."""

from dataclasses import replace
from typing import cast
from uuid import UUID

from chassis.transaction import Transaction
from services.identity.domain.passkeys import Ceremony, NoSuchPasskey, Passkey, PasskeyRegistered
from services.identity.domain.password_resets import PasswordReset, ResetCode
from services.identity.repository.passkeys import CeremonyRepository, PasskeyRepository
from services.identity.repository.password_resets import PasswordResetRepository
from tests.identity.fakes import NO_CIPHER, NO_DATABASE, stored


class FakePasskeys(PasskeyRepository):
    def __init__(self) -> None:
        super().__init__(NO_DATABASE, NO_CIPHER)
        self.rows: dict[UUID, Passkey] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def of_person(self, tx: Transaction, person_id: UUID, *, limit: int) -> list[Passkey]:
        own = [row for row in self.rows.values() if row.person_id == person_id]
        return sorted(own, key=lambda row: (row.created_at, row.id.bytes))[:limit]

    async def get(self, tx: Transaction, passkey_id: UUID, *, owner: UUID) -> Passkey:
        found = self.rows.get(passkey_id)
        if found is None or found.person_id != owner:
            raise NoSuchPasskey
        return found

    async def by_credential(self, tx: Transaction, credential_id: bytes) -> Passkey | None:
        return next((row for row in self.rows.values() if row.credential_id == credential_id), None)

    async def add(self, tx: Transaction, passkey: Passkey) -> Passkey:
        if await self.by_credential(tx, passkey.credential_id) is not None:
            raise PasskeyRegistered
        self.rows[passkey.id] = replace(passkey, version=passkey.version + 1)
        return self.rows[passkey.id]

    async def save(self, tx: Transaction, passkey: Passkey) -> Passkey:
        return cast(Passkey, stored(self.rows, passkey))

    async def remove(self, tx: Transaction, passkey: Passkey) -> None:
        self.rows.pop(passkey.id, None)


class FakeCeremonies(CeremonyRepository):
    def __init__(self) -> None:
        super().__init__(NO_DATABASE)
        self.rows: dict[UUID, Ceremony] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def get(self, tx: Transaction, ceremony_id: UUID) -> Ceremony | None:
        return self.rows.get(ceremony_id)

    async def add(self, tx: Transaction, ceremony: Ceremony) -> Ceremony:
        self.rows[ceremony.id] = replace(ceremony, version=ceremony.version + 1)
        return self.rows[ceremony.id]

    async def save(self, tx: Transaction, ceremony: Ceremony) -> Ceremony:
        return cast(Ceremony, stored(self.rows, ceremony))


class FakePasswordResets(PasswordResetRepository):
    def __init__(self) -> None:
        super().__init__(NO_DATABASE)
        self.rows: dict[UUID, PasswordReset] = {}
        self.codes: dict[UUID, ResetCode] = {}

    async def prepare(self) -> None:
        """Nothing to make."""

    async def get(self, tx: Transaction, reset_id: UUID) -> PasswordReset | None:
        return self.rows.get(reset_id)

    async def add(self, tx: Transaction, reset: PasswordReset) -> PasswordReset:
        self.rows[reset.id] = replace(reset, version=reset.version + 1)
        return self.rows[reset.id]

    async def save(self, tx: Transaction, reset: PasswordReset) -> PasswordReset:
        return cast(PasswordReset, stored(self.rows, reset))

    async def code(self, tx: Transaction, subject_id: UUID) -> ResetCode | None:
        return self.codes.get(subject_id)

    async def save_code(self, tx: Transaction, code: ResetCode) -> None:
        self.codes[code.id] = replace(code, version=code.version + 1)
