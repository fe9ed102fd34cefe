"""AP-19 on real servers: tables with a logged purpose, news by consent alone, and holders who see who asked."""

import csv
import io
from typing import Any
from uuid import UUID, uuid4

from contracts.applications import CertificateSuspended, EmployerConsentAsked
from contracts.roles import Role
from services.applications.domain.employers import Subscription, SubscriptionState
from services.applications.repository import subscriptions
from tests.applications.certified import certified
from tests.applications.conftest import Applicant, Hands
from tests.applications.employing import EMPLOYER, HEADER, Program, known_employer
from tests.support import Component, Signer, eventually


async def test_ap_19_employers_check_tables_and_hear_of_changes_only_where_the_holder_agrees(
    service: Component, signer: Signer, applicant: Applicant, reviewers: list[Hands], registrar: Hands
) -> None:
    number = (await certified(applicant, reviewers[0], registrar)).certificate_number
    employer, other = [await known_employer(service, signer) for _ in range(2)]
    await _check_a_table(employer, applicant, number)
    await _refuse_tables(employer)

    asked = await employer.ok("POST", "/subscriptions", json={"certificate_number": number, "purpose": "employment"})
    assert (asked["state"], asked["status"]) == ("asked", None)
    again = await employer.ok("POST", "/subscriptions", json={"certificate_number": number, "purpose": "hiring"})
    assert again == asked
    assert (await applicant_told(applicant)).subscription_id == UUID(asked["id"])
    await other.ok("POST", "/subscriptions", json={"certificate_number": number, "purpose": "hiring"})
    (_, mine) = (await applicant.ok("GET", "/employers/consents"))["items"]
    assert (mine["employer"], mine["purpose_title"], mine["state"]) == (EMPLOYER["name"], "Допуск работника к деятельности", "asked")
    await applicant.ok("PUT", f"/employers/consents/{mine['id']}")
    (row,) = (await employer.ok("GET", "/subscriptions"))["items"]
    assert (row["state"], row["status"]) == ("consented", "valid")

    await _change(applicant, registrar, number, "suspension")
    first = await eventually(lambda: _changes(employer, 1))
    await _change(applicant, registrar, number, "reinstatement")
    rest = await eventually(lambda: _changes(employer, 1, first["cursor"]))
    assert [one["what"] for one in (*first["items"], *rest["items"])] == ["suspended", "reinstated"]
    assert (await employer.ok("GET", "/changes", params={"cursor": rest["cursor"]})) == {"items": [], "cursor": rest["cursor"]}
    assert (await other.ok("GET", "/changes")) == {"items": [], "cursor": None}

    await applicant.ok("DELETE", f"/employers/consents/{mine['id']}")
    assert (await employer.ok("GET", "/changes"))["items"] == [], "what was told goes with the consent"
    (row,) = (await employer.ok("GET", "/subscriptions"))["items"]
    assert (row["state"], row["status"]) == ("ended", None)
    refused = await employer.call("POST", "/subscriptions", json={"certificate_number": number, "purpose": "hiring"})
    assert (refused.status_code, refused.json()["code"]) == (409, "consent-refused-lately")
    assert (await applicant.call("PUT", f"/employers/consents/{mine['id']}")).json()["code"] == "subscription-ended"
    await _change(applicant, registrar, number, "revocation")
    (checked,) = await _rows(employer, f"{number};Вымышленникова;hiring\n")
    assert checked["outcome"] == "revoked"
    assert (await employer.ok("GET", "/changes"))["items"] == []


async def applicant_told(applicant: Applicant) -> EmployerConsentAsked:
    return await applicant.service.tap.next(EmployerConsentAsked, where=lambda one: one.holder_id == applicant.id)


async def _check_a_table(employer: Program, applicant: Applicant, number: str) -> None:
    wrong = f"{number[:-1]}{9 - int(number[-1])}"
    rows = await _rows(
        employer,
        f"{number};ВЫМЫШЛЕННИКОВА;hiring\n{number};Другова;hiring\n{wrong};Вымышленникова;licensing\nMC-2026-00000001-1;Ли;contract\n",
    )
    assert [row["outcome"] for row in rows] == ["valid", "not-matching", "number-wrong", "unknown"]
    assert [bool(row["valid_until"]) for row in rows] == [True, False, False, False]
    seen = (await applicant.ok("GET", f"/certificates/{number}/verifications"))["items"]
    assert [(one["way"], one["employer"], one["purpose_title"], one["times"]) for one in seen] == [
        ("employer", EMPLOYER["name"], "Приём на работу", 1)
    ], "a row that tells nothing of the holder is not told to the holder"


async def _refuse_tables(employer: Program) -> None:
    refused: list[tuple[bytes, str, int, str]] = [
        (b"A" * 1_048_577, "text/csv", 413, "payload-too-large"),
        (HEADER.encode("utf-16"), "text/csv", 422, "csv-not-utf8"),
        (f"{HEADER}MC-2026-00000001-1;Ли;hiring".encode(), "application/json", 415, "unsupported-media-type"),
        ((HEADER + "MC-2026-00000001-1;Ли;hiring\n" * 1001).encode(), "text/csv", 422, "csv-too-many-rows"),
        (f"{HEADER}=1+1;Ли;hiring\n".encode(), "text/csv", 422, "csv-rows-wrong"),
        (f"{HEADER}MC-2026-00000001-1;Ли;\n".encode(), "text/csv", 422, "csv-rows-wrong"),
        (b"", "text/csv", 422, "csv-columns-wrong"),
    ]
    for content, media_type, status, code in refused:
        answer = await employer.check(content, media_type)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def _rows(employer: Program, lines: str) -> list[dict[str, str]]:
    answer = await employer.check(HEADER + lines)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


async def _changes(employer: Program, count: int, cursor: str | None = None) -> dict[str, Any]:
    told: dict[str, Any] = await employer.ok("GET", "/changes", params={"cursor": cursor} if cursor else {})
    assert len(told["items"]) == count
    return told


async def _change(applicant: Applicant, registrar: Hands, number: str, step: str) -> None:
    certificate = (await applicant.ok("GET", "/certificates"))["items"][0]
    body, version = {"reason_code": "court-decision"}, f'"{certificate["version"]}"'
    await registrar.ok("PUT", f"/certificates/{number}/{step}", body, If_Match=version)


async def test_a_key_opens_until_its_employer_is_ended_and_is_kept_nowhere(service: Component, signer: Signer) -> None:
    administrator, employer = Hands(service, signer, uuid4(), Role.ADMINISTRATOR), await known_employer(service, signer)
    assert (await employer.call("GET", "/changes")).status_code == 200
    kept = await service.database["employers"].find_one({"_id": UUID(employer.id)})
    assert kept is not None
    assert not any(secret in str(kept) for secret in (employer.key, EMPLOYER["name"], EMPLOYER["contact_email"]))
    await administrator.ok("DELETE", f"/employers/{employer.id}")
    keys = (employer.key, "A" * 43, "")
    answers = [await service.client.get("/employers/changes", headers={"Employer-Key": key}) for key in keys]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(401, "employer-key-refused")] * len(keys)
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    wrong = await administrator.call("POST", "/employers", EMPLOYER | {"ogrn": EMPLOYER["ogrn"][:-1] + "0"})
    assert wrong.json()["code"] == "ogrn-wrong"


async def test_news_that_come_at_once_are_numbered_without_a_gap(service: Component, signer: Signer) -> None:
    employer, certificate_id, holder_id = await known_employer(service, signer), uuid4(), uuid4()
    at = service.clock.now()
    consented = Subscription(
        uuid4(), 1, UUID(employer.id), certificate_id, "MC-2026-00000001-1", holder_id, "hiring", at, SubscriptionState.CONSENTED, at
    )
    await service.database[subscriptions.COLLECTION].insert_one(subscriptions._document(consented))
    news = {"certificate_id": certificate_id, "holder_id": holder_id, "certificate_number": "MC-2026-00000001-1"}
    ground = {"reason_code": "court-decision", "reason": "Решение суда"}
    for version in range(1, 9):
        await service.publish(CertificateSuspended(occurred_at=at, version=version, **news, **ground))

    async def all_told() -> list[str]:
        seen: list[dict[str, Any]] = []
        cursor = None
        for _ in range(3):
            told = await employer.ok("GET", "/changes", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))
            seen, cursor = [*seen, *told["items"]], told["cursor"]
        assert len(seen) == 8
        return [one["what"] for one in seen]

    assert set(await eventually(all_told)) == {"suspended"}
    rows = await service.database["employer_changes"].find({"employer_id": UUID(employer.id)}).sort("place").to_list()
    assert [int(row["place"]) for row in rows] == list(range(1, 9))
