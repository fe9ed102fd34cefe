"""The SMS gateway and the push service."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from pydantic import BaseModel, Field

from deploy.simulators.world import ProviderMode, PushMessage, TextMessage, World

WaitSeconds = Annotated[float, Query(ge=0, le=30)]
UNDELIVERABLE_SUFFIX = "0000"
"""SMS to numbers that end so are accepted and never arrive."""
KEEP_KEYS = 10_000
PUSH_LIMIT_BYTES = 4096


class ModeIn(BaseModel):
    """How a provider behaves from now on: `accept`, `refuse` for good, or `unavailable` for the moment."""

    mode: Literal["accept", "refuse", "unavailable"]
    latency_seconds: float | None = Field(default=None, ge=0, le=60)


class TextMessageIn(BaseModel):
    """An SMS to send; the number in E.164."""

    to: str = Field(pattern=r"^\+[1-9]\d{6,14}$")
    text: str = Field(min_length=1, max_length=1600)


class TextMessageOut(BaseModel):
    """An SMS and its delivery receipt."""

    id: str
    to: str
    text: str
    status: Literal["delivered", "undelivered"]
    received_at: str


class AcceptedOut(BaseModel):
    """The gateway took the message."""

    id: str
    status: Literal["accepted"] = "accepted"


class PushIn(BaseModel):
    """A push message to one subscription."""

    to: str = Field(min_length=1, max_length=500)
    title: str = Field(default="", max_length=500)
    body: str = Field(default="", max_length=4000)


def _obey(mode: ProviderMode) -> None:
    if mode.mode == "unavailable":
        raise HTTPException(503, "Поставщик не отвечает (имитация)", headers={"Retry-After": "5"})
    if mode.mode == "refuse":
        raise HTTPException(422, "Поставщик отказал (имитация)")


def _receipt(message: TextMessage) -> TextMessageOut:
    return TextMessageOut(
        id=message.id,
        to=message.to,
        text=message.text,
        status="delivered" if message.is_delivered else "undelivered",
        received_at=message.received_at.isoformat(),
    )


def sms_router(world: World) -> APIRouter:
    """Routes of the SMS gateway."""
    router = APIRouter(prefix="/sms", tags=["SMS"])
    ids_by_key: dict[str, str] = {}

    @router.post("/messages", status_code=202)
    async def send(message: TextMessageIn, idempotency_key: Annotated[str | None, Header(max_length=255)] = None) -> AcceptedOut:
        """Take an SMS; the same `Idempotency-Key` again answers with the first one."""
        await world.take_time(world.sms_mode.latency_seconds)
        _obey(world.sms_mode)
        if idempotency_key and (known := ids_by_key.get(idempotency_key)):
            return AcceptedOut(id=known)
        taken = TextMessage(to=message.to, text=message.text, is_delivered=not message.to.endswith(UNDELIVERABLE_SUFFIX))
        if idempotency_key:
            ids_by_key[idempotency_key] = taken.id
            if len(ids_by_key) > KEEP_KEYS:
                del ids_by_key[next(iter(ids_by_key))]
        await world.texts.add(taken)
        return AcceptedOut(id=taken.id)

    @router.get("/messages")
    async def list_messages(to: str | None = None, after: str | None = None, wait_seconds: WaitSeconds = 0) -> list[TextMessageOut]:
        """Messages to one number, oldest first; waits for one when there is none yet."""
        found = await world.texts.matching(lambda message: to in (None, message.to), after=after, wait_seconds=wait_seconds)
        return [_receipt(message) for message in found]

    @router.get("/messages/{message_id}")
    async def receipt(message_id: str) -> TextMessageOut:
        """The delivery receipt."""
        if message := world.texts.get(message_id):
            return _receipt(message)
        raise HTTPException(404, "Такого сообщения нет")

    @router.put("/mode")
    async def set_mode(mode: ModeIn) -> ModeIn:
        """Change how the gateway behaves."""
        world.sms_mode = ProviderMode(mode.mode, mode.latency_seconds)
        return mode

    return router


def push_router(world: World) -> APIRouter:
    """Routes of the push service: a plain JSON one, and the one browsers' subscriptions point at (RFC 8030)."""
    router = APIRouter(prefix="/push", tags=["Push"])

    @router.post("", status_code=201)
    async def push(message: PushIn) -> AcceptedOut:
        """Take a readable push message."""
        return await take(message)

    @router.post("/subscriptions/{subscription}", status_code=201)
    async def web_push(subscription: str, request: Request, response: Response) -> AcceptedOut:
        """Take an encrypted push message for one subscription."""
        body = await request.body()
        if len(body) > PUSH_LIMIT_BYTES:
            raise HTTPException(413, "Сообщение больше 4096 байт")
        accepted = await take(PushIn(to=subscription, title="", body=f"{len(body)} байт, зашифровано"))
        response.headers["Location"] = f"{world.settings.public_url}/push/messages/{accepted.id}"
        return accepted

    async def take(message: PushIn) -> AcceptedOut:
        await world.take_time(world.push_mode.latency_seconds)
        _obey(world.push_mode)
        taken = PushMessage(to=message.to, title=message.title, body=message.body)
        await world.pushes.add(taken)
        return AcceptedOut(id=taken.id)

    @router.get("/messages")
    async def list_messages(to: str | None = None, after: str | None = None, wait_seconds: WaitSeconds = 0) -> list[PushMessage]:
        """Push messages to one subscription, oldest first."""
        return await world.pushes.matching(lambda message: to in (None, message.to), after=after, wait_seconds=wait_seconds)

    @router.put("/mode")
    async def set_mode(mode: ModeIn) -> ModeIn:
        """Change how the service behaves."""
        world.push_mode = ProviderMode(mode.mode, mode.latency_seconds)
        return mode

    return router
