"""AP-13, AP-14 and AP-15 on real servers: a refusal, what may follow it, and what is kept of it."""

import hashlib
import io
import zipfile
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pypdfium2

from contracts.access import PersonalDataRead
from contracts.applications import (
    AppealClaimed,
    AppealDecided,
    AppealFiled,
    AppealReleased,
    AppealTermReached,
    DeadlineMissed,
    DeadlineNear,
    DeadlineStillMissed,
)
from contracts.roles import Role
from services.applications.domain.application import Remark
from services.applications.domain.numbers import APPEAL_PREFIX, is_number
from services.applications.domain.states import State
from tests.applications import people
from tests.applications.appealing import appeal_against, filed_appeal, refused
from tests.applications.conftest import Applicant, Hands, known_reviewers
from tests.applications.planting import plant, waiting
from tests.support import Component, Signer, eventually

AGAIN = {"kind": "primary", "specialty_code": people.CARDIOLOGY}
DECISION = {"outcome": "overturned", "text": "Приложение к диплому есть в деле"}


async def test_ap_13_a_refusal_says_that_it_may_be_corrected_and_takes_nothing_unchanged(
    applicant: Applicant, reviewers: list[Hands]
) -> None:
    application = await refused(applicant, reviewers)
    assert (application["may_resubmit"], application["appeal"]) == (True, None)
    assert application["may_appeal_until"] > application["ended_at"]
    assert [(one["code"], one["is_curable"], bool(one["advice"])) for one in application["reasons"]] == [
        ("qualification-incomplete", True, True)
    ]
    wanted = AGAIN | {"previous_application_id": application["id"]}
    assert (await applicant.call("POST", "/applications", wanted)).json()["code"] == "correction-comment-missing"
    unnamed = await applicant.call("POST", "/applications", AGAIN)
    assert (unnamed.json()["code"], unnamed.json()["application_id"]) == ("correction-comment-missing", application["id"])
    draft = await applicant.ok("POST", "/applications", AGAIN | {"correction_comment": "Исправлено"})
    assert draft["previous_application_id"] == application["id"], "linked without being named"
    assert (draft["personal"], draft["documents"]) == (application["personal"], application["documents"])
    refusal = await applicant.call("PUT", f"/applications/{draft['id']}/confirmation", If_Match=f'"{draft["version"]}"')
    assert (refusal.status_code, [one["code"] for one in refusal.json()["errors"]]) == (409, ["nothing-corrected"])

    beside = await applicant.call("POST", "/appeals", appeal_against(application["number"], applicant.service.clock.now()))
    assert (beside.json()["code"], beside.json()["application_id"]) == ("open-application-exists", draft["id"])
    assert "Отзовите черновик" in beside.json()["detail"]
    digit = str((int(application["number"][-1]) + 1) % 10)
    mistyped = await applicant.call("POST", "/appeals", appeal_against(application["number"][:-1] + digit, applicant.service.clock.now()))
    assert (mistyped.status_code, mistyped.json()["code"]) == (404, "application-not-found")
    assert [one["pointer"] for one in mistyped.json()["errors"]] == ["/application_number"]


async def test_ap_13_the_last_word_decides_what_a_new_application_corrects(service: Component, applicant: Applicant) -> None:
    now, again = service.clock.now(), AGAIN | {"specialty_code": "31.08.59"}
    corrected = again | {"correction_comment": "Исправлено"}
    theirs: dict[str, Any] = {"applicant_id": applicant.id, "specialty_code": again["specialty_code"]}
    decided = theirs | {"reasons": (Remark("qualification-incomplete", "/documents/diploma"),)}
    older, last = (waiting(now, state=State.REJECTED, ended_at=now - timedelta(days=days), **decided) for days in (9, 3))
    await plant(service, older, last)
    named = await applicant.call("POST", "/applications", corrected | {"previous_application_id": str(older.id)})
    assert (named.status_code, named.json()["code"], named.json()["application_id"]) == (409, "not-refused", str(last.id))
    draft = await applicant.ok("POST", "/applications", corrected)
    assert draft["previous_application_id"] == str(last.id)
    await applicant.ok("POST", f"/applications/{draft['id']}/withdrawal", {"reason": "Передумала"})
    assert (await applicant.call("POST", "/applications", again)).json()["code"] == "correction-comment-missing", "the refusal stands"
    await plant(service, waiting(now, state=State.CERTIFIED, ended_at=now, **theirs))
    assert (await applicant.ok("POST", "/applications", again))["previous_application_id"] is None, "a certificate came since"


async def test_ap_13_what_closes_a_correction_closes_it_while_it_may_be_appealed_against(service: Component, applicant: Applicant) -> None:
    now, again = service.clock.now(), AGAIN | {"specialty_code": "31.08.59"}
    theirs: dict[str, Any] = {"applicant_id": applicant.id, "specialty_code": again["specialty_code"]}
    theirs |= {"state": State.REJECTED, "reasons": (Remark("duplicate-application", "/professional/specialty_code"),)}
    refusal = waiting(now, ended_at=now - timedelta(days=60), **theirs)
    await plant(service, refusal)
    linked = await applicant.call("POST", "/applications", again | {"previous_application_id": str(refusal.id)})
    assert (linked.status_code, linked.json()["code"]) == (409, "resubmission-closed")
    assert "Подайте новое" in linked.json()["detail"]
    explained = await applicant.call("POST", "/applications", again | {"correction_comment": "Исправлено"})
    assert explained.json()["code"] == "nothing-to-correct"
    draft = await applicant.ok("POST", "/applications", again)
    assert (draft["previous_application_id"], draft["correction_comment"]) == (None, "")
    await applicant.ok("POST", f"/applications/{draft['id']}/withdrawal", {"reason": "Передумала"})
    await plant(service, waiting(now, ended_at=now - timedelta(days=3), **theirs))
    assert (await applicant.call("POST", "/applications", again)).json()["code"] == "resubmission-closed"


async def test_ap_14_an_overturned_refusal_goes_back_to_others_and_the_whole_row_is_seen(
    service: Component, signer: Signer, applicant: Applicant, reviewers: list[Hands]
) -> None:
    application = await refused(applicant, reviewers)
    judge, *_ = await known_reviewers(service, signer, 1)
    appeal = await applicant.ok("POST", "/appeals", appeal_against(application["number"], service.clock.now()))
    assert is_number(APPEAL_PREFIX, appeal["number"])
    filed = await applicant.told(AppealFiled)
    assert (filed.appeal_number, set(filed.document_ids)) == (appeal["number"], set(applicant.documents.values()))
    assert {one.id for one in reviewers}.isdisjoint(filed.judge_ids)
    assert judge.id in filed.judge_ids or len(filed.judge_ids) == 200
    await _nothing_else_meanwhile(applicant, application, appeal)

    assert (await reviewers[0].call("PUT", f"/appeals/{appeal['id']}/claim")).json()["code"] == "conflict-of-interest"
    assert appeal["id"] not in [row["id"] for row in (await reviewers[1].ok("GET", "/appeals/reviews?limit=100"))["items"]]
    assert appeal["id"] in [row["id"] for row in (await judge.ok("GET", "/appeals/reviews?limit=100"))["items"]]
    taken = await judge.ok("POST", "/appeals/next")
    assert taken["state"] == "under-review"
    if taken["appeal_id"] != appeal["id"]:  # one of another test was due sooner
        await judge.ok("PUT", f"/appeals/{appeal['id']}/claim")
    assert (await applicant.told(AppealClaimed)).reviewer_id == judge.id
    opened = await judge.ok("GET", f"/appeals/{appeal['id']}/review")
    assert opened["appeal"]["points"][0]["comment"] == "Приложение было в файле"
    assert len(opened["application"]["opinions"]) == 2
    judge.factor_age_seconds = 601
    assert (await judge.call("POST", f"/appeals/{appeal['id']}/decision", DECISION)).json()["code"] == "step-up-required"
    judge.factor_age_seconds = 0
    assert (await judge.call("POST", f"/appeals/{appeal['id']}/decision", DECISION | {"text": ""})).status_code == 422
    await judge.ok("POST", f"/appeals/{appeal['id']}/decision", DECISION)
    assert (await applicant.told(AppealDecided)).outcome == "overturned"

    reopened = await applicant.get(application["id"])
    assert (reopened["state"], reopened["reasons"], [term["term"] for term in reopened["terms"]]) == ("under-review", [], ["review"])
    for one in (*reviewers, judge):
        assert (await one.call("PUT", f"/reviews/{application['id']}/claim")).json()["code"] == "conflict-of-interest"
    await _the_row_is_seen(applicant, application, appeal)


async def _nothing_else_meanwhile(applicant: Applicant, application: dict[str, Any], appeal: dict[str, Any]) -> None:
    now = await applicant.get(application["id"])
    assert (now["state"], now["status"], now["appeal"]["number"], now["may_resubmit"]) == (
        "appealed",
        "Отклонено",
        appeal["number"],
        False,
    )
    again = await applicant.call("POST", "/applications", AGAIN)
    assert (again.json()["code"], again.json()["application_id"]) == ("open-application-exists", application["id"])
    corrected = AGAIN | {"previous_application_id": application["id"], "correction_comment": "Приложен диплом"}
    correction = (await applicant.call("POST", "/applications", corrected)).json()
    assert (correction["code"], appeal["number"] in correction["detail"]) == ("not-refused", True), "it is called refused: why not, then"
    twice = await applicant.call("POST", "/appeals", appeal_against(application["number"], applicant.service.clock.now()))
    assert (twice.json()["code"], twice.json()["appeal_id"]) == ("appeal-exists", appeal["id"])


async def _the_row_is_seen(applicant: Applicant, application: dict[str, Any], appeal: dict[str, Any]) -> None:
    row = (await applicant.ok("GET", f"/applications/{application['id']}/lineage"))["items"]
    assert [(one["kind"], one["number"], one["follows_id"]) for one in row] == [
        ("application", application["number"], None),
        ("appeal", appeal["number"], application["id"]),
    ]
    protocol = await applicant.ok("GET", f"/applications/{application['id']}/protocol")
    assert [(one["number"], one["status"], one["decision"]) for one in protocol["appeals"]] == [
        (appeal["number"], "Отказ отменён", DECISION["text"])
    ]
    assert (len(protocol["comments"]), protocol["standing_changes"]) == (2, []), "opinions of the round that was decided stay"
    packet = await applicant.call("GET", f"/appeals/{appeal['id']}/packet")
    assert packet.headers["content-type"] == "application/pdf"
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(packet.content))
    for word in (appeal["number"], application["number"], "Приложение было в файле", DECISION["text"], "Отказ отменён"):
        assert word in text
    await _the_archive_is_whole(applicant, application, appeal, packet.content)


async def _the_archive_is_whole(applicant: Applicant, application: dict[str, Any], appeal: dict[str, Any], packet: bytes) -> None:
    answer = await applicant.call("GET", f"/appeals/{appeal['id']}/packet/archive")
    assert (answer.headers["content-type"], "content-length" in answer.headers) == ("application/zip", False)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    paper, document = f"Материалы жалобы {appeal['number']}.pdf", f"Заявление {application['number']}.pdf"
    assert list(files) == [paper, document, "SHA256SUMS", "Содержание.txt"]
    assert files[paper] == packet
    assert files[document] == (await applicant.call("GET", f"/applications/{application['id']}/electronic-document")).content
    sums = {name: hashlib.sha256(files[name]).hexdigest() for name in (paper, document)}
    assert files["SHA256SUMS"].decode() == "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    listed = files["Содержание.txt"].decode()
    handed_in = await applicant.service.database["applications"].find_one({"_id": UUID(application["id"])})
    assert handed_in
    for document_id in handed_in["document_ids"]:
        assert f"/documents/{document_id}" in listed


async def test_ap_14_support_files_for_the_applicant_who_sees_it_and_takes_it_back(
    service: Component, signer: Signer, applicant: Applicant, reviewers: list[Hands]
) -> None:
    application = await refused(applicant, reviewers)
    agent = Hands(service, signer, uuid4(), Role.SUPPORT_AGENT)
    body = appeal_against(application["number"], service.clock.now())
    late = appeal_against(application["number"], service.clock.now() - timedelta(days=2))
    first, second, third = people.ogrn(), people.ogrn("102770013300"), people.ogrn("102770013401")
    await now_works_at(applicant, second, version=5)
    given = await drawn(service)
    assert (await agent.call("POST", "/appeals", late)).json()["code"] == "refusal-date-wrong"
    assert await drawn(service) == given, "what is refused takes no number"
    appeal = await agent.ok("POST", "/appeals", body | {"application_number": f" {application['number'].lower()} "})
    read = await applicant.told(PersonalDataRead)
    while read.reader_role is not Role.SUPPORT_AGENT:
        read = await applicant.told(PersonalDataRead)
    assert (read.reader_id, read.purpose) == (agent.id, "appeal")
    listed = await agent.ok("GET", f"/appeals/registered?application_number={application['number'].lower()}")
    assert [row["id"] for row in listed["items"]] == [appeal["id"]]
    assert await workplaces_of(service, application["id"]) == {first, second}
    await now_works_at(applicant, third, version=6)
    assert await workplaces_of(service, application["id"]) == {first, second, third}, "as whoever is to judge must know"
    own = await applicant.ok("GET", f"/appeals/{appeal['id']}")
    assert (own["filed_by"], own["number"]) == ("support-agent", appeal["number"])
    assert "ещё раз" in own["if_withdrawn"]
    withdrawn = await applicant.ok("DELETE", f"/appeals/{appeal['id']}")
    assert (await agent.call("POST", "/appeals", body)).json()["code"] == "appeal-exists"
    assert withdrawn["if_withdrawn"] == ""
    assert (withdrawn["state"], (await applicant.get(application["id"]))["state"]) == ("withdrawn", "rejected")
    assert [row["id"] for row in (await applicant.ok("GET", "/appeals"))["items"]] == [appeal["id"]]


async def test_ap_14_the_term_of_an_appeal_is_told_and_a_silent_claim_lapses(
    service: Component, signer: Signer, applicant: Applicant, reviewers: list[Hands]
) -> None:
    appeal = await filed_appeal(applicant, reviewers)
    [judge] = await known_reviewers(service, signer, 1)
    await judge.ok("PUT", f"/appeals/{appeal['id']}/claim")
    due = await timers_of(service, appeal["id"])
    assert set(due) == {"claim", "due", "reminder"}
    assert due["due"].isoformat() == appeal["due_at"].replace("Z", "+00:00")
    for moment in ("claim", "reminder", "due"):
        await service.publish(AppealTermReached(occurred_at=due[moment], appeal_id=appeal["id"], moment=moment, due_at=due[moment]))
    freed = await applicant.told(AppealReleased)
    assert (freed.reviewer_id, freed.is_lapsed) == (judge.id, True)
    told = [await applicant.told(kind) for kind in (DeadlineNear, DeadlineMissed)]
    again = AppealTermReached(occurred_at=due["due"], appeal_id=appeal["id"], moment="escalation", due_at=due["due"], step=2)
    for event in (again, again.model_copy(update={"event_id": uuid4(), "due_at": due["due"] + timedelta(days=1)})):  # and of another term
        await service.publish(event)
    told.append(await applicant.told(DeadlineStillMissed))
    assert {(one.term, one.responsible, one.number) for one in told} == {("appeal", "reviewer", appeal["application_number"])}
    assert {(str(one.appeal_id), one.appeal_number) for one in told} == {(appeal["id"], appeal["number"])}
    assert judge.id in told[2].called_ids or len(told[2].called_ids) == 200
    assert {one.id for one in reviewers}.isdisjoint(told[2].called_ids), "they spoke already"
    planned = await service.database["timers"].find_one({"_id": f"appeal:{appeal['id']}:escalation"})
    assert planned is not None
    assert planned["due_at"] > service.clock.now()
    assert (await judge.call("GET", f"/appeals/{appeal['id']}/review")).status_code == 404, "nobody holds it any more"
    await judge.ok("PUT", f"/appeals/{appeal['id']}/claim")
    await applicant.ok("DELETE", f"/appeals/{appeal['id']}")
    assert (await applicant.told(AppealDecided)).former_reviewer_id == judge.id
    assert await timers_of(service, appeal["id"]) == {}


async def now_works_at(applicant: Applicant, ogrn: str, *, version: int) -> None:
    workplace = people.facts().model_dump()["workplace"] | {"ogrn": ogrn}
    event = people.verified(applicant.id, version=version, workplace=workplace)
    await applicant.service.publish(event)
    await eventually(lambda: applicant.service.database["inbox"].find_one({"_id": str(event.event_id)}))


async def workplaces_of(service: Component, application_id: str) -> frozenset[str]:
    key = UUID(application_id)
    row = await service.database["applications"].find_one({"_id": key})
    assert row is not None
    found: dict[UUID, frozenset[str]] = await service.app.state.usecases.applications.workplaces([row])
    return found[key]


async def drawn(service: Component) -> int:
    """How many numbers of appeals were given."""
    row = await service.database["number_counters"].find_one({"_id": f"{APPEAL_PREFIX}-{service.clock.now().year}"})
    return 0 if row is None else int(row["last"])


async def timers_of(service: Component, appeal_id: str) -> dict[str, datetime]:
    found = await service.database["timers"].find({"_id": {"$regex": f"^appeal:{appeal_id}:"}}).to_list()
    return {row["_id"].rpartition(":")[2]: row["due_at"] for row in found}
