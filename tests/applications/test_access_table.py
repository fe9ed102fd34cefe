"""Who may call what: every route of applications answers each caller as `docs/access/applications.md` says."""

from dataclasses import replace

import pytest

from contracts.roles import Role, Scope
from tests.applications.conftest import known_reviewers
from tests.applications.others import all_others
from tests.support import Component, Signer
from tests.support.access import Others, surprises, tells_nothing_of_anothers
from tests.support.access_table import ANOTHERS, NOTHING, PASSES, Row, differences, routes_of, table_of

ROWS = table_of("applications")
ABOUT_OBJECTS = [row for row in ROWS if row.answers[ANOTHERS] != NOTHING]


@pytest.fixture(scope="module")
async def others(service: Component, signer: Signer) -> list[Others]:
    return await all_others(service, signer)


def test_every_route_is_in_the_table_exactly_once_and_nothing_else_is(service: Component) -> None:
    assert differences(ROWS, routes_of(service.app, "applications")) == []


def test_the_table_names_every_kind_of_caller() -> None:
    callers = {"anonymous", ANOTHERS, *Role, *Scope}
    assert [str(row) for row in ROWS if set(row.answers) != callers] == []


def test_whoever_names_an_object_is_asked_about_anothers() -> None:
    silent = [row for row in ROWS if "{" in row.path and row.answers[ANOTHERS] == NOTHING]
    assert [str(row) for row in silent if not row.is_public] == []


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_each_caller_is_answered_as_the_table_says(service: Component, signer: Signer, row: Row) -> None:
    assert await surprises(service, signer, row) == []


@pytest.mark.parametrize("row", ABOUT_OBJECTS, ids=str)
async def test_anothers_object_is_answered_like_none_and_stays_as_it_is(others: list[Others], row: Row) -> None:
    await tells_nothing_of_anothers(others, row)


async def test_no_object_is_asked_about_that_the_table_does_not_name(others: list[Others]) -> None:
    assert {route for one in others for route in one.asked} == {str(row) for row in ABOUT_OBJECTS}


def _is_of_a_holder(row: Row) -> bool:
    """Whether it is a reviewer's work on what that reviewer holds; anybody of the specialty may try to claim."""
    return row.answers[Role.REVIEWER] == PASSES and not (row.method == "PUT" and row.path.endswith("/claim"))


@pytest.mark.parametrize("row", [row for row in ABOUT_OBJECTS if _is_of_a_holder(row)], ids=str)
async def test_a_colleague_of_the_same_specialty_who_does_not_hold_it_is_answered_like_a_stranger(
    service: Component, signer: Signer, others: list[Others], row: Row
) -> None:
    [colleague] = await known_reviewers(service, signer, 1)
    await tells_nothing_of_anothers([replace(one, headers=colleague.token()) for one in others], row)
