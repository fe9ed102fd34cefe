"""Who may call what: every route of identity answers each caller as `docs/access/identity.md` says."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.roles import Role, Scope
from tests.identity.conftest import running_identity
from tests.identity.others import practitioners, registrants
from tests.identity.provider import HostileProvider
from tests.identity.registries import FakeRegistries
from tests.support import Component, Infra, Signer
from tests.support.access import Others, surprises, tells_nothing_of_anothers
from tests.support.access_table import ANOTHERS, NOTHING, PASSES, Row, differences, read_table, routes_of, table_of

pytestmark = pytest.mark.usefixtures("back_to_normal")

ROWS = table_of("identity")
ABOUT_OBJECTS = [row for row in ROWS if row.answers[ANOTHERS] != NOTHING]
SELF_NAMED = {"DELETE /consents/{document}"}
"""Routes of practitioners whose path names nothing that belongs to anybody."""


@pytest.fixture(scope="module")
async def identity(infra: Infra, registries: FakeRegistries, provider: HostileProvider, signing_folder: Path) -> AsyncIterator[Component]:
    """Of these tests alone: they read everything in its store, again and again."""
    async with running_identity(infra, registries, provider, signing_folder) as running:
        yield running


@pytest.fixture(scope="module")
async def others(identity: Component, signer: Signer, provider: HostileProvider, registries: FakeRegistries) -> list[Others]:
    identity.clock.reset()
    registries.answers.clear()
    provider.reset()
    return [await practitioners(identity, signer, provider), await registrants(identity)]


def test_every_route_is_in_the_table_exactly_once_and_nothing_else_is(identity: Component) -> None:
    assert differences(ROWS, routes_of(identity.app, "identity")) == []


def test_the_table_names_every_kind_of_caller() -> None:
    callers = {"anonymous", ANOTHERS, *Role, *Scope}
    assert [str(row) for row in ROWS if set(row.answers) != callers] == []


def test_whoever_names_an_object_of_practitioners_is_asked_about_anothers() -> None:
    silent = [str(row) for row in ROWS if "{" in row.path and row.answers["practitioner"] == PASSES and row.answers[ANOTHERS] == NOTHING]
    assert [route for route in silent if not public(route) and route not in SELF_NAMED] == []


def public(route: str) -> bool:
    return any(row.is_public for row in ROWS if str(row) == route)


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_each_caller_is_answered_as_the_table_says(identity: Component, signer: Signer, row: Row) -> None:
    assert await surprises(identity, signer, row) == []


@pytest.mark.parametrize("row", ABOUT_OBJECTS, ids=str)
async def test_anothers_object_is_answered_like_none_and_stays_as_it_is(others: list[Others], row: Row) -> None:
    await tells_nothing_of_anothers(others, row)


async def test_no_object_is_asked_about_that_the_table_does_not_name(others: list[Others]) -> None:
    assert {route for one in others for route in one.asked} == {str(row) for row in ABOUT_OBJECTS}


async def test_a_planted_wrong_cell_is_found(identity: Component, signer: Signer) -> None:
    [profile] = [row for row in ROWS if str(row) == "GET /profile"]
    [change] = [row for row in ROWS if str(row) == "POST /profile/changes"]
    [jwks] = [row for row in ROWS if str(row) == "GET /.well-known/jwks.json"]
    planted = [
        replace(profile, answers=profile.answers | {"anonymous": PASSES}),
        replace(profile, answers=profile.answers | {"enrolment": PASSES}),
        replace(profile, answers=profile.answers | {"reviewer": "403"}),
        replace(jwks, answers=jwks.answers | {"anonymous": "401"}),
        replace(profile, is_recent=True),
        replace(change, is_recent=False),
    ]
    assert [row for row in planted if not await surprises(identity, signer, row)] == []


def test_a_planted_route_or_row_is_found() -> None:
    routes = [str(row) for row in ROWS]
    assert differences(ROWS[1:], routes) == [f"{ROWS[0]}: 0 rows"]
    assert differences([*ROWS, ROWS[0]], routes) == [f"{ROWS[0]}: 2 rows"]
    assert differences(ROWS, routes[1:]) == [f"{ROWS[0]}: no such route"]


@pytest.mark.parametrize("line", ["| `GET /x` | yes |", "| `GET /x` | yes | yes | sometimes |", "| GET | yes | yes | no |"])
def test_a_row_that_does_not_fit_its_heading_is_no_row(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_table(f"| route | anonymous | practitioner | recent factor |\n|---|---|---|---|\n{line}\n")
