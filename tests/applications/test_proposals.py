"""AP-18: a profile that changes while an application is open."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.applications.domain import erasure
from services.applications.domain.proposals import profile_diff, propose
from services.applications.domain.states import MOVES, Move, State
from tests.applications import people
from tests.applications.test_domain import AT, RULES, under_review

FACTS = people.facts().model_dump(mode="json")


def changed(**values: Any) -> dict[str, Any]:
    return people.facts(**values).model_dump(mode="json")


def test_a_new_profile_is_laid_beside_what_was_handed_in_and_nothing_is_written_into_it() -> None:
    application, later = under_review(), AT + timedelta(hours=1)
    proposed = propose(application, FACTS, changed(surname="Замужняя", phone="+79990001199"), profile_version=2, at=later)
    assert (proposed.history[-1].move, proposed.history[-1].at, proposed.state) == (Move.PROPOSE, later, State.UNDER_REVIEW)
    kept = ("form", "documents", "snapshot_sha256", "review_due_at", "claim")
    assert [getattr(proposed, name) for name in kept] == [getattr(application, name) for name in kept]
    assert [(one.pointer, one.before, one.after) for one in profile_diff(proposed)] == [
        ("/personal/phone", "+79990001122", "+79990001199"),
        ("/personal/surname", "Вымышленникова", "Замужняя"),
    ]
    back = propose(proposed, changed(surname="Замужняя", phone="+79990001199"), FACTS, profile_version=3, at=later)
    assert (len(back.proposals), profile_diff(back)) == (2, ())


def test_ways_to_reach_the_applicant_alone_are_noted_and_ask_nobody_to_look() -> None:
    application = under_review()
    noted = propose(application, FACTS, changed(email="fresh@example.org"), profile_version=2, at=AT)
    assert (noted.history, noted.version, noted.is_profile_changed) == (application.history, application.version + 1, False)
    assert [one.pointer for one in profile_diff(noted)] == ["/personal/email"]
    assert propose(noted, changed(email="fresh@example.org"), changed(email="fresh@example.org"), profile_version=3, at=AT) is noted


@pytest.mark.parametrize("state", [state for state in State if state not in MOVES[Move.PROPOSE].ways])
def test_drafts_and_what_is_decided_hear_nothing(state: State) -> None:
    application = replace(under_review(), state=state)
    assert propose(application, FACTS, changed(surname="Замужняя"), profile_version=2, at=AT) is application


def test_a_changed_profile_adds_a_row_to_the_checklist() -> None:
    application = under_review()
    proposed = propose(application, FACTS, changed(surname="Замужняя"), profile_version=2, at=AT)

    def codes(is_profile_changed: bool) -> set[str]:  # noqa: FBT001 - as the property says
        return {item.code for item in RULES.checklist_of(application.kind, is_profile_changed=is_profile_changed)}

    assert codes(proposed.is_profile_changed) - codes(application.is_profile_changed) == {"profile-change"}


def test_what_was_proposed_is_forgotten_with_its_applicant() -> None:
    proposed = propose(under_review(), FACTS, changed(surname="Замужняя"), profile_version=2, at=AT)
    assert erasure.anonymised(proposed, at=AT).proposals == ()
