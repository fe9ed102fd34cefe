"""Terms, reminders and repeats, seen by moving the sandbox clock of all services."""

from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console

from deploy.demo.report import Report
from deploy.demo.stage import Stage
from deploy.demo.time_travel import DAYS_LEFT, travel
from deploy.journey.gateway import Caller
from tests.e2e.conftest import Running
from tests.e2e.walk import Walked


async def test_reminders_overdue_repeats_and_expiry_come_when_promised(walked: Walked, running: Running, tmp_path: Path) -> None:
    stage = Stage(
        http=running.http,
        outside=running.outside,
        clock=running.clock,
        folder=tmp_path,
        report=Report(Console(quiet=True)),
        practitioner=walked.practitioner,
        reviewer=walked.reviewer,
        registrar=walked.registrar,
        agent=walked.agent,
        document_ids={name: document["document_id"] for name, document in walked.documents.items()},
        application_id=walked.application_id,
    )
    await stage.sign_in_all(walked.practitioner, walked.reviewer)
    await travel(stage)
    notices = await walked.practitioner.notices()
    told = [notice["kind"] for notice in notices]
    assert told.count("deadline-near") == 1
    assert told.count("answer-overdue") == 1
    assert told.count("deadline-missed") == 1  # in the years after, of the reviewer's term
    assert told.count("certificate-expiring") == len(DAYS_LEFT)
    repeated = next(notice for notice in notices if notice["kind"] == "information-requested" and notice["repetitions"])
    assert repeated["awaits_act"] is False
    certificate = walked.certified["certificate"]
    await stage.move_clock_to(datetime.fromisoformat(certificate["valid_until"]) + timedelta(days=1))
    public = await Caller(running.http).get(f"/api/applications/certificates/{certificate['number']}")
    assert public["status"] == "expired"
