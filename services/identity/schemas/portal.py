"""Bodies of sign-in and links through outside providers."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.identity.domain.portal import PortalLink
from services.identity.schemas.base import In, Secret
from services.identity.usecases.portal import Return, Started

_Parameter = Annotated[SecretStr, Field(min_length=1, max_length=4096)]


class PortalSignInIn(In):
    """Through which provider."""

    provider: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class PortalReturnIn(In):
    """What the provider sent the browser back with: a code or an error; and what the browser was given at the start."""

    browser_token: Secret
    state: Secret
    code: _Parameter | None = None
    iss: Annotated[str, StringConstraints(max_length=2000)] | None = None
    error: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if (self.code is None) == (self.error is None):
            raise PydanticCustomError("code-or-error", "code or error, one of them")
        return self

    def to_usecase(self) -> Return:
        """For the use-case."""
        return Return(
            browser_token=self.browser_token.get_secret_value(),
            state=self.state.get_secret_value(),
            code=None if self.code is None else self.code.get_secret_value(),
            issuer=self.iss,
            error=self.error,
        )


class PortalSignInOut(BaseModel):
    """Where the browser goes; the token stays with the client and comes back with the provider's answer."""

    portal_sign_in_id: UUID
    authorization_url: str
    expires_at: datetime
    browser_token: str

    @classmethod
    def of(cls, started: Started) -> "PortalSignInOut":
        """The answer."""
        return cls(
            portal_sign_in_id=started.sign_in.id,
            authorization_url=started.authorization_url,
            expires_at=started.sign_in.expires_at,
            browser_token=started.browser_token,
        )


class PortalProviderOut(BaseModel):
    """A provider to choose."""

    provider: str
    title: str


class PortalProvidersOut(BaseModel):
    """The providers of this installation."""

    items: list[PortalProviderOut]


class PortalLinkOut(BaseModel):
    """A link of the caller."""

    portal_link_id: UUID
    provider: str
    linked_at: datetime
    used_at: datetime

    @classmethod
    def of(cls, link: PortalLink) -> "PortalLinkOut":
        """The answer."""
        return cls(portal_link_id=link.id, provider=link.provider, linked_at=link.linked_at, used_at=link.used_at)


class PortalLinksOut(BaseModel):
    """The caller's links, the oldest first."""

    items: list[PortalLinkOut]
