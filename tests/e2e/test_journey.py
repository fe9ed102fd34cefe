"""Every promise of the journey, on what the walk brought."""

import asyncio
import csv
import io
import re
from datetime import date

from deploy.journey.certificates import first_page, verified_file
from deploy.journey.gateway import Caller, Refused
from deploy.journey.practitioner import Practitioner
from deploy.verifier.files import verify_file
from deploy.verifier.keys import Keys
from tests.e2e.conftest import Running
from tests.e2e.walk import ADDRESS, OGRN, TRAINING, Walked, refusal

NUMBER = re.compile(r"MK-\d{4}-\d{8}-\w")


def problem(refused: Refused | None) -> Refused:
    assert refused is not None
    assert refused.problem["type"]
    return refused


async def test_a_wrong_snils_is_refused_at_its_field(walked: Walked) -> None:
    refused = problem(walked.wrong_snils)
    assert (refused.status, refused.errors[0]["pointer"]) == (422, "/snils")


async def test_a_bad_file_is_refused_by_name_and_its_replacement_accepted(walked: Walked) -> None:
    assert walked.refused_document["state"] == "rejected"
    (finding,) = walked.refused_document["file"]["findings"]
    assert finding["code"] == "content-mismatch"
    assert "Диплом" in finding["detail"]
    assert (walked.documents["diploma"]["state"], walked.documents["diploma"]["file_version"]) == ("accepted", 2)


async def test_a_rejected_document_is_told_in_a_notice(walked: Walked, practitioner: Practitioner) -> None:
    assert await practitioner.notice("document-rejected", walked.refused_document["document_id"])


async def test_every_document_of_the_set_is_accepted(walked: Walked) -> None:
    assert {name: document["state"] for name, document in walked.documents.items()} == dict.fromkeys(walked.documents, "accepted")


async def test_the_draft_is_prefilled_from_the_verified_profile(walked: Walked) -> None:
    assert walked.draft["personal"]["surname"] == walked.person.surname
    assert walked.draft["professional"]["workplace"]["ogrn"] == walked.person.workplace["ogrn"]


async def test_the_check_names_the_wrong_field_and_what_to_do(walked: Walked) -> None:
    assert (walked.finding["code"], walked.finding["pointer"], walked.finding["block"]) == ("identifier-wrong", OGRN, "professional")
    assert walked.finding["advice"]


async def test_submission_gives_one_number_with_a_check_digit(walked: Walked) -> None:
    assert NUMBER.fullmatch(walked.submitted["number"])
    assert walked.submitted_again["number"] == walked.submitted["number"]


async def test_a_second_application_of_the_kind_is_refused_with_a_link_to_the_first(walked: Walked) -> None:
    refused = problem(walked.duplicate)
    assert refused.status == 409
    assert walked.application_id in str(refused.problem)


async def test_the_applicant_is_told_at_once_live_and_in_the_inbox(walked: Walked, practitioner: Practitioner) -> None:
    assert walked.submitted["number"] in walked.live_received["text"]
    assert await practitioner.notice("application-received", walked.application_id)


async def test_the_electronic_document_is_a_pdf_with_the_number_and_goes_by_mail(walked: Walked) -> None:
    assert walked.submitted["number"] in first_page(walked.electronic_document).text
    assert [file["media_type"] for file in walked.receipt["attachments"]] == ["application/pdf"]
    assert walked.receipt["links"]


async def test_only_flagged_items_are_unlocked(walked: Walked) -> None:
    assert walked.requested["status"] == "Требуется уточнение"
    assert {remark["pointer"] for remark in walked.requested["request"]["remarks"]} == {ADDRESS, TRAINING}
    assert problem(walked.locked_field).status in (409, 422)
    assert problem(walked.locked_document).status in (403, 409)


async def test_the_reviewer_sees_what_the_answer_changed(walked: Walked) -> None:
    changed = {change["pointer"] for change in walked.look["diff"]}
    assert ADDRESS in changed
    assert f"{TRAINING}/file_version" in changed


async def test_the_certificate_shows_number_name_and_a_qr_that_opens_the_public_page(walked: Walked, running: Running) -> None:
    page = first_page(walked.certificate)
    assert walked.certified["certificate"]["number"] in page.text
    address = page.qr_text()
    assert address.startswith(running.stack.url)
    public = await running.http.get(address)
    assert (public.status_code, walked.certified["certificate"]["number"] in public.text) == (200, True)


async def test_the_certificate_can_be_verified_by_number_without_signing_in(walked: Walked, running: Running) -> None:
    assert walked.verified["status"] == "valid"
    assert problem(await refusal(Caller(running.http).get("/api/applications/certificates/MK-CERT-0000"))).status == 404


async def test_the_certificate_can_be_verified_by_its_file_and_by_its_code_without_signing_in(walked: Walked, running: Running) -> None:
    anybody, pdf = Caller(running.http), walked.certificate
    assert walked.verified_file["outcome"] == "genuine"
    assert walked.verified_code["certificate"]["status"] == "valid"
    assert (await verified_file(anybody, pdf[:-1] + b" "))["outcome"] == "altered"
    large = await refusal(verified_file(anybody, b"%PDF-" + bytes(2_097_152)))
    assert (problem(large).status, problem(large).code) == (413, "payload-too-large")


async def test_the_certificate_can_be_verified_without_us_by_the_published_keys(walked: Walked, running: Running) -> None:
    keys = Keys.of((await running.http.get(f"{running.stack.url}/api/applications/.well-known/jwks.json")).json())
    issued_on = date.fromisoformat(walked.certified["certificate"]["issued_at"][:10])
    verdict = await asyncio.to_thread(verify_file, walked.certificate, keys, issued_on, is_scan=False)
    assert (verdict.outcome, verdict.statement and verdict.statement.number) == ("genuine", walked.certified["certificate"]["number"])


async def test_the_history_is_filtered_and_exported_as_csv_and_pdf(walked: Walked, practitioner: Practitioner) -> None:
    (row,) = await practitioner.applications(status="completed")
    assert row["certificate"]["number"] == walked.certified["certificate"]["number"]
    assert await practitioner.applications(status="rejected") == []
    table = (await practitioner.export("csv", walked.application_id)).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(table), delimiter=";"))
    assert any(walked.submitted["number"] in cell for cell in rows[1])
    assert (await practitioner.export("pdf", walked.application_id)).startswith(b"%PDF-")


async def test_the_protocol_names_every_move(walked: Walked) -> None:
    told = str(walked.protocol)
    for state in ("submitted", "under-review", "information-requested", "approved", "certified"):
        assert state in told


async def test_a_ticket_has_a_number_a_term_and_an_answer(walked: Walked) -> None:
    assert walked.ticket["number"]
    assert walked.ticket["due_at"]
    assert walked.closed_ticket["state"] == "closed"
    assert any(message["text"] == "На второй строке." for message in walked.closed_ticket["messages"])


async def test_a_changed_profile_is_confirmed_by_codes_and_by_the_registries(walked: Walked) -> None:
    assert problem(walked.wrong_change).status == 422
    changed, renamed = walked.changed_profile, walked.renamed
    assert {name: changed[name] for name in ("surname", "given_name", "phone", "email")} == {
        "surname": renamed.surname,
        "given_name": renamed.given_name,
        "phone": renamed.phone,
        "email": renamed.email,
    }
    assert not {renamed.surname, renamed.given_name} & {walked.person.surname, walked.person.given_name}


async def test_the_portal_signs_in_whose_account_was_linked_and_nobody_else(walked: Walked) -> None:
    assert walked.portal_link["provider"] == "gosuslugi"
    assert problem(walked.unknown_at_portal).code == "portal-not-registered"
    assert walked.portal_profile["person_id"] == walked.changed_profile["person_id"]
