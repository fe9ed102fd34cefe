"""Wrong requests to the desks of reviewers and registrars, and to whoever answers them: each is refused by name, and changes nothing."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.preconditions import etag
from contracts.applications import ElectronicDocumentIssued
from contracts.roles import Role
from tests.applications import people
from tests.applications.conftest import Applicant, Hands, known_reviewers
from tests.support import Component, Signer, eventually

GOOD = {"code": "contact-data-wrong", "pointer": "/professional/workplace/address", "comment": ""}
LONG = "а" * 4001


@dataclass
class Desk:
    """An application in the hands of a reviewer, and everybody around it."""

    service: Component
    applicant: Applicant
    application_id: str
    people: dict[str, Hands]

    async def version(self) -> int:
        row = await self.service.database["applications"].find_one({"_id": UUID(self.application_id)}, {"version": 1})
        assert row
        return int(row["version"])

    def path(self, path: str) -> str:
        return path.replace("{id}", self.application_id)


@pytest.fixture(scope="module")
async def desk(service: Component, signer: Signer) -> Desk:
    applicant = await Applicant(service, signer, uuid4(), Role.PRACTITIONER).become_known()
    holder, free = await known_reviewers(service, signer, 2)
    [foreign] = await known_reviewers(service, signer, 1, "31.08.20")
    colleague, themselves = Hands(service, signer, uuid4(), Role.REVIEWER), Hands(service, signer, applicant.id, Role.REVIEWER)
    for event in (people.reviewer(colleague.id, workplace_ogrn=people.ogrn()), people.reviewer(themselves.id)):
        await service.publish(event)
        await eventually(lambda event=event: service.database["staff_members"].find_one({"_id": event.staff_id}))  # type: ignore[misc]
    application_id = (await applicant.under_review())["id"]
    await holder.ok("PUT", f"/reviews/{application_id}/claim")
    await applicant.told(ElectronicDocumentIssued)  # the last that changes it by itself
    registrar, late = (Hands(service, signer, uuid4(), Role.REGISTRAR) for _ in range(2))
    late.factor_age_seconds = 601
    stranger = Hands(service, signer, uuid4(), Role.PRACTITIONER)
    everybody = {"holder": holder, "free": free, "foreign": foreign, "colleague": colleague, "themselves": themselves}
    return Desk(service, applicant, application_id, everybody | {"registrar": registrar, "late": late, "stranger": stranger})


def remarks(**changed: Any) -> dict[str, Any]:
    return {"remarks": [GOOD | changed]}


def refusal(**changed: Any) -> dict[str, Any]:
    return {"decision": "reject", "reasons": [GOOD], "comment": ""} | changed


def answers(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"answers": list(rows)}


YES = {"code": "identity", "result": "yes"}
ASK, CLAIM, OPINION = ("POST", "/reviews/{id}/requests"), ("PUT", "/reviews/{id}/claim"), ("POST", "/reviews/{id}/recommendation")
CHECKLIST, NOTE, ASSIGN = ("PUT", "/reviews/{id}/checklist"), ("POST", "/reviews/{id}/notes"), ("PUT", "/reviews/{id}/assignment")
DECIDE, NOBODY = ("POST", "/registry/{id}/decision"), str(uuid4())
JUDGING = {CHECKLIST, OPINION, DECIDE, ("POST", f"/registry/{NOBODY}/decision")}
WRONG: dict[str, tuple[str, tuple[str, str], Any, int, str]] = {
    "a remark on a field there is not": ("holder", ASK, remarks(pointer="/professional/salary"), 422, "unknown-reason"),
    "a remark on no pointer": ("holder", ASK, remarks(pointer="professional"), 422, "invalid"),
    "a reason there is not": ("holder", ASK, remarks(code="disliked"), 422, "unknown-reason"),
    "a reason of the automatic check": ("holder", ASK, remarks(code="profile-not-verified"), 422, "unknown-reason"),
    "a reason about files on a field": ("holder", ASK, remarks(code="file-requirements"), 422, "unknown-reason"),
    "a reason about fields on a file": ("holder", ASK, remarks(pointer="/documents/diploma"), 422, "unknown-reason"),
    "a remark with NUL": ("holder", ASK, remarks(comment="\x00"), 422, "invalid"),
    "a remark on a file there is not": (
        "holder",
        ASK,
        remarks(code="document-missing", pointer="/documents/nonexistent-thing"),
        422,
        "unknown-reason",
    ),
    "the same remark twice": ("holder", ASK, {"remarks": [GOOD, GOOD]}, 422, "unknown-reason"),
    "asking for what cannot be cured": (
        "holder",
        ASK,
        remarks(code="negative-expert-decision", pointer="/professional"),
        422,
        "reason-not-curable",
    ),
    "no remark": ("holder", ASK, {"remarks": []}, 422, "invalid"),
    "more remarks than there are places": ("holder", ASK, {"remarks": [GOOD] * 51}, 422, "invalid"),
    "asking about what another holds": ("free", ASK, remarks(), 404, "application-not-found"),
    "asking about nothing": ("holder", ("POST", f"/reviews/{NOBODY}/requests"), remarks(), 404, "application-not-found"),
    "claiming what another holds": ("free", CLAIM, None, 409, "already-claimed"),
    "claiming of another specialty": ("foreign", CLAIM, None, 404, "application-not-found"),
    "claiming a colleague's": ("colleague", CLAIM, None, 403, "conflict-of-interest"),
    "claiming one's own": ("themselves", CLAIM, None, 403, "conflict-of-interest"),
    "claiming by no identifier": ("free", ("PUT", "/reviews/1/claim"), None, 422, "invalid"),
    "giving back what another holds": ("free", ("DELETE", "/reviews/{id}/claim"), None, 404, "application-not-found"),
    "a refusal without reasons": ("holder", OPINION, refusal(reasons=[]), 422, "reasons-missing"),
    "a refusal for a reason there is not": ("holder", OPINION, refusal(reasons=[GOOD | {"code": "disliked"}]), 422, "unknown-reason"),
    "an opinion that is none": ("holder", OPINION, refusal(decision="maybe"), 422, "invalid"),
    "an approval without a checklist": ("holder", OPINION, {"decision": "approve"}, 409, "checklist-incomplete"),
    "an opinion on what another holds": ("free", OPINION, refusal(), 404, "application-not-found"),
    "a row of another kind": ("holder", CHECKLIST, answers({"code": "experience", "result": "yes"}), 422, "unknown-checklist-item"),
    "a row answered twice": ("holder", CHECKLIST, answers(YES, YES), 422, "unknown-checklist-item"),
    "a no that says nothing": ("holder", CHECKLIST, answers(YES | {"result": "no"}), 422, "unknown-checklist-item"),
    "an answer that is none": ("holder", CHECKLIST, answers(YES | {"result": "maybe"}), 422, "invalid"),
    "more rows than a checklist has": ("holder", CHECKLIST, answers(*[YES] * 101), 422, "invalid"),
    "a note of nothing": ("holder", NOTE, {"text": " \n"}, 422, "invalid"),
    "a note too long": ("holder", NOTE, {"text": LONG}, 422, "invalid"),
    "a note by who does not work on it": ("registrar", NOTE, {"text": "Посмотрю"}, 404, "application-not-found"),
    "assigning to nobody": ("registrar", ASSIGN, {"reviewer_id": NOBODY}, 422, "not-a-reviewer"),
    "assigning to another specialty": ("registrar", ASSIGN, "foreign", 422, "not-a-reviewer"),
    "assigning to a colleague": ("registrar", ASSIGN, "colleague", 403, "conflict-of-interest"),
    "assigning to the applicant": ("registrar", ASSIGN, "themselves", 403, "conflict-of-interest"),
    "assigning without a word": ("registrar", ASSIGN, {}, 422, "invalid"),
    "assigning without a recent factor": ("late", ASSIGN, {"reviewer_id": None}, 403, "step-up-required"),
    "assigning nothing": ("registrar", ("PUT", f"/reviews/{NOBODY}/assignment"), {"reviewer_id": None}, 404, "application-not-found"),
    "deciding before the experts": ("registrar", DECIDE, {"decision": "approve"}, 409, "no-recommendation"),
    "opening before the experts": ("registrar", ("GET", "/registry/{id}"), None, 409, "no-recommendation"),
    "deciding on nothing": ("registrar", ("POST", f"/registry/{NOBODY}/decision"), {"decision": "approve"}, 404, "application-not-found"),
    "an approval with reasons of a refusal": ("holder", OPINION, refusal(decision="approve"), 422, "reasons-with-approval"),
    "a page of another list": ("free", ("GET", "/reviews?cursor=WyJhIl0"), None, 422, "bad-cursor"),
    "a page of no list": ("registrar", ("GET", "/registry?cursor=W10"), None, 422, "bad-cursor"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_request_is_refused_by_name_and_changes_nothing(desk: Desk, name: str) -> None:
    who, (method, path), body, status, code = WRONG[name]
    before = await desk.version()
    sent = {"reviewer_id": str(desk.people[body].id)} if isinstance(body, str) else body
    seen = {"If_Match": etag(before)} if (method, path) in JUDGING else {}
    answer = await desk.people[who].call(method, desk.path(path), sent, **seen)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await desk.version() == before


BLIND = {(428, "precondition-required"), (412, "precondition-failed")}


async def refused_blind(hands: Hands, path: str, body: Any, method: str = "POST") -> set[tuple[int, str]]:
    """What who judges is told without a word of what they saw, and having seen the version before the claim."""
    answers = [await hands.call(method, path, body), await hands.call(method, path, body, If_Match=etag(1))]
    return {(answer.status_code, answer.json()["code"]) for answer in answers}


async def in_sight_but_not_in_hand(hands: Hands, application_id: str) -> None:
    """What stands in somebody's queue is there, and is to be claimed before anything else is done with it."""
    path = f"/reviews/{application_id}"
    acts = [
        await hands.call("GET", path),
        await hands.call("DELETE", f"{path}/claim"),
        await hands.call("POST", f"{path}/requests", remarks()),
        await hands.judge("PUT", f"{path}/checklist", answers(YES)),
        await hands.judge("POST", f"{path}/recommendation", refusal()),
    ]
    assert {(one.status_code, one.json()["code"]) for one in acts} == {(409, "not-claimed")}


async def test_what_is_over_is_refused_by_name(service: Component, signer: Signer, applicant: Applicant, registrar: Hands) -> None:
    first, second, third = await known_reviewers(service, signer, 3)
    application = await applicant.under_review()
    application_id = application["id"]
    path, protocol = f"/reviews/{application_id}", f"/applications/{application_id}"
    edit = await applicant.call("PATCH", protocol, {"personal": {"phone": "+79990001133"}}, If_Match=f'"{application["version"]}"')
    assert (edit.status_code, edit.json()["code"]) == (409, "illegal-move")
    early = await applicant.call("POST", f"{protocol}/answer", {"comment": "Вот", "changes": {}})
    assert (early.status_code, early.json()["code"]) == (409, "illegal-move")
    await in_sight_but_not_in_hand(first, application_id)
    await first.ok("PUT", f"{path}/claim")
    await first.ok("DELETE", f"{path}/claim")
    await in_sight_but_not_in_hand(first, application_id)  # as what one gave back a moment ago
    await first.ok("PUT", f"{path}/claim")
    await first.ok("POST", f"{path}/requests", remarks())
    early = await first.judge("POST", f"{path}/recommendation", {"decision": "approve"})
    assert (early.status_code, early.json()["code"]) == (409, "illegal-move"), "before the checklist, which cannot be filled in now"
    assert "Сначала заявитель отвечает" in early.json()["detail"]
    twice = await first.call("POST", f"{path}/requests", remarks())
    assert (twice.status_code, twice.json()["code"]) == (409, "illegal-move")
    await applicant.ok("POST", f"{protocol}/answer", {"comment": "Вот", "changes": {}})
    closed = await applicant.call("POST", f"{protocol}/answer", {"comment": "И ещё", "changes": {}})
    assert (closed.status_code, closed.json()["code"]) == (409, "illegal-move")

    assert await refused_blind(first, f"{path}/checklist", answers(YES), "PUT") == BLIND
    assert await refused_blind(first, f"{path}/recommendation", refusal()) == BLIND
    await first.examine(application_id)
    await first.judged("POST", f"{path}/recommendation", {"decision": "approve"})
    for again in (await first.call("GET", path), await first.judge("POST", f"{path}/recommendation", {"decision": "approve"})):
        assert (again.status_code, again.json()["code"]) == (409, "already-recommended")
    for one in (first, second):  # one has spoken, for another it is too late
        assert (await one.call("PUT", f"{path}/claim")).json()["code"] in {"conflict-of-interest", "already-recommended"}
    assert (await registrar.call("PUT", f"{path}/assignment", {"reviewer_id": str(third.id)})).json()["code"] == "application-not-found"
    both = signer.headers(registrar.id, Role.REVIEWER, Role.REGISTRAR)
    assert (await service.client.post(f"{path}/notes", json={"text": "Решаю"}, headers=both)).json()["by"] == "registrar"
    spoken = Hands(service, signer, first.id, Role.REGISTRAR)
    decide = f"/registry/{application_id}/decision"
    refused = await spoken.judge("POST", decide, {"decision": "approve"})
    assert (refused.status_code, refused.json()["code"]) == (403, "conflict-of-interest")
    assert (await registrar.judge("POST", decide, {"decision": "reject"})).json()["code"] == "reasons-missing"
    assert await refused_blind(registrar, decide, refusal()) == BLIND
    late = replace(registrar, factor_age_seconds=601)
    assert (await late.judge("POST", decide, {"decision": "approve"})).json()["code"] == "step-up-required"
    await registrar.judged("POST", decide, refusal())
    again = await registrar.judge("POST", decide, {"decision": "approve"})
    assert (again.status_code, again.json()["code"]) == (409, "illegal-move")
    assert (await registrar.call("GET", f"/registry/{application_id}")).json()["code"] == "illegal-move"
    assert (await first.call("DELETE", f"{path}/claim")).json()["code"] == "illegal-move"
    assert (await second.call("PUT", f"{path}/claim")).json()["code"] == "illegal-move"
    assert (await applicant.call("POST", f"{protocol}/withdrawal", {"reason": ""})).json()["code"] == "illegal-move"


async def test_who_wrote_from_an_old_page_is_told_so(applicant: Applicant) -> None:
    draft = await applicant.draft()
    edited = await applicant.edit(draft, personal={"phone": "+79990001133"})
    for method, path in (("PATCH", ""), ("PUT", "/confirmation")):
        body = {"personal": {"phone": "+79990001144"}} if method == "PATCH" else None
        stale = await applicant.call(method, f"/applications/{draft['id']}{path}", body, If_Match=f'"{draft["version"]}"')
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
        bare = await applicant.call(method, f"/applications/{draft['id']}{path}", body)
        assert bare.status_code == 428
    now = await applicant.get(draft["id"])
    assert (now["version"], now["personal"]["phone"]) == (edited["version"], "+79990001133")
