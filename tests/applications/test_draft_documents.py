"""Documents of drafts: others learn that they are in use, and a draft learns that they are no more."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from contracts.applications import DraftSaved
from contracts.documents import DocumentRemoved
from services.applications.domain import drafting
from services.applications.domain.facts import Verdict
from services.applications.domain.reasons import Code
from tests.applications import people
from tests.applications.conftest import Applicant
from tests.applications.test_domain import AT, codes, documents, drafted
from tests.support import eventually


def test_work_on_a_draft_is_told_once_a_day_and_when_it_names_other_documents() -> None:
    draft, _ = drafted(documents())
    later = AT + timedelta(hours=1)
    assert not drafting.is_to_be_told(drafting.edit(draft, {"consent": people.CONSENT}, at=later), before=draft)
    assert drafting.is_to_be_told(drafting.edit(draft, {}, at=AT + timedelta(days=1)), before=draft)
    other = {"documents": {"diploma": str(uuid4())}}
    assert drafting.is_to_be_told(drafting.edit(draft, other, at=later), before=draft)


def test_a_draft_that_names_a_removed_document_is_to_get_another() -> None:
    known = documents()
    draft, practitioner = drafted(known)
    diploma = next(key for key, one in known.items() if one.document_type == "diploma")
    known[diploma] = replace(known[diploma], verdict=Verdict.REMOVED)
    assert codes(draft, practitioner, known) == [(Code.DOCUMENT_MISSING.value, "/documents/diploma")]


async def test_a_draft_tells_its_documents_and_hears_of_their_end(applicant: Applicant) -> None:
    draft = await applicant.draft()
    told = await applicant.told(DraftSaved)
    assert (str(told.application_id), told.version, set(told.document_ids)) == (draft["id"], 1, set(applicant.documents.values()))

    removed = DocumentRemoved(
        occurred_at=people.NOW,
        version=3,
        document_id=applicant.documents["diploma"],
        owner_id=applicant.id,
        document_type="diploma",
        file_version=1,
    )
    await applicant.service.publish(removed)

    async def is_missed() -> bool:
        answer = await applicant.ok("POST", f"/applications/{draft['id']}/check")
        return any("срок хранения файла истёк" in finding["detail"] for finding in answer["findings"])

    await eventually(is_missed)
    await applicant.service.publish(people.accepted(applicant.id, "diploma", removed.document_id))  # older news, late
    assert await is_missed()
