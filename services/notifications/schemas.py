"""Bodies of notifications' HTTP interface."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.notifications.domain import KINDS, Channel, Notice, Recipient


class NoticeOut(BaseModel):
    """A notice as its recipient sees it, in lists, alone, and as `data` of a live event."""

    notice_id: UUID
    sequence: int
    """Also the id of the live event; repetitions give the notice a new one."""
    kind: str
    title: str
    text: str
    link: str
    subject: str | None
    """What it is about, as `application:<id>`."""
    is_critical: bool
    awaits_act: bool
    repetitions: int
    occurred_at: datetime
    created_at: datetime
    notified_at: datetime
    read_at: datetime | None
    acted_at: datetime | None
    template: str

    @classmethod
    def of(cls, notice: Notice, link: Callable[[str], str]) -> "NoticeOut":
        """The notice; `link` makes its page's path an absolute address."""
        return cls(
            notice_id=notice.id,
            sequence=notice.sequence,
            kind=notice.kind,
            title=notice.title,
            text=notice.text,
            link=link(notice.link),
            subject=notice.subject,
            is_critical=notice.is_critical,
            awaits_act=notice.awaits_act,
            repetitions=notice.repetitions,
            occurred_at=notice.occurred_at,
            created_at=notice.created_at,
            notified_at=notice.notified_at,
            read_at=notice.read_at,
            acted_at=notice.acted_at,
            template=notice.template,
        )


class PreferencesIn(BaseModel):
    """Wished channels by kind; kinds not named return to their defaults. The inbox is always kept."""

    model_config = ConfigDict(extra="forbid")

    channels: Annotated[
        dict[str, Annotated[tuple[Literal["inbox", "email", "sms"], ...], Field(max_length=len(Channel))]], Field(max_length=len(KINDS))
    ]

    def wished(self) -> dict[str, tuple[Channel, ...]]:
        """As the domain names them."""
        return {kind: tuple(Channel(name) for name in names) for kind, names in self.channels.items()}


class KindOut(BaseModel):
    """One kind of notices and where it goes."""

    kind: str
    title: str
    is_critical: bool
    """Critical kinds always keep e-mail or SMS."""
    channels: list[Channel]
    default_channels: list[Channel]


class PreferencesOut(BaseModel):
    """Where each kind of notices goes for this person."""

    kinds: list[KindOut]

    @classmethod
    def of(cls, recipient: Recipient) -> "PreferencesOut":
        """Every kind, with defaults where nothing was chosen."""
        return cls(
            kinds=[
                KindOut(
                    kind=kind.name,
                    title=kind.title,
                    is_critical=kind.is_critical,
                    channels=list(recipient.channels(kind)),
                    default_channels=list(kind.channels),
                )
                for kind in KINDS.values()
            ]
        )
