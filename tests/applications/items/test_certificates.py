"""AP-12 and AP-17: certificates are signed, verified, suspended, reinstated, revoked and renewed."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.applications import (
    ApplicationsExported,
    CertificateExpiring,
    CertificateIssued,
    CertificateReinstated,
    CertificateRevoked,
    CertificateSuspended,
    RenewalDrafted,
)
from services.applications.domain.application import Application, Remark
from services.applications.domain.rules import Kind
from services.applications.domain.states import State
from tests.applications.certified import certified, decided
from tests.applications.conftest import Applicant, Hands
from tests.applications.planting import plant, waiting
from tests.support import eventually
from tests.support.exports import exported


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
    (row,) = (await applicant.ok("GET", "/applications"))["items"]
    assert (row["certificate"]["number"], row["certificate"]["fault"], row["certificate"]["fault_title"]) == (
        number,
        "revoked",
        "Аннулирован",
    )
    table = (await applicant.call("GET", f"/applications/exports?ids={row['id']}")).text
    assert "(аннулирован" in table
    page = await applicant.service.client.get(f"{applicant.service.url}/verify/{number}")
    assert "аннулирован" in page.text
    assert "Позвоните" not in page.text, "why is for the holder alone"


async def test_of_two_registrars_at_once_one_changes_the_standing(registrar: Hands, number: str) -> None:
    other = Hands(registrar.service, registrar.signer, uuid4(), registrar.role)
    answers = await asyncio.gather(*(change(one, number, "revocation", "issued-in-error") for one in (registrar, other)))
    assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 412])
    own = await registrar.service.database["certificates"].find_one({"number": number})
    assert own
    assert own["version"] == 3


async def test_the_export_of_a_person_tells_of_certificates_their_standing_and_who_verified_them(
    applicant: Applicant, registrar: Hands, number: str
) -> None:
    await change(registrar, number, "suspension", "court-decision")
    told = await exported(applicant.service, ApplicationsExported, applicant.id)
    (kept,) = [record["certificate"] for record in told if list(record) == ["certificate"]]
    assert (kept["number"], kept["holder_name"]) == (number, "Вымышленникова Алёна Тестовна")
    assert [(one["kind"], one["comment"]) for one in kept["standing_changes"]] == [("suspended", "Позвоните нам")]
    assert [record["verification"]["way"] for record in told if "verification" in record] == ["number"]


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


def expiring(issued: CertificateIssued, days_left: int) -> CertificateExpiring:
    return CertificateExpiring(
        occurred_at=datetime.now(UTC),
        certificate_id=issued.certificate_id,
        certificate_number=issued.certificate_number,
        holder_id=issued.applicant_id,
        valid_until=issued.valid_until,
        days_left=days_left,
    )


def refused_renewal(applicant: Applicant, *, days_ago: int) -> Application:
    now = applicant.service.clock.now()
    reasons = (Remark("experience-below-minimum", "/professional/employments"),)
    given: dict[str, Any] = {"applicant_id": applicant.id, "kind": Kind.PERIODIC, "state": State.REJECTED, "reasons": reasons}
    return waiting(now, ended_at=now - timedelta(days=days_ago), **given)


async def handled(applicant: Applicant, event: CertificateExpiring) -> None:
    await applicant.service.publish(event)
    await eventually(lambda: applicant.service.database["inbox"].find_one({"_id": str(event.event_id)}))


async def test_the_first_notice_of_expiry_brings_a_prefilled_draft_and_its_certificate_ends_the_notices(
    applicant: Applicant, reviewers: list[Hands], registrar: Hands
) -> None:
    issued = await certified(applicant, reviewers[0], registrar)
    timers = {"_id": {"$regex": f"^certificate-expiring:{issued.certificate_id}:"}}
    await plant(applicant.service, refused_renewal(applicant, days_ago=60))
    for event in (expiring(issued, 30), expiring(issued, 90), expiring(issued, 90)):  # told late, told, told again
        await handled(applicant, event)
    told = await applicant.told(RenewalDrafted)
    mine = (await applicant.ok("GET", "/applications"))["items"]
    told_of = [("periodic", "draft"), ("periodic", "rejected"), ("primary", "certified")]
    assert sorted((one["kind"], one["state"]) for one in mine) == told_of, "an old refusal closes no renewal"
    draft = await applicant.get(str(told.application_id))
    assert (draft["renews_certificate_id"], draft["specialty_code"]) == (str(issued.certificate_id), "31.08.36")
    assert draft["previous_application_id"] is None, "it corrects nothing"
    assert draft["personal"]["surname"] == "Вымышленникова"
    assert draft["documents"] == {name: str(key) for name, key in applicant.documents.items()}
    assert await applicant.service.database["timers"].count_documents(timers) == 4
    ready = await applicant.edit(draft, consent={"personal_data": True, "accuracy": True})
    renewed = await decided(applicant, await applicant.submit(ready), reviewers[0], registrar)
    assert renewed.certificate_id != issued.certificate_id
    await applicant.reach(draft["id"], "certified")
    assert await applicant.service.database["timers"].count_documents(timers) == 0


async def test_a_revoked_certificate_is_not_renewed(applicant: Applicant, reviewers: list[Hands], registrar: Hands) -> None:
    issued = await certified(applicant, reviewers[0], registrar)
    await change(registrar, issued.certificate_number, "revocation", "false-information")
    await handled(applicant, expiring(issued, 90))
    assert len((await applicant.ok("GET", "/applications"))["items"]) == 1


async def test_no_renewal_is_begun_in_the_way_of_an_appeal(applicant: Applicant, reviewers: list[Hands], registrar: Hands) -> None:
    issued = await certified(applicant, reviewers[0], registrar)
    await plant(applicant.service, refused_renewal(applicant, days_ago=3))
    await handled(applicant, expiring(issued, 90))
    assert sorted(one["state"] for one in (await applicant.ok("GET", "/applications"))["items"]) == ["certified", "rejected"]
