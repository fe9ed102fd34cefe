"""How the OpenAPI document tells about problems, callers and preconditions."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from chassis.auth import CALLERS_OF_PUBLIC_ROUTES, calls_of, route_callers
from chassis.limits import is_limited
from chassis.preconditions import expected_version

PROBLEM_JSON = "application/problem+json"
_REFERENCE = {"$ref": "#/components/schemas/Problem"}
_TEXT = {"type": "string"}
PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "urn:medkabinet:problem:<code>"},
        "title": _TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {**_TEXT, "description": "По-русски, для человека"},
        "code": {**_TEXT, "description": "Постоянный код, для программы"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {**_TEXT, "description": "JSON Pointer в теле; #query:…, #header:…, #path:… вне его"},
                    "code": _TEXT,
                    "detail": _TEXT,
                },
                "required": ["pointer", "code", "detail"],
            },
        },
        "trace_id": {**_TEXT, "pattern": "^[0-9a-f]{32}$"},
    },
    "required": ["type", "title", "status", "detail", "code", "errors", "trace_id"],
    "additionalProperties": True,
}
_WHEN = {
    401: "Нет входа или он не принят",
    403: "Эта роль не может",
    404: "Не найдено",
    409: "Состояние не позволяет, или Idempotency-Key занят",
    412: "Запись изменилась с тех пор, как её прочли",
    413: "Тело больше допустимого",
    422: "Данные не приняты",
    428: "Нет If-Match",
    429: "Слишком часто",
    503: "Временно недоступно",
}
_UNSAFE = {"post", "put", "patch", "delete"}


def document_problems(app: FastAPI) -> None:
    """Add the problems to what the app says about itself."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = describe()
            _add(document, app)
            app.openapi_schema = document
        return app.openapi_schema

    setattr(app, "openapi", described)  # noqa: B010 - FastAPI's documented way; mypy refuses assignments to methods


def _add(document: dict[str, Any], app: FastAPI) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for generated in ("HTTPValidationError", "ValidationError"):
        schemas.pop(generated, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    components.setdefault("securitySchemes", {})["accessToken"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    for route in iter_route_contexts(app.routes):
        for method in route.methods or ():
            operation = document["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None:
                _add_to_operation(operation, method.lower(), route)


def _add_to_operation(operation: dict[str, Any], method: str, route: Any) -> None:
    responses = operation.setdefault("responses", {})
    for status in sorted(_statuses(operation, method, route)):
        responses[str(status)] = _response(_WHEN[status])
    responses["default"] = _response("Любой другой отказ")
    callers = route_callers(route)
    if callers is not None and callers != CALLERS_OF_PUBLIC_ROUTES:
        operation["security"] = [{"accessToken": []}]
        operation["x-callers"] = sorted(callers)


def _statuses(operation: dict[str, Any], method: str, route: Any) -> set[int]:
    found = {422, 503}
    calls = [] if getattr(route, "dependant", None) is None else list(calls_of(route.dependant))
    if route_callers(route) not in (None, CALLERS_OF_PUBLIC_ROUTES):
        found |= {401, 403}
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", ())):
        found.add(404)
    if method in _UNSAFE:
        found |= {409, 413}
    if expected_version in calls:
        found |= {412, 428}
    if any(is_limited(call) for call in calls):
        found.add(429)
    return found


def _response(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM_JSON: {"schema": _REFERENCE}}}
