"""The FHIR form of a certificate, read by models of others; R4B has the elements used here as R4 has them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fhir.resources.R4B.bundle import Bundle

from services.applications.domain.certificates import Certificate, StandingChange
from services.applications.domain.grounds import Change
from services.applications.domain.rules import Kind
from services.applications.gateways import read_rulebook
from services.applications.schemas.fhir import bundle

AT = datetime(2026, 4, 14, 9, 0, tzinfo=UTC)
CERTIFICATE = Certificate(
    id=uuid4(),
    version=1,
    number="MC-2026-12345678-8",
    application_id=uuid4(),
    application_number="MK-2026-00000001-2",
    holder_id=uuid4(),
    holder_name="Вымышленникова Алёна Тестовна",
    holder_short_name="Вымышленникова А. Т.",
    kind=Kind.PRIMARY,
    specialty_code="31.08.36",
    issued_at=AT,
    valid_until=AT + timedelta(days=5 * 365),
)
BASE = "https://cabinet.example/api/applications"


def changed(*kinds: Change) -> Certificate:
    certificate = CERTIFICATE
    for days, kind in enumerate(kinds, 1):
        certificate = certificate.changed(StandingChange(kind, AT + timedelta(days=days), uuid4(), "court-decision"))
    return certificate


@pytest.mark.parametrize(
    ("certificate", "day", "status", "since"),
    [
        (CERTIFICATE, 3, "validated", 0),
        (changed(Change.SUSPENDED), 3, "in-process", 1),
        (changed(Change.SUSPENDED, Change.REINSTATED), 3, "validated", 2),
        (changed(Change.REVOKED), 3, "reval-fail", 1),
        (CERTIFICATE, 6 * 365, "req-revalid", 5 * 365),
    ],
)
def test_the_bundle_is_valid_for_models_of_others_and_says_how_the_certificate_stands(
    certificate: Certificate, day: int, status: str, since: int
) -> None:
    titles = read_rulebook(None).on(AT.date()).titles
    read: Any = Bundle.model_validate(bundle(certificate, titles, AT + timedelta(days=day), base_url=BASE))
    practitioner, verification = (entry.resource for entry in read.entry)
    (qualification,) = practitioner.qualification
    assert (practitioner.get_resource_type(), practitioner.name[0].text) == ("Practitioner", CERTIFICATE.holder_name)
    assert (qualification.identifier[0].value, qualification.code.coding[0].code) == (CERTIFICATE.number, "31.08.36")
    assert (qualification.period.start, qualification.period.end) == (AT, CERTIFICATE.valid_until)
    assert verification.get_resource_type() == "VerificationResult"
    assert (verification.status, verification.statusDate) == (status, AT + timedelta(days=since))
    assert verification.target[0].reference == read.entry[0].fullUrl
    assert str(CERTIFICATE.holder_id) not in read.model_dump_json()
