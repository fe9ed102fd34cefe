"""Errors to problem+json. Nothing of what a person sent is repeated in an answer or a log line."""

import json
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog
from bson.errors import BSONError
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import DomainError, FieldError
from chassis.mongo import is_away
from chassis.problems.inputs import field_errors
from chassis.telemetry import trace_id

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = 2
_SERVER_ERROR = 500

log = structlog.get_logger(__name__)

_TITLES = {
    400: "Запрос составлен неверно",
    401: "Нужен вход",
    403: "Недостаточно прав",
    404: "Не найдено",
    405: "Действие не поддерживается",
    406: "Такой формат ответа не поддерживается",
    408: "Запрос не дошёл целиком",
    409: "Сейчас это невозможно",
    411: "Не указан размер",
    412: "Запись изменилась",
    413: "Слишком большой запрос",
    415: "Формат не поддерживается",
    422: "Данные не приняты",
    428: "Не указана версия записи",
    429: "Слишком много запросов",
    500: "Внутренняя ошибка",
    503: "Временно недоступно",
}
_DETAILS = {
    400: "Сервер не смог разобрать запрос.",
    404: "По этому адресу ничего нет.",
    405: "По этому адресу такое действие не предусмотрено.",
    413: "Запрос больше допустимого размера.",
    500: "Что-то пошло не так на нашей стороне. Повторите позже; если не поможет, сообщите в поддержку номер trace_id.",
    503: "Сервис временно недоступен. Повторите через несколько секунд.",
}
_UNSTORABLE = (BSONError, OverflowError, UnicodeEncodeError)


@dataclass(frozen=True, slots=True)
class Problem:
    """What an answer says."""

    status: int
    code: str
    detail: str
    errors: Sequence[FieldError] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """As problem+json, with the number of the trace."""
        members = {
            **self.extra,
            "type": f"urn:medkabinet:problem:{self.code}",
            "title": _TITLES.get(self.status) or HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": [{"pointer": error.pointer, "code": error.code, "detail": error.detail} for error in self.errors],
            "trace_id": trace_id() or uuid4().hex,
        }
        body = json.dumps(members, ensure_ascii=False, default=str).encode(errors="replace")
        return Response(body, self.status, headers={**self.headers, "Cache-Control": "no-store"}, media_type=PROBLEM_JSON)


_CANNOT_STORE = "В запросе есть значение, которое нельзя сохранить: слишком большое число, дата вне границ или недопустимый символ."
_FIXED: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Problem], ...] = (
    (_UNSTORABLE, Problem(422, "unstorable-value", _CANNOT_STORE)),
    (ClientDisconnect, Problem(408, "upload-cut", "Запрос оборвался раньше, чем дошёл целиком. Повторите его.")),
)


def answer(scope: Scope, error: Exception) -> Response:
    """The answer to any error, logged when it is ours."""
    problem = to_problem(error)
    response = problem.response()
    route = getattr(scope.get("route"), "path", None)
    if problem.code == "not-ready":
        pass  # asked every second by whoever waits; `Readiness` logs the changes
    elif problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("request-postponed", code=problem.code, route=route, error=type(error).__name__)
    elif problem.status >= _SERVER_ERROR:
        log.error("request-failed", code=problem.code, route=route, error=type(error).__name__, exc_info=error)
    elif isinstance(error, _UNSTORABLE):
        log.warning("unstorable-value", route=route, error=type(error).__name__, exc_info=error)
    return response


def to_problem(error: BaseException) -> Problem:
    """What each error means to the caller."""
    if isinstance(error, DomainError):
        return _of_domain_error(error)
    if isinstance(error, RequestValidationError):
        return Problem(422, "invalid", "Проверьте отмеченные поля.", errors=field_errors(error.errors()))
    if isinstance(error, HTTPException):
        return _of_http_exception(error)
    if isinstance(error, TimeoutError) or is_away(error):
        return Problem(503, "unavailable", _DETAILS[503], headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    return next((problem for kind, problem in _FIXED if isinstance(error, kind)), Problem(500, "internal-error", _DETAILS[500]))


def _of_domain_error(error: DomainError) -> Problem:
    headers = {}
    retry_after: float | None = getattr(error, "retry_after_seconds", None)
    extra = dict(error.extra)
    if retry_after is not None:
        extra["retry_after_seconds"] = retry_after
        headers["Retry-After"] = str(math.ceil(retry_after))
    if error.status == HTTPStatus.UNAUTHORIZED:
        challenge = 'Bearer realm="medkabinet"'
        headers["WWW-Authenticate"] = f'{challenge}, error="invalid_token"' if error.code == "invalid-token" else challenge
    return Problem(error.status, error.code, error.detail, error.errors, extra, headers)


def _of_http_exception(error: HTTPException) -> Problem:
    """The framework's own refusals. FastAPI hides failures while it reads a body behind a 400: its cause says what really happened."""
    cause = error.__cause__
    if error.status_code == HTTPStatus.BAD_REQUEST and isinstance(cause, DomainError | ClientDisconnect | TimeoutError):
        return to_problem(cause)
    if error.status_code == HTTPStatus.BAD_REQUEST and isinstance(cause, ValueError | RecursionError):
        unreadable = FieldError("", "malformed-body", "Ожидается JSON в кодировке UTF-8.")
        return Problem(422, "malformed-body", "Тело запроса не удалось прочитать.", errors=[unreadable])
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-").replace("'", "")
    detail = _DETAILS.get(error.status_code) or "Сервер отклонил запрос."
    return Problem(error.status_code, code, detail, headers=error.headers or {})


def install_handlers(app: FastAPI) -> None:
    """Handlers for what is raised inside routes, and the last resort around everything."""

    async def handle(request: Request, error: Exception) -> Response:
        return answer(request.scope, error)

    handler: Callable[[Request, Exception], Awaitable[Response]] = handle
    for kind in (
        DomainError,
        RequestValidationError,
        ResponseValidationError,
        HTTPException,
        ClientDisconnect,
        *_UNSTORABLE,
        PyMongoError,
        TimeoutError,
    ):
        app.add_exception_handler(kind, handler)
    app.add_middleware(LastResortMiddleware)


class LastResortMiddleware:
    """Answers what nobody else answered, so that no exception, with whatever its message holds, reaches the server's log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry. An answer already begun cannot be changed: the connection is closed on it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_started = False

        async def noted(message: Message) -> None:
            nonlocal is_started
            is_started = is_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:  # noqa: BLE001 - the place where every error ends
            response = answer(scope, error)
            if is_started:
                raise BrokenAnswer from None
            await response(scope, receive, send)


class BrokenAnswer(Exception):
    """A failure after the first bytes of the answer had left; it is logged already."""
