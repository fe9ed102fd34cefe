"""The markers by which every route states who may call it."""

from collections.abc import Iterator
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant

from chassis.auth.authenticator import Authenticator, Principal, RoleMissing
from contracts.roles import Role, Scope

CALLERS_OF_PUBLIC_ROUTES = frozenset({"anyone"})


class _Callers:
    """The marker of a route for people in certain roles or with a limited token of certain scopes, and the check itself."""

    def __init__(self, allowed: frozenset[Role | Scope], *, is_recent: bool) -> None:
        self.callers: frozenset[str] = frozenset(allowed)
        self.is_recent = is_recent

    async def __call__(self, request: Request) -> Principal:
        authenticator: Authenticator = request.app.state.authenticator
        principal = await authenticator.principal(request)
        if principal.scope not in self.callers and self.callers.isdisjoint(principal.roles):
            raise RoleMissing("Это действие доступно другим ролям.")
        if self.is_recent and principal.scope is None:
            authenticator.check_recent(principal)
        return principal


class _Anyone:
    """The marker of a public route; checks nothing."""

    callers = CALLERS_OF_PUBLIC_ROUTES

    async def __call__(self) -> None:
        """Let everybody pass."""


def callers(*allowed: Role | Scope, is_recent: bool = False) -> Any:
    """Let in only people who have one of these roles or a limited token of one of these scopes; the parameter it marks is the `Principal`.

    `is_recent` asks people with a role for a second factor given lately (`StepUpRequired`).
    """
    if not allowed:
        raise ValueError("name the roles that may call, or use anyone()")
    return Depends(_Callers(frozenset(allowed), is_recent=is_recent))


def anyone() -> Any:
    """Everybody, without signing in: `dependencies=[anyone()]`."""
    return Depends(_Anyone())


def route_callers(route: Any) -> frozenset[str] | None:
    """Who may call the route: role names, `{"anyone"}`, or None when it does not state exactly one marker.

    `route` is what `fastapi.routing.iter_route_contexts(app.routes)` yields, so that markers of including routers count too.
    """
    dependant: Dependant | None = getattr(route, "dependant", None)
    found = [] if dependant is None else [call.callers for call in calls_of(dependant) if isinstance(call, _Callers | _Anyone)]
    return found[0] if len(found) == 1 else None


def needs_recent_factor(route: Any) -> bool:
    """Whether the route asks for a second factor given lately."""
    dependant: Dependant | None = getattr(route, "dependant", None)
    return dependant is not None and any(isinstance(call, _Callers) and call.is_recent for call in calls_of(dependant))


def calls_of(dependant: Dependant) -> Iterator[Any]:
    """Every dependency of a route, however deep; markers are found among them."""
    for child in dependant.dependencies:
        yield child.call
        yield from calls_of(child)


def install(app: FastAPI, authenticator: Authenticator) -> None:
    """Give the app's routes their authenticator."""
    app.state.authenticator = authenticator
