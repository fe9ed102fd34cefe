"""The applicant reads what experts wrote after the decision and not before, and what the staff write for each other never."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pypdfium2
import pytest

from contracts.roles import Role
from services.applications.domain.application import Actor, Application, Recommendation
from services.applications.domain.disclosure import disclosed
from services.applications.domain.states import Move, State
from tests.applications import people
from tests.applications.appealing import appeal_against
from tests.applications.conftest import Applicant, Hands
from tests.applications.planting import waiting
from tests.support import Component
from tests.support.access_table import PASSES, Row, table_of

NOTE, OPINION, REASON = "заметка-для-коллег", "мнение-эксперта", "пояснение-к-причине"
AGAINST = {
    "decision": "reject",
    "reasons": [{"code": "negative-expert-decision", "pointer": "/professional/qualification", "comment": REASON}],
    "comment": OPINION,
}
READABLE = [row for row in table_of("applications") if row.method == "GET" and row.answers[Role.PRACTITIONER] == PASSES]


async def read_everything(applicant: Applicant, application_id: str, appeal_id: str = "") -> dict[str, str]:
    """What every route that lets a practitioner read answers about the application, and their own data as it is exported."""
    texts = {}
    for row in READABLE:
        answer = await applicant.call("GET", _path(row, application_id).replace("{appeal_id}", appeal_id or str(uuid4())))
        texts[str(row)] = _text_of(answer)
    exported = applicant.service.app.state.usecases.applications.export(applicant.id)
    return texts | {"export": json.dumps([one async for one in exported], ensure_ascii=False, default=str)}


def _path(row: Row, application_id: str) -> str:
    query = f"?ids={application_id}" if row.path.endswith("/exports") else ""
    return row.path.replace("{application_id}", application_id).replace("{number}", "MC-2026-00000001-8") + query


def _text_of(answer: httpx.Response) -> str:
    media_type = answer.headers.get("content-type")
    if media_type == "application/zip":
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            return "".join(_printed(archive.read(name)) for name in archive.namelist() if name.endswith(".pdf"))
    return _printed(answer.content) if media_type == "application/pdf" else answer.text


def _printed(pdf: bytes) -> str:
    return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))


def knowing(texts: dict[str, str], *words: str) -> set[str]:
    return {name for name, text in texts.items() if any(word in text for word in words)}


async def test_opinions_are_read_after_the_decision_and_notes_never(
    service: Component, applicant: Applicant, reviewers: list[Hands], registrar: Hands
) -> None:
    application_id = (await applicant.under_review())["id"]
    path, [first, second] = f"/reviews/{application_id}", reviewers
    await first.ok("PUT", f"{path}/claim")
    written = await first.ok("POST", f"{path}/notes", {"text": NOTE})
    assert (written["text"], written["by"], written["is_own"]) == (NOTE, "reviewer", True)
    await first.judged("POST", f"{path}/recommendation", AGAINST)
    texts = await read_everything(applicant, application_id)
    assert knowing(texts, NOTE, OPINION, REASON) == set()
    assert application_id in texts["GET /applications/{application_id}/protocol"]
    assert application_id in texts["export"]

    await second.ok("PUT", f"{path}/claim")
    [seen] = (await second.ok("GET", f"{path}/notes"))["items"]
    assert (seen["text"], seen["is_own"]) == (NOTE, False)
    for stranger in (first, registrar):  # neither works on it now
        assert (await stranger.call("GET", f"{path}/notes")).status_code == 404
        assert (await stranger.call("POST", f"{path}/notes", {"text": NOTE})).status_code == 404
    both = second.signer.headers(second.id, Role.REVIEWER, Role.REGISTRAR)
    added = await service.client.post(f"{path}/notes", json={"text": "Согласна"}, headers=both)
    assert (added.status_code, added.json()["by"]) == (201, "reviewer")
    await second.judged("POST", f"{path}/recommendation", AGAINST)
    texts = await read_everything(applicant, application_id)
    assert knowing(texts, OPINION) == {"GET /applications/{application_id}/protocol", "export"}
    assert knowing(texts, REASON) == {
        "GET /applications/{application_id}",
        "GET /applications/{application_id}/protocol",
        "export",
    }
    assert knowing(texts, NOTE) == set()
    appeal = await applicant.ok("POST", "/appeals", _appeal(await applicant.get(application_id)))
    texts = await read_everything(applicant, application_id, appeal["id"])
    assert knowing(texts, appeal["number"]) >= {"GET /appeals/{appeal_id}", "GET /appeals/{appeal_id}/packet"}
    assert knowing(texts, OPINION) >= {"GET /appeals/{appeal_id}/packet", "GET /appeals/{appeal_id}/packet/archive"}
    assert knowing(texts, NOTE) == set()
    stored = await service.database["notes"].find_one({"application_id": UUID(application_id)})
    assert stored is not None
    assert NOTE not in str(stored), "words are encrypted"


def _appeal(refused: dict[str, Any]) -> dict[str, Any]:
    point = {name: refused["reasons"][0][name] for name in ("code", "pointer")} | {"comment": "Не согласна"}
    statement = "Прошу пересмотреть отказ 王😀"  # the packet prints whatever it says
    return appeal_against(refused["number"], datetime.fromisoformat(refused["ended_at"]), points=[point], statement=statement)


async def test_notes_are_read_the_newest_first_page_by_page(applicant: Applicant, reviewers: list[Hands]) -> None:
    application_id = (await applicant.under_review())["id"]
    path = f"/reviews/{application_id}"
    await reviewers[0].ok("PUT", f"{path}/claim")
    for place in range(5):
        await reviewers[0].ok("POST", f"{path}/notes", {"text": f"{place}"})
    first = await reviewers[0].ok("GET", f"{path}/notes?limit=3")
    rest = await reviewers[0].ok("GET", f"{path}/notes?limit=3&cursor={first['next_cursor']}")
    assert {note["text"] for note in (*first["items"], *rest["items"])} == {"0", "1", "2", "3", "4"}
    assert [note["at"] for note in first["items"]] == sorted((note["at"] for note in first["items"]), reverse=True)
    assert rest["next_cursor"] is None
    assert (await reviewers[0].call("POST", f"{path}/notes", {"text": "  "})).status_code == 422


EXPERT = uuid4()
REVIEWER = Actor(EXPERT, Role.REVIEWER)


def with_opinion(round_: int = 1) -> Application:
    application = waiting(people.NOW + timedelta(days=1))
    opinion = Recommendation(EXPERT, "reject", (), OPINION, people.NOW, round_)
    return application.moved(
        Move.RECOMMEND, by=REVIEWER, at=people.NOW, why=OPINION, recommendations=(*application.recommendations, opinion)
    )


@pytest.mark.parametrize("state", State)
def test_only_a_decision_discloses_an_opinion(state: State) -> None:
    shown = disclosed(replace(with_opinion(), state=state))
    is_decided = state not in {State.SUBMITTED, State.UNDER_REVIEW, State.INFORMATION_REQUESTED, State.WITHDRAWN}
    assert bool(shown.recommendations) is is_decided
    assert (shown.history[-1].why == OPINION) is is_decided
    assert shown.history[-1].move is Move.RECOMMEND, "that an expert spoke is no secret"


def test_a_refusal_that_fell_keeps_its_opinions_and_the_next_round_is_silent_again() -> None:
    refused = replace(with_opinion(), state=State.APPEALED)
    again = refused.moved(Move.OVERTURN, by=REVIEWER, at=people.NOW, why="Отказ не обоснован")
    second = Recommendation(EXPERT, "approve", (), "новое мнение", people.NOW, again.round)
    spoken = again.moved(Move.RECOMMEND, by=REVIEWER, at=people.NOW, why="новое мнение", recommendations=(*again.recommendations, second))
    shown = disclosed(spoken)
    assert [one.comment for one in shown.recommendations] == [OPINION]
    assert [step.why for step in shown.history] == [OPINION, "Отказ не обоснован", ""]
