"""AP-12 and AP-17: certificates are signed, verified, suspended, reinstated, revoked and renewed."""

from typing import Any

import pytest

from contracts.applications import CertificateReinstated, CertificateRevoked, CertificateSuspended
from tests.applications.certified import certified
from tests.applications.conftest import Applicant, Hands


async def status_of(hands: Hands, number: str) -> str:
    return str((await hands.ok("GET", f"/certificates/{number}"))["status"])


@pytest.fixture
async def number(applicant: Applicant, reviewers: list[Hands], registrar: Hands) -> str:
    return (await certified(applicant, reviewers[0], registrar)).certificate_number


async def change(registrar: Hands, number: str, step: str, reason_code: str, **headers: str) -> Any:
    shown = await registrar.call("GET", f"/certificates/{number}")
    body = {"reason_code": reason_code, "comment": "Позвоните нам"}
    return await registrar.call("PUT", f"/certificates/{number}/{step}", body, **{"If_Match": shown.headers["etag"]} | headers)


async def test_a_registrar_suspends_reinstates_and_revokes_with_a_ground_and_the_holder_is_told(
    applicant: Applicant, registrar: Hands, number: str
) -> None:
    timers, about = applicant.service.database["timers"], {"_id": {"$regex": "^certificate-expiring:"}}
    before = await timers.count_documents(about)
    suspended = (await change(registrar, number, "suspension", "under-investigation")).json()
    assert (suspended["status"], await status_of(applicant, number)) == ("suspended", "suspended")
    told = await applicant.service.tap.next(CertificateSuspended, where=lambda one: one.certificate_number == number)
    assert (told.holder_id, told.reason_code, told.reason) == (
        applicant.id, "under-investigation", "Проверяются сведения, по которым выдан сертификат",
    )  # fmt: skip
    assert (await change(registrar, number, "reinstatement", "ground-ceased")).json()["status"] == "valid"
    assert (await applicant.service.tap.next(CertificateReinstated, where=lambda one: one.holder_id == applicant.id)).version == 4
    assert await timers.count_documents(about) == before
    revoked = await change(registrar, number, "revocation", "false-information")
    assert (revoked.json()["status"], revoked.headers["etag"]) == ("revoked", '"5"')
    await applicant.service.tap.next(CertificateRevoked, where=lambda one: one.holder_id == applicant.id)
    assert await timers.count_documents(about) == before - 4, "nobody is reminded of the end of what is over"
    (own,) = (await applicant.ok("GET", "/certificates"))["items"]
    assert [(one["kind"], one["reason_code"], one["comment"]) for one in own["standing_changes"]] == [
        ("suspended", "under-investigation", "Позвоните нам"),
        ("reinstated", "ground-ceased", "Позвоните нам"),
        ("revoked", "false-information", "Позвоните нам"),
    ]
    page = await applicant.service.client.get(f"{applicant.service.url}/verify/{number}")
    assert "аннулирован" in page.text
    assert "Позвоните" not in page.text, "why is for the holder alone"


async def test_a_change_of_standing_that_may_not_be_is_refused_by_name(registrar: Hands, number: str) -> None:
    async def refused(step: str, ground: str, **headers: str) -> tuple[int, str]:
        answer = await change(registrar, number, step, ground, **headers)
        return answer.status_code, answer.json()["code"]

    assert await refused("reinstatement", "ground-ceased") == (409, "illegal-standing")
    assert await refused("revocation", "ground-ceased") == (422, "unknown-reason")
    assert await refused("revocation", "issued-in-error", If_Match='"1"') == (412, "precondition-failed")
    late = Hands(registrar.service, registrar.signer, registrar.id, registrar.role, factor_age_seconds=3600)
    answer = await change(late, number, "revocation", "issued-in-error")
    assert answer.json()["code"] == "step-up-required"
    holder = Hands(registrar.service, registrar.signer, await holder_of(registrar, number), registrar.role)
    assert (await change(holder, number, "revocation", "issued-in-error")).json()["code"] == "conflict-of-interest"
    assert (await change(registrar, number, "revocation", "issued-in-error")).status_code == 200
    for step, ground in (("revocation", "issued-in-error"), ("suspension", "court-decision"), ("reinstatement", "court-decision")):
        assert await refused(step, ground) == (409, "illegal-standing"), "a revocation is final"


async def holder_of(hands: Hands, number: str) -> Any:
    found = await hands.service.database["certificates"].find_one({"number": number})
    assert found
    return found["holder_id"]
