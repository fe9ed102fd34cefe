"""Links by which holders show a certificate."""

from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from chassis.auth import anyone
from chassis.guards import body_limit
from chassis.limits import limited
from chassis.paging import Page, PageQuery
from services.applications.api.certificates import CertificateNumber
from services.applications.api.dependencies import Address, RecentApplicant, UseCasesDep
from services.applications.api.public import shown_facts
from services.applications.domain.errors.sharing import ShareNotFound
from services.applications.gateways import SHARE_POLICY, share_page, verification_page
from services.applications.schemas.shares import NewShareOut, SharedOut, ShareIn, ShareOut, TokenIn

_LARGEST_FORM_BYTES = 4096
_LONGEST_TOKEN = 100
_HEADERS = {"Content-Security-Policy": SHARE_POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}
_VIEWS = limited("share-views", "30/minute")

router = APIRouter()
pages = APIRouter(dependencies=[anyone(), _VIEWS], include_in_schema=False)


@router.post("/certificates/{number}/shares", status_code=201, dependencies=[limited("shares", "60/day", by="principal")])
async def share_certificate(
    number: CertificateNumber, body: ShareIn, holder: RecentApplicant, usecases: UseCasesDep, response: Response
) -> NewShareOut:
    """A link to one's own certificate; its token is told once."""
    share, token = await usecases.sharing.share(number, holder.id, body.wanted())
    response.headers["Cache-Control"] = "private, no-store"
    return NewShareOut(token=token, link=f"{usecases.sharing.page_url}#{token}", share=ShareOut.of(share, usecases.now()))


@router.get("/certificates/{number}/shares")
async def list_shares(number: CertificateNumber, holder: RecentApplicant, usecases: UseCasesDep, page: PageQuery) -> Page[ShareOut]:
    """One's own links with their views, the newest first."""
    found, following = await usecases.sharing.list_shares(number, holder.id, page)
    return Page[ShareOut](items=[ShareOut.of(one, usecases.now()) for one in found], next_cursor=following)


@router.delete("/certificates/{number}/shares/{share_id}", status_code=204)
async def revoke_share(number: CertificateNumber, share_id: UUID, holder: RecentApplicant, usecases: UseCasesDep) -> None:
    """Take a link back."""
    await usecases.sharing.revoke_share(number, share_id, holder.id)


@router.post("/shares/views", dependencies=[anyone(), _VIEWS])
async def view_share(body: TokenIn, address: Address, usecases: UseCasesDep, response: Response) -> SharedOut:
    """What a link shows. Each view counts."""
    share, certificate = await usecases.sharing.view_share(body.token, address)
    response.headers["Cache-Control"] = "private, no-store"
    return SharedOut.of(share, certificate, usecases.rules_now(), usecases.now())


@pages.get("/share", response_class=HTMLResponse)
async def open_share_page() -> HTMLResponse:
    """The page a link opens; it shows nothing before a button is pressed."""
    return HTMLResponse(share_page(), headers=_HEADERS)


@pages.post("/share", response_class=HTMLResponse, dependencies=[body_limit(_LARGEST_FORM_BYTES)])
async def show_shared(request: Request, address: Address, usecases: UseCasesDep) -> HTMLResponse:
    """The certificate of a link, for people. Each view counts."""
    form = parse_qs((await request.body()).decode(errors="replace"))
    try:
        share, certificate = await usecases.sharing.view_share(form.get("token", [""])[0].strip()[:_LONGEST_TOKEN], address)
    except ShareNotFound as error:
        return HTMLResponse(share_page(error.detail), status_code=404, headers=_HEADERS)
    shown = SharedOut.of(share, certificate, usecases.rules_now(), usecases.now()).certificate
    return HTMLResponse(verification_page(*shown_facts(shown, usecases)), headers=_HEADERS)
