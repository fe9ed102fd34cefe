"""AP-1 to AP-8 and AP-18 on real servers: filling in, checking, handing in, the automatic stage, and a profile that changes meanwhile."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pypdfium2

from chassis.preconditions import etag
from contracts.applications import (
    ApplicationRejected,
    ApplicationSubmitted,
    ElectronicDocumentIssued,
    InformationProvided,
    InformationRequested,
    ProfileChangeProposed,
    ReviewBegun,
)
from contracts.identity import ContactsChanged
from contracts.roles import Role
from services.applications.domain.numbers import APPLICATION_PREFIX, is_number
from services.applications.usecases.printing import electronic_document
from tests.applications import people
from tests.applications.conftest import Applicant, Hands
from tests.support import Component, eventually

PSYCHIATRY = "31.08.20"


async def test_ap_1_a_draft_is_filled_in_from_the_profile_and_the_tables_say_what_it_needs(applicant: Applicant) -> None:
    tables = await applicant.ok("GET", "/kinds")
    periodic = next(kind for kind in tables["items"] if kind["kind"] == "periodic")
    assert (periodic["minimum_experience_months"], periodic["minimum_training_hours"], periodic["valid_from"]) == (36, 144, "2026-01-01")
    (psychiatry,) = [one for one in tables["specialties"] if one["code"] == PSYCHIATRY]
    assert [one["code"] for one in psychiatry["extra_documents"]] == ["no-criminal-record"]
    draft = await applicant.ok("POST", "/applications", {"kind": "periodic", "specialty_code": PSYCHIATRY})
    assert (draft["personal"]["surname"], draft["professional"]["licence"]["series"], draft["consent"]) == ("Вымышленникова", "ЛО-77", {})
    assert draft["documents"] == {name: str(key) for name, key in applicant.documents.items()}
    missing = {one["pointer"] for one in (await applicant.ok("POST", f"/applications/{draft['id']}/check"))["findings"]}
    assert {"/documents/no-criminal-record", "/consent/accuracy"} <= missing

    edited = await applicant.edit(draft, personal={"inn": None}, professional={"workplace": {"department": "Другое"}})
    assert "inn" not in edited["personal"]
    assert edited["professional"]["workplace"] == draft["professional"]["workplace"] | {"department": "Другое"}
    wrong = {"personal": {"shoe_size": "39"}}
    unknown = await applicant.call("PATCH", f"/applications/{draft['id']}", wrong, If_Match=f'"{edited["version"]}"')
    assert (unknown.status_code, [one["pointer"] for one in unknown.json()["errors"]]) == (422, ["/personal/shoe_size"])


async def test_ap_2_the_check_names_each_place_with_what_to_do_and_leaves_no_trace(service: Component, applicant: Applicant) -> None:
    draft = await applicant.edit(await applicant.draft(), personal={"snils": "11223344500"}, documents={"licence": None})

    async def traces() -> dict[str, list[str]]:
        """Everything in every collection that names the person or the draft."""
        found = {}
        for name in await service.database.list_collection_names():
            rows = [repr(row) for row in await service.database[name].find({}).to_list(100_000)]
            found[name] = sorted(row for row in rows if str(applicant.id) in row or draft["id"] in row)
        return {name: rows for name, rows in found.items() if rows and name != "outbox"}

    stream = {"stream": f"application_id:{draft['id']}"}
    told = await service.database["outbox"].count_documents(stream)
    assert told > 0, "work on a draft was told"
    before = await traces()
    check = await applicant.ok("POST", f"/applications/{draft['id']}/check")
    assert not check["is_clean"]
    assert {(one["block"], one["pointer"], one["code"]) for one in check["findings"]} == {
        ("personal", "/personal/snils", "identifier-wrong"),
        ("documents", "/documents/licence", "document-missing"),
    }
    assert all(one["detail"] and one["advice"] for one in check["findings"])
    assert await traces() == before
    assert await service.database["outbox"].count_documents(stream) == told


async def test_ap_3_what_is_clean_is_frozen_with_its_hash_and_handed_in_once(applicant: Applicant) -> None:
    draft = await applicant.draft()
    spoilt = await applicant.edit(draft, consent={"accuracy": False})
    refused = await applicant.call("PUT", f"/applications/{draft['id']}/confirmation", If_Match=f'"{spoilt["version"]}"')
    assert (refused.status_code, refused.json()["code"]) == (409, "check-not-clean")
    confirmed = await applicant.confirm(await applicant.edit(spoilt, consent={"accuracy": True}))
    again = await applicant.edit(confirmed, personal={"email": "other@example.org"})
    assert (confirmed["state"], again["state"], again["snapshot_sha256"]) == ("confirmed", "draft", None)
    other = await applicant.confirm(again)
    assert len({confirmed["snapshot_sha256"], other["snapshot_sha256"]}) == 2
    path = f"/applications/{draft['id']}/submission"
    answers = [await applicant.call("POST", path, Idempotency_Key="ap-3") for _ in range(2)]
    assert [(answer.status_code, answer.json()["number"]) for answer in answers] == [(202, answers[0].json()["number"])] * 2
    assert (await applicant.call("POST", path)).json()["code"] == "already-submitted"


async def test_ap_4_handing_in_gives_a_number_and_a_document_with_all_checksums(service: Component, applicant: Applicant) -> None:
    submitted = await applicant.submit(await applicant.draft())
    assert is_number(APPLICATION_PREFIX, submitted["number"])
    issued = await applicant.told(ElectronicDocumentIssued)
    assert (issued.number, issued.link.startswith("http")) == (submitted["number"], True)
    content = (await applicant.call("GET", f"/applications/{submitted['id']}/electronic-document")).content
    assert hashlib.sha256(content).hexdigest() == issued.sha256
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content))
    assert submitted["number"] in text
    assert "".join(text.split()).count("1" * 64) == len(applicant.documents), "each document with its checksum"
    usecases = service.app.state.usecases
    application = await usecases.applications.get_any(issued.application_id)
    values = electronic_document(application, usecases.rules_of(application), usecases.terms)
    assert await usecases.printer.electronic_document(values, made_at=application.submitted_at) == content, "made again it is the same"


async def test_ap_5_every_move_is_recorded_and_told_and_no_other_is_made(applicant: Applicant, reviewers: list[Hands]) -> None:
    application = await applicant.under_review()
    assert (await applicant.told(ApplicationSubmitted)).number == (await applicant.told(ReviewBegun)).number == application["number"]
    await applicant.told(ElectronicDocumentIssued)  # the last that changes it by itself
    path = f"/applications/{application['id']}"
    fresh = f'"{(await applicant.get(application["id"]))["version"]}"'
    for method, tail, body in (("PATCH", "", {}), ("PUT", "/confirmation", None), ("POST", "/answer", {"comment": "Нечего"})):
        headers = {"If_Match": fresh} if method != "POST" else {}
        refused = await applicant.call(method, path + tail, body, **headers)
        assert (refused.status_code, refused.json()["code"], refused.json()["state"]) == (409, "illegal-move", "under-review")
    assert (await reviewers[0].judge("POST", f"/registry/{application['id']}/decision", {"decision": "approve"})).status_code == 403
    assert application["status"] == "В обработке"
    steps = (await applicant.ok("GET", f"{path}/protocol"))["transitions"]
    assert [(step["move"], step["by"], step["before"], step["after"]) for step in steps] == [
        ("confirm", "practitioner", "draft", "confirmed"),
        ("submit", "practitioner", "confirmed", "submitted"),
        ("begin-review", "system", "submitted", "under-review"),
    ]
    assert all(step["title"] and step["at"] for step in steps)
    for word, count in (("in-progress", 1), ("completed", 0), ("rejected", 0)):
        assert len((await applicant.ok("GET", f"/applications?status={word}"))["items"]) == count


async def test_ap_6_the_automatic_stage_asks_for_what_can_be_corrected_and_goes_on_by_itself(
    service: Component, applicant: Applicant
) -> None:
    licence = applicant.documents["licence"]
    await service.publish(people.received(applicant.id, "licence", licence, file_version=2))
    await eventually(lambda: service.database["known_documents"].find_one({"_id": licence, "verdict": "pending"}))
    submitted = await applicant.submit(await applicant.draft_with(applicant.documents))
    handed_in = await applicant.told(ApplicationSubmitted)
    assert handed_in.due_at - handed_in.occurred_at == timedelta(hours=24)
    await eventually(lambda: service.database["known_documents"].find_one({"_id": licence, "awaited_by": {"$exists": True}}))
    assert (await applicant.get(submitted["id"]))["state"] == "submitted", "nothing is judged before the verdict on a file"
    await service.publish(people.rejected(applicant.id, "licence", licence, file_version=2))
    asked = await applicant.told(InformationRequested)
    assert [(one.code, one.pointer) for one in asked.remarks] == [("file-requirements-not-met", "/documents/licence")]
    assert asked.remarks[0].text == "Лицензия на медицинскую деятельность: файл не соответствует требованиям."
    request = (await applicant.reach(submitted["id"], "information-requested"))["request"]
    assert (request["requested_by"], request["remarks"][0]["advice"]) == ("automatic-check", asked.remarks[0].advice)
    await service.publish(people.accepted(applicant.id, "licence", licence, file_version=3))
    assert (await applicant.told(InformationProvided)).reviewer_id is None
    await applicant.reach(submitted["id"], "under-review")
    protocol = await applicant.ok("GET", f"/applications/{submitted['id']}/protocol")
    assert [one["outcome"] for one in protocol["checks"]] == ["information-requested", "passed"]
    assert protocol["transitions"][-1]["title"].startswith("Документы приняты"), "accepted, not approved"


async def test_ap_7_one_table_of_reasons_serves_the_form_the_letter_and_the_applicant(applicant: Applicant, reviewers: list[Hands]) -> None:
    table = {one["code"]: one for one in (await reviewers[0].ok("GET", "/kinds"))["reasons"]}
    application = await applicant.under_review()
    path = f"/reviews/{application['id']}"
    await reviewers[0].ok("PUT", f"{path}/claim")
    wrong = (
        ("bad-mood", "/personal/surname", "/remarks/0/code"),
        ("document-pending", "/documents/licence", "/remarks/0/code"),  # the check alone says so
        ("contact-data-wrong", "/documents/licence", "/remarks/0/pointer"),
    )
    for code, pointer, place in wrong:
        refused = await reviewers[0].call("POST", f"{path}/requests", {"remarks": [{"code": code, "pointer": pointer}]})
        assert (refused.status_code, [one["pointer"] for one in refused.json()["errors"]]) == (422, [place])
    remarks = [{"code": "licence-expired", "pointer": "/documents/licence"}, {"code": "training-not-completed", "pointer": "/professional"}]
    await reviewers[0].ok("POST", f"{path}/requests", {"remarks": remarks})
    told = (await applicant.told(InformationRequested)).remarks
    shown = (await applicant.get(application["id"]))["request"]["remarks"]
    for remark, event, seen in zip(remarks, told, shown, strict=True):
        rule = table[remark["code"]]
        assert (event.advice, seen["advice"], seen["is_curable"]) == (rule["advice"], rule["advice"], rule["is_curable"])
        assert rule["title"].lower() in event.text.lower()


async def test_ap_7_a_reason_of_the_table_may_close_the_way_to_a_correction(applicant: Applicant, reviewers: list[Hands]) -> None:
    application = await applicant.under_review()
    path = f"/reviews/{application['id']}"
    opinion = {
        "decision": "reject",
        "reasons": [{"code": "duplicate-application", "pointer": "/professional/specialty_code"}],
        "comment": "Уже подано",
    }
    for reviewer in reviewers:
        await reviewer.ok("PUT", f"{path}/claim")
        await reviewer.judged("POST", f"{path}/recommendation", opinion)
    assert (await applicant.told(ApplicationRejected)).may_resubmit is False
    assert not (await applicant.get(application["id"]))["may_resubmit"]
    again = {"kind": "primary", "specialty_code": people.CARDIOLOGY, "previous_application_id": application["id"]}
    for named in (again, again | {"previous_application_id": None}):
        refused = await applicant.call("POST", "/applications", named | {"correction_comment": "Исправлено"})
        assert (refused.status_code, refused.json()["code"], refused.json()["application_id"]) == (
            409,
            "resubmission-closed",
            application["id"],
        )
        assert "можно обжаловать по " in refused.json()["detail"]
    silent = await applicant.call("POST", "/applications", again)
    assert silent.json()["code"] == "resubmission-closed", "no comment would open it"
    elsewhere = {"kind": "periodic", "specialty_code": people.CARDIOLOGY}
    silent = await applicant.call("POST", "/applications", elsewhere | {"correction_comment": "Исправлено"})
    assert (silent.status_code, silent.json()["code"]) == (422, "nothing-to-correct"), "nothing of that kind was refused"
    await applicant.ok("POST", "/applications", elsewhere)


async def test_ap_8_one_of_a_kind_and_specialty_is_open_and_the_refusal_links_to_it(applicant: Applicant) -> None:
    wanted = {"kind": "primary", "specialty_code": people.CARDIOLOGY}
    submitted = await applicant.submit(await applicant.draft())
    refused = await applicant.call("POST", "/applications", wanted)
    assert refused.status_code == 409
    assert {name: refused.json()[name] for name in ("code", "application_id", "number", "link")} == {
        "code": "open-application-exists",
        "application_id": submitted["id"],
        "number": submitted["number"],
        "link": f"/api/applications/applications/{submitted['id']}",
    }
    await applicant.ok("POST", "/applications", wanted | {"specialty_code": PSYCHIATRY})
    await applicant.ok("POST", f"/applications/{submitted['id']}/withdrawal", {"reason": "Передумала"})
    await applicant.ok("POST", "/applications", wanted)


async def test_ap_18_the_reviewer_sees_a_new_profile_beside_the_snapshot_and_approves_only_after_noting_it(
    service: Component, applicant: Applicant, reviewers: list[Hands]
) -> None:
    application = await applicant.under_review()
    path = f"/reviews/{application['id']}"
    await reviewers[0].ok("PUT", f"{path}/claim")
    before = await reviewers[0].ok("GET", path)
    assert before["profile_diff"] == []
    contacts = new_contacts(applicant)
    await service.publish(contacts)
    await eventually(lambda: service.database["inbox"].find_one({"_id": str(contacts.event_id)}))
    await service.publish(people.verified(applicant.id, version=6, surname="Замужняя", email=contacts.email))
    told = await applicant.told(ProfileChangeProposed)
    assert (told.profile_version, told.pointers, told.reviewer_id) == (6, ("/personal/surname",), reviewers[0].id)
    unseen = {"decision": "reject", "reasons": [], "comment": ""}
    stale = await reviewers[0].call("POST", f"{path}/recommendation", unseen, If_Match=etag(before["application"]["version"]))
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    answer = await reviewers[0].call("GET", path)
    opened = answer.json()
    assert answer.headers["ETag"] == etag(opened["application"]["version"])
    assert opened["profile_diff"] == [
        {"pointer": "/personal/email", "before": "alena@example.org", "after": "fresh@example.org"},
        {"pointer": "/personal/surname", "before": "Вымышленникова", "after": "Замужняя"},
    ]
    assert opened["application"]["personal"]["surname"] == "Вымышленникова"
    assert opened["application"]["snapshot_sha256"] == application["snapshot_sha256"]
    answers = [{"code": row["code"], "result": "yes"} for row in opened["checklist"]["rows"] if row["code"] != "profile-change"]
    await reviewers[0].judged("PUT", f"{path}/checklist", {"answers": answers})
    approve: dict[str, Any] = {"decision": "approve", "reasons": [], "comment": ""}
    refused = await reviewers[0].judge("POST", f"{path}/recommendation", approve)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/checklist/profile-change"]
    await reviewers[0].examine(application["id"])
    await service.publish(people.verified(applicant.id, version=7, surname="Девичья", email=contacts.email))
    assert (await applicant.told(ProfileChangeProposed)).profile_version == 7
    refused = await reviewers[0].judge("POST", f"{path}/recommendation", approve)
    assert ("/checklist/profile-change", "answered-before-change") in {(one["pointer"], one["code"]) for one in refused.json()["errors"]}
    assert (await reviewers[0].ok("GET", path))["checklist"]["is_outdated"]
    await reviewers[0].examine(application["id"])
    assert (await reviewers[0].judged("POST", f"{path}/recommendation", approve))["desk"] == "registrar"
    assert [event.pointers for event in service.tap.all(ProfileChangeProposed) if event.applicant_id == applicant.id] == [told.pointers] * 2


def new_contacts(applicant: Applicant) -> ContactsChanged:
    return ContactsChanged(
        event_id=uuid4(),
        occurred_at=people.NOW,
        version=5,
        person_id=applicant.id,
        roles=(Role.PRACTITIONER,),
        email="fresh@example.org",
        phone="+79990001122",
        salutation="Алёна",
    )
