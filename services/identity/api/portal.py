"""Routes of sign-in and links through outside providers. The cabinet's callback page posts here what the provider sent it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from chassis.auth import Principal, anyone, callers
from chassis.limits import limited
from contracts.roles import Role
from services.identity.api.dependencies import NO_STORE, OriginDep, UseCasesDep
from services.identity.domain.portal import Starter
from services.identity.schemas.portal import (
    PortalLinkOut,
    PortalLinksOut,
    PortalProviderOut,
    PortalProvidersOut,
    PortalReturnIn,
    PortalSignInIn,
    PortalSignInOut,
)
from services.identity.schemas.sessions import TokensOut

router = APIRouter(tags=["Вход через портал"])

Practitioner = Annotated[Principal, callers(Role.PRACTITIONER)]
RecentPractitioner = Annotated[Principal, callers(Role.PRACTITIONER, is_recent=True)]


@router.get("/portal-providers", dependencies=[anyone()])
async def list_portal_providers(usecases: UseCasesDep) -> PortalProvidersOut:
    """Through which providers people may sign in here."""
    found = usecases.portal.providers.items()
    return PortalProvidersOut(items=[PortalProviderOut(provider=key, title=one.settings.title) for key, one in found])


@router.post("/portal-sign-ins", status_code=201, dependencies=[anyone(), limited("portal-sign-in", "60/minute")])
async def start_portal_sign_in(body: PortalSignInIn, usecases: UseCasesDep, response: Response) -> PortalSignInOut:
    """Begin a sign-in: send the browser to the address, keep the token for its return."""
    response.headers.update(NO_STORE)
    return PortalSignInOut.of(await usecases.portal.start(body.provider, starter=None))


@router.post("/portal-sign-ins/{portal_sign_in_id}/completion", dependencies=[anyone(), limited("portal-completion", "120/minute")])
async def complete_portal_sign_in(
    portal_sign_in_id: UUID, body: PortalReturnIn, origin: OriginDep, usecases: UseCasesDep, response: Response
) -> TokensOut:
    """What the provider sent back; opens a session."""
    response.headers.update(NO_STORE)
    return TokensOut.of(await usecases.portal.sign_in(portal_sign_in_id, body.to_usecase(), origin))


@router.post("/portal-links", status_code=201, dependencies=[limited("portal-link", "30/minute", by="principal")])
async def start_portal_link(body: PortalSignInIn, caller: RecentPractitioner, usecases: UseCasesDep, response: Response) -> PortalSignInOut:
    """Begin to link the caller's account with the caller's account at a provider."""
    response.headers.update(NO_STORE)
    return PortalSignInOut.of(await usecases.portal.start(body.provider, starter=Starter(caller.id, caller.session_id)))


@router.post("/portal-links/{portal_sign_in_id}/completion", dependencies=[limited("portal-link", "30/minute", by="principal")])
async def complete_portal_link(
    portal_sign_in_id: UUID, body: PortalReturnIn, caller: Practitioner, origin: OriginDep, usecases: UseCasesDep
) -> PortalLinkOut:
    """What the provider sent back, in the session that began."""
    starter = Starter(caller.id, caller.session_id)
    return PortalLinkOut.of(await usecases.portal.link(portal_sign_in_id, body.to_usecase(), starter, origin))


@router.get("/portal-links")
async def list_portal_links(caller: Practitioner, usecases: UseCasesDep) -> PortalLinksOut:
    """The providers' accounts the caller can sign in with."""
    return PortalLinksOut(items=[PortalLinkOut.of(link) for link in await usecases.portal.links_of(caller.id)])


@router.delete("/portal-links/{portal_link_id}", status_code=204, dependencies=[limited("portal-link", "30/minute", by="principal")])
async def remove_portal_link(portal_link_id: UUID, caller: RecentPractitioner, origin: OriginDep, usecases: UseCasesDep) -> None:
    """Sign in through this provider no more."""
    await usecases.portal.unlink(portal_link_id, person_id=caller.id, role=Role.PRACTITIONER, origin=origin)
