"""The application: what it holds, how it moves, which terms run."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.applications.domain.application.records import (
    Actor,
    AppealReference,
    CertificateReference,
    Checklist,
    CheckRecord,
    Claim,
    Desk,
    FrozenDocument,
    Proposal,
    Recommendation,
    Refusal,
    Remark,
    Request,
    StoredFile,
    Transition,
)
from services.applications.domain.form import Form, covers
from services.applications.domain.identifiers import digits_of
from services.applications.domain.rules import Kind
from services.applications.domain.states import BLOCKING, GROUPS, OPEN, WORDS, Group, Move, State, after, check_mover
from services.applications.domain.terms import ActiveTerm, Term

WORKPLACE = "/professional/workplace/ogrn"
_JUDGING = frozenset({Move.RECOMMEND, Move.CONFIRM_REFUSAL, Move.REJECT, Move.OVERTURN})


@dataclass(frozen=True, slots=True)
class Application:
    """One application. Functions of the sibling modules return its next version; nothing changes it in place."""

    id: UUID
    version: int
    applicant_id: UUID
    kind: Kind
    specialty_code: str
    state: State
    form: Form
    created_at: datetime
    updated_at: datetime
    history: tuple[Transition, ...] = ()
    previous_application_id: UUID | None = None
    correction_comment: str = ""
    number: str | None = None
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    documents: tuple[FrozenDocument, ...] = ()
    snapshot_sha256: str | None = None
    electronic_document: StoredFile | None = None
    former_electronic_documents: tuple[StoredFile, ...] = ()
    """Of what was handed in before answers changed it, the first one first."""
    checks: tuple[CheckRecord, ...] = ()
    check_due_at: datetime | None = None
    review_due_at: datetime | None = None
    approval_due_at: datetime | None = None
    requests: tuple[Request, ...] = ()
    claim: Claim | None = None
    recommendations: tuple[Recommendation, ...] = ()
    checklists: tuple[Checklist, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    reasons: tuple[Remark, ...] = ()
    certificate: CertificateReference | None = None
    anonymised_at: datetime | None = None
    """When its applicant was erased; since then nothing in it is personal."""
    rules_on: date | None = None
    """The day whose rules it is judged by; None until it is handed in."""
    round: int = 1
    """Which time it is examined; an overturned refusal begins the next, in which earlier opinions count no more."""
    appeal: AppealReference | None = None
    refusals: tuple[Refusal, ...] = ()
    """Those that an appeal overturned."""
    left_by: tuple[UUID, ...] = ()
    """Reviewers who gave it back or let it lie; none of them is given it unasked while there is another."""
    renews_certificate_id: UUID | None = None
    """The certificate that ends and that this one is to follow."""

    def moved(self, move: Move, *, by: Actor, at: datetime, why: str = "", **changed: Any) -> "Application":
        """The next version after a move, recorded. Raises `MoveNotYours`, `IllegalMove`."""
        check_mover(move, by.role)
        target = after(self.state, move)
        if move is Move.OVERTURN:
            changed = {"round": self.round + 1, **changed}
        step = Transition(move, self.state, target, at, by, why)
        ended_at = None if target in OPEN else (self.ended_at or at)
        return replace(
            self, version=self.version + 1, state=target, updated_at=at, ended_at=ended_at, history=(*self.history, step), **changed
        )

    @property
    def word(self) -> str:
        """The state in people's words."""
        return WORDS[self.state]

    @property
    def group(self) -> Group:
        """The state in the history filter's words."""
        return GROUPS[self.state]

    @property
    def is_open(self) -> bool:
        """Whether somebody still has something to do before it is decided and the decision carried out."""
        return self.state in OPEN

    @property
    def blocks_another(self) -> bool:
        """Whether another of the same kind and specialty must wait."""
        return self.state in BLOCKING

    @property
    def public_number(self) -> str:
        """The number; only for applications that were submitted."""
        if self.number is None:
            raise ValueError(f"application {self.id} was never submitted")
        return self.number

    @property
    def open_request(self) -> Request | None:
        """The request that waits for an answer."""
        return self.requests[-1] if self.state is State.INFORMATION_REQUESTED else None

    @property
    def _reviewers_requests(self) -> tuple[Request, ...]:
        """What reviewers asked for in the present round."""
        overturned = [step.at for step in self.history if step.move is Move.OVERTURN]
        asked = (one for one in self.requests if one.requested_by == "reviewer")
        return tuple(one for one in asked if not overturned or one.requested_at >= overturned[-1])

    @property
    def clarifications(self) -> int:
        """How many answers to reviewers this round had."""
        return sum(one.answered_at is not None for one in self._reviewers_requests)

    @property
    def is_profile_changed(self) -> bool:
        """Whether the profile became another since it was handed in, beside ways to reach the applicant."""
        return any(not proposal.is_contact_only for proposal in self.proposals)

    @property
    def revision(self) -> int:
        """How often what is judged became another since it was handed in: by an answer, or by a changed profile."""
        answers = sum(request.answered_at is not None for request in self.requests)
        return answers + sum(not proposal.is_contact_only for proposal in self.proposals)

    @property
    def opinions(self) -> tuple[Recommendation, ...]:
        """What the reviewers found in the present round."""
        return tuple(one for one in self.recommendations if one.round == self.round)

    @property
    def refused_at(self) -> datetime | None:
        """When it was refused last; a refusal that an appeal left in force keeps its day."""
        refusals = [step.at for step in self.history if _is_refusal(step)]
        return refusals[-1] if refusals else None

    @property
    def is_appealed(self) -> bool:
        """Whether somebody appealed against the last refusal."""
        since = max((place for place, step in enumerate(self.history) if _is_refusal(step)), default=0)
        return any(step.move is Move.APPEAL for step in self.history[since:])

    @property
    def spoken_by(self) -> frozenset[UUID]:
        """Staff who gave an opinion or a decision in any round, or judged an appeal: none of them judges it again."""
        judged = {step.by.id for step in self.history if step.move in _JUDGING and step.by.id is not None}
        return frozenset(judged | {opinion.reviewer_id for opinion in self.recommendations})

    @property
    def workplaces(self) -> frozenset[str]:
        """Where the applicant works by what was handed in, and by every profile since: whoever works there is a colleague."""
        said = (self.form.text_at(WORKPLACE), *(proposal.values.get(WORKPLACE) for proposal in self.proposals))
        return frozenset(digits_of(str(ogrn)) for ogrn in said if ogrn)

    @property
    def document_ids(self) -> tuple[UUID, ...]:
        """Every document the form names."""
        return self.form.document_ids

    def unlocked_document_ids(self) -> tuple[UUID, ...]:
        """Documents the open request lets the applicant replace."""
        request = self.open_request
        pointers = request.pointers if request else ()
        return tuple(UUID(str(value)) for name, value in self.form.documents.items() if covers(pointers, f"/documents/{name}"))

    @property
    def desk(self) -> Desk:  # one line per desk
        """Who must act now."""
        if self.state in {State.DRAFT, State.CONFIRMED, State.INFORMATION_REQUESTED}:
            return Desk.APPLICANT
        if self.state in {State.SUBMITTED, State.APPROVED}:
            return Desk.SYSTEM
        if self.state is not State.UNDER_REVIEW:
            return Desk.NOBODY
        if not self.opinions:
            return Desk.REVIEWER
        return Desk.REGISTRAR if self.opinions[-1].decision == "approve" else Desk.SECOND_REVIEWER

    @property
    def is_queued(self) -> bool:
        """Whether a reviewer is to take it."""
        return self.claim is None and self.desk in {Desk.REVIEWER, Desk.SECOND_REVIEWER}

    def active_terms(self) -> dict[Term, ActiveTerm]:
        """The terms that run now; a term met is not among them."""
        terms: dict[Term, ActiveTerm] = {}
        holder = self.claim.reviewer_id if self.claim else None
        if self.state is State.SUBMITTED and self.check_due_at:
            terms[Term.AUTOMATIC_CHECK] = ActiveTerm(self.check_due_at, "system")
        if self.desk in {Desk.REVIEWER, Desk.SECOND_REVIEWER} and self.review_due_at:
            was_missed = any(one.is_late for one in self._reviewers_requests)
            terms[Term.REVIEW] = ActiveTerm(self.review_due_at, "reviewer", holder, was_missed)
            if self.claim:
                terms[Term.CLAIM] = ActiveTerm(self.claim.due_at, "reviewer", holder)
        if self.open_request:
            terms[Term.INFORMATION] = ActiveTerm(self.open_request.due_at, "applicant", self.applicant_id)
        if self.desk is Desk.REGISTRAR and self.approval_due_at:
            terms[Term.APPROVAL] = ActiveTerm(self.approval_due_at, "registrar")
        return terms

    def is_overdue(self, at: datetime) -> bool:
        """Whether a running term is past, or was before it stood still."""
        return any(term.due_at < at or term.was_missed for term in self.active_terms().values())


def _is_refusal(step: Transition) -> bool:
    return step.after is State.REJECTED and step.before is not State.APPEALED
