"""Cursors come back as they were, and anything else is refused by name."""

import base64
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from chassis import problems
from chassis.auth import anyone
from chassis.paging import BadCursor, CursorValue, Page, PageQuery, PageRequest, decode_cursor, encode_cursor

_values = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=40)
    | st.uuids()
    | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
)


@given(st.lists(_values, max_size=4))
def test_what_goes_in_comes_out_with_its_type(values: list[CursorValue]) -> None:
    found = decode_cursor(encode_cursor(*values))
    assert found == tuple(values)
    assert [type(value) for value in found] == [type(value) for value in values]


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_foreign_cursors_are_refused_or_read_but_never_fail(text: str) -> None:
    with suppress(BadCursor):
        assert isinstance(decode_cursor(text), tuple)


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b"[[]]",
        b'[["t","x"]]',
        b'[["t","2020-01-01T00:00:00"]]',
        b'[["t",5]]',
        b'[["u",5]]',
        b'[["u","x"]]',
        b'[["z","x"]]',
        b"[{}]",
        b"[1e999]",
        b"[NaN]",
        b'["\\ud800"]',
        b"[99999999999999999999]",
        b"[" * 700,
        b'[["t","0001-01-01T00:00:00+14:00"]]',
    ],
)
def test_forged_cursors_are_refused(raw: bytes) -> None:
    with pytest.raises(BadCursor) as refused:
        decode_cursor(base64.urlsafe_b64encode(raw).decode().rstrip("="))
    assert refused.value.errors[0].pointer == "#query:cursor"


def test_a_cursor_of_another_list_is_refused() -> None:
    page = PageRequest(cursor=encode_cursor(datetime(2026, 1, 1, tzinfo=UTC), uuid4()))
    found = page.after(datetime, UUID)
    assert found is not None
    assert len(found) == 2
    for types in ((str, UUID), (datetime,), (datetime, UUID, int)):
        with pytest.raises(BadCursor):
            page.after(*types)
    assert PageRequest().after(datetime) is None


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()

    @app.get("/numbers", dependencies=[anyone()])
    async def numbers(page: PageQuery) -> Page[int]:
        after = page.after(int)
        start = 0 if after is None else after[0] + 1
        items = list(range(start, min(start + page.limit, 45)))
        return Page(items=items, next_cursor=encode_cursor(items[-1]) if items and items[-1] < 44 else None)

    problems.install(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as made:
        yield made


async def test_pages_cover_the_list_once(client: httpx.AsyncClient) -> None:
    seen: list[int] = []
    cursor = None
    for _ in range(3):
        page = (await client.get("/numbers", params={"cursor": cursor} if cursor else {})).json()
        seen += page["items"]
        cursor = page["next_cursor"]
    assert (seen, cursor) == (list(range(45)), None)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "cursor=", "cursor=!!!", "cursor=" + "a" * 2000, "cursor=%00", "cursor=W10"]
)
async def test_wrong_pages_are_422(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/numbers?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"#query:{query.partition('=')[0]}")
