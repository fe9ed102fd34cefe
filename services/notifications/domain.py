"""Kinds of notices, notices, deliveries and preferences: what is told, over which channels, how often it is tried and repeated."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.errors import Conflict, FieldError, Invalid, NotFound, TooManyRequests
from contracts.roles import Role


class Channel(StrEnum):
    """Ways a message reaches a person."""

    INBOX = "inbox"
    EMAIL = "email"
    SMS = "sms"


OUTSIDE = (Channel.EMAIL, Channel.SMS)
"""Channels that reach a person who is not looking at the cabinet."""
_ALL = (Channel.INBOX, *OUTSIDE)
_LETTER = (Channel.INBOX, Channel.EMAIL)
_INBOX = (Channel.INBOX,)

ONE_TIME_CODE = "one-time-code"
"""Kind of the messages that carry a code; never a notice, never in the inbox."""
ADDRESS_REPLACED = "address-replaced"
"""Kind of the last message to a telephone or mailbox: who takes over an account replaces them first."""
PERSON_ERASED = "person-erased"
"""Kind of the very last message: everything is erased. Its record names nobody, and the address goes with it once it has left."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is told: its name, default channels and page. The template of the newest version is `templates/<name>.v<n>.txt`."""

    name: str
    title: str
    channels: tuple[Channel, ...]
    link: str
    """Path of the page in the cabinet; `{…}` is filled with a fact."""
    is_critical: bool = False
    """Cannot be muted and always uses at least one outside channel."""
    awaits_act: bool = False
    """Repeated until the person acts."""


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("application-received", "Заявление принято", _INBOX, "/applications/{application_id}"),
        Kind("electronic-document-issued", "Электронный документ и расписка", _LETTER, "/applications/{application_id}"),
        Kind("renewal-drafted", "Заявление на продление подготовлено", _LETTER, "/applications/{application_id}"),
        Kind("review-assigned", "Заявление назначено вам", _LETTER, "/reviews/{application_id}"),
        Kind("review-reassigned", "Заявление передано другому эксперту", _LETTER, "/reviews"),
        Kind("review-withdrawn", "Заявитель отозвал заявление", _LETTER, "/reviews"),
        Kind("claim-lapsed", "Заявление вернулось в очередь", _LETTER, "/reviews"),
        Kind("approval-awaited", "Заявление ждёт решения", _LETTER, "/registry/{application_id}"),
        Kind("review-begun", "Экспертиза начата", _LETTER, "/applications/{application_id}"),
        Kind("information-requested", "Требуется уточнение", _ALL, "/applications/{application_id}", is_critical=True, awaits_act=True),
        Kind("information-provided", "Заявитель ответил на запрос", _LETTER, "/reviews/{application_id}"),
        Kind("profile-change-proposed", "Профиль заявителя изменился", _LETTER, "/reviews/{application_id}"),
        Kind("application-rejected", "Отказ по заявлению", _ALL, "/applications/{application_id}", is_critical=True, awaits_act=True),
        Kind("application-approved", "Заявление одобрено", _LETTER, "/applications/{application_id}"),
        Kind("appeal-filed", "Жалоба зарегистрирована", _ALL, "/appeals/{appeal_id}"),
        Kind("appeal-to-judge", "Жалоба ждёт эксперта", _LETTER, "/reviews/appeals/{appeal_id}"),
        Kind("appeal-claim-lapsed", "Жалоба вернулась в очередь", _LETTER, "/reviews/appeals"),
        Kind("appeal-review-withdrawn", "Заявитель отозвал жалобу", _LETTER, "/reviews/appeals"),
        Kind("appeal-upheld", "Отказ оставлен в силе", _ALL, "/appeals/{appeal_id}", is_critical=True),
        Kind("appeal-overturned", "Отказ отменён", _ALL, "/applications/{application_id}", is_critical=True),
        Kind("appeal-withdrawn", "Жалоба отозвана", _LETTER, "/appeals/{appeal_id}"),
        Kind("application-withdrawn", "Заявление отозвано", _LETTER, "/applications/{application_id}"),
        Kind("certificate-issued", "Сертификат готов", _ALL, "/applications/{application_id}"),
        Kind("certificate-expiring", "Срок сертификата подходит к концу", _ALL, "/certificates/{certificate_number}"),
        Kind("certificate-reinstated", "Действие сертификата возобновлено", _ALL, "/certificates/{certificate_number}", is_critical=True),
        Kind("certificate-revoked", "Сертификат аннулирован", _ALL, "/certificates/{certificate_number}", is_critical=True),
        Kind("certificate-suspended", "Действие сертификата приостановлено", _ALL, "/certificates/{certificate_number}", is_critical=True),
        Kind("employer-consent-asked", "Работодатель просит согласия", _LETTER, "/employers/consents"),
        Kind("deadline-near", "Срок подходит к концу", _ALL, "/applications/{application_id}", is_critical=True, awaits_act=True),
        Kind("answer-overdue", "Срок вашего ответа истёк", _ALL, "/applications/{application_id}", is_critical=True, awaits_act=True),
        Kind("deadline-missed", "Срок пропущен", _ALL, "/support/tickets/new?application_number={number}", is_critical=True),
        Kind("review-deadline-near", "Срок экспертизы подходит к концу", _LETTER, "/reviews/{application_id}"),
        Kind("review-deadline-missed", "Срок экспертизы пропущен", _LETTER, "/reviews/{application_id}"),
        Kind("appeal-deadline-near", "Срок рассмотрения жалобы подходит к концу", _LETTER, "/reviews/appeals/{appeal_id}"),
        Kind("appeal-deadline-missed", "Срок рассмотрения жалобы пропущен", _LETTER, "/reviews/appeals/{appeal_id}"),
        Kind("approval-deadline-near", "Срок утверждения подходит к концу", _LETTER, "/registry/{application_id}"),
        Kind("approval-deadline-missed", "Срок утверждения пропущен", _LETTER, "/registry/{application_id}"),
        Kind("deadline-escalated", "Просроченное заявление", _LETTER, "/administration/applications/{application_id}"),
        Kind("deadline-still-missed", "Срок всё ещё пропущен", _LETTER, "/administration/applications/{application_id}"),
        Kind("application-stalled", "Заявление остановилось", _LETTER, "/administration/applications/{application_id}", is_critical=True),
        Kind("document-accepted", "Документ принят", _INBOX, "/documents/{document_id}"),
        Kind("document-rejected", "Документ не принят", _LETTER, "/documents/{document_id}"),
        Kind("document-delayed", "Проверка документа задерживается", _INBOX, "/documents/{document_id}"),
        Kind("check-stuck", "Проверка файла не закончилась", _LETTER, "/administration/documents/{document_id}"),
        Kind("document-removal-planned", "Документ скоро будет удалён", _LETTER, "/documents/{document_id}"),
        Kind("document-removed", "Документ удалён", _INBOX, "/documents"),
        Kind("malware-found", "Вредоносный файл", _LETTER, "/administration/documents/{document_id}", is_critical=True),
        Kind("files-damaged", "Повреждены файлы", _LETTER, "/administration/sweeps/{sweep_id}", is_critical=True),
        Kind("practitioner-registered", "Регистрация завершена", _LETTER, "/profile"),
        Kind("profile-verified", "Данные подтверждены", _ALL, "/profile"),
        Kind("profile-refused", "Данные не подтверждены", _ALL, "/profile", is_critical=True, awaits_act=True),
        Kind("profile-changed", "Профиль изменён", _ALL, "/profile", is_critical=True),
        Kind("correction-due-soon", "Скоро истекает срок исправления", _ALL, "/profile", is_critical=True),
        Kind("correction-overdue", "Срок исправления истёк", _ALL, "/profile", is_critical=True, awaits_act=True),
        Kind("verification-escalated", "Реестры не отвечают", _LETTER, "/administration/verifications/{practitioner_id}"),
        Kind("bulk-reading", "Просмотр данных многих людей", _LETTER, "/audit", is_critical=True),
        Kind("security-alert", "Предупреждение о безопасности", _ALL, "/security", is_critical=True),
        Kind("staff-account-opened", "Учётная запись сотрудника", _LETTER, "/password-resets/new", is_critical=True),
        Kind("data-export-ready", "Копия данных готова", _LETTER, "/profile/exports/{export_id}"),
        Kind("erasure-planned", "Удаление данных", _ALL, "/security", is_critical=True),
        Kind("erasure-cancelled", "Удаление данных отменено", _ALL, "/security", is_critical=True),
        Kind("ticket-opened", "Обращение зарегистрировано", _LETTER, "/support/tickets/{ticket_id}"),
        Kind("ticket-answered", "Ответ на обращение", _LETTER, "/support/tickets/{ticket_id}"),
        Kind("ticket-closed", "Обращение закрыто", _LETTER, "/support/tickets/{ticket_id}"),
        Kind("ticket-overdue", "Обращение просрочено", _LETTER, "/support/desk/{ticket_id}"),
    )
}


class NoticeNotFound(NotFound):
    """No such notice of this person."""

    code = "notice-not-found"


class NotAwaitingAct(Conflict):
    """The notice asks for nothing."""

    code = "notice-awaits-no-act"


class InvalidPreferences(Invalid):
    """The wished channels cannot be kept as they are."""

    code = "invalid-preferences"


class TooManyStreams(TooManyRequests):
    """The person keeps more live streams open than allowed."""

    code = "too-many-streams"


class StaleRecord(Conflict):
    """Somebody else wrote the record since it was read."""

    code = "stale-record"


@dataclass(frozen=True, slots=True)
class Contacts:
    """How to reach a person; `salutation` is how letters address them."""

    email: str = field(repr=False)
    phone: str = field(repr=False)
    salutation: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person as this service knows them; `sequence` is the number of their latest notice."""

    id: UUID
    sequence: int = 0
    has_contacts: bool = False
    roles: frozenset[Role] = frozenset()
    preferences: Mapping[str, tuple[Channel, ...]] = field(default_factory=dict)
    """Wished channels by kind; a kind not named keeps its defaults."""

    def channels(self, kind: Kind) -> tuple[Channel, ...]:
        """Where a notice of the kind goes: the inbox always; a critical one outside in any case."""
        wished = self.preferences.get(kind.name, kind.channels)
        outside = tuple(channel for channel in OUTSIDE if channel in wished)
        if kind.is_critical and not outside:
            outside = tuple(channel for channel in kind.channels if channel in OUTSIDE)[:1]
        return (Channel.INBOX, *outside)


def check_preferences(wished: Mapping[str, tuple[Channel, ...]]) -> None:
    """Raises `InvalidPreferences` naming each kind that is unknown or would be muted though critical."""
    errors = []
    for name, channels in wished.items():
        pointer = f"/channels/{name.replace('~', '~0').replace('/', '~1')}"
        kind = KINDS.get(name)
        if kind is None:
            errors.append(FieldError(pointer, "unknown-kind", "Такого вида уведомлений нет."))
        elif kind.is_critical and not set(channels) & set(OUTSIDE):
            errors.append(
                FieldError(pointer, "critical-kind-muted", f"«{kind.title}» — важное уведомление: оставьте электронную почту или SMS.")
            )
    if errors:
        raise InvalidPreferences("Настройки уведомлений не сохранены: исправьте отмеченные виды.", errors=errors)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person was told. It is the ledger's record of the inbox: one per event and recipient."""

    id: UUID
    event_id: UUID
    recipient_id: UUID
    sequence: int
    """Counts the notices of one person without gaps; a repetition moves the notice to the end."""
    kind: str
    title: str
    text: str
    link: str
    template: str
    subject: str | None
    """What it is about, as `application:<id>`; an act on it ends the repetitions."""
    facts: Mapping[str, Any]
    created_at: datetime
    occurred_at: datetime
    """When the fact happened; an act after it has already answered this notice."""
    notified_at: datetime
    read_at: datetime | None = None
    acted_at: datetime | None = None
    repetitions: int = 0
    version: int = 1

    @property
    def is_critical(self) -> bool:
        """Whether it cannot be muted."""
        return KINDS[self.kind].is_critical

    @property
    def awaits_act(self) -> bool:
        """Whether the person still has something to do."""
        return KINDS[self.kind].awaits_act and self.acted_at is None

    def is_outdated(self, *, at: datetime) -> bool:
        """Whether it warned of a term that has ended; what follows from that is told by a notice of its own."""
        due_at = self.facts.get("due_at")
        return self.kind == "deadline-near" and due_at is not None and at >= due_at

    def read(self, *, at: datetime) -> "Notice":
        """The person has seen it; seeing it again changes nothing."""
        return self if self.read_at else replace(self, read_at=at, version=self.version + 1)

    def act(self, *, at: datetime) -> "Notice":
        """The person did what it asks for. Raises `NotAwaitingAct` for a notice that asks for nothing."""
        if not KINDS[self.kind].awaits_act:
            raise NotAwaitingAct("Это уведомление не требует действий.")
        return self if self.acted_at else replace(self, acted_at=at, version=self.version + 1)

    def repeat(self, repetition: int, *, sequence: int, at: datetime) -> "Notice":
        """Comes up again, unread, as the newest one."""
        return replace(self, repetitions=repetition, sequence=sequence, notified_at=at, read_at=None, version=self.version + 1)


class DeliveryState(StrEnum):
    """Where a delivery stands; the last three are final."""

    WAITING = "waiting"
    """The person's contacts are not known yet."""
    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"


FINAL = frozenset({DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.EXPIRED})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: `outcome` is None while it runs, then delivered, interrupted, or a code of the failure."""

    begun_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how soon a delivery is tried again; delays grow by `factor`."""

    attempts: int
    first: timedelta
    factor: float
    longest: timedelta

    def delay(self, attempts_made: int) -> timedelta:
        """The pause after so many attempts, at least one."""
        seconds = self.first.total_seconds() * self.factor ** min(attempts_made - 1, 30)
        return min(timedelta(seconds=min(seconds, self.longest.total_seconds())), self.longest)


@dataclass(frozen=True, slots=True)
class Delivery:
    """The ledger's record of one event, recipient and outside channel."""

    id: UUID
    event_id: UUID
    recipient_id: UUID
    channel: Channel
    kind: str
    notice_id: UUID | None
    created_at: datetime
    expires_at: datetime
    state: DeliveryState = DeliveryState.PENDING
    attempts: tuple[Attempt, ...] = ()
    lease_until: datetime | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Encrypted content that is in no other record (address, code, link); erased when the delivery ends."""
    version: int = 1

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in FINAL

    @property
    def is_critical(self) -> bool:
        """Whether a failure must be looked at by somebody."""
        return self.kind in KINDS and KINDS[self.kind].is_critical

    def contacts_arrived(self) -> "Delivery":
        """Can be sent now."""
        return replace(self, state=DeliveryState.PENDING, version=self.version + 1)

    def begin(self, *, at: datetime, lease: timedelta) -> "Delivery | None":
        """A new attempt under a lease; None while another one holds it, contacts are missing, or it has ended."""
        held = self.state is DeliveryState.SENDING and self.lease_until is not None and at < self.lease_until
        if held or self.is_final or self.state is DeliveryState.WAITING:
            return None
        attempts = self._ended(at, "interrupted") if self.state is DeliveryState.SENDING else self.attempts
        return replace(
            self,
            state=DeliveryState.SENDING,
            attempts=(*attempts, Attempt(begun_at=at)),
            lease_until=at + lease,
            version=self.version + 1,
        )

    def deliver(self, *, at: datetime) -> "Delivery":
        """The provider took it."""
        return self._settle(DeliveryState.DELIVERED, at, "delivered")

    def fail(self, *, at: datetime, reason: str) -> "Delivery":
        """The provider will never take it, or was asked often enough."""
        return self._settle(DeliveryState.FAILED, at, reason)

    def expire(self, *, at: datetime) -> "Delivery":
        """Too late to be of use."""
        return self._settle(DeliveryState.EXPIRED, at, "expired")

    def postpone(self, *, at: datetime, reason: str, retry: Retry) -> "tuple[Delivery, datetime | None]":
        """After a failure that may pass: the delivery and when to try again, None when it ended (failed or expired)."""
        if len(self.attempts) >= retry.attempts:
            return self.fail(at=at, reason=reason), None
        again = at + retry.delay(len(self.attempts))
        if again >= self.expires_at:
            return self._settle(DeliveryState.EXPIRED, at, reason), None
        waiting = replace(self, state=DeliveryState.PENDING, attempts=self._ended(at, reason), lease_until=None, version=self.version + 1)
        return waiting, again

    def _settle(self, state: DeliveryState, at: datetime, outcome: str) -> "Delivery":
        attempts = self._ended(at, outcome)
        return replace(self, state=state, attempts=attempts, lease_until=None, secrets={}, version=self.version + 1)

    def _ended(self, at: datetime, outcome: str) -> tuple[Attempt, ...]:
        if not self.attempts or self.attempts[-1].ended_at is not None:
            return self.attempts
        return (*self.attempts[:-1], replace(self.attempts[-1], ended_at=at, outcome=outcome))


def inside(words: str) -> str:
    """As words stand within a sentence; what is written in capitals stays so."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]
