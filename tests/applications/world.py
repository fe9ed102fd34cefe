"""A world of one application without servers: a store, an outbox and timers of plain values, and what must hold after every step."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, get_args
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from chassis.errors import DomainError
from contracts.roles import Role
from services.applications.domain import drafting, review, stage1
from services.applications.domain.appeals.judging import Case
from services.applications.domain.application import Application, Desk
from services.applications.domain.check import CheckInput, Finding, check
from services.applications.domain.facts import OwnedDocument, Practitioner, StaffMember, Verdict
from services.applications.domain.form import canonical, prefilled
from services.applications.domain.rules import Kind, Rules
from services.applications.domain.states import MOVES, OPEN, Move, Mover, State
from services.applications.domain.terms import Term, Terms
from services.applications.domain.timers import Timer, planned
from services.applications.gateways import production_calendar, read_rulebook
from services.applications.usecases import telling
from tests.applications import people
from tests.applications.test_terms import NUMBERS

TERMS = Terms(NUMBERS, production_calendar(), ZoneInfo("Europe/Moscow"))
BOOK = read_rulebook()
FACTS = people.facts().model_dump(mode="json")
MOVERS: tuple[Mover, ...] = (*Role, *get_args(get_args(Mover)[1]))
BY_APPEAL = {Move.APPEAL, Move.UPHOLD, Move.OVERTURN}
"""Told with the appeal, which this store does not keep."""
ANSWERS = {Move.ANSWER_CHECK, Move.ANSWER_REVIEWER}
HELD = {State.UNDER_REVIEW, State.INFORMATION_REQUESTED}
DECIDED = {State.REJECTED, State.APPROVED, State.CERTIFIED}


def staff(ogrn: str | None = None) -> StaffMember:
    return StaffMember(uuid4(), 1, frozenset({Role.REVIEWER}), frozenset({people.CARDIOLOGY}), ogrn)


@dataclass
class World:
    """What a service would hold of one application."""

    now: datetime
    kind: Kind = Kind.PRIMARY
    reviewers: list[StaffMember] = field(default_factory=lambda: [*(staff() for _ in range(5)), staff(people.ogrn())])
    registrar: StaffMember = field(default_factory=lambda: replace(staff(), roles=frozenset({Role.REGISTRAR})))
    documents: dict[UUID, OwnedDocument] = field(default_factory=dict)
    timers: dict[str, Timer] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    missed: set[Term] = field(default_factory=set)
    made: Counter[Move] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    case: Case | None = None
    facts: Mapping[str, Any] = field(default_factory=lambda: FACTS)
    application: Application = field(init=False)

    def __post_init__(self) -> None:
        applicant_id = uuid4()
        for name in people.REQUIRED:
            key = uuid4()
            self.documents[key] = OwnedDocument(
                key, 1, applicant_id, name, 1, Verdict.ACCEPTED, "a" * 64, 10, "application/pdf", (), self.now
            )
        named = {one.document_type: str(key) for key, one in self.documents.items()}
        form = prefilled(FACTS, named).merged({"consent": people.CONSENT})
        rules = BOOK.on(self.now.date())
        self.application = drafting.start(
            uuid4(), applicant_id=applicant_id, kind=self.kind, specialty_code=people.CARDIOLOGY, form=form, at=self.now, rules=rules
        )
        self.written = canonical(form.blocks())
        self.changes_after = TERMS.local_date(self.now)
        self.practitioner = Practitioner(applicant_id, 1, is_verified=True, facts=FACTS)

    def rules(self) -> Rules:
        """Those of the application; from the day after the beginning more experience is asked for than anybody has."""
        day = self.application.rules_on or TERMS.local_date(self.now)
        rules = BOOK.on(day)
        if day <= self.changes_after:
            return rules
        stricter = replace(rules.kinds[self.kind], minimum_experience_months=9_999)
        return replace(rules, kinds={**rules.kinds, self.kind: stricter})

    def findings(self) -> tuple[Finding, ...]:
        rules = self.rules()
        return check(CheckInput(self.application, self.practitioner, self.documents, None, TERMS.local_date(self.now), rules))

    def do(self, change: Callable[[Application], Application]) -> bool:
        """One act. What is refused changes nothing; what is not keeps every promise."""
        read = self.application
        try:
            changed = change(read)
        except DomainError as refused:
            self.refused[refused.code] += 1
            assert canonical(read.form.blocks()) == self.written, "a refused act wrote into the one thing that could be written into"
            return False
        if changed is not read:
            self._keep(read, changed)
        return True

    def do_appeal(self, change: Callable[[], Case]) -> bool:
        """One act upon the appeal, which moves the application with it."""
        made: list[Case] = []

        def both(read: Application) -> Application:
            made.append(change())
            return made[0].application if made[0].application.version != read.version else read

        done = self.do(both)
        if done:
            self.case = made[0]
        return done

    def go_on(self) -> None:
        """What the automatic stage does on news of a file, as the use-case does it."""
        if self.application.state is State.SUBMITTED:
            findings = self.findings()
            if not stage1.must_wait(findings):
                self.do(lambda read: stage1.conclude(read, findings, self.documents, check_id=uuid4(), at=self.now, terms=TERMS))
        elif stage1.is_answered_by_files(self.application) and not stage1.unanswered_documents(self.application, self.documents):
            self.do(lambda read: drafting.go_on(read, self.documents, at=self.now, terms=TERMS))

    def ring(self) -> None:
        """Every timer whose moment came, in the order of the moments."""
        for timer in sorted((one for one in self.timers.values() if one.at <= self.now), key=lambda one: one.at):
            if self.timers.pop(timer.key, None) is None:
                continue  # forgotten by what an earlier one did
            running = self.application.active_terms().get(timer.term)
            assert running is not None, f"a timer rang for {timer.term} that does not run"
            assert running.due_at == timer.due_at, f"a timer rang for {timer.term} that was moved"
            if timer.term is Term.CLAIM:
                assert self.do(lambda read: review.lapse(read, at=self.now))
            elif timer.moment == "due":
                self.missed.add(timer.term)
                assert self.application.is_overdue(self.now) or running.due_at == self.now

    def _keep(self, read: Application, changed: Application) -> None:
        steps = changed.history[len(read.history) :]
        assert changed.history[: len(read.history)] == read.history, "history was rewritten"
        assert changed.version - read.version == max(1, len(steps)), "a version for each change, and none without"
        self._check_steps(read, changed)
        self._check_told(read, changed)
        self._check_snapshot(read, changed)
        plan = planned(read, changed, now=self.now, terms=TERMS)
        for key in plan.cancel:
            self.timers.pop(key, None)
        for timer in plan.schedule:
            assert timer.at > self.now, f"{timer.term} was set anew in the past"
            self.timers[timer.key] = timer
        self.application, self.written = changed, canonical(changed.form.blocks())
        self.made.update(step.move for step in steps)

    def _check_steps(self, read: Application, changed: Application) -> None:
        state = read.state
        for step in changed.history[len(read.history) :]:
            rule = MOVES[step.move]
            assert step.before is state, "history has a gap"
            assert rule.ways.get(step.before) is step.after, f"{step.move} leads elsewhere in the table"
            assert step.by.role in rule.by, f"{step.move} is not made by {step.by.role}"
            assert (step.by.id is None) is (step.by.role == "system"), "who moved is known"
            assert step.at == self.now
            state = step.after
        if len(changed.history) > len(read.history):
            assert changed.state is state, "the last step leads where it stands"
        else:
            assert changed.state is read.state, "it moved without a record"

    def _check_told(self, read: Application, changed: Application) -> None:
        for step in changed.history[len(read.history) :]:
            tells = MOVES[step.move].tells
            if changed.number is None or step.move in BY_APPEAL:
                continue  # nobody hears of a draft
            event = telling.news(changed, BOOK.on(changed.rules_on or self.now.date()), read=read)
            assert event.type in tells, f"{step.move} is told as {event.type}"
            assert (event.version, event.occurred_at) == (changed.version, self.now)
            self.told.append(event.type)

    def _check_snapshot(self, read: Application, changed: Application) -> None:
        steps = changed.history[len(read.history) :]
        if read.number is not None and not any(step.move in ANSWERS for step in steps):
            assert changed.snapshot_sha256 == read.snapshot_sha256, "what was handed in changed without an answer"
            assert (changed.form, changed.documents) == (read.form, read.documents)

    def check_all(self) -> None:
        """What holds at any moment."""
        now = self.application
        running = now.active_terms()
        due = {timer.term: timer.due_at for timer in self.timers.values() if timer.moment == "due"}
        assert due == {term: one.due_at for term, one in running.items() if term in due or one.due_at > self.now}, "a timer for each term"
        assert {timer.term for timer in self.timers.values()} <= set(running), "no timer for what does not run"
        if now.number is not None and now.state in OPEN:
            assert now.desk is not Desk.NOBODY, "somebody must act"
            assert running or now.state is State.APPROVED, "and knows until when"
        assert now.claim is None or now.state in HELD
        assert now.round == 1 + sum(step.move is Move.OVERTURN for step in now.history)
        spoken = [one.reviewer_id for one in now.recommendations]
        assert len(spoken) == len(set(spoken)), "nobody speaks twice"
        if now.state in DECIDED:
            assert bool(now.reasons) is (now.state is State.REJECTED), "a refusal has reasons, and nothing else has"
        assert (now.certificate is not None) is (now.state is State.CERTIFIED)
        assert (now.number is None) is (now.submitted_at is None) is (now.rules_on is None)
        assert (now.ended_at is None) is (now.state in OPEN)

    def replaced(self, document_type: str, verdict: Verdict, *, is_new_file: bool) -> None:
        """News of a file."""
        (key,) = [key for key, one in self.documents.items() if one.document_type == document_type]
        known = self.documents[key]
        version = known.file_version + is_new_file
        self.documents[key] = replace(known, version=known.version + 1, file_version=version, verdict=verdict)
