"""Links by which holders show a certificate."""

from uuid import UUID

from fastapi import APIRouter, Response

from chassis.auth import anyone
from chassis.limits import limited
from chassis.paging import Page, PageQuery
from services.applications.api.certificates import CertificateNumber
from services.applications.api.dependencies import Address, RecentApplicant, UseCasesDep
from services.applications.schemas.shares import NewShareOut, SharedOut, ShareIn, ShareOut, TokenIn

router = APIRouter()


@router.post("/certificates/{number}/shares", status_code=201, dependencies=[limited("shares", "60/day", by="principal")])
async def share_certificate(
    number: CertificateNumber, body: ShareIn, holder: RecentApplicant, usecases: UseCasesDep, response: Response
) -> NewShareOut:
    """A link to one's own certificate; its token is told once."""
    share, token = await usecases.sharing.share(number, holder.id, body.wanted())
    response.headers["Cache-Control"] = "private, no-store"
    return NewShareOut(token=token, share=ShareOut.of(share, usecases.now()))


@router.get("/certificates/{number}/shares")
async def list_shares(number: CertificateNumber, holder: RecentApplicant, usecases: UseCasesDep, page: PageQuery) -> Page[ShareOut]:
    """One's own links with their views, the newest first."""
    found, following = await usecases.sharing.list_shares(number, holder.id, page)
    return Page[ShareOut](items=[ShareOut.of(one, usecases.now()) for one in found], next_cursor=following)


@router.delete("/certificates/{number}/shares/{share_id}", status_code=204)
async def revoke_share(number: CertificateNumber, share_id: UUID, holder: RecentApplicant, usecases: UseCasesDep) -> None:
    """Take a link back."""
    await usecases.sharing.revoke_share(number, share_id, holder.id)


@router.post("/shares/views", dependencies=[anyone(), limited("share-views", "30/minute")])
async def view_share(body: TokenIn, address: Address, usecases: UseCasesDep, response: Response) -> SharedOut:
    """What a link shows. Each view counts."""
    share, certificate = await usecases.sharing.view_share(body.token, address)
    response.headers["Cache-Control"] = "private, no-store"
    return SharedOut.of(share, certificate, usecases.rules_now(), usecases.now())
