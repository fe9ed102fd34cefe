"""HTTP routes of notifications: the inbox, its live stream, preferences. Everybody who is signed in sees their own only."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import anyio
from fastapi import APIRouter, Header, Query, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from chassis.app import provided
from chassis.auth import Principal, callers
from chassis.guards import time_limit
from chassis.limits import limited
from chassis.paging import Page, PageQuery, encode_cursor
from contracts.roles import Role
from services.notifications.domain import Notice
from services.notifications.schemas import NoticeOut, PreferencesIn, PreferencesOut
from services.notifications.usecases import UseCases

router = APIRouter()

UseCasesDep = Annotated[UseCases, provided()]
Reader = Annotated[Principal, callers(*Role)]
IsUnread = Annotated[bool | None, Query(alias="unread", description="true: только непрочитанные, false: только прочитанные.")]
LastEventId = Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=2**63 - 1, description="id последнего полученного события.")]

_RECONNECT_MILLISECONDS = 2000
_GOODBYE_SECONDS = 2


@router.get("/notices")
async def list_notices(reader: Reader, usecases: UseCasesDep, page: PageQuery, unread: IsUnread = None) -> Page[NoticeOut]:
    """The caller's notices, newest first."""
    position = page.after(int)
    before = None if position is None else int(position[0])
    found = await usecases.list_notices(reader.id, before=before, is_unread=unread, limit=page.limit + 1)
    shown = found[: page.limit]
    next_cursor = encode_cursor(shown[-1].sequence) if len(found) > page.limit else None
    return Page(items=[NoticeOut.of(notice, usecases.templates.link) for notice in shown], next_cursor=next_cursor)


@router.get("/notices/{notice_id}")
async def get_notice(notice_id: UUID, reader: Reader, usecases: UseCasesDep) -> NoticeOut:
    """One notice of the caller."""
    return NoticeOut.of(await usecases.get_notice(notice_id, recipient_id=reader.id), usecases.templates.link)


@router.put("/notices/{notice_id}/reading", status_code=204)
async def mark_read(notice_id: UUID, reader: Reader, usecases: UseCasesDep) -> Response:
    """The caller has seen the notice."""
    await usecases.mark_read(notice_id, recipient_id=reader.id)
    return Response(status_code=204)


@router.put("/notices/{notice_id}/act", status_code=204)
async def mark_acted(notice_id: UUID, reader: Reader, usecases: UseCasesDep) -> Response:
    """The caller did what the notice asks for; reminders end."""
    await usecases.mark_acted(notice_id, recipient_id=reader.id)
    return Response(status_code=204)


@router.get(
    "/stream",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "События notice."}},
    dependencies=[time_limit(None), limited("stream", "120/minute", by="principal")],
)
async def stream_notices(reader: Reader, usecases: UseCasesDep, last_event_id: LastEventId = None) -> EventSourceResponse:
    """Live notices as Server-Sent Events (`event: notice`, `id`: sequence); ends when the token does, then reconnect with a new one."""
    after = await usecases.open_stream(reader.id, after=last_event_id)
    shutdown = anyio.Event()
    return EventSourceResponse(
        _events(usecases, reader, after, shutdown),
        shutdown_event=shutdown,
        shutdown_grace_period=_GOODBYE_SECONDS,
        ping=usecases.terms.stream_heartbeat_seconds,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(usecases: UseCases, reader: Principal, after: int, shutdown: anyio.Event) -> AsyncIterator[ServerSentEvent]:
    """First only an id, so that a reconnection resumes exactly here even if nothing came."""
    yield ServerSentEvent(id=str(after), retry=_RECONNECT_MILLISECONDS)
    async for notice in usecases.follow(reader.id, after=after, until=reader.expires_at, stopped=shutdown.wait):
        yield _event(usecases, notice)


def _event(usecases: UseCases, notice: Notice) -> ServerSentEvent:
    body = NoticeOut.of(notice, usecases.templates.link).model_dump_json()
    return ServerSentEvent(event="notice", id=str(notice.sequence), data=body)


@router.get("/preferences")
async def get_preferences(reader: Reader, usecases: UseCasesDep) -> PreferencesOut:
    """Where each kind of notices goes for the caller."""
    return PreferencesOut.of(await usecases.get_recipient(reader.id))


@router.put("/preferences")
async def put_preferences(body: PreferencesIn, reader: Reader, usecases: UseCasesDep) -> PreferencesOut:
    """Choose channels by kind."""
    return PreferencesOut.of(await usecases.choose_channels(reader.id, body.wished()))
