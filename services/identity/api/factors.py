"""Routes of factors: what proves the caller besides the password."""

from typing import Annotated

from fastapi import APIRouter, Response

from chassis.auth import Principal, callers
from chassis.limits import limited
from contracts.roles import Role, Scope
from services.identity.api.dependencies import NO_STORE, OriginDep, UseCasesDep
from services.identity.schemas.base import CodeIn
from services.identity.schemas.factors import FactorsOut, NewTotpOut, RecoveryCodesOut
from services.identity.schemas.sessions import TokensOut
from services.identity.usecases.access import Origin
from services.identity.usecases.factors import Holder

router = APIRouter(prefix="/factors", tags=["Факторы входа"])

Enrolling = Annotated[Principal, callers(*Role, Scope.ENROLMENT)]
EnrollingNow = Annotated[Principal, callers(*Role, Scope.ENROLMENT, is_recent=True)]
ProvedNow = Annotated[Principal, callers(*Role, is_recent=True)]
PractitionerNow = Annotated[Principal, callers(Role.PRACTITIONER, is_recent=True)]


def holder_of(caller: Principal, origin: Origin) -> Holder:
    """The caller as the use-cases of factors know one."""
    return Holder(person_id=caller.id, session_id=caller.session_id, roles=caller.roles, origin=origin)


@router.get("")
async def get_factors(caller: Enrolling, usecases: UseCasesDep) -> FactorsOut:
    """What the caller has set up."""
    return FactorsOut.of(await usecases.factors.get(caller.id))


@router.post("/totp", status_code=201, dependencies=[limited("factors", "60/minute", by="principal")])
async def begin_totp(caller: EnrollingNow, origin: OriginDep, usecases: UseCasesDep, response: Response) -> NewTotpOut:
    """A new secret for an authenticator app; it does not count until a code proves it."""
    response.headers.update(NO_STORE)
    return NewTotpOut.of(await usecases.factors.begin_totp(holder_of(caller, origin)))


@router.post("/totp/confirmation", dependencies=[limited("factors", "60/minute", by="principal")])
async def confirm_totp(body: CodeIn, caller: EnrollingNow, origin: OriginDep, usecases: UseCasesDep, response: Response) -> TokensOut:
    """A code proves the secret; the answer's tokens, which replace the caller's, name the new factor."""
    response.headers.update(NO_STORE)
    return TokensOut.of(await usecases.factors.confirm_totp(holder_of(caller, origin), body.code))


@router.delete("/totp", status_code=204)
async def remove_totp(caller: ProvedNow, origin: OriginDep, usecases: UseCasesDep) -> None:
    """Disconnect the authenticator app."""
    await usecases.factors.remove_totp(holder_of(caller, origin))


@router.post("/recovery-codes", status_code=201, dependencies=[limited("factors", "60/minute", by="principal")])
async def renew_recovery_codes(caller: PractitionerNow, origin: OriginDep, usecases: UseCasesDep, response: Response) -> RecoveryCodesOut:
    """A new set of recovery codes; the old ones are void."""
    response.headers.update(NO_STORE)
    return RecoveryCodesOut(codes=await usecases.factors.renew_recovery_codes(holder_of(caller, origin)))
