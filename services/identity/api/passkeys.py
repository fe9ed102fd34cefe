"""Routes of passkeys: adding and removing one's own, signing in and stepping up with one."""

from uuid import UUID

from fastapi import APIRouter, Response

from chassis.auth import anyone
from chassis.limits import limited
from services.identity.api.dependencies import NO_STORE, OriginDep, SignedIn, UseCasesDep
from services.identity.api.factors import Enrolling, EnrollingNow, ProvedNow, holder_of
from services.identity.schemas.passkeys import CeremonyOut, NewPasskeyIn, PasskeyAnswerIn, PasskeyNameIn, PasskeyOut, PasskeysOut
from services.identity.schemas.sessions import AccessTokenOut, TokensOut

router = APIRouter(tags=["Ключи доступа"])

_FACTORS = [limited("factors", "60/minute", by="principal")]


@router.get("/factors/passkeys")
async def list_passkeys(caller: Enrolling, usecases: UseCasesDep) -> PasskeysOut:
    """The caller's passkeys."""
    return PasskeysOut(items=[PasskeyOut.of(passkey) for passkey in await usecases.passkeys.own(caller.id)])


@router.post("/factors/passkeys", status_code=201, dependencies=_FACTORS)
async def start_passkey_registration(caller: EnrollingNow, origin: OriginDep, usecases: UseCasesDep, response: Response) -> CeremonyOut:
    """What to ask an authenticator for, to make a new passkey."""
    response.headers.update(NO_STORE)
    return CeremonyOut.of(await usecases.passkeys.start_registration(holder_of(caller, origin)))


@router.post("/factors/passkeys/{ceremony_id}/attestation", status_code=201, dependencies=_FACTORS)
async def finish_passkey_registration(
    ceremony_id: UUID, body: NewPasskeyIn, caller: EnrollingNow, origin: OriginDep, usecases: UseCasesDep, response: Response
) -> TokensOut:
    """The new key; the answer's tokens, which replace the caller's, name the new factor."""
    response.headers.update(NO_STORE)
    holder = holder_of(caller, origin)
    return TokensOut.of(await usecases.passkeys.finish_registration(holder, ceremony_id, body.to_json(), body.name))


@router.patch("/factors/passkeys/{passkey_id}", dependencies=_FACTORS)
async def rename_passkey(passkey_id: UUID, body: PasskeyNameIn, caller: SignedIn, usecases: UseCasesDep) -> PasskeyOut:
    """Call one of the caller's passkeys otherwise."""
    return PasskeyOut.of(await usecases.passkeys.rename(caller.id, passkey_id, body.name))


@router.delete("/factors/passkeys/{passkey_id}", status_code=204)
async def remove_passkey(passkey_id: UUID, caller: ProvedNow, origin: OriginDep, usecases: UseCasesDep) -> None:
    """Remove one of the caller's passkeys."""
    await usecases.passkeys.remove(holder_of(caller, origin), passkey_id)


@router.post("/passkey-sign-ins", status_code=201, dependencies=[anyone(), limited("passkey-sign-in", "60/minute")])
async def start_passkey_sign_in(usecases: UseCasesDep, response: Response) -> CeremonyOut:
    """What to ask an authenticator for, to sign in without identifier and password."""
    response.headers.update(NO_STORE)
    return CeremonyOut.of(await usecases.passkeys.start_sign_in())


@router.post("/passkey-sign-ins/{ceremony_id}/assertion", dependencies=[anyone(), limited("passkey-assertion", "60/minute")])
async def finish_passkey_sign_in(
    ceremony_id: UUID, body: PasskeyAnswerIn, origin: OriginDep, usecases: UseCasesDep, response: Response
) -> TokensOut:
    """The signature; opens a session."""
    response.headers.update(NO_STORE)
    return TokensOut.of(await usecases.passkeys.finish_sign_in(ceremony_id, body.to_json(), origin))


@router.post("/step-ups/passkey", status_code=201, dependencies=[limited("step-up", "30/minute", by="principal")])
async def start_passkey_step_up(caller: SignedIn, usecases: UseCasesDep, response: Response) -> CeremonyOut:
    """What to ask an authenticator for, to prove that it is still the caller."""
    response.headers.update(NO_STORE)
    return CeremonyOut.of(await usecases.passkeys.start_step_up(session_id=caller.session_id, person_id=caller.id))


@router.post("/step-ups/passkey/{ceremony_id}/assertion", dependencies=[limited("step-up-code", "60/minute", by="principal")])
async def finish_passkey_step_up(
    ceremony_id: UUID, body: PasskeyAnswerIn, caller: SignedIn, origin: OriginDep, usecases: UseCasesDep, response: Response
) -> AccessTokenOut:
    """The signature; the answer's access token names the fresh factor, the refresh token stays."""
    response.headers.update(NO_STORE)
    finished = await usecases.passkeys.finish_step_up(
        ceremony_id, body.to_json(), session_id=caller.session_id, person_id=caller.id, origin=origin
    )
    return AccessTokenOut.of_access(finished)
