"""One behaviour for the stores and their twins."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.app import Chassis
from chassis.clock import machine_now
from chassis.testing import FakeBegin
from chassis.transaction import Begin, Overtaken, Transaction, atomic
from contracts.factors import Factor
from services.identity.domain.access_log import Action, Filters
from services.identity.domain.codes import CodeAllowance
from services.identity.domain.factors import Factors, PendingTotp, Totp, TrustedDevice
from services.identity.domain.people import NoSuchPerson, Status
from services.identity.domain.registration import AlreadyRegistered, Numbers
from services.identity.domain.sessions import Ending
from services.identity.domain.sign_ins import Failures, SentCode, identifier_candidates
from services.identity.domain.step_ups import NoSuchStepUp
from services.identity.repository.access_log import AccessLogRepository
from services.identity.repository.encoding import StaleRecord
from services.identity.repository.factors import FactorRepository
from services.identity.repository.people import PersonRepository
from services.identity.repository.registrations import RegistrationRepository
from services.identity.repository.sessions import SessionRepository
from services.identity.repository.sign_ins import SignInRepository
from services.identity.repository.step_ups import StepUpRepository
from services.identity.repository.throttles import AllowanceRepository, FailureRepository, ThrottleRepository, Throttles
from tests.identity import fakes, people
from tests.identity.samples import CODE, NOW, a_practitioner, a_registration, a_session, a_sign_in, a_step_up, an_entry
from tests.support import Component

SECRET = b"s" * 32
Work = Callable[[Transaction], Awaitable[Any]]


@dataclass
class Stores:
    """Every repository, and the way to use them."""

    begin: Begin
    registrations: RegistrationRepository
    people: PersonRepository
    factors: FactorRepository
    sign_ins: SignInRepository
    throttles: ThrottleRepository
    strangers: AccessLogRepository
    step_ups: StepUpRepository
    sessions: SessionRepository
    access_log: AccessLogRepository

    @atomic
    async def do(self, work: Work) -> Any:
        """One transaction."""
        async with self.begin() as tx:
            return await work(tx)


def fake_stores() -> Stores:
    return Stores(
        FakeBegin(),
        fakes.FakeRegistrations(),
        fakes.FakePeople(),
        fakes.FakeFactors(),
        fakes.FakeSignIns(),
        fakes.FakeThrottles(),
        fakes.FakeAccessLog(SECRET),
        fakes.FakeStepUps(),
        fakes.FakeSessions(),
        fakes.FakeAccessLog(SECRET),
    )


def real_stores(chassis: Chassis) -> Stores:
    database, cipher = chassis.database, chassis.cipher
    return Stores(
        chassis.begin,
        RegistrationRepository(database, cipher),
        PersonRepository(database, cipher),
        FactorRepository(database, cipher),
        SignInRepository(database),
        ThrottleRepository(database),
        AccessLogRepository(database, cipher, secret=SECRET, keep=timedelta(days=30)),
        StepUpRepository(database),
        SessionRepository(database, cipher, keep=timedelta(days=30)),
        AccessLogRepository(database, cipher, secret=SECRET),
    )


@pytest.fixture(params=["fake", "real"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "fake":
        return fake_stores()
    identity: Component = request.getfixturevalue("identity")
    return real_stores(identity.app.state.chassis)


class TestRegistrations:
    async def test_it_comes_back_as_it_was(self, stores: Stores) -> None:
        registration = a_registration()
        saved = await stores.do(lambda tx: stores.registrations.add(tx, registration))
        assert saved == replace(registration, version=1)
        assert await stores.do(lambda tx: stores.registrations.get(tx, registration.id)) == saved
        assert await stores.do(lambda tx: stores.registrations.open_by_phone(tx, registration.phone)) == saved
        bare = a_registration(**dict.fromkeys(("passport", "numbers", "profile", "email", "phone_code", "password_hash")), consents=())
        saved = await stores.do(lambda tx: stores.registrations.add(tx, bare))
        assert await stores.do(lambda tx: stores.registrations.get(tx, bare.id)) == saved

    async def test_an_open_one_is_found_by_whose_account_it_will_be(self, stores: Stores) -> None:
        registration = await stores.do(lambda tx: stores.registrations.add(tx, a_registration()))
        assert await stores.registrations.id_of_open(registration.owner_id) == registration.id
        assert await stores.registrations.id_of_open(uuid4()) is None
        await stores.do(lambda tx: stores.registrations.save(tx, registration.completed(NOW)))
        assert await stores.registrations.id_of_open(registration.owner_id) is None

    async def test_a_completed_one_is_not_found_by_phone_any_more(self, stores: Stores) -> None:
        registration = await stores.do(lambda tx: stores.registrations.add(tx, a_registration()))
        completed = await stores.do(lambda tx: stores.registrations.save(tx, registration.completed(NOW)))
        assert await stores.do(lambda tx: stores.registrations.open_by_phone(tx, registration.phone)) is None
        assert await stores.do(lambda tx: stores.registrations.get(tx, registration.id)) == completed
        assert await stores.do(lambda tx: stores.registrations.add(tx, a_registration(phone=registration.phone)))

    async def test_what_somebody_else_wrote_since_is_not_overwritten(self, stores: Stores) -> None:
        registration = await stores.do(lambda tx: stores.registrations.add(tx, a_registration()))
        await stores.do(lambda tx: stores.registrations.save(tx, registration))
        with pytest.raises(StaleRecord):
            await stores.do(lambda tx: stores.registrations.save(tx, registration))

    async def test_a_removed_one_is_gone(self, stores: Stores) -> None:
        registration = await stores.do(lambda tx: stores.registrations.add(tx, a_registration()))
        await stores.do(lambda tx: stores.registrations.remove(tx, registration))
        assert await stores.do(lambda tx: stores.registrations.get(tx, registration.id)) is None


class TestPeople:
    async def test_of_an_erased_one_only_the_id_is_taken(self, stores: Stores) -> None:
        person = await stores.do(lambda tx: stores.people.add(tx, a_practitioner()))
        with pytest.raises(StaleRecord):
            await stores.do(lambda tx: stores.people.erase(tx, replace(person, version=7), at=NOW))
        await stores.do(lambda tx: stores.people.erase(tx, person, at=NOW))
        with pytest.raises(NoSuchPerson):
            await stores.do(lambda tx: stores.people.get(tx, person.id))
        assert not await stores.do(lambda tx: stores.people.is_taken(tx, "phone", person.phone))
        assert await stores.do(lambda tx: stores.people.has_account(tx, person.id))
        reborn = a_practitioner(phone=person.phone, email=person.email, numbers=person.numbers)
        assert await stores.do(lambda tx: stores.people.add(tx, reborn))

    async def test_it_comes_back_as_it_was(self, stores: Stores) -> None:
        person = a_practitioner()
        saved = await stores.do(lambda tx: stores.people.add(tx, person))
        assert await stores.do(lambda tx: stores.people.get(tx, person.id)) == saved
        staff = a_practitioner(passport=None, numbers=None, profile=None, consents=(), verification=None, status=Status.STAFF)
        saved = await stores.do(lambda tx: stores.people.add(tx, staff))
        assert await stores.do(lambda tx: stores.people.get(tx, staff.id)) == saved

    async def test_nobody_is_found_by_a_made_up_id(self, stores: Stores) -> None:
        with pytest.raises(NoSuchPerson):
            await stores.do(lambda tx: stores.people.get(tx, uuid4()))

    @pytest.mark.parametrize("field", ["phone", "email", "snils", "inn"])
    async def test_each_unique_field_belongs_to_one_account(self, stores: Stores, field: str) -> None:
        first, second = a_practitioner(), a_practitioner()
        assert first.numbers is not None
        assert second.numbers is not None
        await stores.do(lambda tx: stores.people.add(tx, first))
        if field in {"snils", "inn"}:
            second = replace(second, numbers=replace(second.numbers, **{field: getattr(first.numbers, field)}))
        else:
            second = replace(second, **{field: getattr(first, field)})
        with pytest.raises(AlreadyRegistered) as raised:
            await stores.do(lambda tx: stores.people.add(tx, second))
        assert raised.value.extra["field"] == field

    async def test_credentials_are_found_by_every_identifier_if_it_is_clear_whose(self, stores: Stores) -> None:
        person = a_practitioner()
        assert person.numbers is not None
        assert person.profile is not None
        await stores.do(lambda tx: stores.people.add(tx, person))
        licence = person.profile.licence
        for identifier in (person.phone, person.email, person.numbers.snils, str(person.numbers.inn), licence.number):
            candidates = identifier_candidates(identifier)
            found = await stores.do(partial(stores.people.credentials, candidates=candidates))
            assert found is not None
            assert (found.person_id, found.password_hash) == (person.id, person.password_hash)
        colleague = a_practitioner(profile=person.profile)
        await stores.do(lambda tx: stores.people.add(tx, colleague))
        shared = identifier_candidates(licence.number)
        assert await stores.do(lambda tx: stores.people.credentials(tx, shared)) is None
        await stores.do(lambda tx: stores.people.save(tx, replace(colleague, version=1, status=Status.VERIFIED)))
        found = await stores.do(lambda tx: stores.people.credentials(tx, shared))
        assert found is not None
        assert found.person_id == colleague.id

    @pytest.mark.parametrize("field", ["phone", "email", "snils", "inn"])
    async def test_a_licence_made_up_to_equal_somebodys_identifier_takes_nothing_from_them(self, stores: Stores, field: str) -> None:
        victim, liar = a_practitioner(), a_practitioner(status=Status.VERIFIED)
        assert victim.numbers is not None
        assert liar.profile is not None
        identifier = {"phone": victim.phone, "email": victim.email, "snils": victim.numbers.snils, "inn": str(victim.numbers.inn)}[field]
        liar = replace(liar, profile=replace(liar.profile, licence=replace(liar.profile.licence, number=identifier)))
        await stores.do(lambda tx: stores.people.add(tx, victim))
        await stores.do(lambda tx: stores.people.add(tx, liar))
        found = await stores.do(lambda tx: stores.people.credentials(tx, identifier_candidates(identifier)))
        assert found is not None
        assert found.person_id == victim.id

    async def test_a_proved_phone_goes_before_an_unproved_snils_of_the_same_digits(self, stores: Stores) -> None:
        typed = next(text for text in iter(lambda: "89" + people.digits(9), "") if "snils" in identifier_candidates(text))
        owner, liar = a_practitioner(phone="+7" + typed[1:]), a_practitioner(numbers=Numbers(snils=typed))
        await stores.do(lambda tx: stores.people.add(tx, liar))
        await stores.do(lambda tx: stores.people.add(tx, owner))
        found = await stores.do(lambda tx: stores.people.credentials(tx, identifier_candidates(typed)))
        assert found is not None
        assert found.person_id == owner.id

    async def test_the_queue_is_in_order_of_waiting_and_pages(self, stores: Stores) -> None:
        waiting = []
        for hours in (3, 1, 2, 1):
            person = a_practitioner(status=Status.ESCALATED)
            assert person.verification is not None
            verification = replace(person.verification, requested_at=NOW.replace(year=2001) + timedelta(hours=hours))
            waiting.append(await stores.do(partial(stores.people.add, person=replace(person, verification=verification))))
        waiting.sort(key=lambda person: (person.verification.requested_at, person.id.bytes))
        first = await stores.do(lambda tx: stores.people.escalated(tx, limit=2, after=None))
        assert first == waiting[:2]
        position = (first[-1].verification.requested_at, first[-1].id)
        assert await stores.do(lambda tx: stores.people.escalated(tx, limit=2, after=position)) == waiting[2:]
        for person in waiting:
            await stores.do(partial(stores.people.save, person=replace(person, status=Status.VERIFIED)))


class TestStepUps:
    async def test_it_is_found_by_its_own_session_and_person_alone(self, stores: Stores) -> None:
        step_up = await stores.do(lambda tx: stores.step_ups.add(tx, a_step_up()))
        own = {"session_id": step_up.session_id, "person_id": step_up.person_id}
        assert await stores.do(lambda tx: stores.step_ups.get(tx, step_up.id, **own)) == step_up
        for asked in (own | {name: uuid4()} for name in own):
            with pytest.raises(NoSuchStepUp):
                await stores.do(partial(stores.step_ups.get, step_up_id=step_up.id, **asked))
            assert await stores.do(partial(stores.step_ups.latest, **asked)) is None
        with pytest.raises(StaleRecord):
            await stores.do(lambda tx: stores.step_ups.save(tx, replace(step_up, version=7)))

    async def test_the_latest_of_a_session_counts_until_those_sent_are_removed(self, stores: Stores) -> None:
        own: dict[str, Any] = {"session_id": uuid4(), "person_id": uuid4()}
        added = [await stores.do(partial(stores.step_ups.add, step_up=a_step_up(**own, created_at=NOW + timedelta(n)))) for n in range(2)]
        assert await stores.do(partial(stores.step_ups.latest, **own)) == added[-1]
        await stores.do(partial(stores.step_ups.remove_sent, person_id=own["person_id"]))
        assert await stores.do(partial(stores.step_ups.latest, **own)) is None


class TestFactors:
    async def test_they_come_back_as_they_were(self, stores: Stores) -> None:
        person_id = uuid4()
        assert await stores.do(lambda tx: stores.factors.get(tx, person_id)) == Factors(id=person_id)
        assert await stores.do(lambda tx: stores.factors.strong(tx, person_id)) == frozenset()
        device = TrustedDevice(id=uuid4(), digest=b"d", trusted_at=NOW, expires_at=NOW, address="10.1.2.3", device="Firefox")
        devices = (device, replace(device, id=uuid4(), address=None))
        pending = PendingTotp(secret="B" * 32, expires_at=NOW, tries_left=3)
        factors = Factors(id=person_id, totp=Totp("A" * 32, NOW, 7), pending=pending, recovery=(b"1", b"2"), passkeys=2, devices=devices)
        saved = await stores.do(lambda tx: stores.factors.save(tx, factors))
        assert saved == replace(factors, version=1)
        assert await stores.do(lambda tx: stores.factors.get(tx, person_id)) == saved
        assert await stores.do(lambda tx: stores.factors.strong(tx, person_id)) == {Factor.TOTP, Factor.PASSKEY}
        bare = await stores.do(lambda tx: stores.factors.save(tx, replace(saved, totp=None, pending=None, passkeys=0)))
        assert await stores.do(lambda tx: stores.factors.get(tx, person_id)) == bare
        assert await stores.do(lambda tx: stores.factors.strong(tx, person_id)) == frozenset()
        with pytest.raises(Overtaken):
            await stores.do(lambda tx: stores.factors.save(tx, saved))


class TestSignIns:
    async def test_it_comes_back_as_it_was(self, stores: Stores) -> None:
        sign_in = await stores.do(lambda tx: stores.sign_ins.add(tx, a_sign_in(is_known=True)))
        assert await stores.do(lambda tx: stores.sign_ins.get(tx, sign_in.id)) == sign_in
        with pytest.raises(StaleRecord):
            await stores.do(lambda tx: stores.sign_ins.save(tx, replace(sign_in, version=7)))

    async def test_an_account_has_one_code_the_last_one(self, stores: Stores) -> None:
        account_id = uuid4()

        async def sent() -> SentCode | None:
            throttles: Throttles = await stores.do(lambda tx: stores.throttles.read(tx, [account_id]))
            return throttles.sent(account_id)

        assert await sent() is None
        await stores.do(lambda tx: stores.throttles.write(tx, [SentCode(id=account_id, code=CODE)], at=machine_now()))
        later = SentCode(id=account_id, code=replace(CODE, tries_left=1), version=1)
        await stores.do(lambda tx: stores.throttles.write(tx, [later], at=machine_now()))
        assert await sent() == replace(later, version=2)

    async def test_refusals_of_strangers_are_in_a_log_of_their_own(self, stores: Stores) -> None:
        entry = an_entry(outcome="refused")
        await stores.do(partial(stores.strangers.append, entry=entry))
        sought = Filters(subject_id=entry.subject_id)
        assert [row.entry for row in await stores.do(partial(stores.strangers.page, filters=sought, limit=2))] == [entry]
        assert await stores.do(partial(stores.access_log.page, filters=sought, limit=2)) == []

    async def test_failures_and_allowances_are_kept_by_key(self, stores: Stores) -> None:
        key, other = uuid4().bytes, uuid4().bytes
        kept_failures, kept_allowances = FailureRepository(stores.throttles), AllowanceRepository(stores.throttles)
        failures = Failures(key=key, begun_at=(NOW,), locked_until=NOW)
        assert await stores.do(lambda tx: kept_failures.get(tx, key)) == Failures(key=key)
        await stores.do(lambda tx: kept_failures.save(tx, failures, at=machine_now()))
        assert await stores.do(lambda tx: kept_failures.get(tx, key)) == replace(failures, version=1)
        allowance = CodeAllowance(key=other, issued_at=(NOW,))
        await stores.do(lambda tx: kept_allowances.save(tx, allowance, at=machine_now()))
        assert await stores.do(lambda tx: kept_allowances.get(tx, other)) == replace(allowance, version=1)

    @pytest.mark.parametrize("version", [0, 1, 3])
    async def test_throttles_that_somebody_else_wrote_are_not_overwritten_nor_is_any_beside_them(
        self, stores: Stores, version: int
    ) -> None:
        key, other, at = uuid4().bytes, uuid4().bytes, machine_now()  # today: the store forgets rows by its own clock
        for written in range(2):
            await stores.do(partial(stores.throttles.write, rows=[Failures(key=key, version=written)], at=at))
        with pytest.raises(Overtaken):
            await stores.do(lambda tx: stores.throttles.write(tx, [Failures(key=key, version=version), Failures(key=other)], at=at))
        throttles = await stores.do(lambda tx: stores.throttles.read(tx, [key, other]))
        assert throttles.failures(key).version == 2
        assert throttles.failures(other).version == 0


class TestSessions:
    async def test_it_comes_back_as_it_was_and_ended_ones_are_not_listed(self, stores: Stores) -> None:
        person_id = uuid4()
        older = await stores.do(lambda tx: stores.sessions.add(tx, a_session(person_id=person_id, created_at=NOW - timedelta(hours=1))))
        newer = await stores.do(lambda tx: stores.sessions.add(tx, a_session(person_id=person_id, address=None, device=None)))
        assert await stores.do(lambda tx: stores.sessions.get(tx, older.id)) == older
        assert await stores.do(lambda tx: stores.sessions.not_ended(tx, person_id, limit=10)) == [newer, older]
        await stores.do(lambda tx: stores.sessions.save(tx, newer.ended(Ending.IDLE, NOW)))
        assert await stores.do(lambda tx: stores.sessions.not_ended(tx, person_id, limit=10)) == [older]


class TestAccessLog:
    async def test_a_row_comes_back_as_it_was(self, stores: Stores) -> None:
        subject_id = uuid4()
        entries = [an_entry(subject_id=subject_id), an_entry(subject_id=subject_id, actor_id=None, actor_role=None, address=None)]
        for entry in entries:
            await stores.do(partial(stores.access_log.append, entry=entry))
        found = await stores.do(partial(stores.access_log.page, filters=Filters(subject_id=subject_id), limit=5))
        assert {row.entry.id: row.entry for row in found} == {entry.id: entry for entry in entries}
        assert all(row.is_intact(SECRET) for row in found)
        assert not found[0].is_intact(b"another key")

    async def test_rows_are_paged_backwards_and_found_by_every_filter(self, stores: Stores) -> None:
        subject_id, actor_id = uuid4(), uuid4()
        entries = [an_entry(at=NOW + timedelta(minutes=minute), subject_id=subject_id, actor_id=actor_id) for minute in range(4)]
        others = an_entry(subject_id=subject_id), an_entry(actor_id=actor_id)
        refused = an_entry(at=NOW, subject_id=subject_id, actor_id=actor_id, outcome="refused", service="x", action=Action.SIGNED_OUT)
        for entry in (*entries, *others, refused):
            await stores.do(partial(stores.access_log.append, entry=entry))

        async def found(**filters: Any) -> list[UUID]:
            both = Filters(subject_id=subject_id, actor_id=actor_id, **filters)
            return [row.entry.id for row in await stores.do(partial(stores.access_log.page, filters=both, limit=3))]

        ids = [entry.id for entry in reversed(entries)]
        assert await found(outcome="allowed") == ids[:3]
        assert await found(before_id=ids[1]) == [ids[2], *sorted((ids[3], refused.id), key=lambda row_id: row_id.bytes, reverse=True)]
        assert await found(from_at=NOW + timedelta(minutes=1), to_at=NOW + timedelta(minutes=3)) == ids[1:3]
        assert await found(outcome="refused") == await found(service="x") == await found(action=Action.SIGNED_OUT) == [refused.id]


@asynccontextmanager
async def both_at_once() -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Two transactions meet here before either goes on; a repetition does not wait again."""
    barrier = asyncio.Barrier(2)
    met = 0

    async def meet() -> None:
        nonlocal met
        met += 1
        if met <= 2:
            await barrier.wait()

    yield meet


async def test_two_accounts_with_one_snils_at_the_same_moment_become_one(identity: Component) -> None:
    stores, first = real_stores(identity.app.state.chassis), a_practitioner()
    second = a_practitioner(numbers=first.numbers)
    async with both_at_once() as meet:

        async def add(tx: Transaction, person: Any) -> None:
            await stores.people.is_taken(tx, "phone", people.phone())
            await meet()
            await stores.people.add(tx, person)

        results = await asyncio.gather(stores.do(lambda tx: add(tx, first)), stores.do(lambda tx: add(tx, second)), return_exceptions=True)
    refused = [result for result in results if result is not None]
    assert len(refused) == 1
    assert isinstance(refused[0], AlreadyRegistered)
