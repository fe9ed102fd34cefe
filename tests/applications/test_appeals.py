"""AP-14: appeals in the pure domain: who may file, who may judge, what becomes of the application."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from chassis.errors import DomainError
from contracts.roles import Role
from services.applications.domain import drafting, review, stage1
from services.applications.domain.appeals import AppealState, Grounds, Outcome, judging
from services.applications.domain.appeals.judging import Case
from services.applications.domain.application import Actor, Application, Decision, Desk, Remark, Transition
from services.applications.domain.as_of import as_of
from services.applications.domain.errors.appeals import (
    AppealExists,
    AppealNotFound,
    AppealTooLate,
    AttachmentUnknown,
    NothingRefused,
    PointNotInRefusal,
    RefusalDateWrong,
)
from services.applications.domain.errors.application import IllegalMove
from services.applications.domain.errors.review import AlreadyClaimed, ConflictOfInterest, NotClaimed
from services.applications.domain.facts import OwnedDocument, StaffMember, Verdict
from services.applications.domain.form import PARTS, TITLES
from services.applications.domain.refusals import after_closing_refusal
from services.applications.domain.states import Move, State
from services.applications.domain.terms import Term
from services.applications.schemas.protocol import TransitionOut
from services.applications.usecases.appeals.paper import contents, packet_values
from tests.applications import people
from tests.applications.test_domain import APPLICANT, AT, RULES, TERMS, documents, drafted

DAY = timedelta(days=1)
REFUSED_ON = AT.date()
REASON = Remark("qualification-incomplete", "/documents/diploma", "Нет приложения")
OTHER = Remark("experience-below-minimum", "/professional/employments")
POINT = Remark("qualification-incomplete", "/documents/diploma", "Приложение было")
OWNER = Actor(APPLICANT, Role.PRACTITIONER)


def expert(*specialties: str, ogrn: str | None = None) -> StaffMember:
    return StaffMember(uuid4(), 1, frozenset({Role.REVIEWER}), frozenset(specialties or {people.CARDIOLOGY}), ogrn)


def opinion(application: Application, member: StaffMember, decision: Decision) -> Application:
    held = review.claim(application, member, at=AT, terms=TERMS)
    remarks = (REASON, OTHER) if decision == "reject" else ()
    return review.recommend(held, member.id, decision, remarks, "Заключение", at=AT, terms=TERMS)


def refused(*members: StaffMember) -> Application:
    known = documents()
    draft, _ = drafted(known)
    submitted = drafting.submit(drafting.confirm(draft, (), known, at=AT), "MK-2026-00000001-1", at=AT, terms=TERMS)
    application = stage1.conclude(submitted, (), known, check_id=uuid4(), at=AT, terms=TERMS)
    for member in members or (expert(), expert()):
        application = opinion(application, member, "reject")
    assert application.state is State.REJECTED
    return application


def grounds(*points: Remark, on: date = REFUSED_ON, attachments: tuple[UUID, ...] = ()) -> Grounds:
    return Grounds(on, points or (POINT,), "Прошу пересмотреть", attachments)


def filed(
    application: Application | None = None,
    *,
    days: int = 0,
    known: dict[UUID, OwnedDocument] | None = None,
    points: tuple[Remark, ...] = (),
    **given: object,
) -> Case:
    return judging.file(
        application or refused(),
        grounds(*points, **given),  # type: ignore[arg-type]
        known or {},
        appeal_id=uuid4(),
        number="MA-2026-00000001-1",
        by=OWNER,
        at=AT + days * DAY,
        terms=TERMS,
    )


def claimed(case: Case, member: StaffMember | None = None) -> tuple[Case, StaffMember]:
    judge = member or expert()
    return judging.claim(case, judge, at=AT, terms=TERMS), judge


def decided(outcome: Outcome, application: Application | None = None) -> tuple[Case, StaffMember]:
    case, judge = claimed(filed(application))
    return judging.decide(case, judge, outcome, "Приложение есть в деле", at=AT + DAY, terms=TERMS), judge


def test_an_overturned_refusal_is_at_a_first_reviewers_desk_with_a_term_of_its_own() -> None:
    case, _ = decided(Outcome.OVERTURNED)
    reopened = case.application
    assert (case.appeal.state, reopened.state, reopened.desk, reopened.round) == (
        AppealState.OVERTURNED,
        State.UNDER_REVIEW,
        Desk.REVIEWER,
        2,
    ), "the opinions of the first round no longer say whose desk it is"
    assert (reopened.opinions, reopened.reasons, reopened.ended_at) == ((), (), None)
    assert reopened.active_terms()[Term.REVIEW].due_at == TERMS.review_due(AT + DAY)
    assert reopened.refusals[0].reasons == (REASON, OTHER), "and what it was refused for stays on record"


def test_nobody_who_spoke_before_reviews_again_after_an_overturned_refusal() -> None:
    first, second = expert(), expert()
    case, judge = decided(Outcome.OVERTURNED, refused(first, second))
    for member in (first, second, judge):
        with pytest.raises(ConflictOfInterest):
            review.claim(case.application, member, at=AT + DAY, terms=TERMS)
    fresh = opinion(case.application, expert(), "reject")
    assert (fresh.state, fresh.desk) == (State.UNDER_REVIEW, Desk.SECOND_REVIEWER), "one opinion of this round refuses nothing"
    again = opinion(fresh, expert(), "reject")
    assert (again.state, again.reasons) == (State.REJECTED, (REASON, OTHER))
    assert filed(again).appeal.number, "another refusal is another one to appeal against"


def test_an_appealed_application_keeps_others_of_its_kind_waiting_until_the_refusal_stays() -> None:
    assert filed().application.blocks_another
    assert not decided(Outcome.UPHELD)[0].application.blocks_another


@pytest.mark.parametrize("outcome", [Outcome.UPHELD, Outcome.WITHDRAWN])
def test_a_refusal_that_stays_is_as_it_was_and_cannot_be_appealed_again(outcome: Outcome) -> None:
    before = refused()
    case = decided(outcome, before)[0] if outcome is Outcome.UPHELD else judging.withdraw(filed(before), at=AT)
    after = case.application
    assert (after.state, after.reasons, after.ended_at) == (State.REJECTED, before.reasons, before.ended_at)
    assert (judging.outcome_of(case.appeal), after.appeal is not None) == (outcome, True)
    with pytest.raises(AppealExists) as error:
        filed(after)
    assert error.value.extra["number"] == case.appeal.number
    with pytest.raises(IllegalMove):
        judging.withdraw(case, at=AT)


def test_the_application_gets_another_version_with_each_move_of_its_appeal() -> None:
    case = filed()
    held, judge = claimed(case)
    free = judging.release(held, judge.id, at=AT)
    lapsed = judging.lapse(claimed(free)[0], at=AT)
    versions = [one.application.version for one in (case, held, free, lapsed)]
    assert versions == [versions[0], versions[0] + 1, versions[0] + 2, versions[0] + 4]
    assert [one.application.state for one in (case, held, lapsed)] == [State.APPEALED] * 3
    assert (lapsed.appeal.claim, lapsed.appeal.state) == (None, AppealState.REGISTERED)


@pytest.mark.parametrize(
    ("on", "last"),
    [
        (date(2026, 4, 14), date(2026, 5, 14)),
        (date(2026, 4, 16), date(2026, 5, 18)),  # the 30th day is a Saturday
    ],
)
def test_thirty_days_end_with_a_working_day(on: date, last: date) -> None:
    until = TERMS.appeal_until(TERMS.start_of(on))
    assert (TERMS.local_date(until), until) == (last, TERMS.end_of(last))


def test_an_appeal_is_decided_within_ten_working_days() -> None:
    case = filed()
    assert case.appeal.due_at == TERMS.working_days_after(AT, 10)
    assert not case.appeal.is_overdue(case.appeal.due_at)
    assert case.appeal.is_overdue(case.appeal.due_at + timedelta(seconds=1))
    assert not judging.withdraw(case, at=AT).appeal.is_overdue(case.appeal.due_at + DAY)


@pytest.mark.parametrize(
    ("error", "given"),
    [
        (AppealTooLate, {"days": 31}),
        (RefusalDateWrong, {"on": date(2026, 4, 13)}),
        (PointNotInRefusal, {"points": (Remark("contact-data-wrong", "/personal/phone"),)}),
        (PointNotInRefusal, {"points": (replace(REASON, pointer="/documents/licence"),)}),
    ],
)
def test_what_is_no_ground_is_refused_by_name(error: type[DomainError], given: dict[str, object]) -> None:
    days = given.pop("days", 0)
    points = given.pop("points", ())
    with pytest.raises(error):
        judging.file(
            refused(),
            grounds(*points, **given),  # type: ignore[misc, arg-type]
            {},
            appeal_id=uuid4(),
            number="MA-2026-00000001-1",
            by=OWNER,
            at=AT + int(str(days)) * DAY,
            terms=TERMS,
        )


def test_a_refusal_that_closes_corrections_says_until_when_and_lets_another_application_follow() -> None:
    application, last = refused(), TERMS.appeal_until(AT)
    upheld = decided(Outcome.UPHELD, application)[0].application
    day = f"{TERMS.local_date(last):%d.%m.%Y}"

    def said(one: Application, at: datetime, *, is_named: bool = False) -> str | None:
        return after_closing_refusal(one, is_named=is_named, at=at, terms=TERMS)

    assert f"обжаловать по {day} включительно" in str(said(application, last))
    assert f"жалоба на него уже была. Новое можно подать после {day}" in str(said(upheld, last)), "an appeal shortens nothing"
    for one in (application, upheld):
        assert said(one, last + timedelta(seconds=1)) is None
        assert "Подайте новое" in str(said(one, last + DAY, is_named=True))
    with pytest.raises(AppealTooLate, match=f"истёк {day}.*можно подать новое"):
        filed(application, days=31)


def test_each_point_is_disputed_once() -> None:
    with pytest.raises(PointNotInRefusal) as error:
        filed(points=(POINT, OTHER, replace(POINT, comment="И ещё")))
    assert [(one.pointer, one.code) for one in error.value.errors] == [("/points/2", "repeated-point")]


def test_only_a_refusal_can_be_appealed_against() -> None:
    known = documents()
    draft, _ = drafted(known)
    with pytest.raises(NothingRefused):
        filed(draft)
    with pytest.raises(NothingRefused):
        filed(decided(Outcome.OVERTURNED)[0].application)


@pytest.mark.parametrize(
    ("changed", "is_usable"),
    [
        ({}, True),
        ({"verdict": Verdict.PENDING}, True),
        ({"verdict": Verdict.REJECTED}, False),
        ({"owner_id": uuid4()}, False),
        ({"document_type": "diploma"}, False),
    ],
)
def test_attachments_are_the_applicants_own_and_of_that_type(changed: dict[str, object], is_usable: object) -> None:
    key = uuid4()
    file = OwnedDocument(key, 1, APPLICANT, "appeal-attachment", 1, Verdict.ACCEPTED, "a" * 64, 10, "application/pdf", (), AT)
    known = {key: replace(file, **changed)}  # type: ignore[arg-type]
    if not is_usable:
        with pytest.raises(AttachmentUnknown):
            filed(known=known, attachments=(key,))
        return
    case = filed(known=known, attachments=(key, key))
    assert case.appeal.attachment_ids == (key,)
    assert set(case.document_ids) == {*case.application.document_ids, key}


def test_another_reviewer_judges_one_who_neither_spoke_nor_is_close() -> None:
    first, second = expert(), expert()
    case = filed(refused(first, second))
    for member in (first, second, expert(ogrn=people.ogrn()), replace(expert(), id=APPLICANT)):
        with pytest.raises(ConflictOfInterest):
            judging.claim(case, member, at=AT, terms=TERMS)
    for stranger in (expert("31.08.20"), replace(expert(), roles=frozenset({Role.REGISTRAR}))):
        with pytest.raises(AppealNotFound):
            judging.claim(case, stranger, at=AT, terms=TERMS)
    held, judge = claimed(case)
    assert judging.claim(held, judge, at=AT, terms=TERMS) is held
    with pytest.raises(AlreadyClaimed):
        claimed(held)
    with pytest.raises(NotClaimed):
        judging.decide(held, expert(), Outcome.UPHELD, "Нет", at=AT, terms=TERMS)
    with pytest.raises(NotClaimed):
        judging.release(case, judge.id, at=AT)


def test_whoever_may_judge_is_named_and_nobody_else() -> None:
    first, second, fresh = expert(), expert(), expert()
    case = filed(refused(first, second))
    strangers = (expert("31.08.20"), replace(expert(), roles=frozenset({Role.REGISTRAR})), expert(ogrn=people.ogrn()))
    assert judging.judges(case, (first, second, fresh, *strangers)) == (fresh.id,)


@pytest.mark.parametrize(("outcome", "title"), [(Outcome.UPHELD, "Отказ оставлен в силе"), (Outcome.WITHDRAWN, "Жалоба отозвана")])
def test_the_protocol_tells_a_refusal_that_stays_from_an_appeal_taken_back(outcome: Outcome, title: str) -> None:
    case = decided(outcome)[0] if outcome is Outcome.UPHELD else judging.withdraw(filed(), at=AT + DAY)
    assert TransitionOut.of(case.application.history[-1]).title == title


def test_a_past_day_shows_the_refusal_that_fell_since_with_its_reasons() -> None:
    case, _ = decided(Outcome.OVERTURNED)
    stood = as_of(case.application, AT)
    assert stood is not None
    assert (stood.state, stood.round, stood.refusals, stood.reasons) == (State.APPEALED, 1, (), (REASON, OTHER))


def test_a_past_day_shows_an_appeal_before_its_decision() -> None:
    case, _ = decided(Outcome.UPHELD)
    days = [case.appeal.stood_at(AT + days * DAY) for days in (-1, 0, 1)]
    assert [one and (one.state, one.decision, one.decided_at is None) for one in days] == [
        None,
        (AppealState.UNDER_REVIEW, "", True),
        (AppealState.UPHELD, "Приложение есть в деле", False),
    ]


@pytest.mark.parametrize(("outcome", "words"), [(Outcome.UPHELD, "Отказ оставлен в силе"), (Outcome.WITHDRAWN, "Жалоба отозвана")])
def test_the_packet_tells_a_refusal_that_stays_from_an_appeal_taken_back(outcome: Outcome, words: str) -> None:
    case = decided(outcome)[0] if outcome is Outcome.UPHELD else judging.withdraw(filed(), at=AT + DAY)
    last = packet_values(case, (), RULES, TERMS)["protocol"][-1]
    assert last[1:] == [words, "эксперт" if outcome is Outcome.UPHELD else "заявитель"]


def test_the_packet_tells_what_was_said_of_what_is_decided_and_nothing_of_the_round_that_runs() -> None:
    said = [
        [
            "14.04.2026",
            "эксперт",
            "За отказ",
            f"Заключение\n{RULES.reason(REASON.code).text}: Нет приложения\n{RULES.reason(OTHER.code).text}",
        ]
    ]
    assert packet_values(filed(), (), RULES, TERMS)["opinions"] == said * 2
    reopened = decided(Outcome.OVERTURNED)[0]
    running = replace(reopened, application=opinion(reopened.application, expert(), "reject"))
    assert packet_values(running, (), RULES, TERMS)["opinions"] == said * 2
    registrar = Actor(uuid4(), Role.REGISTRAR)
    step = Transition(Move.REJECT, State.UNDER_REVIEW, State.REJECTED, AT + DAY, registrar, "Стаж не подтверждён")
    case = filed()
    by_registrar = replace(case, application=replace(case.application, history=(*case.application.history, step)))
    told = packet_values(by_registrar, (), RULES, TERMS)["opinions"][-1]
    assert told == ["15.04.2026", "регистратор", "Отклонено регистратором", "Стаж не подтверждён"]


@pytest.mark.parametrize(
    ("pointer", "place"),
    [("/professional", "Профессиональная информация"), ("/professional/licence", "Лицензия"), ("/personal/surname", "Фамилия")],
)
def test_the_packet_names_places_in_words(pointer: str, place: str) -> None:
    case = filed()
    disputed = replace(case, appeal=replace(case.appeal, points=(replace(POINT, pointer=pointer),)))
    assert [row[1] for row in packet_values(disputed, (), RULES, TERMS)["points"]] == [place]


def test_every_part_of_the_form_has_words() -> None:
    held = {title.rsplit("/", depth)[0] for title in TITLES for depth in (1, 2)} - {""}
    assert held | {"/documents"} == set(PARTS)


def test_the_archives_list_says_what_is_in_it_and_where_the_rest_is() -> None:
    case = filed()
    told = contents(case, {"a.pdf": "0" * 64}, RULES, lambda key: f"https://cabinet.example.org/documents/{key}")
    assert f"- a.pdf\n  SHA-256 {'0' * 64}\n" in told
    assert "Электронного документа заявления нет" in told
    for one in case.application.documents:
        assert f"https://cabinet.example.org/documents/{one.document_id}\n  SHA-256 {one.sha256}\n" in told


def test_of_an_erased_applicants_appeal_no_words_and_files_stay() -> None:
    case, _ = decided(Outcome.UPHELD)
    bare = case.appeal.anonymised(at=AT)
    assert (bare.statement, bare.decision, bare.attachments) == ("", "", ())
    assert {one.comment for one in (*bare.points, *bare.refusal)} == {""}
    assert [step.why for step in bare.history] == ["", ""]
    assert (bare.number, bare.state, bare.anonymised(at=AT)) == (case.appeal.number, case.appeal.state, bare)
