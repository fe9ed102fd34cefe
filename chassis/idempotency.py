"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a repeated unsafe request gets the first one's answer.

The answer is written by the very transaction that made the change: the last transaction of a keyed request is held open
until the answer exists, then both commit. There is no moment at which the change is made and its answer is not known.
Answers may hold personal data and are encrypted like it.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from pymongo.errors import PyMongoError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.clock import machine_now
from chassis.encryption import FieldCipher
from chassis.errors import Invalid
from chassis.mongo import ASCENDING, Database, DuplicateKeyError, IndexModel, Session, prepare_collection
from chassis.problems import answer

ANSWERS = "idempotency_answers"
MAX_KEY_LENGTH = 200
_UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
_KEPT_HEADERS = {b"content-type", b"etag", b"location"}
_ERROR, _SERVER_ERROR = 400, 500
_LARGEST_READ_AHEAD = 262_144
"""Larger bodies are files: they are known by size, type and name, and stream past without being kept."""


class KeyReused(Invalid):
    """The same key came with another request."""

    code = "idempotency-key-reused"


class MalformedKey(Invalid):
    """The key is empty, too long or not printable."""

    code = "idempotency-key-malformed"


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; `headers` are those worth repeating."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Answered(Exception):
    """The request was answered before; carries that answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class Finish(Protocol):
    """Ends a held transaction: commits it with the answer, commits it and frees the key (no answer), or aborts it."""

    async def __call__(self, answer: Answer | None, *, commits: bool) -> None:
        """Exactly once."""
        ...


@dataclass(slots=True)
class KeyedRequest:
    """One request with a key, and the transaction that waits for its answer."""

    key: str
    fingerprint: str
    state: dict[str, Any]
    _finish: Finish | None = None

    @property
    def record_id(self) -> str:
        """Keys of different people never meet: the caller is part of the id. Raises `MalformedKey`."""
        if not 1 <= len(self.key) <= MAX_KEY_LENGTH or not self.key.isprintable():
            raise MalformedKey(f"Idempotency-Key: от 1 до {MAX_KEY_LENGTH} печатных символов, например UUID.")
        principal = self.state.get("principal")
        caller = str(principal.id) if principal is not None else "anonymous"
        return hashlib.sha256(f"{caller}\n{self.key}".encode()).hexdigest()

    def hold(self, finish: Finish) -> None:
        """Leave the transaction open until the answer is known."""
        self._finish = finish

    async def settle(self, answer: Answer | None = None, *, commits: bool = True) -> None:
        """End what is held, if anything."""
        finish, self._finish = self._finish, None
        if finish is not None:
            await finish(answer, commits=commits)


current_request: ContextVar[KeyedRequest | None] = ContextVar("current_request", default=None)


@contextmanager
def apart_from_request() -> Iterator[None]:
    """What is done within is no part of the keyed request: it happens although somebody else was answered meanwhile."""
    token = current_request.set(None)
    try:
        yield
    finally:
        current_request.reset(token)


@dataclass(frozen=True, slots=True)
class Answers:
    """The store of answers."""

    database: Database
    cipher: FieldCipher
    keep_hours: int

    async def prepare(self) -> None:
        """Collection and expiry."""
        kept = IndexModel([("at", ASCENDING)], name="kept", expireAfterSeconds=self.keep_hours * 3600)
        await prepare_collection(self.database, ANSWERS, indexes=[kept])

    async def replay_if_answered(self, request: KeyedRequest, session: Session | None = None) -> None:
        """Raises `Answered` for a repetition, `KeyReused` when the key came with something else before."""
        record = await self.database[ANSWERS].find_one({"_id": request.record_id}, session=session)
        if record is None:
            return
        if record["fingerprint"] != request.fingerprint:
            raise KeyReused("Этот Idempotency-Key уже использован с другим запросом. Возьмите новый ключ.")
        body = (await self.cipher.decrypt({"body": record["body"]}))["body"]
        raise Answered(Answer(record["status"], [(bytes(name), bytes(value)) for name, value in record["headers"]], bytes(body)))

    async def claim(self, request: KeyedRequest, session: Session) -> None:
        """Take the key within the transaction, so that the same request at the same moment conflicts and finds the answer next.

        Raises what `replay_if_answered` raises.
        """
        try:
            await self.database[ANSWERS].insert_one({"_id": request.record_id, "fingerprint": request.fingerprint}, session=session)
        except DuplicateKeyError:
            await self.replay_if_answered(request)
            raise

    async def keep(self, request: KeyedRequest, answer: Answer | None, session: Session) -> None:
        """Write the answer in the transaction of the change; without one (the request was refused) the key is free again."""
        found = {"_id": request.record_id}
        if answer is None:
            await self.database[ANSWERS].delete_one(found, session=session)
            return
        sealed = await self.cipher.encrypt({"body": answer.body})
        record = {
            "status": answer.status,
            "headers": [list(pair) for pair in answer.headers],
            "body": sealed["body"],
            "at": machine_now(),
        }
        await self.database[ANSWERS].update_one(found, {"$set": record}, session=session)


async def replay(_request: Request, error: Exception) -> Response:
    """Exception handler: the first answer again, marked as such."""
    if not isinstance(error, Answered):
        raise TypeError("replay() handles Answered only")
    response = Response(error.answer.body, error.answer.status)
    response.raw_headers = [*error.answer.headers, (b"content-length", str(len(error.answer.body)).encode())]
    response.headers["Idempotency-Replayed"] = "true"
    return response


@dataclass(slots=True)
class _Capture:
    """Collects an answer so that it can be kept before its first byte leaves."""

    messages: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    async def settle(self, request: KeyedRequest) -> None:
        """A complete success is kept; a complete refusal commits what it had decided and frees the key; anything else never happened."""
        status = self.messages[0]["status"] if self.messages else _SERVER_ERROR
        is_complete = len(self.messages) > 1 and not self.messages[-1].get("more_body", False)
        if not is_complete or status >= _SERVER_ERROR:
            await request.settle(commits=False)
        elif status >= _ERROR:
            await request.settle()
        else:
            headers = [(bytes(name), bytes(value)) for name, value in self.messages[0]["headers"] if name.lower() in _KEPT_HEADERS]
            await request.settle(Answer(status, headers, b"".join(part.get("body", b"") for part in self.messages[1:])))


class IdempotencyMiddleware:
    """Recognises keyed requests and commits what they held, with their answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        headers = Headers(scope=scope) if scope["type"] == "http" else None
        key = headers.get("idempotency-key") if headers is not None and scope["method"] in _UNSAFE else None
        if key is None or headers is None:
            await self._app(scope, receive, send)
            return
        request, receive = await _keyed_request(scope, headers, key, receive)
        await self._answer(request, scope, receive, send)

    async def _answer(self, request: KeyedRequest, scope: Scope, receive: Receive, send: Send) -> None:
        token = current_request.set(request)
        capture = _Capture()
        try:
            await self._app(scope, receive, capture.send)
            await capture.settle(request)
        except PyMongoError as error:
            # Nothing was answered yet and the repetition is safe: the store's troubles are the problem to report.
            await answer(scope, error)(scope, receive, send)
            return
        finally:
            current_request.reset(token)
            await request.settle(commits=False)
        for message in capture.messages:
            await send(message)


async def _keyed_request(scope: Scope, headers: Headers, key: str, receive: Receive) -> tuple[KeyedRequest, Receive]:
    digest = hashlib.sha256(f"{scope['method']} {scope['path']}?{scope.get('query_string', b'').decode('latin-1')}".encode())
    for name, value in sorted(headers.items()):
        if name == "if-match" or name.endswith("-token"):
            digest.update(f"{name}: {value}\n".encode())
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > _LARGEST_READ_AHEAD:
        digest.update(f"{length} {headers.get('content-type')} {headers.get('content-disposition')}".encode())
    else:
        receive = await _read_ahead(receive, digest.update)
    return KeyedRequest(key, digest.hexdigest(), scope.setdefault("state", {})), receive


async def _read_ahead(receive: Receive, seen: Callable[[bytes], None]) -> Receive:
    """Read the (already limited) body for its fingerprint and hand it on."""
    messages: list[Message] = []
    while True:
        message = await receive()
        messages.append(message)
        seen(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            break

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return again
