"""Routes of one's own profile: reading it, changing it, its versions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from chassis.auth import Principal, callers
from chassis.limits import limited
from chassis.paging import Page, PageQuery, encode_cursor
from chassis.preconditions import IfMatch, etag
from contracts.roles import Role
from services.identity.api.dependencies import OriginDep, SignedIn, UseCasesDep
from services.identity.domain.people import Person
from services.identity.schemas.people import ProfileOut
from services.identity.schemas.profile import (
    CodesIn,
    ConfirmationIn,
    ProfileChangeOut,
    ProfilePatchIn,
    SentProofsOut,
    SignatureIn,
    VersionOut,
    VersionSummaryOut,
)
from services.identity.usecases import UseCases

router = APIRouter(prefix="/profile", tags=["Профиль"])

Practitioner = Annotated[Principal, callers(Role.PRACTITIONER)]
PractitionerWithRecentFactor = Annotated[Principal, callers(Role.PRACTITIONER, is_recent=True)]
_LARGEST = 2**31 - 1


@router.get("")
async def get_profile(caller: SignedIn, usecases: UseCasesDep, response: Response) -> ProfileOut:
    """The caller's own account."""
    return await _shown(await usecases.profile.get(caller.id), usecases, response)


@router.post("/changes", status_code=201, dependencies=[limited("profile-change", "30/minute", by="principal")])
async def propose_change(
    body: ProfilePatchIn, caller: PractitionerWithRecentFactor, seen_version: IfMatch, usecases: UseCasesDep
) -> ProfileChangeOut:
    """Propose a change; it takes effect once confirmed by codes or by a signature. A second proposal replaces the first."""
    return ProfileChangeOut.of(await usecases.profile.propose(caller.id, body.patch(), seen_version=seen_version))


@router.get("/changes/{change_id}")
async def get_change(change_id: UUID, caller: Practitioner, usecases: UseCasesDep) -> ProfileChangeOut:
    """The change that waits for its confirmation."""
    return ProfileChangeOut.of(await usecases.profile.change(caller.id, change_id))


@router.post("/changes/{change_id}/code", status_code=202, dependencies=[limited("profile-change-code", "30/minute", by="principal")])
async def send_change_codes(change_id: UUID, body: CodesIn, caller: Practitioner, usecases: UseCasesDep) -> SentProofsOut:
    """Send the codes: to the present telephone, and to the new telephone and mailbox if they change."""
    return SentProofsOut.of(await usecases.profile.send_codes(caller.id, change_id, body.proofs))


@router.post("/changes/{change_id}/confirmation", dependencies=[limited("profile-change-confirmation", "60/minute", by="principal")])
async def confirm_change(
    change_id: UUID, body: ConfirmationIn, caller: Practitioner, origin: OriginDep, usecases: UseCasesDep, response: Response
) -> ProfileOut:
    """Confirm by codes; the change takes effect and the registries concerned are asked."""
    return await _shown(await usecases.profile.confirm(caller.id, change_id, body.codes(), origin), usecases, response)


@router.post("/changes/{change_id}/signature", dependencies=[limited("profile-change-signature", "30/minute", by="principal")])
async def sign_change(
    change_id: UUID, body: SignatureIn, caller: Practitioner, origin: OriginDep, usecases: UseCasesDep, response: Response
) -> ProfileOut:
    """Confirm by a detached CMS signature over the change's text; the change takes effect and the registries concerned are asked."""
    return await _shown(await usecases.profile.sign(caller.id, change_id, body.signature, body.codes(), origin), usecases, response)


@router.get("/versions")
async def list_versions(caller: Practitioner, usecases: UseCasesDep, page: PageQuery) -> Page[VersionSummaryOut]:
    """The versions of the caller's profile, the newest first."""
    position = page.after(int)
    found = await usecases.profile.version_page(caller.id, limit=page.limit + 1, before=None if position is None else position[0])
    shown = found[: page.limit]
    next_cursor = encode_cursor(shown[-1].number) if len(found) > page.limit else None
    return Page(items=[VersionSummaryOut.of(version) for version in shown], next_cursor=next_cursor)


@router.get("/versions/{number}")
async def get_version(number: Annotated[int, Path(ge=1, le=_LARGEST)], caller: Practitioner, usecases: UseCasesDep) -> VersionOut:
    """One version of the caller's profile in full."""
    return VersionOut.of(await usecases.profile.version(caller.id, number))


async def _shown(person: Person, usecases: UseCases, response: Response) -> ProfileOut:
    response.headers["ETag"] = etag(person.version)
    by_licence = await usecases.people.licence_sign_in(person)
    return ProfileOut.of(person, usecases.profile.today(), consents_due=usecases.consents.due(person), licence_sign_in=by_licence)
