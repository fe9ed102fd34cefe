"""Use-cases and gateways without servers."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from chassis.breaker import CircuitBreaker
from chassis.errors import DomainError
from chassis.testing import FakeBegin, FrozenClock, RecordingTransaction
from chassis.transaction import AlreadyHandled
from contracts.identity import ProfileRefused, ProfileVerified, VerificationEscalated, VerificationRequested
from contracts.roles import Role
from services.identity.domain.calendar import working_days_later
from services.identity.domain.passwords import PasswordPolicy
from services.identity.domain.people import AdministratorExists, Person, Status
from services.identity.domain.sessions import SessionPolicy
from services.identity.domain.sign_ins import FailurePolicy, Failures, SignInsLocked, SignInsSlowed
from services.identity.domain.verification import Answer, Backoff, Registry, RegistryAnswer, WrongField
from services.identity.gateways.hashing import Passwords, Secrets
from services.identity.gateways.registries import Patience, Registries, registry_ports
from services.identity.repository.passkeys import PasskeyRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.sessions import SessionUseCases, Signing, SigningPolicy
from services.identity.usecases.staff import StaffDraft, StaffUseCases
from services.identity.usecases.verdicts import Verdicts, VerificationRules
from services.identity.usecases.verification import VerificationUseCases
from tests.identity import people
from tests.identity.fakes import (
    NO_CIPHER,
    NO_DATABASE,
    FakeAccessLog,
    FakeFactors,
    FakePeople,
    FakeRegistries,
    FakeSessions,
    FakeSigningKeys,
)
from tests.identity.profile_fakes import FakeProfileVersions
from tests.identity.samples import NOW, a_practitioner

MOSCOW = ZoneInfo("Europe/Moscow")
RULES = VerificationRules(
    limit=timedelta(hours=24),
    backoff=Backoff(first=timedelta(minutes=1), longest=timedelta(hours=1)),
    correction_days=10,
    zone=MOSCOW,
)
MATCH = RegistryAnswer(Answer.MATCH)
WRONG_LICENCE = RegistryAnswer(Answer.MISMATCH, (WrongField("licence.number", "does-not-match"),))


class Desk:
    """Verification over fakes, with one practitioner."""

    def __init__(self) -> None:
        self.begin, self.people, self.registries, self.clock = FakeBegin(), FakePeople(), FakeRegistries(), FrozenClock(NOW)
        self.versions = FakeProfileVersions()
        access = AccessUseCases(self.begin, FakeAccessLog(b"s"), b"s", self.clock.now)
        self.verification = VerificationUseCases(
            self.begin, self.people, self.registries, access, Verdicts(self.versions, RULES), self.clock.now
        )
        person = a_practitioner()
        self.people.rows[person.id] = replace(person, version=1)
        self.person_id = person.id
        self.first = VerificationRequested(occurred_at=NOW, practitioner_id=person.id, attempt=1, give_up_at=NOW + RULES.limit)

    def person(self) -> Person:
        return self.people.rows[self.person_id]

    def answer(self, **other: RegistryAnswer) -> None:
        self.registries.answers = {name: other.get(name.value, MATCH) for name in Registry}

    def is_to_ask_again(self) -> bool:
        return f"verification:{self.person_id}" in self.begin.scheduled

    async def next_attempt(self) -> timedelta:
        """Fire the timer; how long it was waited for."""
        due_at, event = self.begin.scheduled.pop(f"verification:{self.person_id}")
        waited = due_at - self.clock.now()
        self.clock.moment = due_at
        assert isinstance(event, VerificationRequested)
        await self.verification.verify(event)
        return waited


async def test_silent_registries_are_asked_again_with_growing_pauses_until_the_limit_then_escalated() -> None:
    desk = Desk()
    await desk.verification.verify(desk.first)
    waits = []
    while not desk.begin.events(VerificationEscalated):
        waits.append(await desk.next_attempt())
    assert waits[:4] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert max(waits) == timedelta(hours=1)
    assert desk.clock.now() == desk.first.give_up_at
    assert desk.person().status is Status.ESCALATED
    assert not desk.begin.scheduled


async def test_a_mismatch_waits_for_the_other_registries_so_that_everything_is_named_at_once() -> None:
    desk = Desk()
    desk.answer(licences=WRONG_LICENCE)
    del desk.registries.answers[Registry.TRAINING]
    await desk.verification.verify(desk.first)
    assert desk.person().status is Status.AWAITING_VERIFICATION
    desk.registries.answers[Registry.TRAINING] = RegistryAnswer(Answer.MISMATCH, (WrongField("training_hours", "does-not-match"),))
    await desk.next_attempt()
    [refused] = desk.begin.events(ProfileRefused)
    assert {wrong.field for wrong in refused.mismatches} == {"licence.number", "training_hours"}
    assert desk.registries.asked[-1] == (Registry.TRAINING,)
    assert desk.person().status is Status.REFUSED


async def test_a_known_mismatch_is_refused_when_the_time_is_over() -> None:
    desk = Desk()
    desk.answer(licences=WRONG_LICENCE)
    del desk.registries.answers[Registry.TRAINING]
    await desk.verification.verify(desk.first)
    while desk.is_to_ask_again():
        await desk.next_attempt()
    assert len(desk.begin.events(ProfileRefused)) == 1
    assert not desk.begin.events(VerificationEscalated)


async def test_the_same_request_again_changes_nothing() -> None:
    desk = Desk()
    desk.answer()
    await desk.verification.verify(desk.first)
    with pytest.raises(AlreadyHandled):
        await desk.verification.verify(desk.first)
    await desk.verification.verify(desk.first.model_copy(update={"event_id": uuid4()}))
    assert len(desk.begin.events(ProfileVerified)) == 1
    assert desk.person().version == 2


async def test_a_request_that_an_administrators_renewal_replaced_is_passed_over() -> None:
    desk = Desk()
    await desk.verification.verify(desk.first)
    while desk.is_to_ask_again():
        await desk.next_attempt()
    await desk.verification.renew(desk.person_id, administrator_id=uuid4(), origin=Origin())
    desk.answer()
    await desk.verification.verify(desk.first.model_copy(update={"event_id": uuid4(), "attempt": 99}))
    assert desk.person().status is Status.AWAITING_VERIFICATION
    await desk.verification.verify(desk.begin.events(VerificationRequested)[-1])
    assert desk.person().status is Status.VERIFIED


@pytest.mark.parametrize(
    ("moment", "days", "expected"),
    [
        ("2026-11-20T09:30+00:00", 1, "2026-11-23T20:59:59+00:00"),
        ("2026-11-20T22:00+00:00", 1, "2026-11-23T20:59:59+00:00"),  # already Saturday in Moscow
        ("2025-12-30T09:00+00:00", 1, "2026-01-12T20:59:59+00:00"),
    ],
)
def test_working_days_skip_weekends_and_holidays(moment: str, days: int, expected: str) -> None:
    assert working_days_later(datetime.fromisoformat(moment), days, MOSCOW) == datetime.fromisoformat(expected)


def ports(answer: Callable[[httpx.Request], httpx.Response], clock: FrozenClock, *, tries: int = 1) -> Registries:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    patience = Patience(timeout_seconds=1, tries=tries, retry_wait_seconds=0.001)
    return registry_ports(
        "http://registries.test",
        {"inn": "http://elsewhere.test/inn/"},
        http=http,
        patience=patience,
        breaker=lambda: CircuitBreaker(2, 30, monotonic=lambda: clock.now().timestamp()),
    )


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, '{"outcome": "match"}', Answer.MATCH),
        (200, '{"outcome": "mismatch", "fields": [{"field": "snils", "code": "x"}]}', Answer.MISMATCH),
        (200, '{"outcome": "mismatch"}', Answer.MISMATCH),
        (200, '{"outcome": "perhaps"}', Answer.UNAVAILABLE),
        (200, "<html>", Answer.UNAVAILABLE),
        (404, "", Answer.UNAVAILABLE),
        (503, "", Answer.UNAVAILABLE),
    ],
)
async def test_whatever_a_registry_sends_is_one_of_three_answers(status: int, body: str, expected: Answer) -> None:
    registries = ports(lambda _: httpx.Response(status, text=body), FrozenClock(NOW))
    found = await registries.check(a_practitioner(), (Registry.SNILS,))
    assert found[Registry.SNILS].answer is expected
    assert (expected is Answer.MISMATCH) == bool(found[Registry.SNILS].fields)


async def test_a_registry_that_fails_once_is_asked_again_and_may_live_elsewhere() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if len(asked) == 1:
            raise httpx.ConnectError("no")
        return httpx.Response(200, json={"outcome": "match"})

    registries = ports(answer, FrozenClock(NOW), tries=3)
    assert (await registries.check(a_practitioner(), (Registry.INN,)))[Registry.INN] == MATCH
    assert asked == ["http://elsewhere.test/inn/inn/checks"] * 2


async def test_the_circuit_opens_after_failures_and_closes_with_the_first_answer() -> None:
    clock, asked, is_up = FrozenClock(NOW), [], False

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200 if is_up else 500, json={"outcome": "match"})

    registries = ports(answer, clock)

    async def check(name: Registry = Registry.SNILS) -> Answer:
        return (await registries.check(a_practitioner(), (name,)))[name].answer

    assert [await check() for _ in range(4)] == [Answer.UNAVAILABLE] * 4
    assert len(asked) == 2
    clock.move(timedelta(seconds=30))
    is_up = True
    assert await check(Registry.PASSPORT) is Answer.MATCH, "each registry has a circuit of its own"
    assert [await check() for _ in range(2)] == [Answer.MATCH] * 2


def test_failures_slow_down_lock_and_are_forgotten() -> None:
    window = timedelta(minutes=15)
    policy = FailurePolicy(window=window, slow_from=5, slow=timedelta(seconds=10), lock_from=10, lock=window)
    failures, at = Failures(key=b"k"), NOW
    for _ in range(4):
        failures = failures.begun(at, policy)
    failures.check(at, policy)
    failures = failures.begun(at, policy)
    with pytest.raises(SignInsSlowed):
        failures.check(at, policy)
    failures.check(at + timedelta(seconds=10), policy)
    for _ in range(5):
        failures = failures.begun(at, policy)
    with pytest.raises(SignInsLocked):
        failures.check(at + window - timedelta(seconds=1), policy)
    failures.check(at + window, policy)
    assert failures.begun(at + window, policy).begun_at == (at + window,)


def session_desk(clock: FrozenClock, rows: FakePeople) -> SessionUseCases:
    begin, hour = FakeBegin(), timedelta(hours=1)
    access = AccessUseCases(begin, FakeAccessLog(b"s"), b"s", clock.now)
    signing = Signing(FakeSigningKeys(), clock, SigningPolicy(key_lifetime=hour, lead=hour, token_lifetime=hour))
    terms = SessionPolicy(idle_practitioner=hour, idle_staff=hour, longest=timedelta(days=10), most=20)
    return SessionUseCases(begin, FakeSessions(), rows, signing, access, Secrets("p" * 32), terms, clock.now)


async def test_a_session_kept_alive_is_listed_whatever_number_of_later_ones_was_left_idle() -> None:
    clock, rows = FrozenClock(NOW), FakePeople()
    desk, person = session_desk(clock, rows), a_practitioner()
    rows.rows[person.id] = person

    async def open_one() -> str:
        return (await desk.open(RecordingTransaction(), person.id, factors={}, origin=Origin())).refresh_token

    kept = await open_one()
    for _ in range(20):
        for _ in range(6):
            await open_one()
        clock.move(timedelta(minutes=50))
        kept = (await desk.refresh(kept, Origin())).refresh_token
    clock.move(timedelta(minutes=15))
    [listed] = await desk.open_sessions(person.id)
    assert kept.startswith(listed.id.hex)


def staff_desk() -> tuple[FakePeople, StaffUseCases]:
    begin, clock, rows = FakeBegin(), FrozenClock(NOW), FakePeople()
    access = AccessUseCases(begin, FakeAccessLog(b"s"), b"s", clock.now)
    passwords = Passwords(time_cost=1, memory_kib=64, parallelism=1, at_once=2)
    sessions = session_desk(clock, rows)
    return rows, StaffUseCases(
        begin,
        rows,
        FakeFactors(),
        PasskeyRepository(NO_DATABASE, NO_CIPHER),
        sessions,
        access,
        passwords,
        PasswordPolicy(12, frozenset()),
        clock.now,
    )


async def test_the_first_administrator_is_made_once() -> None:
    rows, desk = staff_desk()
    body = people.staff()
    draft = StaffDraft(
        surname=body["surname"],
        given_name=body["given_name"],
        email=body["email"],
        phone=body["phone"],
        roles=frozenset({Role.ADMINISTRATOR}),
    )
    person_id = await desk.add_first_administrator(draft, people.PASSWORD)
    assert rows.rows[person_id].status is Status.STAFF
    with pytest.raises(AdministratorExists) as raised:
        await desk.add_first_administrator(replace(draft, email=people.email(), phone=people.phone()), people.PASSWORD)
    assert isinstance(raised.value, DomainError)


async def test_a_password_is_verified_and_no_account_is_as_good_as_a_wrong_one() -> None:
    passwords = Passwords(time_cost=1, memory_kib=64, parallelism=1, at_once=2)
    password_hash = await passwords.hash(people.PASSWORD)
    assert password_hash.startswith("$argon2id$")
    results = await asyncio.gather(
        passwords.verify(people.PASSWORD, password_hash), passwords.verify("другой", password_hash), passwords.verify("другой", None)
    )
    assert list(results) == [True, False, False]


async def test_a_password_is_compared_exactly_as_typed() -> None:
    passwords = Passwords(time_cost=1, memory_kib=64, parallelism=1, at_once=2)
    typed = f" Липа {'парус' * 24}"
    password_hash = await passwords.hash(typed)
    assert await passwords.verify(typed, password_hash)
    for other in (typed.strip(), typed.lower(), typed[:-1], typed[:72], f"{typed} "):
        assert not await passwords.verify(other, password_hash)
