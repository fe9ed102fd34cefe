"""If-Match carries the version a change is about."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from chassis import problems
from chassis.auth import anyone
from chassis.preconditions import IfMatch, etag


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()

    @app.put("/record", dependencies=[anyone()])
    async def change(version: IfMatch) -> int:
        return version

    problems.install(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as made:
        yield made


@pytest.mark.parametrize("version", [0, 3, 10**17])
async def test_an_etag_comes_back_as_its_version(client: httpx.AsyncClient, version: int) -> None:
    assert (await client.put("/record", headers={"If-Match": etag(version)})).json() == version


async def test_a_missing_version_is_428(client: httpx.AsyncClient) -> None:
    answer = await client.put("/record")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (428, "#header:If-Match")


@pytest.mark.parametrize("value", ["3", '"x"', "*", 'W/"3"', '"1", "2"', '"-1"', '"01"', '""', '"' + "9" * 30 + '"', '"٣"', "x" * 500])
async def test_a_malformed_version_is_422(client: httpx.AsyncClient, value: str) -> None:
    answer = await client.put("/record", headers={b"If-Match": value.encode()})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#header:If-Match")


async def test_openapi_names_412_and_428(client: httpx.AsyncClient) -> None:
    operation = (await client.get("/openapi.json")).json()["paths"]["/record"]["put"]
    assert {"412", "428"} <= set(operation["responses"])
