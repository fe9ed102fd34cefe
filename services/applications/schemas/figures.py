"""Figures as they are answered, as JSON and as rows of a table."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Self

from pydantic import BaseModel

from services.applications.domain.figures import FEW, Cell, Lengths, Step, Tally
from services.applications.domain.reasons import Code
from services.applications.domain.stages import Stage
from services.applications.domain.states import WORDS, State
from services.applications.domain.terms import Term
from services.applications.usecases.figures import Told

FEWER = f"меньше {FEW}"
STEP_TITLES = {
    Step.BEGUN: "Начато",
    Step.HANDED_IN: "Подано",
    Step.IN_REVIEW: "Дошло до экспертизы",
    Step.RECOMMENDED: "Рекомендовано одобрить",
    Step.CERTIFIED: "Выдан сертификат",
}
STAGE_TITLES = {
    Stage.CHECK: "Автоматическая проверка",
    Stage.REVIEW: "Экспертиза",
    Stage.APPLICANT: "Ответ заявителя",
    Stage.APPROVAL: "Утверждение",
}
TERM_TITLES = {
    Term.AUTOMATIC_CHECK: "Автоматическая проверка",
    Term.REVIEW: "Экспертиза",
    Term.INFORMATION: "Ответ заявителя",
    Term.APPROVAL: "Решение регистратора",
}
HEADER = ("раздел", "что", "показатель", "значение")
Line = tuple[str, str, str, str]


class FigureOut(BaseModel):
    """One figure; counts are rounded to five. Without a value it concerns fewer than five people; `words` says so."""

    value: float | None
    words: str

    @classmethod
    def of(cls, cell: Cell) -> Self:
        """From the domain."""
        if cell.value is None:
            return cls(value=None, words=FEWER)
        return cls(value=cell.value, words=f"около {cell.value:g}" if cell.is_rounded else f"{cell.value:g}")


class StepOut(BaseModel):
    """How many of those begun in the window came so far."""

    step: Step
    title: str
    count: FigureOut


class OutcomeOut(BaseModel):
    """How many ended in the window so."""

    state: State
    title: str
    count: FigureOut


class ReasonOut(BaseModel):
    """How many were refused in the window for this, among other reasons."""

    code: str
    text: str
    count: FigureOut


class StageOut(BaseModel):
    """How long those that ended in the window stood in a stage."""

    stage: Stage
    title: str
    count: FigureOut
    median_seconds: FigureOut


class QueueOut(BaseModel):
    """What the reviewers of a specialty have before them now."""

    specialty_code: str
    specialty_title: str
    reviewers: FigureOut
    waiting: FigureOut
    median_wait_seconds: FigureOut
    longest_wait_seconds: FigureOut
    held: FigureOut
    median_load: FigureOut


class TermFigureOut(BaseModel):
    """How many running terms end soon, and how many were missed, now."""

    term: Term
    title: str
    near: FigureOut
    missed: FigureOut


class FiguresOut(BaseModel):
    """All figures of a window of whole months, and of how things stand at `told_at`."""

    first: date
    last: date
    specialty_code: str | None
    told_at: datetime
    funnel: list[StepOut]
    outcomes: list[OutcomeOut]
    reasons: list[ReasonOut]
    stages: list[StageOut]
    queues: list[QueueOut]
    terms: list[TermFigureOut]

    @classmethod
    def of(cls, told: Told) -> Self:
        """From what was counted; reasons by how often they were given."""
        begun, ended, standing = told.begun, told.ended, told.standing
        reasons = sorted(ended.reasons.items(), key=lambda item: (-(item[1].cell.value or 0), item[0]))
        return cls(
            first=told.window.first,
            last=told.window.last,
            specialty_code=told.window.specialty_code,
            told_at=standing.at,
            funnel=[StepOut(step=step, title=STEP_TITLES[step], count=_count(tally)) for step, tally in begun.reached.items()],
            outcomes=[OutcomeOut(state=state, title=WORDS[state], count=_count(tally)) for state, tally in ended.outcomes.items()],
            reasons=[ReasonOut(code=code, text=told.rules.reason(Code(code)).text, count=_count(tally)) for code, tally in reasons],
            stages=[_stage(stage, lengths) for stage, lengths in ended.stages.items()],
            queues=_queues(told),
            terms=[_term(term, told) for term in standing.near_terms],
        )

    def lines(self) -> Iterator[Line]:
        """The same as a table."""
        period = f"{self.first.isoformat()} - {self.last.isoformat()}"
        now = f"{self.told_at:%Y-%m-%d %H:%M} UTC"
        yield from ((f"Воронка, {period}", one.title, "заявлений", one.count.words) for one in self.funnel)
        yield from ((f"Исходы, {period}", one.title, "заявлений", one.count.words) for one in self.outcomes)
        yield from ((f"Причины отказов, {period}", one.text, "отказов", one.count.words) for one in self.reasons)
        for stage in self.stages:
            yield f"Этапы, {period}", stage.title, "заявлений", stage.count.words
            yield f"Этапы, {period}", stage.title, "медиана, с", stage.median_seconds.words
        for queue in self.queues:
            yield from ((f"Очередь, {now}", queue.specialty_title, name, figure.words) for name, figure in _columns(queue))
        for term in self.terms:
            yield f"Сроки, {now}", term.title, "скоро истекают", term.near.words
            yield f"Сроки, {now}", term.title, "пропущены", term.missed.words


def _count(tally: Tally) -> FigureOut:
    return FigureOut.of(tally.cell)


def _stage(stage: Stage, lengths: Lengths) -> StageOut:
    return StageOut(stage=stage, title=STAGE_TITLES[stage], count=FigureOut.of(lengths.count), median_seconds=FigureOut.of(lengths.median))


def _queues(told: Told) -> list[QueueOut]:
    return [
        QueueOut(
            specialty_code=code,
            specialty_title=told.rules.titles.specialties.get(code, code),
            reviewers=FigureOut.of(Cell(queue.reviewers)),  # how many there are is no secret; what each has is
            waiting=FigureOut.of(queue.waiting.count),
            median_wait_seconds=FigureOut.of(queue.waiting.median),
            longest_wait_seconds=FigureOut.of(queue.waiting.longest),
            held=_count(queue.held),
            median_load=FigureOut.of(queue.load),
        )
        for code, queue in sorted(told.standing.queues.items())
    ]


def _term(term: Term, told: Told) -> TermFigureOut:
    standing = told.standing
    near, missed = standing.near_terms[term], standing.missed_terms[term]
    return TermFigureOut(term=term, title=TERM_TITLES[term], near=_count(near), missed=_count(missed))


def _columns(queue: QueueOut) -> Iterator[tuple[str, FigureOut]]:
    yield "экспертов", queue.reviewers
    yield "ждут", queue.waiting
    yield "ждут, медиана, с", queue.median_wait_seconds
    yield "ждут дольше всего, с", queue.longest_wait_seconds
    yield "в работе", queue.held
    yield "в работе у эксперта, медиана", queue.median_load
