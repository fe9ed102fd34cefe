"""The outside of notifications: message templates, the mail and SMS providers with their circuit breakers, fetching of attachments."""

import hashlib
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import Policy, default
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import aiosmtplib
import httpx
import jinja2

from chassis.breaker import CircuitBreaker
from services.notifications.domain import Channel, inside

_TEMPLATES = Path(__file__).parent / "templates"
_VERSIONED = re.compile(r"(?P<name>[a-z-]+)\.v(?P<version>\d+)\.txt")
_MONTHS = ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря")
_GSM_SEGMENTS = (160, 153)
_UCS2_SEGMENTS = (70, 67)
_SMS_SEGMENTS = 2
_TRANSIENT_STATUS = frozenset({408, 425, 429})
_SMTP_PERMANENT = 500


class ProviderUnavailable(Exception):
    """The provider did not take the message this time; `reason` is a stable code without personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MessageRefused(Exception):
    """The provider will never take this message; `reason` is a stable code without personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter."""

    file_name: str
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """What a provider gets. `id` is the delivery's: the provider drops a message it already has."""

    id: UUID
    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False, default="")
    sent_at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()


class _Folded(BaseHeader):
    """Subject and sender folded by `email.header`: the library's newer way loses the space where a line ends between encoded words."""

    def fold(self, *, policy: Policy) -> str:
        """Words are encoded whether the server takes UTF-8 or not."""
        text = str(self)
        if text.isascii() or self.name not in {"Subject", "From"}:
            return super().fold(policy=policy)
        words, address = (text, "") if self.name == "Subject" else parseaddr(text)
        lines = Header(words, "utf-8", policy.max_line_length, self.name)
        if address:
            lines.append(f"<{address}>", "us-ascii")
        return f"{self.name}: {lines.encode(linesep=policy.linesep)}{policy.linesep}"


_MAIL = default.clone(header_factory=HeaderRegistry(_Folded))


class Provider(Protocol):
    """Hands one message over; raises `ProviderUnavailable` or `MessageRefused`."""

    async def send(self, message: Message) -> None:
        """Returns once the provider is responsible for the message."""
        ...


@dataclass(slots=True)
class SmtpProvider:
    """Mail through one SMTP server; the Message-ID is made of the delivery's id."""

    host: str
    port: int
    security: str
    user: str | None
    password: str | None
    sender: str
    timeout_seconds: float

    async def send(self, message: Message) -> None:
        """See `Provider`. A 5xx answer to the recipient or the message is a refusal, all else may pass."""
        mail = self._compose(message)
        try:
            await aiosmtplib.send(
                mail,
                hostname=self.host,
                port=self.port,
                username=self.user,
                password=self.password,
                use_tls=self.security == "tls",
                start_tls=self.security == "starttls",
                timeout=self.timeout_seconds,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(refusal.code >= _SMTP_PERMANENT for refusal in error.recipients):
                raise MessageRefused("smtp-recipient-refused") from None
            raise ProviderUnavailable("smtp-recipient-postponed") from None
        except aiosmtplib.SMTPResponseException as error:
            if error.code >= _SMTP_PERMANENT and not isinstance(error, aiosmtplib.SMTPAuthenticationError | aiosmtplib.SMTPConnectError):
                raise MessageRefused(f"smtp-{error.code}") from None
            raise ProviderUnavailable(f"smtp-{error.code}") from None
        except (aiosmtplib.SMTPException, ssl.SSLError, OSError) as error:
            raise ProviderUnavailable(f"smtp-{type(error).__name__.lower()}") from None
        except ValueError:
            raise MessageRefused("mail-address-malformed") from None

    def _compose(self, message: Message) -> EmailMessage:
        domain = parseaddr(self.sender)[1].rpartition("@")[2] or "medkabinet.invalid"
        mail = EmailMessage(_MAIL)
        mail["From"] = self.sender
        mail["Subject"] = message.subject
        mail["Message-ID"] = f"<{message.id}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        try:
            mail["To"] = message.to
        except ValueError:
            raise MessageRefused("mail-address-malformed") from None
        if message.sent_at is not None:
            mail["Date"] = format_datetime(message.sent_at)
        mail.set_content(message.text)
        mail.add_alternative(message.html, subtype="html")
        for attachment in message.attachments:
            maintype, _, subtype = attachment.media_type.partition("/")
            mail.add_attachment(attachment.body, maintype=maintype, subtype=subtype, filename=attachment.file_name)
        return mail


@dataclass(slots=True)
class SmsProvider:
    """SMS through an HTTP gateway; the delivery's id is its Idempotency-Key."""

    client: httpx.AsyncClient
    url: str
    token: str | None

    async def send(self, message: Message) -> None:
        """See `Provider`. A 4xx answer is a refusal, except those that ask to come again."""
        headers = {"Idempotency-Key": str(message.id)} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        try:
            answer = await self.client.post(self.url, json={"to": message.to, "text": message.text}, headers=headers)
        except httpx.HTTPError as error:
            raise ProviderUnavailable(f"sms-{type(error).__name__.lower()}") from None
        if answer.is_success:
            return
        if answer.is_client_error and answer.status_code not in _TRANSIENT_STATUS | {401, 403}:
            raise MessageRefused(f"sms-{answer.status_code}")
        raise ProviderUnavailable(f"sms-{answer.status_code}")


@dataclass(slots=True)
class GuardedProvider:
    """A provider behind a circuit breaker."""

    provider: Provider
    breaker: CircuitBreaker

    def busy_seconds(self) -> float | None:
        """How long to leave it alone, None if it can be asked now."""
        return self.breaker.busy_seconds()

    async def send(self, message: Message) -> None:
        """See `Provider`; a refused message is no failure of the provider."""
        with self.breaker.attempt(ProviderUnavailable):
            await self.provider.send(message)


Providers = Mapping[Channel, GuardedProvider]


@dataclass(slots=True)
class Attachments:
    """Fetches the file a sealed link of an event points at."""

    client: httpx.AsyncClient
    limit_bytes: int

    async def fetch(self, link: str, *, sha256: str) -> bytes | None:
        """The bytes, or None if they cannot be had any more (link over, too large, altered).

        Raises `ProviderUnavailable` if they may be had later.
        """
        body = bytearray()
        try:
            async with self.client.stream("GET", link) as answer:
                if answer.is_server_error or answer.status_code in _TRANSIENT_STATUS:
                    raise ProviderUnavailable("attachment-unavailable")
                if not answer.is_success:
                    return None
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > self.limit_bytes:
                        return None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            return None
        except httpx.HTTPError:
            raise ProviderUnavailable("attachment-unavailable") from None
        return bytes(body) if hashlib.sha256(body).hexdigest() == sha256 else None


def sms_segments(text: str) -> int:
    """How many SMS a text takes: 160 / 153 characters in plain ASCII, 70 / 67 UTF-16 units otherwise."""
    single, part = _GSM_SEGMENTS if text.isascii() else _UCS2_SEGMENTS
    length = len(text.encode("utf-16-le")) // 2
    return 1 if length <= single else -(-length // part)


class Templates:
    """Versioned message files: `<kind>.v<n>.txt` has the blocks title, text and sms; the highest version serves new messages."""

    def __init__(self, *, public_url: str, time_zone: str) -> None:
        self._public_url = public_url.rstrip("/")
        zone = ZoneInfo(time_zone)
        self._files = _environment(zone)
        self._newest: dict[str, int] = {}
        for path in _TEMPLATES.glob("*.txt"):
            if match := _VERSIONED.fullmatch(path.name):
                version = int(match["version"])
                self._newest[match["name"]] = max(version, self._newest.get(match["name"], 0))

    def newest(self, kind: str) -> str:
        """`<kind>.v<n>` of the newest version; `KeyError` for a kind without a template."""
        return f"{kind}.v{self._newest[kind]}"

    def link(self, path: str) -> str:
        """The absolute address of a page of the cabinet."""
        return f"{self._public_url}{path}"

    def block(self, template: str, name: str, facts: Mapping[str, Any]) -> str:
        """One block of a message, rendered; lines are joined into paragraphs as written."""
        loaded = self._files.get_template(f"{template}.txt")
        context = loaded.new_context({**facts, "public_url": self._public_url})
        return "".join(loaded.blocks[name](context)).strip()

    def sms(self, template: str, facts: Mapping[str, Any], *, path: str) -> str:
        """At most two SMS with a link: to the page, or to its section if the address is too long for that."""
        text = self.block(template, "sms", facts)
        section = "/" + path.lstrip("/").partition("/")[0].partition("?")[0]
        for candidate in (path, section, ""):
            message = f"{text} {self.link(candidate)}"
            if sms_segments(message) <= _SMS_SEGMENTS:
                return message
        return text[: _SMS_SEGMENTS * _UCS2_SEGMENTS[1]]

    def mail(self, *, title: str, text: str, link: str | None, salutation: str | None) -> tuple[str, str]:
        """The plain and the HTML body of a letter."""
        facts = {"title": title, "paragraphs": text.split("\n\n"), "link": link, "salutation": salutation, "public_url": self._public_url}
        plain = self._files.get_template("letter.v1.text.txt").render(facts)
        return plain.strip() + "\n", self._files.get_template("letter.v1.html").render(facts)


def _environment(zone: ZoneInfo) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def moment(value: datetime) -> str:
        local = value.astimezone(zone)
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year} г., {local:%H:%M} ({_offset(local)})"

    def day(value: datetime) -> str:
        local = value.astimezone(zone)
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year} г."

    def short_day(value: datetime) -> str:
        return f"{value.astimezone(zone):%d.%m.%Y}"

    environment.filters.update(moment=moment, day=day, short_day=short_day, inside=inside)
    return environment


def _offset(local: datetime) -> str:
    offset = local.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset is not None else 0
    sign = "+" if minutes >= 0 else "−"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")
