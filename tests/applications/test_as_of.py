"""AP-15: an application as of a past day, replayed from what it keeps."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from contracts.roles import Role
from services.applications.domain import drafting, review, stage1
from services.applications.domain.application import SYSTEM, Application, CertificateReference, Remark
from services.applications.domain.as_of import as_of
from services.applications.domain.facts import StaffMember
from services.applications.domain.form import Form
from services.applications.domain.states import Move, State
from tests.applications import people
from tests.applications.conftest import Applicant
from tests.applications.test_domain import AT, TERMS, documents, drafted

DAY = timedelta(days=1)
PHONE = Remark("contact-data-wrong", "/personal/phone")
REASON = Remark("qualification-incomplete", "/documents/diploma")


def reviewer() -> StaffMember:
    return StaffMember(uuid4(), 1, frozenset({Role.REVIEWER}), frozenset({people.CARDIOLOGY}), None)


def life() -> Application:
    """Begun on day 0, handed in on 1, asked on 2, answered on 3, certified on 4."""
    known = documents()
    draft, _ = drafted(known)
    confirmed = drafting.confirm(draft, (), known, at=AT + DAY)
    submitted = drafting.submit(confirmed, "MK-2026-00000001-1", at=AT + DAY, terms=TERMS)
    begun = stage1.conclude(submitted, (), known, check_id=uuid4(), at=AT + DAY, terms=TERMS)
    expert = reviewer()
    held = review.claim(begun, expert, at=AT + 2 * DAY, terms=TERMS)
    asked = review.request_information(held, expert.id, (PHONE,), known, at=AT + 2 * DAY, terms=TERMS)
    answered = drafting.answer(asked, "Исправлено", {"personal": {"phone": "+79990000000"}}, known, at=AT + 3 * DAY, terms=TERMS)
    spoken = review.recommend(answered, expert.id, "approve", (), "Всё верно", at=AT + 4 * DAY, terms=TERMS)
    approved = review.decide(spoken, replace(reviewer(), roles=frozenset({Role.REGISTRAR})), "approve", (), "", at=AT + 4 * DAY)
    reference = CertificateReference(uuid4(), "MC-2026-00000001-1", AT + 4 * DAY, AT + 1800 * DAY)
    return approved.moved(Move.CERTIFY, by=SYSTEM, at=AT + 4 * DAY, certificate=reference)


def on(day: int, application: Application) -> Application:
    stood = as_of(application, AT + day * DAY)
    assert stood is not None
    return stood


def test_each_day_shows_the_state_the_records_and_the_words_of_that_day() -> None:
    whole = life()
    days = [on(day, whole) for day in range(5)]
    assert [one.state for one in days] == [
        State.DRAFT,
        State.UNDER_REVIEW,
        State.INFORMATION_REQUESTED,
        State.UNDER_REVIEW,
        State.CERTIFIED,
    ]
    assert [len(one.history) for one in days] == [0, 3, 5, 6, len(whole.history)]
    assert [one.number is not None for one in days] == [False, True, True, True, True]
    assert [len(one.checks) for one in days] == [0, 1, 1, 1, 1]
    assert [len(one.recommendations) for one in days] == [0, 0, 0, 0, 1]
    assert [one.certificate is not None for one in days] == [False, False, False, False, True]
    assert [one.ended_at for one in days] == [None, None, None, None, AT + 4 * DAY]
    assert [(one.open_request is not None, one.is_open) for one in days][2] == (True, True)


def test_an_answer_given_later_is_not_told_and_the_form_is_the_one_before_it() -> None:
    whole = life()
    asked, answered = on(2, whole), on(3, whole)
    assert (asked.requests[0].answered_at, asked.requests[0].comment) == (None, "")
    assert (answered.requests[0].answered_at, answered.requests[0].comment) == (AT + 3 * DAY, "Исправлено")
    assert [one.form.text_at("/personal/phone") for one in (asked, answered)] == ["+79990001122", "+79990000000"]
    assert [one.snapshot_sha256 for one in (asked, answered)] == [None, whole.snapshot_sha256], "an answer replaces the snapshot"


def test_before_it_was_handed_in_nothing_of_the_draft_is_told_and_before_it_was_begun_there_is_none() -> None:
    whole = life()
    assert (on(0, whole).form, on(0, whole).documents, on(0, whole).submitted_at) == (Form(), (), None)
    assert as_of(whole, AT - timedelta(seconds=1)) is None
    assert as_of(whole, AT + 400 * DAY) == whole


@pytest.mark.parametrize("moment", [AT, AT + 2 * DAY])
def test_a_snapshot_is_told_only_while_what_was_confirmed_stood(moment: datetime) -> None:
    known = documents()
    draft, _ = drafted(known)
    confirmed = drafting.confirm(draft, (), known, at=AT)
    edited = drafting.edit(confirmed, {"personal": {"birth_place": "г. Иной"}}, at=AT + DAY)
    again = drafting.confirm(edited, (), known, at=AT + 3 * DAY)
    stood = as_of(again, moment)
    assert stood is not None
    assert stood.snapshot_sha256 is None, "neither the first snapshot, which is gone, nor the second, which came later"


def test_a_refusal_shows_its_reasons_from_its_day_on() -> None:
    known = documents()
    draft, _ = drafted(known)
    submitted = drafting.submit(drafting.confirm(draft, (), known, at=AT), "MK-2026-00000001-1", at=AT, terms=TERMS)
    refused = stage1.conclude(submitted, (), known, check_id=uuid4(), at=AT, terms=TERMS)
    for day in (1, 2):
        held = review.claim(refused, one := reviewer(), at=AT + day * DAY, terms=TERMS)
        refused = review.recommend(held, one.id, "reject", (REASON,), "Недостаточно", at=AT + day * DAY, terms=TERMS)
    assert [(on(day, refused).state, on(day, refused).reasons) for day in (1, 2)] == [
        (State.UNDER_REVIEW, ()),
        (State.REJECTED, (REASON,)),
    ]


async def test_the_list_and_the_protocol_of_a_day(applicant: Applicant) -> None:
    draft = await applicant.draft()
    today = applicant.service.clock.now().astimezone(TERMS.zone).date()
    now, then, ahead = (f"as_of={today + timedelta(days=days)}" for days in (0, -1, 2))
    assert [row["id"] for row in (await applicant.ok("GET", f"/applications?{now}&status=in-progress"))["items"]] == [draft["id"]]
    assert (await applicant.ok("GET", f"/applications?{now}&status=completed"))["items"] == []
    assert (await applicant.ok("GET", f"/applications?{then}"))["items"] == []
    protocol = f"/applications/{draft['id']}/protocol"
    assert (await applicant.ok("GET", f"{protocol}?{now}")) == await applicant.ok("GET", protocol)
    refused = [
        (answer.status_code, answer.json()["code"])
        for path in (f"{protocol}?{then}", f"{protocol}?{ahead}", f"/applications?{ahead}", f"/applications?{now}&sort=end")
        for answer in [await applicant.call("GET", path)]
    ]
    assert refused == [(404, "application-not-found"), (422, "day-ahead"), (422, "day-ahead"), (422, "sort-not-kept")]
