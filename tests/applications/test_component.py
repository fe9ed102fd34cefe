"""The whole service through HTTP and AMQP on real servers."""

import asyncio
import csv
import hashlib
import io
import json
from typing import Any
from uuid import uuid4

import pypdfium2
import zxingcpp
from joserfc import jws
from joserfc.jwk import OKPKey

from contracts.access import PersonalDataRead
from contracts.applications import (
    ApplicationRejected,
    ApplicationSubmitted,
    CertificateIssued,
    ElectronicDocumentIssued,
    InformationProvided,
    InformationRequested,
    ReviewBegun,
    ReviewClaimed,
)
from contracts.roles import Role
from services.applications.domain.numbers import APPLICATION_PREFIX, CERTIFICATE_PREFIX, is_number
from tests.applications import people
from tests.applications.conftest import Applicant, Hands
from tests.support import Component, Signer, eventually


async def test_an_application_goes_from_draft_to_a_certificate_anybody_can_verify(
    applicant: Applicant, reviewers: list[Hands], registrar: Hands
) -> None:
    submitted = await _submit_and_see_it_received(applicant)
    await _clarify(applicant, reviewers[0], submitted["id"])
    await reviewers[0].examine(submitted["id"])
    await reviewers[0].judged(
        "POST", f"/reviews/{submitted['id']}/recommendation", {"decision": "approve", "reasons": [], "comment": "Всё верно"}
    )
    waiting = (await registrar.ok("GET", "/registry?limit=100"))["items"]
    assert submitted["id"] in [row["application_id"] for row in waiting]
    await registrar.ok("GET", f"/registry/{submitted['id']}")
    await registrar.judged("POST", f"/registry/{submitted['id']}/decision", {"decision": "approve", "comment": ""})
    certified = await applicant.told(CertificateIssued)
    assert is_number(CERTIFICATE_PREFIX, certified.certificate_number)
    assert (await applicant.reach(submitted["id"], "certified"))["status"] == "Одобрено"
    await _verify(applicant, submitted["id"], certified.certificate_number)
    await _read_history(applicant, submitted, certified.certificate_number)


async def _submit_and_see_it_received(applicant: Applicant) -> dict[str, Any]:
    draft = await applicant.draft()
    assert draft["personal"]["surname"] == "Вымышленникова"
    assert draft["documents"] == {name: str(key) for name, key in applicant.documents.items()}
    assert (await applicant.ok("POST", f"/applications/{draft['id']}/check"))["findings"] == []
    submitted = await applicant.submit(draft)
    assert is_number(APPLICATION_PREFIX, submitted["number"])
    again = await applicant.call("POST", f"/applications/{draft['id']}/submission")
    assert (again.status_code, again.json()["code"], again.json()["number"]) == (409, "already-submitted", submitted["number"])
    assert (await applicant.told(ApplicationSubmitted)).number == submitted["number"]
    assert (await applicant.told(ElectronicDocumentIssued)).link.startswith("http")
    assert str((await applicant.told(ReviewBegun)).application_id) == submitted["id"]
    document = await applicant.call("GET", f"/applications/{draft['id']}/electronic-document")
    text = pypdfium2.PdfDocument(document.content)[0].get_textpage().get_text_range()
    assert submitted["number"] in text
    assert "Вымышленникова" in text
    return submitted


async def _clarify(applicant: Applicant, reviewer: Hands, application_id: str) -> None:
    path, answer = f"/reviews/{application_id}", f"/applications/{application_id}/answer"
    queue = await reviewer.ok("GET", "/reviews?limit=100")
    assert application_id in [row["application_id"] for row in queue["items"]]
    await reviewer.ok("PUT", f"{path}/claim")
    assert (await applicant.told(ReviewClaimed)).reviewer_id == reviewer.id
    remark = {"code": "contact-data-wrong", "pointer": "/professional/workplace/address", "comment": "Уточните адрес"}
    await reviewer.ok("POST", f"{path}/requests", {"remarks": [remark]})
    assert (await applicant.told(InformationRequested)).remarks[0].pointer == remark["pointer"]
    assert (await applicant.get(application_id))["status"] == "Требуется уточнение"
    locked = await applicant.call("POST", answer, {"comment": "", "changes": {"personal": {"surname": "Другая"}}})
    assert (locked.status_code, locked.json()["code"]) == (422, "item-locked")
    changes = {"professional": {"workplace": {"address": "г. Примерск, ул. Вторая, 2"}}}
    await applicant.ok("POST", answer, {"comment": "Исправлено", "changes": changes})
    assert (await applicant.told(InformationProvided)).reviewer_id == reviewer.id
    opened = await reviewer.ok("GET", path)
    assert opened["diff"] == [{"pointer": remark["pointer"], "before": "г. Примерск, ул. Первая, 1", "after": "г. Примерск, ул. Вторая, 2"}]
    assert (await applicant.told(PersonalDataRead)).reader_id == reviewer.id


async def _verify(applicant: Applicant, application_id: str, number: str) -> None:
    client, url = applicant.service.client, applicant.service.url
    pdf = await applicant.call("GET", f"/applications/{application_id}/certificate")
    (code,) = zxingcpp.read_barcodes(pypdfium2.PdfDocument(pdf.content)[0].render(scale=2).to_pil())
    page_url, _, signed = code.text.partition("#")
    assert page_url == f"http://cabinet.test/verify/{number}"
    await _prove(applicant, signed, number)
    shown = (await client.get(f"/certificates/{number}")).json()
    assert (shown["holder"], shown["status"]) == ("Вымышленникова А. Т.", "valid")
    page = await client.get(f"{url}/verify/{number}")
    assert "Вымышленникова А. Т." in page.text
    assert "Алёна" not in page.text
    assert (await client.get(f"/certificates/{number[:-1]}{9 - int(number[-1])}")).status_code == 404
    assert (await client.get(f"{url}/verify/%3Cscript%3E")).status_code == 404


async def _prove(applicant: Applicant, signed: str, number: str) -> None:
    """By the published keys alone, as a stranger's program would."""
    published = (await applicant.service.client.get("/.well-known/jwks.json")).json()
    assert published["verification_urls"] == ["http://cabinet.test/verify/"]
    issuer = (await applicant.service.client.get("/issuer")).json()
    key, of_documents = published["keys"]
    assert (of_documents["kty"], len(of_documents["x5c"])) == ("RSA", 3)
    assert [method["publicKeyJwk"] for method in issuer["verificationMethod"]] == [key]
    assert issuer["assertionMethod"] == ["http://cabinet.test/api/applications/issuer#k1"]
    payload = jws.deserialize_compact(signed, OKPKey.import_key(key), algorithms=["Ed25519"]).payload
    serial = int(number.replace("-", "")[2:-1])
    assert json.loads(payload)[:4] == [serial, "Вымышленникова АТ", 1, 310836]


async def _read_history(applicant: Applicant, submitted: dict[str, Any], certificate_number: str) -> None:
    async def printed_anew() -> dict[str, Any]:
        told: dict[str, Any] = await applicant.ok("GET", f"/applications/{submitted['id']}/protocol")
        assert [one["is_current"] for one in told["electronic_documents"]] == [False, True], (
            "what was handed in, and what the answer made of it"
        )
        return told

    protocol = await eventually(printed_anew)
    newest = (await applicant.call("GET", f"/applications/{submitted['id']}/electronic-document")).content
    assert (
        hashlib.sha256(newest).hexdigest() == protocol["electronic_documents"][1]["sha256"] != protocol["electronic_documents"][0]["sha256"]
    )
    assert [step["move"] for step in protocol["transitions"]][-3:] == ["recommend", "approve", "certify"]
    assert protocol["checks"][0]["outcome"] == "passed"
    exported = await applicant.call("GET", f"/applications/exports?format=csv&ids={submitted['id']}")
    (row,) = csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig")), delimiter=";")
    assert (row["Номер"], row["Сертификат"]) == (submitted["number"], certificate_number)
    table = await applicant.call("GET", f"/applications/exports?format=pdf&ids={submitted['id']}")
    assert table.content.startswith(b"%PDF")


async def test_handing_in_and_exports_ask_for_a_second_factor_ten_minutes_old_at_most(applicant: Applicant) -> None:
    """ID-5."""
    draft = await applicant.draft()
    applicant.factor_age_seconds = 601
    await applicant.confirm(draft)
    exports = f"/applications/exports?ids={draft['id']}"
    asked = (("POST", f"/applications/{draft['id']}/submission"), ("GET", exports), ("GET", f"{exports}&format=pdf"))
    for method, path in asked:
        refused = await applicant.call(method, path)
        assert (refused.status_code, refused.json()["code"], refused.json()["max_age_seconds"]) == (403, "step-up-required", 600)
    assert (await applicant.get(draft["id"]))["state"] == "confirmed"
    applicant.factor_age_seconds = 595
    assert [(await applicant.call(method, path)).status_code for method, path in asked[:2]] == [202, 200], "the day has three exports here"


async def test_documents_still_checked_let_the_application_wait_and_a_rejected_one_is_asked_for(
    service: Component, applicant: Applicant
) -> None:
    licence = uuid4()
    await service.publish(people.received(applicant.id, "licence", licence))
    await eventually(lambda: service.database["known_documents"].find_one({"_id": licence}))
    draft = await applicant.edit(await applicant.draft(), documents={"licence": str(licence)})
    check = await applicant.ok("POST", f"/applications/{draft['id']}/check")
    assert check["is_clean"]
    assert [one["code"] for one in check["findings"]] == ["document-pending"]
    submitted = await applicant.submit(draft)

    async def waits() -> object:
        return await service.database["known_documents"].find_one({"_id": licence, "awaited_by": {"$exists": True}})

    await eventually(waits)
    await service.publish(people.rejected(applicant.id, "licence", licence))
    asked = await applicant.reach(submitted["id"], "information-requested")
    assert asked["request"]["requested_by"] == "automatic-check"
    assert [one["pointer"] for one in asked["request"]["remarks"]] == ["/documents/licence"]

    await service.publish(people.received(applicant.id, "licence", licence, file_version=2))
    await applicant.ok("POST", f"/applications/{draft['id']}/answer", {"comment": "Заменила скан"})
    await service.publish(people.accepted(applicant.id, "licence", licence, file_version=2))
    await applicant.reach(submitted["id"], "under-review")


async def test_a_document_refused_after_it_was_accepted_is_missed_in_the_draft_until_it_is_accepted_again(
    service: Component, applicant: Applicant
) -> None:
    draft = await applicant.draft()
    mine = people.rejected(applicant.id, "licence", applicant.documents["licence"])
    for version, news, codes in (
        (3, mine, ["file-requirements-not-met"]),
        (4, people.accepted(applicant.id, "licence", mine.document_id), []),
    ):
        await service.publish(news.model_copy(update={"version": version, "event_id": uuid4()}))

        async def is_known(version: int = version) -> object:
            return await service.database["known_documents"].find_one({"_id": mine.document_id, "version": version})

        await eventually(is_known)
        check = await applicant.ok("POST", f"/applications/{draft['id']}/check")
        assert [one["code"] for one in check["findings"]] == codes


async def test_of_two_reviewers_claiming_at_once_one_wins(applicant: Applicant, reviewers: list[Hands]) -> None:
    application = await applicant.under_review()
    answers = await asyncio.gather(*(one.call("PUT", f"/reviews/{application['id']}/claim") for one in reviewers))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (loser,) = [answer.json() for answer in answers if answer.status_code == 409]
    assert loser["code"] == "already-claimed"


async def test_a_refusal_needs_a_second_reviewer_and_names_every_reason(
    service: Component, applicant: Applicant, reviewers: list[Hands]
) -> None:
    application = await applicant.under_review()
    path = f"/reviews/{application['id']}"
    for place, code in enumerate(("experience-below-minimum", "qualification-incomplete")):
        await reviewers[place].ok("PUT", f"{path}/claim")
        reasons = [{"code": code, "pointer": "/professional/employments" if place == 0 else "/documents/diploma"}]
        opinion = {"decision": "reject", "reasons": reasons, "comment": "Недостаточно"}
        await reviewers[place].judged("POST", f"{path}/recommendation", opinion)
        if place == 0:
            assert (await reviewers[0].call("PUT", f"{path}/claim")).json()["code"] == "conflict-of-interest"
    refused = await applicant.reach(application["id"], "rejected")
    assert {one["code"] for one in refused["reasons"]} == {"experience-below-minimum", "qualification-incomplete"}
    told = await applicant.told(ApplicationRejected)
    assert [(one.text, one.advice) for one in told.reasons] == [
        ("Трудовой стаж: стаж меньше минимального.", "Подайте заявление при достаточном стаже или выберите другой вид аккредитации."),
        (
            "Диплом о высшем медицинском образовании: сведения о квалификации неполны.",
            "Укажите квалификацию и номер диплома, приложите подтверждающий документ.",
        ),
    ]
    assert (told.may_resubmit, refused["may_resubmit"]) == (True, True)

    again = {"kind": "primary", "specialty_code": people.CARDIOLOGY, "previous_application_id": application["id"]}
    bare = await applicant.call("POST", "/applications", again)
    assert bare.json()["code"] == "correction-comment-missing"
    draft = await applicant.ok("POST", "/applications", again | {"correction_comment": "Приложила диплом"})
    check = await applicant.ok("POST", f"/applications/{draft['id']}/check")
    assert "nothing-corrected" in [one["code"] for one in check["findings"]]


async def test_a_stranger_finds_nothing_and_a_lost_update_is_refused(service: Component, signer: Signer, applicant: Applicant) -> None:
    draft = await applicant.draft()
    stranger = Hands(service, signer, uuid4(), Role.PRACTITIONER)
    reviewer = Hands(service, signer, uuid4(), Role.REVIEWER)
    assert (await stranger.call("GET", f"/applications/{draft['id']}")).status_code == 404
    assert (await reviewer.call("GET", f"/reviews/{draft['id']}")).status_code == 404
    assert (await reviewer.call("PUT", f"/reviews/{draft['id']}/claim")).status_code == 404
    assert (await stranger.call("GET", f"/applications/exports?ids={draft['id']}")).status_code == 404
    stale = await applicant.call("PATCH", f"/applications/{draft['id']}", {"consent": {"accuracy": False}}, If_Match='"1"')
    assert stale.status_code == 412
    assert (await applicant.call("PATCH", f"/applications/{draft['id']}", {})).status_code == 428


async def test_only_a_clean_draft_is_confirmed_and_editing_afterwards_returns_to_draft(applicant: Applicant) -> None:
    draft = await applicant.draft()
    bad = await applicant.edit(draft, personal={"snils": "11223344500"}, documents={"diploma": None})
    refused = await applicant.call("PUT", f"/applications/{draft['id']}/confirmation", If_Match=f'"{bad["version"]}"')
    assert (refused.status_code, refused.json()["code"]) == (409, "check-not-clean")
    assert {"/personal/snils", "/documents/diploma"} <= {one["pointer"] for one in refused.json()["errors"]}
    good = await applicant.edit(bad, personal={"snils": people.snils()}, documents={"diploma": str(applicant.documents["diploma"])})
    confirmed = await applicant.confirm(good)
    assert len(confirmed["snapshot_sha256"]) == 64
    edited = await applicant.edit(confirmed, personal={"birth_place": "г. Иной"})
    assert (edited["state"], edited["snapshot_sha256"]) == ("draft", None)
    illegal = await applicant.call("POST", f"/applications/{draft['id']}/submission")
    assert (illegal.status_code, illegal.json()["code"]) == (409, "illegal-move")


async def test_the_history_filters_sorts_and_pages(applicant: Applicant) -> None:
    first = await applicant.draft("primary")
    second = await applicant.draft("periodic")
    await applicant.ok("POST", f"/applications/{first['id']}/withdrawal", {"reason": "Передумала"})
    page = await applicant.ok("GET", "/applications?limit=1")
    assert [row["id"] for row in page["items"]] == [second["id"]]
    rest = await applicant.ok("GET", f"/applications?limit=1&cursor={page['next_cursor']}")
    assert ([row["id"] for row in rest["items"]], rest["next_cursor"]) == ([first["id"]], None)
    for order in ("start", "-end", "kind"):
        strange = await applicant.call("GET", f"/applications?sort={order}&cursor={page['next_cursor']}")
        assert (strange.status_code, strange.json()["code"]) == (422, "bad-cursor"), order
    assert [row["id"] for row in (await applicant.ok("GET", "/applications?status=completed"))["items"]] == [first["id"]]
    assert [row["id"] for row in (await applicant.ok("GET", "/applications?sort=end"))["items"]] == [first["id"], second["id"]]
    assert [row["id"] for row in (await applicant.ok("GET", "/applications?sort=-kind"))["items"]] == [first["id"], second["id"]]
    assert (await applicant.ok("GET", "/applications?started_to=2020-01-01"))["items"] == []


async def test_nothing_personal_is_stored_in_clear(service: Component, applicant: Applicant) -> None:
    application = await applicant.under_review()
    for name in ("applications", "practitioners", "outbox"):
        stored = repr(await service.database[name].find().to_list(1000)).encode() + b"".join(
            bytes(row["body"]) for row in await service.database[name].find({"body": {"$exists": True}}).to_list(1000)
        )
        for word in ("Вымышленникова", "Алёна", people.snils(), "+79990001122", "345678"):
            assert word.encode() not in stored, (name, word)
    assert application["personal"]["surname"] == "Вымышленникова"
