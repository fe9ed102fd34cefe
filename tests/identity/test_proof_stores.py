"""One behaviour for the stores of resets and passkeys and their twins; and what a reset does before it is answered."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, cast
from uuid import uuid4

import pytest

from chassis.testing import FakeBegin, FrozenClock
from chassis.transaction import Begin, Transaction, atomic
from contracts.identity import PasswordResetRequested
from services.identity.domain.codes import CodePolicy
from services.identity.domain.passkeys import Ceremony, CeremonyKind, CeremonyOver, NoSuchPasskey, Passkey, PasskeyRegistered
from services.identity.domain.password_resets import PasswordReset, ResetCode
from services.identity.gateways.hashing import Secrets
from services.identity.repository.encoding import StaleRecord
from services.identity.repository.passkeys import CeremonyRepository, PasskeyRepository
from services.identity.repository.password_resets import PasswordResetRepository
from services.identity.repository.people import Credentials
from services.identity.repository.throttles import AllowanceRepository
from services.identity.usecases.access import Origin
from services.identity.usecases.codes import Codes
from services.identity.usecases.passwords import PasswordUseCases
from tests.identity import fakes, people
from tests.identity.fake_proofs import FakeCeremonies, FakePasskeys, FakePasswordResets
from tests.identity.samples import CODE, NOW
from tests.support import Component

Work = Callable[[Transaction], Awaitable[Any]]


@dataclass
class Stores:
    begin: Begin
    resets: PasswordResetRepository
    passkeys: PasskeyRepository
    ceremonies: CeremonyRepository

    @atomic
    async def do(self, work: Work) -> Any:
        """One transaction."""
        async with self.begin() as tx:
            return await work(tx)


@pytest.fixture(params=["fake", "real"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "fake":
        return Stores(FakeBegin(), FakePasswordResets(), FakePasskeys(), FakeCeremonies())
    chassis = cast(Component, request.getfixturevalue("identity")).app.state.chassis
    database, cipher = chassis.database, chassis.cipher
    return Stores(chassis.begin, PasswordResetRepository(database), PasskeyRepository(database, cipher), CeremonyRepository(database))


def a_passkey(**changes: Any) -> Passkey:
    sample: dict[str, Any] = {
        "id": uuid4(),
        "person_id": uuid4(),
        "credential_id": uuid4().bytes,
        "public_key": b"k" * 77,
        "sign_count": 2**32 - 1,
        "transports": ("internal",),
        "is_backup_eligible": True,
        "is_backed_up": False,
        "name": "Телефон",
        "created_at": NOW,
    }
    return Passkey(**sample | changes)


class TestPasskeys:
    async def test_they_come_back_as_they_were_the_oldest_first(self, stores: Stores) -> None:
        late = a_passkey(created_at=NOW + timedelta(days=1), last_used_at=NOW)
        early = a_passkey(person_id=late.person_id)
        for passkey in (late, early, a_passkey()):
            assert await stores.do(partial(stores.passkeys.add, passkey=passkey)) == replace(passkey, version=1)
        found = await stores.do(lambda tx: stores.passkeys.of_person(tx, late.person_id, limit=10))
        assert found == [replace(early, version=1), replace(late, version=1)]
        assert await stores.do(lambda tx: stores.passkeys.of_person(tx, late.person_id, limit=1)) == found[:1]
        assert await stores.do(lambda tx: stores.passkeys.by_credential(tx, late.credential_id)) == found[1]
        assert await stores.do(lambda tx: stores.passkeys.by_credential(tx, b"unknown")) is None

    async def test_somebody_elses_is_not_found(self, stores: Stores) -> None:
        passkey = await stores.do(lambda tx: stores.passkeys.add(tx, a_passkey()))
        assert await stores.do(lambda tx: stores.passkeys.get(tx, passkey.id, owner=passkey.person_id)) == passkey
        with pytest.raises(NoSuchPasskey):
            await stores.do(lambda tx: stores.passkeys.get(tx, passkey.id, owner=uuid4()))

    async def test_a_credential_is_stored_once(self, stores: Stores) -> None:
        passkey = await stores.do(lambda tx: stores.passkeys.add(tx, a_passkey()))
        with pytest.raises(PasskeyRegistered):
            await stores.do(lambda tx: stores.passkeys.add(tx, a_passkey(credential_id=passkey.credential_id)))
        await stores.do(lambda tx: stores.passkeys.remove(tx, passkey))
        assert await stores.do(lambda tx: stores.passkeys.add(tx, a_passkey(credential_id=passkey.credential_id)))

    async def test_what_somebody_else_wrote_since_is_not_overwritten(self, stores: Stores) -> None:
        passkey = await stores.do(lambda tx: stores.passkeys.add(tx, a_passkey()))
        await stores.do(lambda tx: stores.passkeys.save(tx, passkey.renamed("Другой")))
        with pytest.raises(StaleRecord):
            await stores.do(lambda tx: stores.passkeys.save(tx, passkey))


class TestCeremonies:
    async def test_one_is_answered_once(self, stores: Stores) -> None:
        end = NOW + timedelta(minutes=5)
        asked = Ceremony(id=uuid4(), kind=CeremonyKind.SIGN_IN, challenge=b"c" * 32, created_at=NOW, expires_at=end)
        added = await stores.do(lambda tx: stores.ceremonies.add(tx, asked))
        answered = await stores.do(lambda tx: stores.ceremonies.save(tx, added.answered(NOW)))
        assert await stores.do(lambda tx: stores.ceremonies.get(tx, asked.id)) == answered
        assert await stores.do(lambda tx: stores.ceremonies.get(tx, uuid4())) is None
        for at, over in ((NOW, answered), (end, added)):
            with pytest.raises(CeremonyOver):
                over.answered(at)
        with pytest.raises(StaleRecord):
            await stores.do(lambda tx: stores.ceremonies.save(tx, added))


class TestPasswordResets:
    async def test_it_comes_back_as_it_was(self, stores: Stores) -> None:
        reset = PasswordReset(id=uuid4(), created_at=NOW, code=CODE)
        added = await stores.do(lambda tx: stores.resets.add(tx, reset))
        assert added == replace(reset, version=1)
        looked_up = await stores.do(lambda tx: stores.resets.save(tx, added.about(uuid4(), uuid4())))
        assert await stores.do(lambda tx: stores.resets.get(tx, reset.id)) == looked_up
        assert await stores.do(lambda tx: stores.resets.get(tx, uuid4())) is None

    async def test_what_somebody_else_wrote_since_is_not_overwritten(self, stores: Stores) -> None:
        added = await stores.do(lambda tx: stores.resets.add(tx, PasswordReset(id=uuid4(), created_at=NOW, code=CODE)))
        await stores.do(lambda tx: stores.resets.save(tx, added))
        with pytest.raises(StaleRecord):
            await stores.do(lambda tx: stores.resets.save(tx, added))

    async def test_an_account_has_one_code_the_last_one(self, stores: Stores) -> None:
        first = ResetCode(id=uuid4(), code=CODE)
        assert await stores.do(lambda tx: stores.resets.code(tx, first.id)) is None
        await stores.do(lambda tx: stores.resets.save_code(tx, first))
        last = replace(first, code=replace(CODE, tries_left=1), version=1)
        await stores.do(lambda tx: stores.resets.save_code(tx, last))
        assert await stores.do(lambda tx: stores.resets.code(tx, first.id)) == replace(last, version=2)


class UnaskedPeople(fakes.FakePeople):
    """Fails the test when somebody looks an account up."""

    async def credentials(self, tx: Transaction | None, candidates: Mapping[str, str]) -> Credentials | None:
        raise AssertionError("an account was looked up")


async def test_a_reset_is_answered_before_any_account_is_looked_up() -> None:
    begin, clock, secrets = FakeBegin(), FrozenClock(NOW), Secrets("p" * 32)
    policy = CodePolicy(digits=6, lifetime=timedelta(minutes=5), tries=5, resend_after=timedelta(minutes=1), daily=10)
    codes = Codes(AllowanceRepository(fakes.FakeThrottles()), secrets, policy, clock.now)
    unused = cast(Any, None)
    usecases = PasswordUseCases(
        begin, UnaskedPeople(), FakePasswordResets(), codes, unused, unused, unused, unused, unused, secrets, unused, clock.now
    )
    for identifier in (people.email(), people.phone(), "?"):
        reset = await usecases.start_reset(identifier, Origin(address="10.1.2.3"))
        asked = begin.events(PasswordResetRequested)[-1]
        assert (asked.reset_id, asked.identifier, asked.address) == (reset.id, identifier, "10.1.2.3")
    with pytest.raises(AssertionError, match="looked up"):
        await usecases.send_code(asked)
