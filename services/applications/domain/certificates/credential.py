"""A certificate as a Verifiable Credential. Source: W3C, Verifiable Credentials Data Model 2.0; terms of schema.org."""

from typing import Any

from services.applications.domain.certificates.certificate import Certificate
from services.applications.domain.certificates.status_list import entries
from services.applications.domain.rules import Titles

_CONTEXT = ("https://www.w3.org/ns/credentials/v2", {"@vocab": "https://schema.org/"})
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def credential(certificate: Certificate, titles: Titles, *, base_url: str, issuer: str) -> dict[str, Any]:
    """What the holder may show to others; whoever looks compares the name with a passport.

    Raises `ValueError` without a place in a list.
    """
    if certificate.list_id is None or certificate.list_index is None:
        raise ValueError("a credential whose status nobody can ask for is not issued")
    return {
        "@context": list(_CONTEXT),
        "id": f"{base_url}/certificates/{certificate.number}",
        "type": ["VerifiableCredential"],
        "name": "Сертификат об аккредитации медицинского работника",
        "issuer": {"id": issuer, "name": "Медкабинет"},
        "validFrom": certificate.issued_at.strftime(_MOMENT),
        "validUntil": certificate.valid_until.strftime(_MOMENT),
        "credentialStatus": entries(base_url, certificate.list_id, certificate.list_index),
        "credentialSubject": {
            "type": "Person",
            "name": certificate.holder_name,
            "hasCredential": {
                "type": "EducationalOccupationalCredential",
                "identifier": certificate.number,
                "credentialCategory": f"{titles.kinds[certificate.kind]} аккредитация",
                "about": {
                    "type": "DefinedTerm",
                    "termCode": certificate.specialty_code,
                    "name": titles.specialties[certificate.specialty_code],
                },
            },
        },
    }
