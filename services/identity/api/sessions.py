"""Routes of sign-in, tokens and sessions."""

from uuid import UUID

from fastapi import APIRouter, Response

from chassis.auth import anyone
from chassis.limits import limited
from services.identity.api.dependencies import NO_STORE, OriginDep, SignedIn, UseCasesDep
from services.identity.api.factors import Enrolling, ProvedNow
from services.identity.schemas.sessions import (
    EndedSessionsOut,
    JwksOut,
    RefreshIn,
    SessionOut,
    SessionsOut,
    SignedInOut,
    SignInCodeIn,
    SignInIn,
    SignInOut,
    SmsOut,
    TokensOut,
)

router = APIRouter(tags=["Вход"])


@router.post("/sign-ins", status_code=201, dependencies=[anyone(), limited("sign-in", "60/minute")])
async def start_sign_in(body: SignInIn, origin: OriginDep, usecases: UseCasesDep, response: Response) -> SignInOut:
    """Identifier and password; the code is sent if both are right. The answer is the same if they are not.

    With the token of a trusted device the answer holds tokens, and no code is needed.
    """
    response.headers.update(NO_STORE)
    token = None if body.device_token is None else body.device_token.get_secret_value()
    return SignInOut.of(await usecases.sign_in.start(body.identifier, body.password.get_secret_value(), origin, device_token=token))


@router.post("/sign-ins/{sign_in_id}/code", dependencies=[anyone(), limited("sign-in-code", "120/minute")])
async def finish_sign_in(sign_in_id: UUID, body: SignInCodeIn, origin: OriginDep, usecases: UseCasesDep, response: Response) -> SignedInOut:
    """The code; opens a session."""
    response.headers.update(NO_STORE)
    return SignedInOut.finished(await usecases.sign_in.finish(sign_in_id, body.code, origin, trusts_device=body.trust_device))


@router.post("/sign-ins/{sign_in_id}/sms", status_code=202, dependencies=[anyone(), limited("sign-in-sms", "30/minute")])
async def send_sign_in_sms(sign_in_id: UUID, origin: OriginDep, usecases: UseCasesDep) -> SmsOut:
    """Ask for a code by SMS in place of the authenticator app's. The answer is the same whether one is sent."""
    await usecases.sign_in.send_sms(sign_in_id, origin)
    return SmsOut.of(usecases.sign_in.codes.policy)


@router.post("/tokens", dependencies=[anyone(), limited("tokens", "300/minute")])
async def refresh_tokens(body: RefreshIn, origin: OriginDep, usecases: UseCasesDep, response: Response) -> TokensOut:
    """Fresh tokens for a refresh token, which is used up by it."""
    response.headers.update(NO_STORE)
    return TokensOut.of(await usecases.sessions.refresh(body.refresh_token.get_secret_value(), origin))


@router.get("/.well-known/jwks.json", dependencies=[anyone()])
async def get_jwks(usecases: UseCasesDep) -> JwksOut:
    """The public keys of access tokens. Source: RFC 7517."""
    return JwksOut.model_validate(await usecases.sessions.signing.jwks())


@router.get("/.well-known/ended-sessions.json", dependencies=[anyone()])
async def list_ended_sessions(usecases: UseCasesDep) -> EndedSessionsOut:
    """Sessions whose access tokens are void although they have not ended yet; ids alone tell nothing about anybody."""
    return EndedSessionsOut(session_ids=await usecases.sessions.ended_lately())


@router.get("/sessions")
async def list_sessions(caller: SignedIn, usecases: UseCasesDep) -> SessionsOut:
    """The caller's open sessions."""
    found = await usecases.sessions.open_sessions(caller.id)
    return SessionsOut(items=[SessionOut.of(session, current_id=caller.session_id) for session in found])


@router.delete("/sessions/current", status_code=204)
async def sign_out(caller: Enrolling, origin: OriginDep, usecases: UseCasesDep) -> None:
    """Sign out."""
    await usecases.sessions.sign_out(caller.session_id, person_id=caller.id, origin=origin)


@router.delete("/sessions/others", status_code=204)
async def end_other_sessions(caller: ProvedNow, origin: OriginDep, usecases: UseCasesDep) -> None:
    """End all of the caller's sessions but this one."""
    await usecases.sessions.end_others(caller.session_id, person_id=caller.id, origin=origin)


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(session_id: UUID, caller: ProvedNow, origin: OriginDep, usecases: UseCasesDep) -> None:
    """End one of the caller's sessions."""
    await usecases.sessions.end(session_id, person_id=caller.id, origin=origin)
