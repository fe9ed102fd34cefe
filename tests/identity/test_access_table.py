"""Who may call what: every route of identity answers each caller as `docs/access/identity.md` says."""

import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from contracts.roles import Role, Scope
from tests.identity.access_table import ANOTHERS, FILE, NOTHING, PASSES, Row, differences, read_table, routes_of
from tests.identity.conftest import running_identity
from tests.identity.others import Asked, Others, practitioners, registrants
from tests.identity.provider import HostileProvider
from tests.identity.registries import FakeRegistries
from tests.support import Component, Infra, Signer

pytestmark = pytest.mark.usefixtures("back_to_normal")

ROWS = read_table(FILE.read_text(encoding="utf-8"))
ABOUT_OBJECTS = [row for row in ROWS if row.answers[ANOTHERS] != NOTHING]
SELF_NAMED = {"DELETE /consents/{document}"}
"""Routes of practitioners whose path names nothing that belongs to anybody."""
STALE = 3600


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


def headers(signer: Signer, caller: str, *, age_seconds: int = 0) -> dict[str, str]:
    """Of a caller as the table names them, whose factors are so old."""
    given = int(time.time()) - age_seconds
    factors = {"password": given, "sms": given, "totp": given, "passkey": given}
    if caller == "anonymous":
        return {}
    if caller in set(Scope):
        return signer.headers(uuid4(), scope=caller, factors=factors)
    return signer.headers(uuid4(), Role(caller), factors=factors)


async def knock(identity: Component, row: Row, own: dict[str, str]) -> httpx.Response:
    """A request with an id nobody has and without a body."""
    return await identity.client.request(row.method, re.sub(r"{\w+}", str(uuid4()), row.path), headers=own)


def code_of(answer: httpx.Response) -> str | None:
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    return str(answer.json()["code"]) if is_problem else None


def at_the_door(answer: httpx.Response) -> str:
    """The table's word for the answer."""
    match answer.status_code, code_of(answer):
        case 401, "unauthenticated":
            return "401"
        case 403, "role-missing":
            return "403"
        case 403, "step-up-required":
            return "step-up-required"
        case status, code:
            return PASSES if status < 500 else f"{status} {code}"


async def surprises(identity: Component, signer: Signer, row: Row) -> list[str]:
    """Where the service answers otherwise than the row says."""
    found = []
    for caller, said in row.answers.items():
        if caller == ANOTHERS:
            continue
        is_asked = row.is_recent and said == PASSES and caller not in set(Scope)
        for age, expected in ((0, said), (STALE, "step-up-required" if is_asked else said)):
            answered = at_the_door(await knock(identity, row, headers(signer, caller, age_seconds=age)))
            if answered != expected:
                found.append(f"{row}, {caller}, factors {age} s old: {answered} instead of {expected}")
    return found


def test_every_route_is_in_the_table_exactly_once_and_nothing_else_is(identity: Component) -> None:
    assert differences(ROWS, routes_of(identity.app)) == []


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


def asked_about(others: list[Others], row: Row) -> tuple[Others, Asked]:
    """Who asks, and about what; a route whose object no test makes fails here."""
    [found] = [(one, one.asked[str(row)]) for one in others if str(row) in one.asked]
    return found


def told(answer: httpx.Response) -> dict[str, Any]:
    """What whoever asked learns: the body without what differs between any two answers."""
    return {name: value for name, value in answer.json().items() if name not in {"trace_id", "instance"}}


@pytest.mark.parametrize("row", ABOUT_OBJECTS, ids=str)
async def test_anothers_object_is_answered_like_none_and_stays_as_it_is(others: list[Others], row: Row) -> None:
    who, asked = asked_about(others, row)
    before = await who.state()
    answer = await who.ask(str(row), asked)
    status, _, code = row.answers[ANOTHERS].partition(" ")
    assert (str(answer.status_code), code_of(answer)) == (status, code or code_of(answer)), answer.text
    assert code or code_of(answer) != "not-found", "there is no such route"
    nobodys = await who.ask(str(row), asked.about_nothing())
    assert (answer.status_code, told(answer)) == (nobodys.status_code, told(nobodys))
    assert await who.state() == before
    assert before, "the objects are there"


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
