"""HTTP routes of identity."""

from fastapi import APIRouter

from services.identity.api import access, people, registration, sessions

__all__ = ["router"]

router = APIRouter()
for part in (registration, sessions, people, access):
    router.include_router(part.router)
