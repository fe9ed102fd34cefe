"""Brute force from ever new addresses: few guesses count, a right one beyond them is refused, the owner is told and helped.

`BRUTE_FORCE_GUESSES` sets how many guesses are sent in all; with `-s` the figures are printed.
"""

import asyncio
import itertools
import json
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from pathlib import Path
from time import perf_counter
from uuid import UUID, uuid4

import httpx
import pyotp
import pytest

from contracts.identity import OneTimeCodeIssued, SecurityAlertRaised
from contracts.roles import Role
from services.identity.settings import Settings
from tests.identity import people
from tests.identity.conftest import running_identity
from tests.identity.provider import HostileProvider
from tests.identity.registries import FakeRegistries
from tests.identity.visitor import Visitor
from tests.identity.walk import Json
from tests.support import Component, Infra, Signer, eventually

WAYS = 6
GUESSES = int(os.environ.get("BRUTE_FORCE_GUESSES", "360")) // WAYS
"""Per way."""
AT_ONCE = 20
SPAN = timedelta(seconds=9) * GUESSES
"""How long an attack goes on, by the clock of the sandbox."""
PER_WINDOW, WINDOW_SECONDS, PER_CODE, CODES_A_DAY = (
    Settings.model_fields[name].default for name in ("failures_lock", "failure_window_seconds", "code_tries", "code_daily")
)
WINDOWS = ceil(SPAN / timedelta(seconds=WINDOW_SECONDS)) + 1
"""Spans of 15 minutes that cover an attack. In none of them more than ten failures are counted before the lock, which is as long."""
RATES_BY_PERSON = dict.fromkeys(("step-up", "step-up-code", "factors"), "100000/minute")
"""They would hide the limits under test. The rates by address stay as they are, and never stop who has so many of them."""
TRIED, THROUGH = "tried", "through"
POSTPONED = "unavailable"
"""Twenty writes of one record at once may give up on each other; such a guess was not looked at."""
pytestmark = pytest.mark.timeout(120 + GUESSES)
Starting = Callable[[], Awaitable[None]]
Guessing = Callable[[], Awaitable[str]]


@pytest.fixture(scope="module")
async def service(infra: Infra, registries: FakeRegistries, provider: HostileProvider, signing_folder: Path) -> AsyncIterator[Component]:
    rates = {"IDENTITY_RATE_LIMITS": json.dumps(RATES_BY_PERSON)}
    async with running_identity(infra, registries, provider, signing_folder, **rates) as running:
        yield running


def new_address() -> str:
    return f"198.{random.choice((18, 19))}.{random.randrange(256)}.{random.randrange(256)}"


def outcome(answer: httpx.Response) -> str:
    """How a guess was answered: it counted as a try, it got through, or why it was refused."""
    if answer.is_success:
        return THROUGH
    body = answer.json()
    return TRIED if "tries_left" in body else str(body["errors"][0]["code"] if body.get("errors") else body["code"])


def other_than(*codes: str) -> str:
    """Six digits that are none of these: luck must not fail the test."""
    return random.choice([code for code in (people.digits(6) for _ in range(9)) if code not in codes])


@dataclass
class Attack:
    """Somebody who knows all about a person but what is guessed, and never comes from the same address twice."""

    victim: Visitor
    begun: list[str] = field(default_factory=list)
    """Ids of sign-ins, step-ups or resets to guess at; they are given out whatever they are worth."""
    starts: Counter[str] = field(default_factory=Counter)
    guesses: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    """How guesses were answered that were right, and sent when the limits were reached."""
    took: float = 0

    @property
    def identifiers(self) -> list[str]:
        walk = self.victim.walk
        return [walk.email, walk.phone, walk.snils, str(walk.inn), walk.licence_number]

    async def send(self, method: str, path: str, body: Json | None = None, **headers: str) -> httpx.Response:
        return await self.victim.walk.send(method, path, body, **{"X-Forwarded-For": new_address()} | headers)

    async def start(self, path: str, body: Json | None, name: str, **headers: str) -> None:
        answer = await self.send("POST", path, body, **headers)
        self.starts["begun" if answer.is_success else answer.json()["code"]] += 1
        if answer.is_success:
            self.begun.append(answer.json()[name])

    async def sign_in(self, identifier: str) -> None:
        await self.start("/sign-ins", {"identifier": identifier, "password": people.PASSWORD}, "sign_in_id")

    async def go_on(self, start: Starting, guess: Guessing, right: Guessing, *, enough: int = PER_CODE) -> None:
        """All guesses in batches, spread over the span; what they are made at is started before each.

        After a batch with `enough` tries the limits are reached, and a right guess follows. The person whose secret is guessed
        works on all the time.
        """
        batches, began_at = ceil(GUESSES / AT_ONCE), perf_counter()
        for _ in range(batches):
            await start()
            answered = Counter(await asyncio.gather(*(guess() for _ in range(AT_ONCE))))
            self.guesses += answered
            if answered[TRIED] >= enough:
                self.right[await right()] += 1
            await self.victim.stay(SPAN / batches)
        self.took = perf_counter() - began_at

    async def told(self, kind: str) -> None:
        await self.victim.next(SecurityAlertRaised, where=lambda event: event.kind == kind)

    def codes(self, purpose: str) -> list[str]:
        """Those that were sent, the last one last."""
        return [event.code for event in self.victim.told(OneTimeCodeIssued) if event.purpose == purpose]

    async def unlock(self) -> None:
        """A support agent helps."""
        now = int(self.victim.walk.identity.clock.now().timestamp())
        agent = self.victim.signer.headers(uuid4(), Role.SUPPORT_AGENT, iat=now, exp=now + 60, factors={"totp": now})
        answer = await self.victim.walk.send("POST", f"/people/{self.victim.id}/unlock", {"reason": "others-tried"}, **agent)
        assert answer.status_code == 204, answer.text

    def report(self, way: str, bound: int) -> None:
        print(f"\n{way}: {self.guesses.total()} guesses in {self.took:.0f} s, at most {bound} may count: {dict(self.guesses)}")
        print(f"  started: {dict(self.starts)}; right ones beyond the limit: {dict(self.right)}")


@pytest.fixture
async def attack(service: Component, signer: Signer) -> Attack:
    """On somebody who is signed in."""
    service.clock.reset()
    return Attack(await Visitor.registered(service, signer))


async def test_passwords(attack: Attack) -> None:
    """An identifier has 10 tries in 15 minutes; so has the account through all of them, which is not told."""
    walk = attack.victim.walk
    aims = itertools.cycle((walk.email, walk.phone))
    licence = walk.profile["licence"]
    sent = len(attack.codes("sign-in"))

    async def try_password(identifier: str, password: str) -> str:
        answer = await attack.send("POST", "/sign-ins", {"identifier": identifier, "password": password})
        return TRIED if answer.is_success else outcome(answer)

    async def nothing() -> None:
        """A guess is a sign-in begun."""

    await attack.go_on(
        nothing,
        lambda: try_password(next(aims), f"догадка-{uuid4().hex}"),
        lambda: try_password(f"{licence['series']} {licence['number']}", people.PASSWORD),
        enough=PER_WINDOW,
    )
    bound = 2 * PER_WINDOW * WINDOWS
    attack.report("passwords", bound)
    assert 0 < attack.guesses[TRIED] <= bound
    assert set(attack.guesses) <= {TRIED, POSTPONED, "sign-ins-slowed", "sign-ins-locked"}
    assert attack.guesses["sign-ins-slowed"] > 0
    await attack.told("account-locked")

    await attack.start("/password-resets", {"identifier": walk.snils}, "reset_id")
    body = {"code": await walk.code(walk.email), "password": "ольха-невод-брусника-44"}
    assert (await attack.send("PUT", f"/password-resets/{attack.begun[-1]}", body)).status_code == 204
    await attack.unlock()
    started = await walk.start_sign_in(walk.snils, body["password"])
    code = await walk.code(walk.phone)
    await walk.ask("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": code})
    assert attack.codes("sign-in")[sent:] == [code], "while it was locked no right password was worth a code"


async def guess_codes_at_sign_in(attack: Attack, guess: Callable[[], str], right: Callable[[], str]) -> None:
    """With the right password, which the attacker has: five sign-ins begun and five wrong codes lock the account.

    The answers go on as before, five tries for each sign-in begun and ten of these per identifier in 15 minutes, so nobody sees it.
    """
    walk = attack.victim.walk
    aims = (walk.email, walk.phone, walk.inn, walk.licence_number)

    async def begin() -> None:
        for identifier in (*aims, walk.snils):
            await attack.sign_in(str(identifier))

    async def try_code(sign_in_id: str, code: str) -> str:
        return outcome(await attack.send("POST", f"/sign-ins/{sign_in_id}/code", {"code": code}))

    await attack.go_on(
        begin,
        lambda: try_code(random.choice(attack.begun[-len(aims) - 1 : -1]), guess()),
        lambda: try_code(attack.begun[-1], right()),
    )
    begun = attack.starts["begun"]
    assert begun <= len((*aims, walk.snils)) * PER_WINDOW * WINDOWS
    attack.report("codes at sign-in", PER_CODE * begun)
    assert 0 < attack.guesses[TRIED] <= PER_CODE * begun
    assert set(attack.guesses) <= {TRIED, POSTPONED, "code-exhausted", "code-expired"}
    assert attack.right.total() > 0
    assert THROUGH not in attack.right
    await attack.told("account-locked")


async def test_sms_codes(attack: Attack) -> None:
    """An account has ten codes a day with five tries each, however many sign-ins share them."""
    walk = attack.victim.walk
    before = len(attack.codes("sign-in"))

    def sent() -> str:
        return attack.codes("sign-in")[-1]

    await guess_codes_at_sign_in(attack, lambda: other_than(*attack.codes("sign-in")), sent)
    assert 1 <= len(attack.codes("sign-in")) - before <= CODES_A_DAY * ceil(SPAN / timedelta(days=1))
    walk.identity.clock.move(timedelta(days=1))
    assert (await attack.victim.sign_in()).id, "a day later everything is as before"


async def test_codes_of_an_authenticator_app(attack: Attack) -> None:
    victim = attack.victim
    app = pyotp.TOTP((await victim.ask("POST", "/factors/totp"))["secret"])
    clock = victim.walk.identity.clock
    victim.tokens = await victim.ask("POST", "/factors/totp/confirmation", {"code": app.at(clock.now())})
    clock.move(timedelta(seconds=30))

    def shown() -> list[str]:
        return [app.at(clock.now() + step * timedelta(seconds=30)) for step in (-1, 0, 1)]

    await guess_codes_at_sign_in(attack, lambda: other_than(*shown()), lambda: shown()[1])
    await attack.unlock()
    clock.move(timedelta(seconds=90))
    await attack.sign_in(victim.walk.snils)
    await victim.walk.ask("POST", f"/sign-ins/{attack.begun[-1]}/code", {"code": shown()[1]})


async def test_recovery_codes(attack: Attack) -> None:
    codes = (await attack.victim.ask("POST", "/factors/recovery-codes"))["codes"]
    alphabet = "".join(codes).replace("-", "")

    def guess() -> str:
        return "".join(mark if mark == "-" else random.choice(alphabet) for mark in codes[0])

    await guess_codes_at_sign_in(attack, guess, lambda: str(codes[0]))
    await attack.unlock()
    await attack.sign_in(attack.victim.walk.snils)
    await attack.victim.walk.ask("POST", f"/sign-ins/{attack.begun[-1]}/code", {"code": codes[0]})


async def test_step_up_codes_in_a_stolen_session(attack: Attack) -> None:
    """Ten wrong codes lock for 15 minutes; and a code has five tries, of ten codes a day."""
    victim = attack.victim

    async def begin() -> None:
        await attack.start("/step-ups", None, "step_up_id", **victim.headers)

    async def try_code(code: str) -> str:
        return outcome(await attack.send("POST", f"/step-ups/{attack.begun[-1]}/code", {"code": code}, **victim.headers))

    await attack.go_on(begin, lambda: try_code(other_than(*attack.codes("step-up"))), lambda: try_code(attack.codes("step-up")[-1]))
    bound = min(PER_WINDOW * WINDOWS, PER_CODE * len(attack.codes("step-up")))
    attack.report("step-up codes", bound)
    assert 0 < attack.guesses[TRIED] <= bound
    assert len(attack.codes("step-up")) <= CODES_A_DAY * ceil(SPAN / timedelta(days=1))
    assert set(attack.guesses) <= {TRIED, POSTPONED, "code-exhausted", "code-expired", "step-ups-locked"}
    assert THROUGH not in attack.right
    await attack.told("account-locked")
    victim.walk.identity.clock.move(timedelta(days=1))
    await (await victim.sign_in()).step_up()


async def test_codes_of_password_resets(attack: Attack) -> None:
    """Anybody may ask for resets, each with five tries; but those of an account share its code, and a day has ten codes."""
    walk = attack.victim.walk
    resets = walk.identity.database["password_resets"]

    async def begin() -> None:
        for identifier in (*attack.identifiers[:4], walk.licence_number):
            await attack.start("/password-resets", {"identifier": identifier}, "reset_id")
            looked_up = {"_id": UUID(attack.begun[-1]), "subject_id": {"$ne": None}}
            await eventually(lambda: resets.find_one(looked_up))  # noqa: B023  # awaited here

    async def try_code(reset_id: str, code: str) -> str:
        body = {"code": code, "password": f"кедр-ручей-{uuid4().hex[:8]}"}
        return outcome(await attack.send("PUT", f"/password-resets/{reset_id}", body))

    await attack.go_on(
        begin,
        lambda: try_code(random.choice(attack.begun[-5:-1]), other_than(*attack.codes("password-reset"))),
        lambda: try_code(attack.begun[-1], attack.codes("password-reset")[-1]),
    )
    attack.report("codes of password resets", PER_CODE * attack.starts["begun"])
    assert set(attack.guesses) <= {TRIED, POSTPONED, "code-exhausted"}
    assert set(attack.right) <= {TRIED, POSTPONED}, "a right code is simply wrong once its tries were used up through other resets"
    assert 1 <= len(attack.codes("password-reset")) <= CODES_A_DAY * ceil(SPAN / timedelta(days=1)), "the owner has a mail for each"
    await attack.victim.refresh()

    sent = len(attack.codes("password-reset"))
    walk.identity.clock.move(timedelta(days=1))
    await begin()

    async def fresh_code() -> str | None:
        return attack.codes("password-reset")[-1] if len(attack.codes("password-reset")) > sent else None

    assert await try_code(attack.begun[-1], await eventually(fresh_code)) == THROUGH
