"""Routes of step-up: a fresh second factor for the caller's own session."""

from uuid import UUID

from fastapi import APIRouter, Response

from chassis.limits import limited
from services.identity.api.dependencies import NO_STORE, OriginDep, SignedIn, UseCasesDep
from services.identity.schemas.base import CodeIn
from services.identity.schemas.sessions import AccessTokenOut, StepUpOut

router = APIRouter(prefix="/step-ups", tags=["Подтверждение действий"])


@router.post("", status_code=201, dependencies=[limited("step-up", "30/minute", by="principal")])
async def start_step_up(caller: SignedIn, usecases: UseCasesDep) -> StepUpOut:
    """A code is sent to the phone of the account."""
    return StepUpOut.of(await usecases.step_up.start(session_id=caller.session_id, person_id=caller.id))


@router.post("/{step_up_id}/code", dependencies=[limited("step-up-code", "60/minute", by="principal")])
async def finish_step_up(
    step_up_id: UUID, body: CodeIn, caller: SignedIn, origin: OriginDep, usecases: UseCasesDep, response: Response
) -> AccessTokenOut:
    """The code; the answer's access token names the fresh factor, the refresh token stays."""
    response.headers.update(NO_STORE)
    finished = await usecases.step_up.finish(step_up_id, body.code, session_id=caller.session_id, person_id=caller.id, origin=origin)
    return AccessTokenOut.of_access(finished)
