"""Routes of forgotten and changed passwords."""

from uuid import UUID

from fastapi import APIRouter

from chassis.auth import anyone
from chassis.limits import limited
from services.identity.api.dependencies import OriginDep, UseCasesDep
from services.identity.api.factors import ProvedNow
from services.identity.schemas.passwords import NewPasswordIn, PasswordChangeIn, PasswordResetIn, PasswordResetOut

router = APIRouter(tags=["Пароль"])


@router.post("/password-resets", status_code=202, dependencies=[anyone(), limited("password-reset", "30/minute")])
async def start_password_reset(body: PasswordResetIn, origin: OriginDep, usecases: UseCasesDep) -> PasswordResetOut:
    """Ask for a code by e-mail. The answer is the same if there is no such account."""
    return PasswordResetOut.of(await usecases.passwords.start_reset(body.identifier, origin))


@router.put("/password-resets/{reset_id}", status_code=204, dependencies=[anyone(), limited("password-reset-code", "60/minute")])
async def finish_password_reset(reset_id: UUID, body: NewPasswordIn, origin: OriginDep, usecases: UseCasesDep) -> None:
    """The code and the new password; ends every session. Signing in still asks for the second factor."""
    await usecases.passwords.finish_reset(reset_id, body.code, body.password.get_secret_value(), origin)


@router.put("/password", status_code=204, dependencies=[limited("password", "10/minute", by="principal")])
async def change_password(body: PasswordChangeIn, caller: ProvedNow, origin: OriginDep, usecases: UseCasesDep) -> None:
    """Replace the caller's password; ends the other sessions."""
    current, password = body.current_password.get_secret_value(), body.password.get_secret_value()
    await usecases.passwords.change(caller.id, session_id=caller.session_id, current=current, password=password, origin=origin)
