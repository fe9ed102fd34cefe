"""An application brought to its certificate."""

from typing import Any

from contracts.applications import CertificateIssued
from tests.applications.conftest import Applicant, Hands


async def certified(applicant: Applicant, reviewer: Hands, registrar: Hands) -> CertificateIssued:
    """What was told of the certificate of a first application."""
    return await decided(applicant, await applicant.submit(await applicant.draft()), reviewer, registrar)


async def decided(applicant: Applicant, submitted: dict[str, Any], reviewer: Hands, registrar: Hands) -> CertificateIssued:
    """What was told of the certificate of an application handed in."""
    application_id = (await applicant.reach(submitted["id"], "under-review"))["id"]
    await reviewer.ok("PUT", f"/reviews/{application_id}/claim")
    await reviewer.examine(application_id)
    await reviewer.judged("POST", f"/reviews/{application_id}/recommendation", {"decision": "approve", "comment": ""})
    await registrar.judged("POST", f"/registry/{application_id}/decision", {"decision": "approve", "comment": ""})
    return await applicant.service.tap.next(CertificateIssued, where=lambda event: str(event.application_id) == application_id)
