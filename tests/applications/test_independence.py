"""Who may speak about an application: nobody close to its applicant, and nobody twice, in whichever role."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.roles import Role
from services.applications.domain import assignment, review
from services.applications.domain.appeals import Outcome, judging
from services.applications.domain.application import Application
from services.applications.domain.errors.appeals import AppealNotFound
from services.applications.domain.errors.review import ConflictOfInterest, NotARegistrar
from services.applications.domain.facts import StaffMember
from services.applications.domain.independence import may_decide
from services.applications.domain.proposals import apprised, propose
from services.applications.domain.states import State
from tests.applications import people
from tests.applications.test_appeals import REASON, claimed, expert, filed, opinion, refused
from tests.applications.test_domain import AT, TERMS, under_review

LATER = AT + timedelta(days=1)
THEIRS, ELSEWHERE = people.ogrn("102770013300"), people.ogrn("102770013401")


def registrar(ogrn: str | None = None) -> StaffMember:
    return replace(expert(ogrn=ogrn), roles=frozenset({Role.REGISTRAR, Role.REVIEWER}))


def recommended(application: Application | None = None) -> Application:
    return opinion(application or under_review(), expert(), "approve")


def overturned(who_refused: StaffMember) -> tuple[Application, StaffMember]:
    """Recommended anew after an appeal; and who judged that."""
    rejected = review.decide(recommended(), who_refused, "reject", (REASON,), "", at=AT)
    held, judge = claimed(filed(rejected), registrar())
    again = judging.decide(held, judge, Outcome.OVERTURNED, "Приложение есть", at=AT, terms=TERMS).application
    return recommended(again), judge


def moved_to(application: Application, *ogrns: str) -> Application:
    """The applicant works there now, by the profile alone."""
    before = people.facts().model_dump(mode="json")
    for version, ogrn in enumerate(ogrns, 2):
        after = before | {"workplace": before["workplace"] | {"ogrn": ogrn}}
        application, before = propose(application, before, after, profile_version=version, at=AT), after
    return application


def test_neither_who_refused_nor_who_overturned_that_decides_once_more() -> None:
    who_refused = registrar()
    application, judge = overturned(who_refused)
    for one in (who_refused, judge):
        with pytest.raises(ConflictOfInterest):
            review.decide(application, one, "approve", (), "", at=LATER)
    assert [may_decide(application, one) for one in (who_refused, judge, registrar())] == [False, False, True]
    assert review.decide(application, registrar(), "approve", (), "", at=LATER).state is State.APPROVED


@pytest.mark.parametrize("ogrn", [people.ogrn(), THEIRS, ELSEWHERE])
def test_a_colleague_decides_in_no_role(ogrn: str) -> None:
    application, colleague = moved_to(under_review(), ELSEWHERE, THEIRS), registrar(ogrn)
    assert application.workplaces == {people.ogrn(), THEIRS, ELSEWHERE}
    assert assignment.eligible(application, [colleague]) == []
    acts: tuple[Callable[[], object], ...] = (
        lambda: review.claim(application, colleague, at=AT, terms=TERMS),
        lambda: assignment.assign(application, colleague, by=assignment.registrar(colleague.id), at=AT, terms=TERMS),
        lambda: review.decide(recommended(application), colleague, "approve", (), "", at=AT),
    )
    for act in acts:
        with pytest.raises(ConflictOfInterest):
            act()


def test_who_became_a_colleague_after_the_refusal_judges_no_appeal() -> None:
    before = refused()
    facts = people.facts().model_dump(mode="json")
    now = facts | {"workplace": facts["workplace"] | {"ogrn": THEIRS}}
    assert apprised(before, facts, profile_version=1, at=AT) is before
    case = filed(apprised(before, now, profile_version=2, at=AT))
    assert case.application.version == before.version + 1
    later = replace(case, application=moved_to(case.application, ELSEWHERE))
    assert later.application.workplaces == {people.ogrn(), THEIRS, ELSEWHERE}
    for ogrn in later.application.workplaces:
        with pytest.raises(ConflictOfInterest):
            claimed(later, expert(ogrn=ogrn))
    held, judge = claimed(later)
    again = judging.decide(held, judge, Outcome.OVERTURNED, "Приложение есть", at=AT, terms=TERMS).application
    with pytest.raises(ConflictOfInterest):
        review.claim(again, expert(ogrn=THEIRS), at=AT, terms=TERMS)
    assert again.is_profile_changed


def test_a_profile_that_says_no_workplace_makes_nobody_a_colleague() -> None:
    before = people.facts().model_dump(mode="json")
    application = propose(under_review(), before, before | {"workplace": None}, profile_version=2, at=AT)
    assert application.workplaces == {people.ogrn()}
    assert review.claim(application, expert(), at=AT, terms=TERMS).claim is not None


def test_whose_role_is_over_decides_nothing_more() -> None:
    with pytest.raises(NotARegistrar):
        review.decide(recommended(), expert(), "approve", (), "", at=AT)
    held, judge = claimed(filed())
    for changed, error in (({"roles": frozenset[Role]()}, AppealNotFound), ({"workplace_ogrn": people.ogrn()}, ConflictOfInterest)):
        with pytest.raises(error):
            judging.decide(held, replace(judge, **changed), Outcome.UPHELD, "Нет", at=AT, terms=TERMS)
