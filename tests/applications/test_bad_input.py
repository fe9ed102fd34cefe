"""What is wrong is refused by name and changes nothing: moves out of their state, old versions, frozen parts, fields and dates."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.roles import Role
from services.applications.domain.states import MOVES, Move, State
from tests.applications import people
from tests.applications.appealing import appeal_against, refused
from tests.applications.conftest import Applicant, Hands, known_registrar, known_reviewers
from tests.support import Component, Signer, eventually

NOBODYS = UUID("00000000-0000-0000-0000-000000000404")
"""Of no application; always the same, because the names of tests tell it."""
REMARK = {"code": "contact-data-wrong", "pointer": "/professional/workplace/address"}
ADDRESS = {"professional": {"workplace": {"address": "г. Примерск, ул. Вторая, 2"}}}
APPROVE = {"decision": "approve", "reasons": [], "comment": ""}
HANDED_IN = {State.SUBMITTED, State.UNDER_REVIEW, State.INFORMATION_REQUESTED, State.CERTIFIED, State.REJECTED, State.APPEALED}
NOT_SEEN = {State.APPROVED}
"""Lasts until the certificate is printed; the domain's own test has it."""


class Cast:
    """Everybody, and one application in each state."""

    def __init__(self, service: Component, signer: Signer) -> None:
        self.service, self.signer = service, signer
        self.reviewers: list[Hands] = []
        self.owners: dict[State, Applicant] = {}
        self.applications: dict[State, str] = {}

    async def gather(self) -> "Cast":
        self.reviewers = await known_reviewers(self.service, self.signer, 3)
        self.registrar = await known_registrar(self.service, self.signer)
        ways: dict[State, Callable[[Applicant], Awaitable[dict[str, Any]]]] = {
            State.DRAFT: lambda one: one.draft(),
            State.CONFIRMED: self._confirmed,
            State.SUBMITTED: self._waiting,
            State.UNDER_REVIEW: lambda one: one.under_review(),
            State.INFORMATION_REQUESTED: self._asked,
            State.CERTIFIED: self._certified,
            State.REJECTED: lambda one: refused(one, self.reviewers),
            State.WITHDRAWN: self._withdrawn,
            State.APPEALED: self._appealed,
        }
        assert set(ways) == set(State) - NOT_SEEN

        async def bring(state: State) -> None:
            owner = await Applicant(self.service, self.signer, uuid4(), Role.PRACTITIONER).become_known()
            application = await ways[state](owner)
            self.owners[state], self.applications[state] = owner, application["id"]
            await owner.reach(application["id"], state.value)

        await asyncio.gather(*(bring(state) for state in ways))
        return self

    async def _confirmed(self, owner: Applicant) -> dict[str, Any]:
        return await owner.confirm(await owner.draft())

    async def _waiting(self, owner: Applicant) -> dict[str, Any]:
        licence = owner.documents["licence"]
        await self.service.publish(people.received(owner.id, "licence", licence, file_version=2))
        await eventually(lambda: self.service.database["known_documents"].find_one({"_id": licence, "verdict": "pending"}))
        return await owner.submit(await owner.draft_with(owner.documents))

    async def _asked(self, owner: Applicant) -> dict[str, Any]:
        application = await owner.under_review()
        await self.reviewers[0].ok("PUT", f"/reviews/{application['id']}/claim")
        await self.reviewers[0].ok("POST", f"/reviews/{application['id']}/requests", {"remarks": [REMARK]})
        return application

    async def _certified(self, owner: Applicant) -> dict[str, Any]:
        application = await owner.under_review()
        path = f"/reviews/{application['id']}"
        await self.reviewers[0].ok("PUT", f"{path}/claim")
        await self.reviewers[0].examine(application["id"])
        await self.reviewers[0].judged("POST", f"{path}/recommendation", APPROVE)
        await self.registrar.judged("POST", f"/registry/{application['id']}/decision", APPROVE)
        return application

    async def _withdrawn(self, owner: Applicant) -> dict[str, Any]:
        application = await owner.under_review()
        return dict(await owner.ok("POST", f"/applications/{application['id']}/withdrawal", {"reason": "Передумала"}))

    async def _appealed(self, owner: Applicant) -> dict[str, Any]:
        application = await refused(owner, self.reviewers)
        await owner.ok("POST", "/appeals", appeal_against(application["number"], self.service.clock.now()))
        return application


def expected(state: State, act: str) -> str | None:
    """The code of the refusal; None where the table lets it pass."""
    move = {"edit": Move.EDIT, "answer": Move.ANSWER_REVIEWER, "withdraw": Move.WITHDRAW, "claim": Move.CLAIM}
    if act == "confirm":
        return None if state in {State.DRAFT, State.CONFIRMED} else "illegal-move"
    if act == "submit":
        return None if state is State.CONFIRMED else "illegal-move" if state is State.DRAFT else "already-submitted"
    if act == "claim" and state in {State.DRAFT, State.CONFIRMED}:
        return "application-not-found"
    if act in move:
        return None if state in MOVES[move[act]].ways else "illegal-move"
    if act == "decide":
        return {State.CERTIFIED: "illegal-move", State.UNDER_REVIEW: "no-recommendation"}.get(state, "application-not-found")
    return "not-claimed" if state is State.UNDER_REVIEW else "application-not-found"  # of reviewers who hold nothing, but see the queue


async def test_no_act_that_the_table_does_not_name_is_made_and_none_of_them_changes_anything(service: Component, signer: Signer) -> None:
    cast = await Cast(service, signer).gather()
    wrong = []
    for state, application_id in cast.applications.items():
        owner = cast.owners[state]
        await _settled(owner, application_id, state)
        for act, (hands, method, path, body) in _acts(cast, state, application_id).items():
            code = expected(state, act)
            if code is None:
                continue
            before = await owner.get(application_id)
            headers = {"If_Match": f'"{before["version"]}"'} if act in {"edit", "confirm", "examine", "recommend", "decide"} else {}
            answer = await hands.call(method, path, body, **headers)
            if answer.json().get("code") != code or answer.status_code not in {404, 409} or await owner.get(application_id) != before:
                wrong.append((state.value, act, answer.status_code, answer.json().get("code"), code))
    assert wrong == []


async def _settled(owner: Applicant, application_id: str, state: State) -> None:
    """Nothing changes by itself any more: the electronic document is there."""
    if state in HANDED_IN | {State.WITHDRAWN}:

        async def printed() -> bool:
            return (await owner.call("GET", f"/applications/{application_id}/electronic-document")).status_code == 200

        await eventually(printed)


def _acts(cast: Cast, state: State, application_id: str) -> dict[str, tuple[Hands, str, str, Any]]:
    owner, stranger = cast.owners[state], cast.reviewers[2]
    own, review = f"/applications/{application_id}", f"/reviews/{application_id}"
    return {
        "edit": (owner, "PATCH", own, {"personal": {"birth_place": "г. Иной"}}),
        "confirm": (owner, "PUT", f"{own}/confirmation", None),
        "submit": (owner, "POST", f"{own}/submission", None),
        "answer": (owner, "POST", f"{own}/answer", {"comment": "Вот", "changes": {}}),
        "withdraw": (owner, "POST", f"{own}/withdrawal", {"reason": ""}),
        "claim": (stranger, "PUT", f"{review}/claim", None),
        "release": (stranger, "DELETE", f"{review}/claim", None),
        "ask": (stranger, "POST", f"{review}/requests", {"remarks": [REMARK]}),
        "examine": (stranger, "PUT", f"{review}/checklist", {"answers": []}),
        "recommend": (stranger, "POST", f"{review}/recommendation", APPROVE),
        "decide": (cast.registrar, "POST", f"/registry/{application_id}/decision", APPROVE),
    }


async def test_an_answer_changes_what_was_asked_for_and_a_request_is_answered_once(applicant: Applicant, reviewers: list[Hands]) -> None:
    application = await applicant.under_review()
    review, answer = f"/reviews/{application['id']}", f"/applications/{application['id']}/answer"
    await reviewers[0].ok("PUT", f"{review}/claim")
    await reviewers[0].ok("POST", f"{review}/requests", {"remarks": [REMARK]})
    rows: tuple[tuple[Any, str, list[str]], ...] = (
        ({"comment": "", "changes": {}}, "nothing-answered", []),
        ({"comment": "", "changes": {"personal": {"surname": "Другая"}}}, "item-locked", ["/changes/personal/surname"]),
        ({"comment": "", "changes": {"personal": {"surname": "Другая😀"}}}, "invalid", ["/changes/personal/surname"]),
        ({"comment": "\u202e", "changes": {}}, "invalid", ["/comment"]),
        ({"comment": "", "changes": {"consent": {"accuracy": False}}}, "item-locked", ["/changes/consent/accuracy"]),
        (
            {"comment": "", "changes": {"professional": {"workplace": {"address": "г. Иной", "ogrn": "1"}}}},
            "item-locked",
            ["/changes/professional/workplace/ogrn"],
        ),
        ({"comment": "", "changes": {"documents": {"diploma": str(uuid4())}}}, "item-locked", ["/changes/documents/diploma"]),
        ({"comment": "", "changes": {"documents": {"diploma": None}}}, "item-locked", ["/changes/documents/diploma"]),
    )
    for body, code, pointers in rows:
        refusal = await applicant.call("POST", answer, body)
        assert (refusal.status_code, refusal.json()["code"]) == (422, code)
        assert [one["pointer"] for one in refusal.json().get("errors", [])] == pointers
    await applicant.ok("POST", answer, {"comment": "", "changes": ADDRESS})
    closed = await applicant.call("POST", answer, {"comment": "Ещё раз", "changes": ADDRESS})
    assert (closed.status_code, closed.json()["code"]) == (409, "illegal-move")


async def test_a_change_names_the_version_it_changes(applicant: Applicant) -> None:
    draft = await applicant.draft()
    path, newer = f"/applications/{draft['id']}", await applicant.edit(draft, personal={"birth_place": "г. Иной"})
    rows: tuple[tuple[dict[str, str], int, str], ...] = (
        ({}, 428, "precondition-required"),
        ({"If_Match": f'"{draft["version"]}"'}, 412, "precondition-failed"),
        ({"If_Match": f'"{newer["version"] + 1}"'}, 412, "precondition-failed"),
        ({"If_Match": f'W/"{newer["version"]}"'}, 422, "invalid"),
        ({"If_Match": str(newer["version"])}, 422, "invalid"),
        ({"If_Match": "*"}, 422, "invalid"),
    )
    for headers, status, code in rows:
        for method, tail, body in (("PATCH", "", {"consent": {"accuracy": False}}), ("PUT", "/confirmation", None)):
            answer = await applicant.call(method, path + tail, body, **headers)
            assert (answer.status_code, answer.json()["code"]) == (status, code), (headers, method)
    assert await applicant.get(draft["id"]) == newer


EMPLOYMENT = {"organisation": "Больница", "position": "врач", "started_on": "2000-01-01"}
FORM = [
    ({"personal": {"shoe_size": "39"}}, "/personal/shoe_size"),
    ({"person": {}}, "/person"),
    ({"professional": {"licence": {"colour": "red"}}}, "/professional/licence/colour"),
    ({"professional": {"licence": {"holder": "dog"}}}, "/professional/licence/holder"),
    ({"professional": {"training_hours": -1}}, "/professional/training_hours"),
    ({"professional": {"training_hours": "много"}}, "/professional/training_hours"),
    ({"personal": {"birth_date": "2026-02-30"}}, "/personal/birth_date"),
    ({"personal": {"birth_date": "2023-02-29"}}, "/personal/birth_date"),
    ({"personal": {"birth_date": "29.02.2024"}}, "/personal/birth_date"),
    ({"personal": {"birth_date": "1899-12-31"}}, "/personal/birth_date"),
    ({"personal": {"passport_issued_on": "9999-01-01"}}, "/personal/passport_issued_on"),
    ({"personal": {"surname": "А\u0000Б"}}, "/personal/surname"),
    ({"personal": {"surname": "А" * 301}}, "/personal/surname"),
    ({"personal": {"surname": "Лебедянинский😀"}}, "/personal/surname"),
    ({"personal": {"passport_issued_by": "\u200b"}}, "/personal/passport_issued_by"),
    ({"professional": {"workplace": {"address": "😀😀"}}}, "/professional/workplace/address"),
    ({"professional": {"workplace": {"organisation": "王"}}}, "/professional/workplace/organisation"),
    ({"personal": {"birth_date": "0"}}, "/personal/birth_date"),
    ({"personal": {"birth_date": 0}}, "/personal/birth_date"),
    ({"personal": {"birth_date": "1988-02-03T00:00:00"}}, "/personal/birth_date"),
    ({"professional": {"training_hours": True}}, "/professional/training_hours"),
    ({"professional": {"training_hours": "162"}}, "/professional/training_hours"),
    ({"consent": {"accuracy": "да"}}, "/consent/accuracy"),
    ({"consent": {"accuracy": "on"}}, "/consent/accuracy"),
    ({"consent": {"personal_data": "yes"}}, "/consent/personal_data"),
    ({"consent": {"personal_data": 1}}, "/consent/personal_data"),
    ({"documents": {"horoscope": str(uuid4())}}, "/documents/horoscope"),
    ({"documents": {"diploma": "не номер"}}, "/documents/diploma"),
    ({"professional": {"employments": [{"organisation": "А", "position": "врач"}]}}, "/professional/employments/0/started_on"),
    ({"professional": {"employments": [{}] * 101}}, "/professional/employments"),
    ({"professional": {"employments": [EMPLOYMENT | {"organisation": "\u200b"}]}}, "/professional/employments/0/organisation"),
    ({"professional": {"employments": [EMPLOYMENT | {"position": ""}]}}, "/professional/employments/0/position"),
    ({"professional": {"employments": [EMPLOYMENT | {"ended_on": "1999-12-31"}]}}, "/professional/employments/0"),
]


async def test_what_is_no_field_or_no_value_of_it_is_named_by_its_place(applicant: Applicant) -> None:
    draft = await applicant.draft()
    wrong = []
    for patch, pointer in FORM:
        answer = await applicant.call("PATCH", f"/applications/{draft['id']}", patch, If_Match=f'"{draft["version"]}"')
        places = [one["pointer"] for one in answer.json().get("errors", [])]
        if answer.status_code != 422 or not any(place.startswith(pointer) for place in places):
            wrong.append((str(patch)[:80], answer.status_code, places))
    assert wrong == []
    assert await applicant.get(draft["id"]) == draft
    leap = await applicant.edit(draft, personal={"passport_issued_on": "2024-02-29"})
    assert leap["personal"]["passport_issued_on"] == "2024-02-29"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/applications", {"kind": "seasonal", "specialty_code": people.CARDIOLOGY}, 422, "invalid"),
        ("POST", "/applications", {"kind": "primary", "specialty_code": "99.99.99"}, 422, "unknown-specialty"),
        ("POST", "/applications", {"kind": "primary", "specialty_code": people.CARDIOLOGY, "number": "MK"}, 422, "invalid"),
        ("POST", "/applications", [], 422, "invalid"),
        (
            "POST",
            "/applications",
            {"kind": "primary", "specialty_code": people.CARDIOLOGY, "previous_application_id": str(uuid4()), "correction_comment": "Вот"},
            404,
            "application-not-found",
        ),
        ("GET", "/applications/not-a-number", None, 422, "invalid"),
        ("GET", f"/applications/{NOBODYS}", None, 404, "application-not-found"),
        ("GET", "/applications?status=lost", None, 422, "invalid"),
        ("GET", "/applications?sort=colour", None, 422, "invalid"),
        ("GET", "/applications?started_from=2026-02-30", None, 422, "invalid"),
        ("GET", "/applications?started_to=0001-01-01", None, 422, "invalid"),
        ("GET", "/applications?started_from=2026-02-02&started_to=2026-02-01", None, 422, "window-unusable"),
        ("GET", "/applications?limit=0", None, 422, "invalid"),
        ("GET", "/applications?cursor=%00", None, 422, "bad-cursor"),
        ("POST", f"/applications/{NOBODYS}/answer", {"comment": "А" * 4001}, 422, "invalid"),
        ("POST", f"/applications/{NOBODYS}/withdrawal", {"why": ""}, 422, "invalid"),
        ("POST", "/appeals", appeal_against("MK-2026-00000001-2", people.NOW, statement="жалоба \u0007 王"), 422, "invalid"),
    ],
)
async def test_requests_about_nothing_are_named(applicant: Applicant, method: str, path: str, body: Any, status: int, code: str) -> None:
    answer = await applicant.call(method, path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["detail"]
