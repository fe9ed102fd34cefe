"""An application brought to its certificate."""

from contracts.applications import CertificateIssued
from tests.applications.conftest import Applicant, Hands


async def certified(applicant: Applicant, reviewer: Hands, registrar: Hands) -> CertificateIssued:
    """What was told of the certificate."""
    application_id = (await applicant.under_review())["id"]
    await reviewer.ok("PUT", f"/reviews/{application_id}/claim")
    await reviewer.examine(application_id)
    await reviewer.ok("POST", f"/reviews/{application_id}/recommendation", {"decision": "approve", "comment": ""})
    await registrar.ok("POST", f"/registry/{application_id}/decision", {"decision": "approve", "comment": ""})
    return await applicant.told(CertificateIssued)
