"""The mail server of everybody: an SMTP sink that takes every mail, and routes to read them."""

import asyncio
import email
import email.policy
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import cast
from urllib.parse import quote

from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel

from deploy.simulators.providers import ModeIn, WaitSeconds
from deploy.simulators.world import Attachment, Mail, ProviderMode, World

_LINK = re.compile(r"https?://[^\s<>\"')\]]+")


class AttachmentOut(BaseModel):
    """What is known of a file; its bytes have a route of their own."""

    file_name: str
    media_type: str
    size_bytes: int
    sha256: str


class MailOut(BaseModel):
    """A mail as a person would see it, and the links in it."""

    id: str
    received_at: str
    sender: str
    recipients: list[str]
    subject: str
    message_id: str
    text: str
    html: str
    links: list[str]
    attachments: list[AttachmentOut]


def mail_out(mail: Mail) -> MailOut:
    """The readable form of a mail."""
    return MailOut(
        id=mail.id,
        received_at=mail.received_at.isoformat(),
        sender=mail.sender,
        recipients=list(mail.recipients),
        subject=mail.subject,
        message_id=mail.message_id,
        text=mail.text,
        html=mail.html,
        links=list(dict.fromkeys(_LINK.findall(mail.text) + _LINK.findall(mail.html.replace("&amp;", "&")))),
        attachments=[
            AttachmentOut(
                file_name=attachment.file_name,
                media_type=attachment.media_type,
                size_bytes=len(attachment.content),
                sha256=hashlib.sha256(attachment.content).hexdigest(),
            )
            for attachment in mail.attachments
        ],
    )


def parse_mail(envelope: Envelope) -> Mail:
    """The mail inside an SMTP envelope; broken MIME is read as well as the standard library can."""
    content = envelope.original_content or b""
    message = email.message_from_bytes(content, policy=email.policy.default)
    attachments = tuple(
        Attachment(
            file_name=part.get_filename() or "без имени",
            media_type=part.get_content_type(),
            content=cast("bytes", part.get_payload(decode=True) or b""),
        )
        for part in message.iter_attachments()
    )
    return Mail(
        sender=envelope.mail_from or "",
        recipients=tuple(recipient.casefold() for recipient in envelope.rcpt_tos),
        subject=str(message.get("Subject", "")),
        message_id=str(message.get("Message-ID", "")),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        attachments=attachments,
        size_bytes=len(content),
    )


def _body(message: EmailMessage, subtype: str) -> str:
    part = message.get_body(preferencelist=(subtype,))
    if part is None:
        return ""
    charset = part.get_content_charset("utf-8")
    raw = cast("bytes", part.get_payload(decode=True) or b"")
    try:
        return raw.decode(charset, errors="replace")
    except LookupError:
        return raw.decode("utf-8", errors="replace")


class _Sink:
    """What aiosmtpd calls; the answers are SMTP status lines."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802  # aiosmtpd's name
        mode = self._world.mail_mode
        await self._world.take_time(mode.latency_seconds)
        if mode.mode == "refuse":
            return "550 5.7.1 refused (simulated)"
        if mode.mode == "unavailable":
            return "451 4.3.2 try again later (simulated)"
        await self._world.mails.add(parse_mail(envelope))
        return "250 2.0.0 OK"


@asynccontextmanager
async def smtp_server(world: World) -> AsyncIterator[int]:
    """The running SMTP sink; yields its port, which is the system's choice when the setting is 0."""
    settings = world.settings
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(_Sink(world), data_size_limit=settings.mail_limit_bytes, enable_SMTPUTF8=True, hostname="simulator", loop=loop),
        settings.host,
        settings.smtp_port,
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def mail_router(world: World) -> APIRouter:
    """Routes to read what the sink took."""
    router = APIRouter(prefix="/mail", tags=["Почта"])

    @router.get("/messages")
    async def list_messages(to: str | None = None, after: str | None = None, wait_seconds: WaitSeconds = 0) -> list[MailOut]:
        """Mails to one address, oldest first; waits for one when there is none yet."""
        wanted = None if to is None else to.casefold()
        found = await world.mails.matching(lambda mail: wanted is None or wanted in mail.recipients, after=after, wait_seconds=wait_seconds)
        return [mail_out(mail) for mail in found]

    @router.get("/messages/{mail_id}/attachments/{index}")
    async def attachment(mail_id: str, index: int) -> Response:
        """The bytes of one attached file."""
        mail = world.mails.get(mail_id)
        if mail is None or not 0 <= index < len(mail.attachments):
            raise HTTPException(404, "Такого вложения нет")
        found = mail.attachments[index]
        disposition = f"attachment; filename*=UTF-8''{quote(found.file_name)}"
        return Response(found.content, media_type=found.media_type, headers={"Content-Disposition": disposition})

    @router.get("/messages/{mail_id}/html")
    async def html(mail_id: str) -> Response:
        """The mail as a browser shows it, with scripts and foreign content switched off."""
        mail = world.mails.get(mail_id)
        if mail is None:
            raise HTTPException(404, "Такого письма нет")
        policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
        return Response(mail.html or "", media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": policy})

    @router.put("/mode")
    async def set_mode(mode: ModeIn) -> ModeIn:
        """Change how the mail server behaves."""
        world.mail_mode = ProviderMode(mode.mode, mode.latency_seconds)
        return mode

    return router
