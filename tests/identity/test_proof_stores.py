"""One behaviour for the stores of resets and their twins; and what a reset does before it is answered."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest

from chassis.testing import FakeBegin, FrozenClock
from chassis.transaction import Begin, Transaction, atomic
from contracts.identity import PasswordResetRequested
from services.identity.domain.codes import CodePolicy
from services.identity.domain.password_resets import PasswordReset, ResetCode
from services.identity.gateways.hashing import Secrets
from services.identity.repository.encoding import StaleRecord
from services.identity.repository.password_resets import PasswordResetRepository
from services.identity.repository.people import Credentials
from services.identity.usecases.access import Origin
from services.identity.usecases.codes import Codes
from services.identity.usecases.passwords import PasswordUseCases
from tests.identity import fakes, people
from tests.identity.samples import CODE, NOW
from tests.support import Component

Work = Callable[[Transaction], Awaitable[Any]]


@dataclass
class Stores:
    begin: Begin
    resets: PasswordResetRepository

    @atomic
    async def do(self, work: Work) -> Any:
        """One transaction."""
        async with self.begin() as tx:
            return await work(tx)


@pytest.fixture(params=["fake", "real"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "fake":
        return Stores(FakeBegin(), fakes.FakePasswordResets())
    chassis = cast(Component, request.getfixturevalue("identity")).app.state.chassis
    return Stores(chassis.begin, PasswordResetRepository(chassis.database))


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

    async def credentials(self, tx: Transaction, candidates: Mapping[str, str]) -> Credentials | None:
        raise AssertionError("an account was looked up")


async def test_a_reset_is_answered_before_any_account_is_looked_up() -> None:
    begin, clock, secrets = FakeBegin(), FrozenClock(NOW), Secrets("p" * 32)
    policy = CodePolicy(digits=6, lifetime=timedelta(minutes=5), tries=5, resend_after=timedelta(minutes=1), daily=10)
    codes = Codes(fakes.FakeAllowances(), secrets, policy, clock.now)
    unused = cast(Any, None)
    usecases = PasswordUseCases(
        begin, UnaskedPeople(), fakes.FakePasswordResets(), codes, unused, unused, unused, unused, secrets, unused, clock.now
    )
    for identifier in (people.email(), people.phone(), "?"):
        reset = await usecases.start_reset(identifier, Origin(address="10.1.2.3"))
        asked = begin.events(PasswordResetRequested)[-1]
        assert (asked.reset_id, asked.identifier, asked.address) == (reset.id, identifier, "10.1.2.3")
    with pytest.raises(AssertionError, match="looked up"):
        await usecases.send_code(asked)
