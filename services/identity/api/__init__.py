"""HTTP routes of identity."""

from fastapi import APIRouter

from services.identity.api import (
    access,
    audit,
    devices,
    factors,
    passkeys,
    passwords,
    people,
    portal,
    profile,
    registration,
    rights,
    sessions,
    staff,
    step_ups,
)

__all__ = ["router"]

router = APIRouter()
for part in (
    registration,
    profile,
    sessions,
    step_ups,
    factors,
    devices,
    passkeys,
    passwords,
    portal,
    people,
    staff,
    access,
    audit,
    rights,
):
    router.include_router(part.router)
