"""What reaches people outside: a client of the simulators' SMS and mail."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from deploy.journey.waiting import StillWaiting

_CODE = re.compile(r"\bкод\b[^\d]{1,60}(\d{6})\b", re.IGNORECASE)
"""Six digits alone would also be found inside the links of other messages."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The simulators as a person's telephone and mailbox."""

    http: httpx.AsyncClient

    async def texts(self, phone: str, **query: Any) -> list[dict[str, Any]]:
        """SMS to a number, oldest first."""
        return await self._list("/sms/messages", to=phone, **query)

    async def mails(self, address: str, **query: Any) -> list[dict[str, Any]]:
        """Mails to an address, oldest first."""
        return await self._list("/mail/messages", to=address, **query)

    async def newest(self, kind: str, to: str) -> str:
        """Id of the newest message now, to wait for one after it; empty when there is none."""
        listed = await (self.texts(to) if kind == "sms" else self.mails(to))
        return str(listed[-1]["id"]) if listed else ""

    async def code(self, kind: str, to: str, *, after: str, timeout_seconds: float = 20) -> str:
        """The first one-time code that came by `sms` or `email` after the message `after`."""

        async def next_message() -> dict[str, Any]:
            read = self.texts if kind == "sms" else self.mails
            listed = await read(to, after=after, wait_seconds=timeout_seconds)
            if not listed:
                raise StillWaiting(f"код по каналу {kind}: не дождались за {timeout_seconds:g} с")
            return listed[0]

        while True:
            message = await next_message()
            after = message["id"]
            if found := _CODE.search(message["text"]):
                return found.group(1)

    async def mail_about(self, address: str, words: str, *, with_file: bool = False, timeout_seconds: float = 20) -> dict[str, Any]:
        """The first mail whose subject or text holds `words`, and with a file if wanted."""
        after = ""
        while True:
            listed = await self.mails(address, after=after, wait_seconds=timeout_seconds)
            if not listed:
                raise StillWaiting(f"письмо «{words}»: не дождались за {timeout_seconds:g} с")
            for mail in listed:
                if (mail["attachments"] or not with_file) and words.casefold() in f"{mail['subject']}\n{mail['text']}".casefold():
                    return mail
            after = listed[-1]["id"]

    async def attachment(self, mail_id: str, index: int) -> bytes:
        """The bytes of one file of a mail."""
        return (await self.http.get(f"/mail/messages/{mail_id}/attachments/{index}")).raise_for_status().content

    async def set_registry(self, name: str, mode: str, *fields: str) -> None:
        """Change how a state registry answers everybody."""
        (await self.http.put(f"/registries/{name}/mode", json={"mode": mode, "fields": fields})).raise_for_status()

    async def agree_at_portal(self, authorization_url: str, told: Mapping[str, str]) -> dict[str, str]:
        """Sign in at the portal as the person it tells about, and agree. Returns what it sends the browser back with."""
        answer = await self.http.post(authorization_url, data=dict(told))
        if not answer.has_redirect_location:
            answer.raise_for_status()
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    async def _list(self, path: str, **query: Any) -> list[dict[str, Any]]:
        timeout = httpx.Timeout(10, read=10 + float(query.get("wait_seconds", 0)))
        response = await self.http.get(path, params={name: value for name, value in query.items() if value != ""}, timeout=timeout)
        listed: list[dict[str, Any]] = response.raise_for_status().json()
        return listed
