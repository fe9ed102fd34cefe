"""The whole way of applications, from draft to certificate, while every process is killed at every step of it."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chassis.clock import SandboxClock
from contracts.roles import Role
from deploy.chaos.faults import Fault, NotInflicted, crash_faults, step_faults
from deploy.chaos.ledger import Ledger, Verdict
from deploy.chaos.load import GIVE_UP_SECONDS, Client, GivenUp, Hand, NotTaken, ready_client
from deploy.chaos.run import Ground, case, ground
from deploy.demo.application import KIND
from deploy.journey.gateway import Caller
from deploy.journey.people import SPECIALTY, invent_staff
from deploy.journey.staff import Administrator, AnyStaff, Registrar, Reviewer, member_of_staff
from deploy.journey.waiting import until
from deploy.local.personas import add_first_administrator
from deploy.local.stack import Stack

_PATH = "/api/applications"
_POLL_SECONDS = 0.3
_ADDRESS = "/professional/workplace/address"
_REMARK = {"code": "contact-data-wrong", "pointer": _ADDRESS, "comment": "Укажите корпус."}
MOVES = (
    "submit", "begin-review", "claim", "request-by-reviewer", "answer-reviewer", "recommend", "approve", "certify",
)  # fmt: skip
"""What the protocol of such an application must say of it once it is handed in: each move once, in this order."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """Those who judge; walkers share them."""

    reviewer: Hand[Reviewer]
    registrar: Hand[Registrar]

    @property
    def hands(self) -> tuple[Hand[Any], ...]:
        """All of them."""
        return self.reviewer, self.registrar


@dataclass(slots=True)
class Walker:
    """A practitioner who applies, is asked, answers and gets a certificate, again and again."""

    client: Client
    desk: Desk
    before: Callable[[int], Awaitable[None]] | None = None
    """Is told which step comes; what it begins goes on while the step is taken."""
    _application_id: str = field(init=False, default="")

    async def join(self, ledger: Ledger) -> None:
        """See `Worker`."""
        for hand in self.desk.hands:
            hand.ledger = ledger
        await self.client.join(ledger)
        await self.desk.registrar.prove()

    async def work(self, stop: asyncio.Event) -> None:
        """See `Worker`."""
        while not stop.is_set():
            await self.client.attempt(self.walk())

    async def check_session(self) -> None:
        """See `Worker`."""
        await self.client.check_session()

    async def walk(self) -> None:
        """One application, to the end."""
        for number, step in enumerate(self.steps):
            for hand in (self.client, *self.desk.hands):
                await hand.keep_signed_in()
            if self.before is not None:
                await self.before(number)
            await step()
        self.client.ledger.certified.append(self._application_id)

    @property
    def steps(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """In their order."""
        return (
            self._create, self._fill, self._confirm, self._submit, self._checked, self._claim, self._ask, self._answer,
            self._look, self._recommend, self._decide, self._certified,
        )  # fmt: skip

    @property
    def _own(self) -> str:
        return f"{_PATH}/applications/{self._application_id}"

    @property
    def _review(self) -> str:
        return f"{_PATH}/reviews/{self._application_id}"

    async def _create(self) -> None:
        body = {"kind": KIND, "specialty_code": SPECIALTY}
        self._application_id = (await self.client.send("POST", f"{_PATH}/applications", json=body))["id"]

    async def _fill(self) -> None:
        blocks = {"documents": self.client.document_ids, "consent": {"personal_data": True, "accuracy": True}}
        await self.client.change("PATCH", self._own, self._own, json=blocks)

    async def _confirm(self) -> None:
        await self.client.change("PUT", self._own, f"{self._own}/confirmation")

    async def _submit(self) -> None:
        await self.client.send("POST", f"{self._own}/submission")

    async def _checked(self) -> None:
        await self._reached("under-review")

    async def _claim(self) -> None:
        await self.desk.reviewer.send("PUT", f"{self._review}/claim")

    async def _ask(self) -> None:
        await self.desk.reviewer.send("POST", f"{self._review}/requests", json={"remarks": [_REMARK]})

    async def _answer(self) -> None:
        address = f"{self.client.member.person.workplace['address']}, корпус 2"
        changes = {"professional": {"workplace": {"address": address}}}
        await self.client.send("POST", f"{self._own}/answer", json={"comment": "Уточнено.", "changes": changes})

    async def _look(self) -> None:
        rows = (await self.desk.reviewer.send("GET", self._review))["checklist"]["rows"]
        answers = [{"code": row["code"], "result": "yes"} for row in rows]
        await self.desk.reviewer.change("PUT", self._review, f"{self._review}/checklist", json={"answers": answers})

    async def _recommend(self) -> None:
        opinion = {"decision": "approve", "comment": "Всё верно."}
        await self.desk.reviewer.change("POST", self._review, f"{self._review}/recommendation", json=opinion)

    async def _decide(self) -> None:
        path = f"{_PATH}/registry/{self._application_id}"
        await self.desk.registrar.change("POST", path, f"{path}/decision", json={"decision": "approve", "comment": "Утверждено."})

    async def _certified(self) -> None:
        await self._reached("certified")
        protocol = await self.client.send("GET", f"{self._own}/protocol")
        moves = tuple(step["move"] for step in protocol["transitions"])
        if moves[moves.index("submit") :] != MOVES:
            raise NotTaken(f"the protocol says {', '.join(moves)}")

    async def _reached(self, state: str) -> None:
        limit = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < limit:
            if (await self.client.send("GET", self._own))["state"] == state:
                return
            await asyncio.sleep(_POLL_SECONDS)
        raise GivenUp


@dataclass(slots=True)
class Square:
    """A Latin square: in as many walks as there are things to kill, each is killed once at each step, one at a time."""

    stack: Stack
    victims: Sequence[Fault]
    ledger: Ledger
    walk: int = 0
    kills: int = 0
    _striking: asyncio.Future[None] | None = None

    async def strike(self, step: int) -> None:
        """Kill the one whose turn it is while the step is taken; the one before is back by then."""
        await self.rest()
        victim = self.victims[(self.walk + step) % len(self.victims)]
        self._striking = asyncio.ensure_future(self._kill(victim))
        await _moment()

    async def _kill(self, victim: Fault) -> None:
        """Sometimes before the request, sometimes while it is answered, sometimes while what follows from it is done."""
        await _moment()
        await victim.inflict(self.stack)

    async def rest(self) -> None:
        """Until what was killed last is back."""
        if self._striking is None:
            return
        try:
            await self._striking
            self.kills += 1
        except NotInflicted as error:
            self.ledger.refused.append(f"the kill: {error}")
        self._striking = None


async def _moment() -> None:
    await asyncio.sleep(secrets.randbelow(200) / 1000)


async def run_applications(folder: Path, *, walks: int | None, walkers: int) -> AsyncIterator[Verdict]:
    """First the square, then the service that dies by itself at its worst moments. `walks` None is the whole square."""
    async with ground(folder) as here:
        people = await walkers_of(walkers)(here)
        yield await _square(here, people[0], walks)
        for fault in crash_faults("applications"):
            yield await case(here.stack, here.checker, people, fault)


async def _square(here: Ground, walker: Walker, walks: int | None) -> Verdict:
    ledger, victims, started = Ledger(), step_faults(), time.monotonic()
    dead_before = await here.checker.dead_letters()
    await here.checker.remember_everything()
    square = Square(here.stack, victims, ledger)
    await walker.join(ledger)
    walker.before = square.strike
    for number in range(len(victims) if walks is None else walks):
        square.walk = number
        await walker.client.attempt(walker.walk())
        await square.rest()
        await walker.join(ledger)
    walker.before = None
    await walker.check_session()
    whole = len(victims) * len(walker.steps)
    note = f"{square.kills} kills ({whole}: each thing at each step), {time.monotonic() - started:.0f} s"
    return await here.checker.judge("every process at every step of an application", ledger, dead_before=dead_before, note=note)


def walkers_of(count: int) -> Callable[[Ground], Awaitable[list[Walker]]]:
    """Makes so many walkers, and those who judge their applications."""

    async def make(here: Ground) -> list[Walker]:
        clients = asyncio.gather(*(ready_client(here.practitioner(), Ledger()) for _ in range(count)))
        desk = await staffed(here)
        return [Walker(client, desk) for client in await clients]

    return make


async def staffed(here: Ground) -> Desk:
    """A reviewer and a registrar, known to applications and signed in."""
    first = invent_staff(secrets.token_hex(8), ("administrator",))
    await add_first_administrator(first, here.stack.environments["identity"])
    administrator = _member(Administrator, first, here)
    await administrator.sign_in()
    reviewer = await _hired(Reviewer, administrator, here, Role.REVIEWER, SPECIALTY)
    registrar = await _hired(Registrar, administrator, here, Role.REGISTRAR)
    staff = here.checker.database("applications")["staff_members"]
    await until(lambda: staff.find_one({"specialty_codes": SPECIALTY}), "эксперт, известный сервису заявлений")
    return Desk(reviewer, registrar)


async def _hired(role: type[AnyStaff], administrator: Administrator, here: Ground, name: Role, *codes: str) -> Hand[AnyStaff]:
    body = invent_staff(secrets.token_hex(8), (name.value,), specialty_codes=codes)
    await administrator.add_staff(body)
    member = _member(role, body, here)
    await member.set_password()
    await member.sign_in()
    return Hand(member, Ledger())


def _member(role: type[AnyStaff], body: Json, here: Ground) -> AnyStaff:
    return member_of_staff(role, body, Caller(here.http), here.outside, now=SandboxClock(here.stack.clock_file).now)
