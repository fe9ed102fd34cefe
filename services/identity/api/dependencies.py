"""What the routes share: the use-cases, who is asking, where from."""

from typing import Annotated

from fastapi import Depends, Header, Request

from chassis.app import provided
from chassis.auth import Authenticator, Principal, callers
from contracts.roles import Role
from services.identity.domain.fields import title
from services.identity.usecases import UseCases
from services.identity.usecases.access import Origin

UseCasesDep = Annotated[UseCases, provided()]
SignedIn = Annotated[Principal, callers(*Role)]
RecentAdministrator = Annotated[Principal, callers(Role.ADMINISTRATOR, is_recent=True)]
Helper = Annotated[Principal, callers(Role.ADMINISTRATOR, Role.SUPPORT_AGENT, is_recent=True)]
Administrator = Annotated[Principal, callers(Role.ADMINISTRATOR)]
RegistrationToken = Annotated[
    str | None, Header(alias="Registration-Token", max_length=200, description="Токен из ответа на подтверждение телефона.")
]

NO_STORE = {"Cache-Control": "no-store"}
"""On every answer that holds a token."""
_DEVICE_LENGTH = 200


def _origin(request: Request) -> Origin:
    authenticator: Authenticator = request.app.state.authenticator
    device = title(request.headers.get("user-agent", ""), _DEVICE_LENGTH)
    return Origin(address=authenticator.address(request), device=device or None)


OriginDep = Annotated[Origin, Depends(_origin)]
