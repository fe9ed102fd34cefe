"""Anything anybody may do to an application, in any order, over holidays: `STATE_SEQUENCES` sequences of chance from `STATE_SEED`."""

import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from contracts.roles import Role
from services.applications.domain import assignment, checklist, drafting, erasure, review
from services.applications.domain.appeals import Grounds, Outcome, judging
from services.applications.domain.application import SYSTEM, Actor, Application, CertificateReference, ChecklistAnswer, Decision, Remark
from services.applications.domain.errors.application import IllegalMove, MoveNotYours
from services.applications.domain.facts import Verdict
from services.applications.domain.proposals import propose
from services.applications.domain.rules import Kind
from services.applications.domain.states import MOVES, Move, Mover
from tests.applications import people
from tests.applications.world import FACTS, MOVERS, TERMS, World, staff

SEQUENCES = int(os.environ.get("STATE_SEQUENCES", "2000"))
SEED = int(os.environ.get("STATE_SEED") or random.randrange(2**32))
STEPS = 15
BEGINNINGS = [
    datetime.fromisoformat(f"{day}T09:00:00+00:00") for day in ("2025-12-29", "2026-02-20", "2026-04-30", "2024-12-27", "2026-09-01")
]

address = {"professional": {"workplace": {"address": "г. Примерск, ул. Вторая, 2"}}}
PATCHES = (
    {"personal": {"birth_place": "г. Иной"}},
    address,
    {"personal": {"snils": "1"}},
    {"personal": {"snils": people.snils()}},
    {"documents": {"licence": None}},
)
REMARKS = (
    Remark("contact-data-wrong", "/professional/workplace/address"),
    Remark("file-requirements-not-met", "/documents/licence"),
    Remark("negative-expert-decision", "/professional"),
)
remarks = st.lists(st.sampled_from(REMARKS), max_size=2, unique=True).map(tuple)
places = st.integers(0, 5)
jumps = st.sampled_from([timedelta(minutes=5), timedelta(hours=7), timedelta(days=1), timedelta(days=3), timedelta(days=16)])
STAGES = (
    *(
        "draft",
        "reopened",
        "submitted",
        "under-review",
        "assigned",
        "held",
        "released",
        "asked",
        "answered",
        "doubted",
        "registry",
        "approved",
    ),
    *("certified", "rejected", "refused-by-registrar", "refused-by-check", "asked-by-check", "answered-to-check", "proposed"),
    *("withdrawn", "appealed", "upheld", "overturned"),
)


class Machine(RuleBasedStateMachine):
    """Acts are drawn with their actors; most are not allowed where they come, as in life."""

    sequences: ClassVar[int] = 0
    made: ClassVar[Counter[Move]] = Counter()
    refused: ClassVar[Counter[str]] = Counter()
    told: ClassVar[Counter[str]] = Counter()

    @initialize(begun=st.sampled_from(BEGINNINGS), kind=st.sampled_from(Kind), stage=st.sampled_from(STAGES))
    def begin(self, begun: datetime, kind: Kind, stage: str) -> None:
        Machine.sequences += 1
        self.world = World(begun, kind)
        for act in _way_to(self, stage):
            act()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            Machine.made.update(self.world.made)
            Machine.refused.update(self.world.refused)
            Machine.told.update(self.world.told)

    @invariant()
    def everything_holds(self) -> None:
        if hasattr(self, "world"):
            self.world.check_all()

    @rule(patch=st.sampled_from(PATCHES))
    def edit(self, patch: dict[str, object]) -> None:
        self.world.do(lambda read: drafting.edit(read, patch, at=self.world.now))

    @rule()
    def confirm(self) -> None:
        world = self.world
        world.do(lambda read: drafting.confirm(read, world.findings(), world.documents, at=world.now))

    @rule()
    def submit(self) -> None:
        world = self.world

        def handed_in(read: Application) -> Application:
            drafting.as_confirmed(read, world.documents)
            return drafting.submit(read, "MK-2026-00000001-1", at=world.now, terms=TERMS)

        world.do(handed_in)

    @rule(document_type=st.sampled_from(people.REQUIRED), verdict=st.sampled_from(Verdict), is_new_file=st.booleans())
    def news_of_a_file(self, document_type: str, verdict: Verdict, *, is_new_file: bool) -> None:
        self.world.replaced(document_type, verdict, is_new_file=is_new_file)
        self.world.go_on()

    @rule()
    def automatic_stage(self) -> None:
        self.world.go_on()

    @rule(place=places)
    def claim(self, place: int) -> None:
        world = self.world
        world.do(lambda read: review.claim(read, world.reviewers[place], at=world.now, terms=TERMS))

    @rule(place=places, by_registrar=st.booleans())
    def assign(self, place: int, *, by_registrar: bool) -> None:
        world, by = self.world, assignment.registrar(self.world.registrar.id) if by_registrar else SYSTEM
        world.do(lambda read: assignment.assign(read, world.reviewers[place], by=by, at=world.now, terms=TERMS))

    @rule()
    def fill_in_the_checklist(self) -> None:
        world, answers = self.world, (ChecklistAnswer("identity", "yes"),)
        items = world.rules().checklist_of(world.kind)
        world.do(lambda read: checklist.answer(read, self._holder(), answers, items, at=world.now, terms=TERMS))

    @rule(place=places)
    def release(self, place: int) -> None:
        world = self.world
        world.do(lambda read: review.release(read, world.reviewers[place].id, at=world.now))

    @rule(given=remarks, is_holder=st.booleans())
    def ask(self, given: tuple[Remark, ...], *, is_holder: bool) -> None:
        world, who = self.world, self._holder() if is_holder else self.world.reviewers[0].id
        world.do(lambda read: review.request_information(read, who, given, world.documents, at=world.now, terms=TERMS))

    @rule(patch=st.sampled_from(PATCHES), comment=st.sampled_from(["", "Исправлено"]))
    def answer(self, patch: dict[str, object], comment: str) -> None:
        world = self.world
        world.do(lambda read: drafting.answer(read, comment, patch, world.documents, at=world.now, terms=TERMS))
        world.go_on()

    @rule(decision=st.sampled_from(["approve", "reject"]), given=remarks)
    def recommend(self, decision: Decision, given: tuple[Remark, ...]) -> None:
        world = self.world
        world.do(lambda read: review.recommend(read, self._holder(), decision, given, "", at=world.now, terms=TERMS))

    @rule(decision=st.sampled_from(["approve", "reject"]), given=remarks, is_stranger=st.booleans())
    def decide(self, decision: Decision, given: tuple[Remark, ...], *, is_stranger: bool) -> None:
        world, who = self.world, self.world.registrar if is_stranger else self.world.reviewers[0]
        world.do(lambda read: review.decide(read, who, decision, given, "", at=world.now))

    @rule(surname=st.sampled_from(["Вымышленникова", "Новая"]), phone=st.sampled_from(["+79990001122", "+79990001199"]))
    def profile_changes(self, surname: str, phone: str) -> None:
        """After every step the world sees that what was handed in stays."""
        world, facts = self.world, {**FACTS, "surname": surname, "phone": phone}
        before, world.facts = world.facts, facts
        world.do(lambda read: propose(read, before, facts, profile_version=2, at=world.now))

    @rule()
    def certify(self) -> None:
        world = self.world
        reference = CertificateReference(uuid4(), "MC-2026-00000001-1", world.now, TERMS.certificate_until(world.now))
        world.do(lambda read: read.moved(Move.CERTIFY, by=SYSTEM, at=world.now, certificate=reference))

    @rule(is_erased=st.booleans())
    def withdraw(self, *, is_erased: bool) -> None:
        world = self.world
        if len(world.application.history) % 3 == 0:  # not so often that little else happens
            world.do(lambda read: erasure.withdrawn(read, at=world.now) if is_erased else drafting.withdraw(read, "", at=world.now))

    @rule(is_late=st.booleans(), by_support=st.booleans())
    def appeal(self, *, is_late: bool, by_support: bool) -> None:
        world = self.world
        by = Actor(uuid4(), Role.SUPPORT_AGENT) if by_support else drafting.applicant(world.application)
        refused_on = TERMS.local_date(world.application.ended_at or world.now) - timedelta(days=is_late)
        grounds = Grounds(refused_on, world.application.reasons[:1], "Не согласна")
        number = {"appeal_id": uuid4(), "number": "MA-2026-00000001-1"}
        world.do_appeal(lambda: judging.file(world.application, grounds, {}, by=by, at=world.now, terms=TERMS, **number))  # type: ignore[arg-type]

    @rule(place=places)
    def claim_appeal(self, place: int) -> None:
        self._judge(lambda case: judging.claim(case, self.world.reviewers[place], at=self.world.now, terms=TERMS))

    @rule(outcome=st.sampled_from([Outcome.UPHELD, Outcome.OVERTURNED]))
    def decide_appeal(self, outcome: Outcome) -> None:
        case = self.world.case
        held = case.appeal.claim.reviewer_id if case and case.appeal.claim else None
        who = next((one for one in self.world.reviewers if one.id == held), staff())
        self._judge(lambda one: judging.decide(one, who, outcome, "Так", at=self.world.now, terms=TERMS))

    @rule()
    def withdraw_appeal(self) -> None:
        self._judge(lambda case: judging.withdraw(case, at=self.world.now))

    @rule(move=st.sampled_from(Move), role=st.sampled_from(MOVERS))
    def try_any_move(self, move: Move, role: Mover) -> None:
        """The table alone says what is refused and why."""
        application, table = self.world.application, MOVES[move]
        by = Actor(None if role == "system" else uuid4(), role)
        expected = MoveNotYours if role not in table.by else IllegalMove if application.state not in table.ways else None
        if expected is None:
            assert application.moved(move, by=by, at=self.world.now).state is table.ways[application.state]
        else:
            with pytest.raises(expected):
                application.moved(move, by=by, at=self.world.now)

    @rule(jump=jumps)
    def time_passes(self, jump: timedelta) -> None:
        self.world.now += jump
        self.world.ring()

    @rule()
    def the_next_term_comes(self) -> None:
        world = self.world
        world.now = max(world.now, min((timer.at for timer in world.timers.values()), default=world.now)) + timedelta(seconds=1)
        world.ring()

    def _holder(self) -> UUID:
        claim = self.world.application.claim
        return claim.reviewer_id if claim else self.world.reviewers[0].id

    def _judge(self, act: Callable[[judging.Case], judging.Case]) -> None:
        case, application = self.world.case, self.world.application
        if case is not None and case.appeal.is_running:  # the profile may have changed meanwhile
            case = replace(case, application=application)
        if case is not None and case.application.version == application.version:
            self.world.do_appeal(lambda: act(case))


def _way_to(machine: Machine, stage: str) -> list[Callable[[], None]]:
    """The acts that lead there: most of what may happen happens late."""
    why = (REMARKS[2],)
    begin = [machine.confirm, machine.submit, machine.automatic_stage]
    held = [*begin, lambda: machine.claim(0)]
    doubted = [*held, lambda: machine.recommend("reject", why)]
    rejected = [*doubted, lambda: machine.claim(1), lambda: machine.recommend("reject", why)]
    appealed = [*rejected, lambda: machine.appeal(is_late=False, by_support=False), lambda: machine.claim_appeal(2)]
    registry = [*held, lambda: machine.recommend("approve", ())]
    approved = [*registry, lambda: machine.decide("approve", (), is_stranger=True)]
    asked = [*held, lambda: machine.ask(REMARKS[:2], is_holder=True)]
    by_check = [*begin[:2], lambda: machine.news_of_a_file("licence", Verdict.REJECTED, is_new_file=True)]
    ways: dict[str, list[Callable[[], None]]] = {
        "draft": [],
        "reopened": [machine.confirm, lambda: machine.edit(PATCHES[0])],
        "submitted": begin[:2],
        "under-review": begin,
        "assigned": [*begin, lambda: machine.assign(0, by_registrar=False)],
        "held": held,
        "released": [*held, lambda: machine.release(0)],
        "asked": asked,
        "answered": [*asked, lambda: machine.answer(address, "")],
        "doubted": doubted,
        "registry": registry,
        "approved": approved,
        "certified": [*approved, machine.certify],
        "rejected": rejected,
        "refused-by-registrar": [*registry, lambda: machine.decide("reject", why, is_stranger=True)],
        "refused-by-check": [machine.confirm, lambda: machine.time_passes(timedelta(days=1)), machine.submit, machine.automatic_stage],
        "asked-by-check": by_check,
        "answered-to-check": [*by_check, lambda: machine.answer({}, "Исправлено")],
        "proposed": [*held, lambda: machine.profile_changes("Новая", "+79990001122")],
        "withdrawn": [*begin, lambda: machine.withdraw(is_erased=False)],
        "appealed": appealed,
        "upheld": [*appealed, lambda: machine.decide_appeal(Outcome.UPHELD)],
        "overturned": [*appealed, lambda: machine.decide_appeal(Outcome.OVERTURNED)],
    }
    assert set(ways) == set(STAGES)
    return ways[stage]


def test_the_ways_to_the_stages_make_every_move_there_is() -> None:
    made: Counter[Move] = Counter()
    for stage in STAGES:
        machine = Machine()
        machine.world = World(BEGINNINGS[0])
        for act in _way_to(machine, stage):
            act()
            machine.world.check_all()
        made.update(machine.world.made)
    assert [move for move in Move if move not in made] == []


def test_no_sequence_of_acts_breaks_what_the_tables_promise(record_property: Callable[[str, object], None]) -> None:
    chosen = settings(
        max_examples=SEQUENCES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    record_property("said", f"state machine: {SEQUENCES} sequences asked for, STATE_SEED={SEED}")
    run_state_machine_as_test(seed(SEED)(Machine), settings=chosen)
    refusals = sum(Machine.refused.values())
    record_property("said", f"state machine: {Machine.sequences} sequences, {sum(Machine.made.values())} moves, {refusals} refusals")
    assert Machine.sequences >= SEQUENCES
    if SEQUENCES >= 1000:
        assert [move for move in Move if move not in Machine.made] == [], "a move nobody came to"
        told = {event for rule in MOVES.values() for event in rule.tells}
        assert {event.split(".")[1] for event in told - set(Machine.told)} <= {"appeal-filed", "appeal-decided"}
