"""Everything that fails over HTTP is problem+json, in Russian, with a pointer, and without what was sent."""

import json
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

import bson
import httpx
import pytest
from bson.errors import InvalidDocument
from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pymongo.errors import AutoReconnect, DuplicateKeyError, EncryptionError, ServerSelectionTimeoutError
from starlette.exceptions import HTTPException

from chassis import errors, guards, problems
from chassis.auth import InvalidToken, anyone
from chassis.problems.inputs import Int64, PlainText
from chassis.problems.mapping import to_problem

SECRET = "Тайнова"


class _Passport(BaseModel):
    model_config = ConfigDict(extra="forbid")
    series: str = Field(pattern=r"^\d{4}$")
    issued_on: date
    count: int = Field(default=1, ge=1, le=5)

    @field_validator("issued_on")
    @classmethod
    def _not_in_future(cls, value: date) -> date:
        if value.year > 2100:
            raise ValueError("Дата выдачи не может быть в будущем.")
        return value


class _Body(BaseModel):
    passport: _Passport
    anything: Any = None


class _Clean(BaseModel):
    text: PlainText
    number: Int64


RAISED: dict[str, Exception] = {
    "not-found": errors.NotFound("Заявление не найдено."),
    "conflict": errors.Conflict("Так нельзя.", open_application_id="abc", errors=[errors.FieldError("/x", "taken", "Занято.")]),
    "limited": errors.TooManyRequests("Слишком часто.", retry_after_seconds=7),
    "away": errors.Unavailable("Нет связи.", retry_after_seconds=3),
    "signed-out": errors.Unauthenticated("Войдите."),
    "bad-token": InvalidToken("Войдите ещё раз."),
    "mongo": ServerSelectionTimeoutError("mongodb://secret-host"),
    "reconnect": AutoReconnect("x"),
    "key-vault": EncryptionError(AutoReconnect("x")),
    "slow": TimeoutError(),
    "bug": RuntimeError(f"kaboom {SECRET}"),
    "duplicate": DuplicateKeyError(SECRET),
    "document": InvalidDocument(SECRET),
}


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()

    @app.post("/bodies", dependencies=[anyone()])
    async def take(body: _Body) -> dict[str, int]:
        return {"size": len(bson.encode({"value": body.anything}))}

    @app.post("/clean", dependencies=[anyone()])
    async def clean(body: _Clean) -> dict[str, int]:
        return {"size": len(body.text)}

    @app.get("/items/{item_id}", dependencies=[anyone()])
    async def item(item_id: UUID, since: datetime | None = None) -> dict[str, str]:
        return {"id": str(item_id), "since": str(since)}

    @app.get("/raised/{name}", dependencies=[anyone()])
    async def raised(name: str) -> None:
        raise RAISED[name]

    @app.post("/raw", dependencies=[anyone()])
    async def raw(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    guards.install(app, body_limit_bytes=2_000, request_timeout_seconds=5)
    problems.install(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as made:
        yield made


def _problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json", response.text
    found: dict[str, Any] = response.json()
    assert (response.status_code, found["status"], found["code"]) == (status, status, code), response.text
    assert found["type"] == f"urn:medkabinet:problem:{code}"
    assert len(found["trace_id"]) == 32
    return found


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("not-found", 404, "not-found"),
        ("conflict", 409, "conflict"),
        ("limited", 429, "too-many-requests"),
        ("away", 503, "unavailable"),
        ("signed-out", 401, "unauthenticated"),
        ("bad-token", 401, "invalid-token"),
        ("mongo", 503, "unavailable"),
        ("reconnect", 503, "unavailable"),
        ("key-vault", 503, "unavailable"),
        ("slow", 503, "unavailable"),
        ("bug", 500, "internal-error"),
        ("duplicate", 500, "internal-error"),
        ("document", 422, "unstorable-value"),
    ],
)
async def test_every_error_has_its_status_and_code(client: httpx.AsyncClient, name: str, status: int, code: str) -> None:
    response = await client.get(f"/raised/{name}")
    _problem(response, status, code)
    assert SECRET not in response.text
    assert "secret-host" not in response.text
    if status in {429, 503}:
        assert int(response.headers["Retry-After"]) >= 1
    if status == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_domain_error_brings_its_fields_and_members(client: httpx.AsyncClient) -> None:
    found = _problem(await client.get("/raised/conflict"), 409, "conflict")
    assert found["open_application_id"] == "abc"
    assert found["errors"] == [{"pointer": "/x", "code": "taken", "detail": "Занято."}]


async def test_each_wrong_field_is_named_by_pointer_and_never_repeated(client: httpx.AsyncClient) -> None:
    body = {"passport": {"series": SECRET, "issued_on": "не дата", "count": 9, SECRET[:3] + "/~": 1}}
    response = await client.post("/bodies", json=body)
    found = _problem(response, 422, "invalid")
    by_pointer = {error["pointer"]: error for error in found["errors"]}
    assert set(by_pointer) == {"/passport/series", "/passport/issued_on", "/passport/count", "/passport/Тай~1~0"}
    assert by_pointer["/passport/count"]["detail"] == "Значение должно быть не больше 5."
    assert by_pointer["/passport/series"]["code"] == "string-pattern-mismatch"
    assert SECRET not in response.text


async def test_own_words_of_a_validator_are_kept(client: httpx.AsyncClient) -> None:
    found = _problem(await client.post("/bodies", json={"passport": {"series": "1234", "issued_on": "2999-01-01"}}), 422, "invalid")
    assert found["errors"][0]["detail"] == "Дата выдачи не может быть в будущем."


async def test_path_and_query_have_pointers_too(client: httpx.AsyncClient) -> None:
    found = _problem(await client.get("/items/nope", params={"since": "yesterday"}), 422, "invalid")
    assert {error["pointer"] for error in found["errors"]} == {"#path:item_id", "#query:since"}


PASSPORT = '{"series": "1234", "issued_on": "2020-01-01"}'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid"),
        (b"{", "invalid"),
        (b"[1, 2", "invalid"),
        (b"null", "invalid"),
        (b"\xff\xfe\xfa", "malformed-body"),
        (b"9" * 1_900, "invalid"),
        (b"[" * 1_900, "malformed-body"),
        (f'{{"passport": {PASSPORT}, "anything": {2**70}}}'.encode(), "unstorable-value"),
        (f'{{"passport": {PASSPORT}, "anything": "\\ud800"}}'.encode(), "unstorable-value"),
        (f'{{"passport": {PASSPORT}, "anything": {{"a\\u0000b": 1}}}}'.encode(), "unstorable-value"),
        (f'{{"passport": {PASSPORT}, "anything": {{"\\udfff": 1}}}}'.encode(), "unstorable-value"),
    ],
)
async def test_hostile_bodies_are_refused_not_failed_on(client: httpx.AsyncClient, body: bytes, code: str) -> None:
    _problem(await client.post("/bodies", content=body, headers={"content-type": "application/json"}), 422, code)


async def test_numbers_of_thousands_of_digits_are_refused(client: httpx.AsyncClient) -> None:
    big = b'{"passport": ' + b"9" * 5_000 + b"}"
    _problem(await client.post("/bodies", content=big, headers={"content-type": "application/json"}), 413, "payload-too-large")


@pytest.mark.parametrize(
    "body", ['{"text": "a\\u0000b", "number": 1}', '{"text": "\\ud800", "number": 1}', f'{{"text": "x", "number": {2**63}}}']
)
async def test_clean_types_refuse_what_no_store_can_hold(client: httpx.AsyncClient, body: str) -> None:
    _problem(await client.post("/clean", content=body, headers={"content-type": "application/json"}), 422, "invalid")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"), [("GET", "/nowhere", 404, "not-found"), ("DELETE", "/bodies", 405, "method-not-allowed")]
)
async def test_the_framework_s_refusals_are_problems(client: httpx.AsyncClient, method: str, path: str, status: int, code: str) -> None:
    response = await client.request(method, path)
    _problem(response, status, code)
    assert status != 405 or response.headers["Allow"] == "POST"


async def test_any_status_of_the_framework_has_a_code() -> None:
    assert to_problem(HTTPException(418)).code == "im-a-teapot"
    assert to_problem(HTTPException(415)).status == 415


async def test_a_validation_error_of_our_own_making_is_our_fault() -> None:
    with pytest.raises(ValidationError) as caught:
        _Clean.model_validate({})
    assert to_problem(caught.value).status == 500


async def test_openapi_tells_of_problems_and_forgets_the_framework_s_own(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert "HTTPValidationError" not in json.dumps(document)
    responses = document["paths"]["/bodies"]["post"]["responses"]
    assert set(responses) == {"200", "409", "413", "422", "503", "default"}
    assert responses["422"]["content"] == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert "404" in document["paths"]["/items/{item_id}"]["get"]["responses"]
