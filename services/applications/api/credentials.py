"""Keys and credentials: what lets others verify without asking."""

from fastapi import APIRouter, Response

from chassis.auth import anyone
from chassis.limits import limited
from services.applications.api.dependencies import UseCasesDep
from services.applications.schemas.credentials import IssuerOut, KeysOut

_LIMIT = limited("published-keys", "120/minute")
_KEPT = {"Cache-Control": "public, max-age=3600"}

router = APIRouter()


@router.get("/.well-known/jwks.json", dependencies=[anyone(), _LIMIT])
async def list_credential_keys(usecases: UseCasesDep, response: Response) -> KeysOut:
    """The public keys of QR codes, credentials and PDFs; kept in a file, they verify without a network."""
    response.headers.update(_KEPT)
    return KeysOut.of(usecases.credentials)


@router.get("/issuer", dependencies=[anyone(), _LIMIT])
async def get_issuer(usecases: UseCasesDep, response: Response) -> IssuerOut:
    """Who issues credentials, and with which keys."""
    response.headers.update(_KEPT)
    return IssuerOut.of(usecases.credentials)
