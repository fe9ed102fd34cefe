"""A certificate in FHIR R4: who was qualified for what, and who vouches for it.

Source: HL7, FHIR 4.0.1, Practitioner and VerificationResult.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from services.applications.domain.certificates import STATUS_TITLES, Certificate, Status
from services.applications.domain.rules import Titles

MEDIA_TYPE = "application/fhir+json"
_STATUSES = {
    Status.VALID: "validated",
    Status.NOT_YET: "validated",
    Status.EXPIRED: "req-revalid",
    Status.SUSPENDED: "in-process",
    Status.REVOKED: "reval-fail",
}
"""FHIR's statuses of a verification. Source: HL7, verificationresult-status."""
_SYSTEMS = "http://terminology.hl7.org/CodeSystem"


def bundle(certificate: Certificate, titles: Titles, now: datetime, *, base_url: str) -> dict[str, Any]:
    """Practitioner and verification; ids are of this certificate alone, so that nobody can be followed by them."""
    status = certificate.status_at(now)
    practitioner, verification = (f"urn:uuid:{_id(certificate.id, name)}" for name in ("practitioner", "verification"))
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": _moment(now),
        "entry": [
            {"fullUrl": practitioner, "resource": _practitioner(certificate, titles, base_url)},
            {"fullUrl": verification, "resource": _verification(certificate, status, practitioner, now)},
        ],
    }


def _practitioner(certificate: Certificate, titles: Titles, base_url: str) -> dict[str, Any]:
    specialty = titles.specialties[certificate.specialty_code]
    return {
        "resourceType": "Practitioner",
        "id": str(_id(certificate.id, "practitioner")),
        "name": [{"use": "official", "text": certificate.holder_name}],
        "qualification": [
            {
                "identifier": [{"system": f"{base_url}/certificates", "value": certificate.number}],
                "code": {
                    "coding": [{"system": f"{base_url}/specialties", "code": certificate.specialty_code, "display": specialty}],
                    "text": f"{titles.kinds[certificate.kind]} аккредитация: {specialty}",
                },
                "period": {"start": _moment(certificate.issued_at), "end": _moment(certificate.valid_until)},
                "issuer": {"display": "Медкабинет"},
            }
        ],
    }


def _verification(certificate: Certificate, status: Status, practitioner: str, now: datetime) -> dict[str, Any]:
    last = certificate.standing_changes[-1].at if certificate.standing_changes else certificate.issued_at
    changed_at = certificate.valid_until if status is Status.EXPIRED else last
    return {
        "resourceType": "VerificationResult",
        "id": str(_id(certificate.id, "verification")),
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{STATUS_TITLES[status]}</div>'},
        "target": [{"reference": practitioner}],
        "targetLocation": ["Practitioner.qualification"],
        "status": _STATUSES[status],
        "statusDate": _moment(changed_at),
        "validationType": {"coding": [{"system": f"{_SYSTEMS}/validation-type", "code": "primary"}]},
        "lastPerformed": _moment(now),
        "primarySource": [
            {
                "who": {"display": "Медкабинет"},
                "type": [{"coding": [{"system": f"{_SYSTEMS}/primary-source-type", "code": "issuer"}], "text": "Кто выдал сертификат"}],
                "validationStatus": {"coding": [{"system": f"{_SYSTEMS}/validation-status", "code": "successful"}]},
                "validationDate": _moment(certificate.issued_at),
            }
        ],
    }


def _id(certificate_id: UUID, name: str) -> UUID:
    return uuid5(certificate_id, name)


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
