"""Links to certificates: what their holder sends and sees, and what they show."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.applications.domain.certificates import Certificate
from services.applications.domain.rules import Rules
from services.applications.domain.shares import Share, Shows
from services.applications.schemas.bodies import Body
from services.applications.schemas.tables import VerifiedCertificateOut
from services.applications.usecases.shares import WantedShare


class ShareIn(Body):
    """For how many days and views a link shall hold, and what of the name it shows."""

    days: Annotated[int, Field(ge=1, le=3660)]
    views_max: Annotated[int, Field(ge=1, le=100_000)]
    shows: Shows = Shows.SHORT_NAME

    def wanted(self) -> WantedShare:
        """For the use-case."""
        return WantedShare(self.days, self.views_max, self.shows)


class ShareOut(BaseModel):
    """A link; not its token, which nobody is told twice."""

    id: UUID
    shows: Shows
    made_at: datetime
    expires_at: datetime
    views: int
    views_max: int
    last_viewed_at: datetime | None
    revoked_at: datetime | None
    is_open: bool

    @classmethod
    def of(cls, share: Share, now: datetime) -> Self:
        """From the domain."""
        return cls(
            id=share.id,
            shows=share.shows,
            made_at=share.made_at,
            expires_at=share.expires_at,
            views=share.views,
            views_max=share.views_max,
            last_viewed_at=share.last_viewed_at,
            revoked_at=share.revoked_at,
            is_open=share.is_open(now),
        )


class NewShareOut(BaseModel):
    """A fresh link with its token; `link` is what people send each other."""

    token: str
    link: str
    share: ShareOut


class TokenIn(Body):
    """The token of a link: in the body, so that it stands in no address, log or trace, and no preview of a messenger uses a view up."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class SharedOut(BaseModel):
    """What a link shows."""

    certificate: VerifiedCertificateOut

    @classmethod
    def of(cls, share: Share, certificate: Certificate, rules: Rules, now: datetime) -> Self:
        """From the domain."""
        shown = VerifiedCertificateOut.of(certificate, rules, now)
        if share.shows is Shows.FULL_NAME:
            shown = shown.model_copy(update={"holder": certificate.holder_name})
        return cls(certificate=shown)
