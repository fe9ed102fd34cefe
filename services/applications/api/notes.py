"""Notes of the staff on an application."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from chassis.auth import Principal, callers
from chassis.limits import limited
from chassis.paging import Page, PageQuery
from contracts.roles import Role
from services.applications.api.dependencies import UseCasesDep
from services.applications.schemas.bodies import NoteIn
from services.applications.schemas.notes import NoteOut

router = APIRouter(prefix="/reviews")
Colleague = Annotated[Principal, callers(Role.REVIEWER, Role.REGISTRAR)]


@router.get("/{application_id}/notes")
async def list_notes(application_id: UUID, colleague: Colleague, usecases: UseCasesDep, page: PageQuery) -> Page[NoteOut]:
    """What colleagues wrote down about an application one works on, the newest first."""
    notes, following = await usecases.list_notes(application_id, colleague.id, colleague.roles, page)
    return Page[NoteOut](items=[NoteOut.of(note, colleague.id) for note in notes], next_cursor=following)


@router.post("/{application_id}/notes", status_code=201, dependencies=[limited("notes", "120/hour", by="principal")])
async def add_note(application_id: UUID, body: NoteIn, colleague: Colleague, usecases: UseCasesDep) -> NoteOut:
    """Write something down for colleagues; the applicant never sees it."""
    return NoteOut.of(await usecases.add_note(application_id, colleague.id, colleague.roles, body.text), colleague.id)
