"""Routes: each says exactly once who may call it."""

from collections.abc import Iterator
from importlib import import_module
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts

from chassis.auth import CALLERS_OF_PUBLIC_ROUTES, Principal, anyone, callers, calls_of, route_callers
from chassis.limits import is_limited, limited
from chassis.preconditions import IfMatch, expected_version
from contracts.roles import Role
from deploy.local.development_secrets import load_or_invent
from deploy.local.environments import service_environment
from deploy.local.settings import LocalSettings
from tests.census.source import SERVICES


def silent_routes(app: FastAPI) -> Iterator[str]:
    for route in iter_route_contexts(app.routes):
        if getattr(route, "dependant", None) is not None and route_callers(route) is None:
            methods = "/".join(sorted(getattr(route, "methods", None) or {"WEBSOCKET"}))
            yield f"{methods} {getattr(route, 'path', '?')}: does not state its callers exactly once"


def hasty_routes(app: FastAPI) -> Iterator[str]:
    """Routes that ask for a precondition before they know who is asking: a stranger would learn more than that they are one."""
    for route in iter_route_contexts(app.routes):
        if route_callers(route) not in (None, CALLERS_OF_PUBLIC_ROUTES):
            order = [expected_version if call is expected_version else getattr(call, "callers", None) for call in calls_of(route.dependant)]
            known = next(place for place, found in enumerate(order) if isinstance(found, frozenset))
            if expected_version in order[:known]:
                yield f"{route.path}: asks for If-Match before it knows the caller"


def boundless_routes(app: FastAPI) -> Iterator[str]:
    """Public routes that change something and may be called as often as anybody likes."""
    for route in iter_route_contexts(app.routes):
        is_unsafe = not {"GET", "HEAD", "OPTIONS"} >= (getattr(route, "methods", None) or set())
        is_public = route_callers(route) == CALLERS_OF_PUBLIC_ROUTES
        if is_public and is_unsafe and not any(is_limited(call) for call in calls_of(route.dependant)):
            yield f"{route.path}: has no rate limit"


@pytest.fixture(scope="session")
def invented(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalSettings, dict[str, str]]:
    folder = tmp_path_factory.mktemp("census")
    return LocalSettings(data_dir=folder), load_or_invent(folder / "secrets")


@pytest.fixture(params=SERVICES)
async def application(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, invented: tuple[LocalSettings, dict[str, str]]
) -> Any:
    """The application of a service as `make run` would build it; it connects to nothing before it is started."""
    service: str = request.param
    for name, value in service_environment(*invented, service).items():
        monkeypatch.setenv(name, value)
    settings = import_module(f"services.{service}.settings").Settings()
    app = import_module(f"services.{service}.main").create_app(settings)
    yield app
    await app.state.chassis.close()


async def test_every_route_states_its_callers_exactly_once(application: FastAPI) -> None:
    assert list(silent_routes(application)) == []


async def test_no_route_asks_for_a_precondition_before_it_knows_the_caller(application: FastAPI) -> None:
    assert list(hasty_routes(application)) == []


async def test_every_public_route_that_changes_something_is_limited(application: FastAPI) -> None:
    assert list(boundless_routes(application)) == []


async def test_every_service_has_routes_under_its_prefix(application: FastAPI) -> None:
    paths = {str(getattr(route, "path", "")) for route in iter_route_contexts(application.routes)}
    prefix = f"/api/{application.state.chassis.service}/"
    assert [path for path in paths if path.startswith(prefix) and path != f"{prefix}openapi.json"]
    assert {"/health/live", "/health/ready"} <= paths


PractitionerDep = Annotated[Principal, callers(Role.PRACTITIONER)]
ReviewerDep = Annotated[Principal, callers(Role.REVIEWER)]


def planted() -> FastAPI:
    app, router = FastAPI(), APIRouter(prefix="/open", dependencies=[anyone()])

    @app.get("/good")
    async def good(person: PractitionerDep) -> None: ...

    @app.get("/silent")
    async def silent() -> None: ...

    @app.get("/twice")
    async def twice(person: PractitionerDep, other: ReviewerDep) -> None: ...

    @router.get("/good")
    async def open_to_all() -> None: ...

    @router.get("/twice")
    async def open_and_closed(person: PractitionerDep) -> None: ...

    app.include_router(router)
    return app


def test_a_planted_route_that_is_silent_or_says_it_twice_is_found() -> None:
    assert [finding.split()[1].rstrip(":") for finding in silent_routes(planted())] == ["/silent", "/twice", "/open/twice"]


def test_a_planted_route_that_is_hasty_is_found() -> None:
    app = FastAPI()

    @app.put("/hasty")
    async def hasty(version: IfMatch, person: PractitionerDep) -> None: ...

    @app.put("/good")
    async def good(person: PractitionerDep, version: IfMatch) -> None: ...

    assert [finding.partition(":")[0] for finding in hasty_routes(app)] == ["/hasty"]


def test_a_planted_route_without_a_limit_is_found() -> None:
    app = FastAPI()

    @app.post("/boundless", dependencies=[anyone()])
    async def boundless() -> None: ...

    @app.get("/safe", dependencies=[anyone()])
    async def safe() -> None: ...

    @app.post("/known")
    async def known(person: PractitionerDep) -> None: ...

    @app.post("/good", dependencies=[anyone(), limited("good", "1/minute")])
    async def good() -> None: ...

    assert [finding.partition(":")[0] for finding in boundless_routes(app)] == ["/boundless"]
