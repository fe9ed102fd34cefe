"""An application is certified only while the check finds nothing in it, whatever was answered, and whatever came since it was handed in."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.identity import ProfileRefused
from services.applications.domain import drafting, review, soundness
from services.applications.domain.application import Application, Refusal, Remark
from services.applications.domain.check import CheckInput, check
from services.applications.domain.errors.drafting import CheckNotClean
from services.applications.domain.errors.review import UnknownReason
from services.applications.domain.facts import OwnedDocument, Practitioner, Verdict
from services.applications.domain.proposals import propose
from services.applications.domain.remarks import valid_remarks
from services.applications.domain.states import State
from tests.applications import people
from tests.applications.conftest import Applicant, Hands
from tests.applications.test_domain import APPLICANT, AT, RULES, TERMS, staff, under_review
from tests.support import Component, eventually

LATER = AT + timedelta(days=1)
APPROVE = {"decision": "approve", "comment": "Всё верно"}
REFUSE = {"decision": "reject", "comment": "Нет", "reasons": [{"code": "profile-mismatch", "pointer": "/personal/surname"}]}


def asked_for(*pointers: str) -> Application:
    reviewer = staff()
    held = review.claim(under_review(), reviewer, at=AT, terms=TERMS)
    remarks = tuple(Remark("profile-mismatch", pointer) for pointer in pointers)
    return review.request_information(held, reviewer.id, remarks, {}, at=AT, terms=TERMS)


def known_of(application: Application, **verdicts: Verdict) -> dict[UUID, OwnedDocument]:
    """The documents it names, accepted unless told."""
    return {
        UUID(str(key)): OwnedDocument(
            UUID(str(key)), 1, APPLICANT, name, 1, verdicts.get(name, Verdict.ACCEPTED), "a" * 64, 10, "application/pdf", (), AT
        )
        for name, key in application.form.documents.items()
    }


def given(application: Application, known: Mapping[UUID, OwnedDocument] | None = None, **changed: Any) -> CheckInput:
    practitioner = Practitioner(APPLICANT, 1, is_verified=True, facts=people.facts().model_dump(mode="json"))
    known = known_of(application) if known is None else known
    return CheckInput(application, replace(practitioner, **changed), known, None, TERMS.local_date(LATER), RULES)


def wrong_in_answer(asked: Application, patch: dict[str, Any], **changed: Any) -> list[tuple[str, str]]:
    """What keeps the answer from being taken."""
    known = known_of(replace(asked, form=asked.form.merged(patch)))
    answered = drafting.answer(asked, "Вот", patch, known, at=LATER, terms=TERMS)
    try:
        soundness.permits_answer(given(asked, **changed), given(answered, **changed))
    except CheckNotClean as refused:
        return [(error.code, error.pointer) for error in refused.errors]
    return []


@pytest.mark.parametrize(
    ("pointer", "patch", "code"),
    [
        ("/personal/surname", {"personal": {"surname": "Подставной"}}, "profile-mismatch"),
        ("/personal/surname", {"personal": {"surname": None}}, "personal-data-incomplete"),
        ("/personal/snils", {"personal": {"snils": "11111111111"}}, "identifier-wrong"),
        ("/professional/workplace/ogrn", {"professional": {"workplace": {"ogrn": "1234567890123"}}}, "identifier-wrong"),
        ("/professional/licence/valid_until", {"professional": {"licence": {"valid_until": "2026-01-01"}}}, "licence-expired"),
        ("/documents/diploma", {"documents": {"diploma": None}}, "document-missing"),
    ],
)
def test_an_answer_that_breaks_a_rule_is_refused_with_the_place_it_breaks_it_at(pointer: str, patch: dict[str, Any], code: str) -> None:
    assert (code, f"/changes{pointer}") in wrong_in_answer(asked_for(pointer), patch)


def test_an_answer_may_leave_what_was_wrong_before_and_what_is_right_is_taken() -> None:
    address = {"professional": {"workplace": {"address": "г. Примерск, ул. Вторая, 2"}}}
    asked = asked_for("/professional/workplace/address", "/personal/surname")
    assert wrong_in_answer(asked, address) == []
    assert wrong_in_answer(asked, address, is_verified=False) == [], "whose profile waits for the registries may answer meanwhile"
    assert wrong_in_answer(asked, {"personal": {"surname": "Вымышленникова "}}) == []


def kept_from(spoken: CheckInput) -> set[tuple[str, str]]:
    found = set[tuple[str, str]]()
    for permits in (soundness.permits_recommendation, soundness.permits_approval):
        try:
            permits(spoken)
        except CheckNotClean as refused:
            found.update((error.code, error.pointer) for error in refused.errors)
    return found


def test_nobody_approves_what_the_check_finds_wrong_now() -> None:
    application = under_review()
    renamed = replace(application, form=application.form.merged({"personal": {"surname": "Подставной"}}))
    expired = replace(application, form=application.form.merged({"professional": {"licence": {"valid_until": "2026-04-14"}}}))
    assert kept_from(given(application)) == set()
    assert kept_from(given(renamed)) == {("profile-mismatch", "/personal/surname")}
    assert kept_from(given(application, is_verified=False)) == {("profile-not-verified", "/personal")}
    assert ("licence-expired", "/professional/licence/valid_until") in kept_from(given(expired))
    for verdict, code in ((Verdict.PENDING, "document-pending"), (Verdict.REJECTED, "file-requirements-not-met")):
        assert kept_from(given(application, known_of(application, diploma=verdict))) == {(code, "/documents/diploma")}
    assert soundness.present(given(replace(application, state=State.APPROVED))) is None


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("profile-not-verified", {"is_verified": False}),
        ("profile-correction-overdue", {"is_verified": False, "is_correction_overdue": True}),
    ],
)
def test_who_decides_may_name_what_the_check_finds_and_nobody_what_it_does_not(code: str, changed: dict[str, Any]) -> None:
    application, said = under_review(), (Remark(code, "/personal", "Подождали"),)
    found = soundness.present(given(application, **changed)) or ()
    assert valid_remarks(said, application, RULES, member="reasons", found=found) == said
    for nothing in ((), soundness.present(given(application)) or ()):
        with pytest.raises(UnknownReason):
            valid_remarks(said, application, RULES, member="reasons", found=nothing)
    pending = soundness.present(given(application, known_of(application, diploma=Verdict.PENDING))) or ()
    with pytest.raises(UnknownReason):
        valid_remarks((Remark("document-pending", "/documents/diploma"),), application, RULES, member="reasons", found=pending)


def test_what_people_are_to_weigh_is_shown_and_does_not_keep_them_from_approving() -> None:
    before, after = (people.facts(**changed).model_dump(mode="json") for changed in ({}, {"surname": "Замужняя"}))
    proposed = propose(under_review(), before, after, profile_version=2, at=LATER)
    seen = given(proposed, facts=after)
    assert [(one.pointer, one.is_blocking) for one in soundness.present(seen) or ()] == [("/personal/surname", False)]
    assert kept_from(seen) == set()

    strict = replace(RULES.kinds[proposed.kind], minimum_experience_months=9_999)
    short = replace(given(under_review()), rules=replace(RULES, kinds={**RULES.kinds, proposed.kind: strict}))
    reason = Remark("experience-below-minimum", "/professional/employments")
    assert kept_from(short) == {(reason.code, reason.pointer)}
    overturned = replace(short.application, refusals=(Refusal(AT, (reason,)),))
    assert kept_from(replace(short, application=overturned)) == set(), "an appeal found that there is enough"


def test_a_licence_that_ran_out_is_held_against_nobody_whose_profile_has_the_next_one() -> None:
    ended = {"professional": {"licence": {"valid_until": "2026-04-14"}}}
    application = replace(under_review(), form=under_review().form.merged(ended))
    after = people.facts().model_dump(mode="json")
    before = {**after, "licence": {**after["licence"], "valid_until": "2026-04-14"}}
    at = ("licence-expired", "/professional/licence/valid_until")
    assert kept_from(given(application, facts=before)) == {at}
    renewed = propose(application, before, after, profile_version=2, at=LATER)
    assert at in {(one.code, one.pointer) for one in soundness.present(given(renewed)) or ()}, "who decides sees it"
    assert kept_from(given(renewed)) == set()
    again = {**after, "licence": {**after["licence"], "valid_until": "2026-04-13"}}
    assert kept_from(given(propose(renewed, after, again, profile_version=3, at=LATER), facts=again)) == {at}, "the next one ran out too"
    gone = propose(under_review(), after, again, profile_version=2, at=LATER)
    assert kept_from(given(gone, facts=again)) == {at}, "the form says another, but the profile says what holds"


@pytest.mark.parametrize(
    ("refused_for", "is_to_change"),
    [
        ({"experience-below-minimum"}, False),
        ({"profile-not-verified"}, False),
        ({"profile-mismatch", "licence-inactive"}, False),
        ({"negative-expert-decision"}, True),
        ({"experience-below-minimum", "document-missing"}, True),
    ],
)
def test_a_correction_says_something_else_only_where_that_puts_it_right(refused_for: set[str], *, is_to_change: bool) -> None:
    again = under_review()
    known = known_of(again)
    before = replace(again, reasons=tuple(Remark(code, "/professional") for code in sorted(refused_for)))
    before = replace(before, documents=drafting.freeze(before, known))

    def found(application: Application) -> list[str]:
        return [one.code for one in check(replace(given(application, known), previous=before))]

    assert found(again) == (["nothing-corrected"] if is_to_change else [])
    assert found(replace(again, form=again.form.merged({"professional": {"workplace": {"department": "Второе"}}}))) == []


async def test_a_false_answer_is_refused_and_a_refused_profile_is_seen_and_not_certified(
    service: Component, applicant: Applicant, reviewers: list[Hands], registrar: Hands
) -> None:
    application_id = (await applicant.under_review())["id"]
    review_path, decision, reviewer = f"/reviews/{application_id}", f"/registry/{application_id}/decision", reviewers[0]
    await reviewer.ok("PUT", f"{review_path}/claim")
    await reviewer.ok("POST", f"{review_path}/requests", {"remarks": [REFUSE["reasons"][0]]})
    answer = f"/applications/{application_id}/answer"
    refused = await applicant.call("POST", answer, {"comment": "Вот", "changes": {"personal": {"surname": "Подставной"}}})
    assert (refused.status_code, refused.json()["code"]) == (409, "check-not-clean")
    assert [(one["code"], one["pointer"]) for one in refused.json()["errors"]] == [("profile-mismatch", "/changes/personal/surname")]
    await applicant.ok("POST", answer, {"comment": "Как в паспорте", "changes": {}})
    await reviewer.examine(application_id)
    assert (await reviewer.ok("GET", review_path))["check"] == {"is_clean": True, "findings": []}
    await reviewer.judged("POST", f"{review_path}/recommendation", APPROVE)

    told = ProfileRefused(occurred_at=people.NOW, version=5, practitioner_id=applicant.id, mismatches=(), correct_by=people.NOW)
    await service.publish(told)
    await eventually(lambda: service.database["practitioners"].find_one({"_id": applicant.id, "version": 5}))
    opened = await registrar.ok("GET", f"/registry/{application_id}")
    assert [one["code"] for one in opened["check"]["findings"]] == ["profile-not-verified"]
    kept = await registrar.judge("POST", decision, APPROVE)
    assert (kept.status_code, kept.json()["code"], kept.json()["errors"][0]["code"]) == (409, "check-not-clean", "profile-not-verified")
    named = {"code": "profile-not-verified", "pointer": "/personal"}
    overdue = REFUSE | {"reasons": [named | {"code": "profile-correction-overdue"}]}
    other = await registrar.judge("POST", decision, overdue)
    assert (other.status_code, other.json()["code"]) == (422, "unknown-reason"), "the check does not find that"
    await registrar.judged("POST", decision, REFUSE | {"reasons": [named]})
    seen = await applicant.get(application_id)
    assert (seen["state"], [one["code"] for one in seen["reasons"]]) == ("rejected", ["profile-not-verified"])
