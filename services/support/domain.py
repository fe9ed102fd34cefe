"""Tickets: numbers, states and their moves, what makes one urgent."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.check_digits import check_digit
from chassis.errors import Conflict, FieldError, Forbidden, Invalid, NotFound


class Topic(StrEnum):
    """What a request for help is about."""

    TECHNICAL_FAILURE = "technical-failure"
    DOCUMENTS = "documents"
    APPLICATION_STATUS = "application-status"
    UNDELIVERED_NOTICE = "undelivered-notice"
    """Not chosen by people: opened when an important notice could not be delivered."""


class TicketKind(StrEnum):
    """Who opened it: a person, or the system for the agents' eyes only."""

    REQUEST = "request"
    UNDELIVERED_NOTICE = "undelivered-notice"


class TicketState(StrEnum):
    """Where a ticket stands."""

    OPEN = "open"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    CLOSED = "closed"


class Side(StrEnum):
    """Who wrote a message."""

    REQUESTER = "requester"
    AGENT = "agent"
    SYSTEM = "system"


class Urgency(StrEnum):
    """Why a ticket goes first."""

    OVERDUE_APPLICATION = "overdue-application"
    SIGN_IN_BLOCKED = "sign-in-blocked"
    REPEATED_CONTACT = "repeated-contact"
    UNDELIVERED_NOTICE = "undelivered-notice"


class TicketNotFound(NotFound):
    """No such ticket for who is asking."""

    code = "ticket-not-found"


class UnknownApplication(Invalid):
    """The application number is not one of the requester's."""

    code = "unknown-application"

    def __init__(self) -> None:
        """The text names the field."""
        wrong = FieldError("/application_number", "unknown-application", "Среди ваших заявлений такого номера нет.")
        super().__init__(
            "Заявление с таким номером не найдено. Проверьте номер; если заявление отправлено только что, повторите через минуту.",
            errors=[wrong],
        )


class UnknownAgent(Invalid):
    """The ticket cannot go to somebody who is no agent."""

    code = "unknown-agent"

    def __init__(self) -> None:
        """The text names the field."""
        wrong = FieldError("/agent_id", "unknown-agent", "Такого специалиста поддержки нет.")
        super().__init__("Обращение нельзя передать: укажите специалиста поддержки.", errors=[wrong])


class TicketClosedAlready(Conflict):
    """A closed ticket takes no more messages or moves."""

    code = "ticket-closed"


class TicketTaken(Conflict):
    """Another agent has it."""

    code = "ticket-taken"


class NotTicketOwner(Forbidden):
    """Only the agent who took the ticket may do this."""

    code = "not-ticket-owner"


class TicketFull(Conflict):
    """No more messages fit."""

    code = "ticket-full"


class StaleTicket(Conflict):
    """Somebody else changed the ticket since it was read."""

    code = "stale-ticket"


def ticket_number(year: int, serial: int) -> str:
    """`SU-YYYY-NNNNNN-C`; C is a check digit over year and serial."""
    return f"SU-{year:04}-{serial:06}-{check_digit(f'{year:04}{serial:06}')}"


_SIGN_IN_BLOCKED = re.compile(
    r"(не\s+(могу|удаётся|удается|получается|даёт|дает|пускает|выходит)\s+(\w+\s+){0,3}(войти|зайти|авторизоваться))"
    r"|(вход\w*\s+(\w+\s+){0,2}(заблокир|закрыт|запрещ|недоступ))"
    r"|((аккаунт|кабинет|уч[её]тн\w+(\s+запис\w+)?|профил\w*)\s+(\w+\s+){0,2}заблокир)"
    r"|(заблокир\w*\s+(\w+\s+){0,2}(вход|аккаунт|кабинет|уч[её]тн))"
    r"|(не\s+(приходит|пришел|пришёл)\s+(\w+\s+){0,2}код)",
    re.IGNORECASE,
)


def says_sign_in_is_blocked(text: str) -> bool:
    """Whether a person writes that they cannot get into the cabinet."""
    return _SIGN_IN_BLOCKED.search(text) is not None


def urgent_because(text: str, *, is_application_overdue: bool, is_repeated: bool) -> frozenset[Urgency]:
    """Every rule by which a new request goes first."""
    rules = {
        Urgency.OVERDUE_APPLICATION: is_application_overdue,
        Urgency.SIGN_IN_BLOCKED: says_sign_in_is_blocked(text),
        Urgency.REPEATED_CONTACT: is_repeated,
    }
    return frozenset(reason for reason, applies in rules.items() if applies)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a ticket; `author_id` is None for the system."""

    id: UUID
    side: Side
    author_id: UUID | None
    at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownApplication:
    """What support knows of an application."""

    id: UUID
    number: str
    applicant_id: UUID
    is_overdue: bool = False


_ERASED_TEXT = "Текст удалён вместе с учётной записью."


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request for help with everything said about it; the first message is the request itself."""

    id: UUID
    number: str
    kind: TicketKind
    topic: Topic
    requester_id: UUID
    application_id: UUID | None
    application_number: str | None
    opened_at: datetime
    due_at: datetime
    messages: tuple[Message, ...]
    """Empty in lists, where nobody's text is read."""
    urgency: frozenset[Urgency] = frozenset()
    state: TicketState = TicketState.OPEN
    owner_id: UUID | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    overdue_at: datetime | None = None
    version: int = 1

    @property
    def is_urgent(self) -> bool:
        """Whether it goes before the others."""
        return bool(self.urgency)

    @property
    def is_closed(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state is TicketState.CLOSED

    def take(self, agent_id: UUID) -> "Ticket":
        """The agent takes it from the queue. Taking one's own again changes nothing; `TicketTaken` when another has it."""
        self._require_open()
        if self.owner_id == agent_id:
            return self
        if self.owner_id is not None:
            raise TicketTaken("Обращение уже у другого специалиста.")
        return self._changed(owner_id=agent_id, state=TicketState.ASSIGNED)

    def hand_over(self, agent_id: UUID, *, by: UUID) -> "Ticket":
        """Its owner, or anybody while it has none, gives it to another agent."""
        self._require_open()
        if self.owner_id not in {None, by}:
            raise TicketTaken("Обращение уже у другого специалиста.")
        state = TicketState.ASSIGNED if self.state is TicketState.OPEN else self.state
        return self if self.owner_id == agent_id else self._changed(owner_id=agent_id, state=state)

    def release(self) -> "Ticket":
        """Back to the desk: nobody has it."""
        self._require_open()
        return self._changed(owner_id=None, state=TicketState.OPEN if self.state is TicketState.ASSIGNED else self.state)

    def answer(self, message: Message, *, limit: int) -> "Ticket":
        """The owner writes to the requester."""
        self._require_open()
        self._require_owner(message.author_id)
        return self._say(message, limit, state=TicketState.ANSWERED, answered_at=message.at)

    def add(self, message: Message, *, limit: int, due_at: datetime) -> "Ticket":
        """The requester, or the system, adds something; an answered ticket is the agents' turn again, by a new term."""
        self._require_open()
        waiting = TicketState.OPEN if self.owner_id is None else TicketState.ASSIGNED
        said = self._say(message, limit, state=waiting)
        return replace(said, due_at=due_at, overdue_at=None) if self.state is TicketState.ANSWERED else said

    def note(self, message: Message, *, limit: int) -> "Ticket":
        """The system puts something on record; it is nobody's turn for it. The same ticket where no more messages fit."""
        self._require_open()
        return self if len(self.messages) >= limit else self._say(message, limit, state=self.state)

    def close(self, *, at: datetime) -> "Ticket":
        """Settled. `TicketClosedAlready` if it was."""
        self._require_open()
        return self._changed(state=TicketState.CLOSED, closed_at=at)

    def close_as_agent(self, agent_id: UUID, *, at: datetime) -> "Ticket":
        """The owner settles it."""
        self._require_open()
        self._require_owner(agent_id)
        return self.close(at=at)

    def anonymised(self, *, at: datetime) -> "Ticket":
        """Without a word of what was said, and settled: its requester is erased. The ticket stays for the figures."""
        messages = tuple(replace(message, text=_ERASED_TEXT) for message in self.messages)
        return self._changed(messages=messages, state=TicketState.CLOSED, closed_at=self.closed_at or at)

    @property
    def is_anonymised(self) -> bool:
        """Whether nothing of what was said is left."""
        return self.is_closed and all(message.text == _ERASED_TEXT for message in self.messages)

    def miss_term(self, *, at: datetime) -> "Ticket | None":
        """Overdue from now on; None if it was answered or settled in time, or is marked already."""
        is_settled = self.state in {TicketState.ANSWERED, TicketState.CLOSED}
        return None if is_settled or self.overdue_at is not None else self._changed(overdue_at=at)

    def rise(self, reason: Urgency) -> "Ticket":
        """Goes first from now on."""
        return self if reason in self.urgency else self._changed(urgency=self.urgency | {reason})

    def _say(self, message: Message, limit: int, *, state: TicketState, answered_at: datetime | None = None) -> "Ticket":
        if len(self.messages) >= limit:
            raise TicketFull("В обращении слишком много сообщений. Создайте новое и укажите номер этого.")
        return self._changed(messages=(*self.messages, message), state=state, answered_at=answered_at or self.answered_at)

    def _require_open(self) -> None:
        if self.is_closed:
            raise TicketClosedAlready("Обращение закрыто. Создайте новое и укажите номер этого.")

    def _require_owner(self, agent_id: UUID | None) -> None:
        if self.owner_id is None or self.owner_id != agent_id:
            raise NotTicketOwner("Сначала возьмите обращение в работу.")

    def _changed(self, **changes: object) -> "Ticket":
        return replace(self, **changes, version=self.version + 1)  # type: ignore[arg-type]  # names of fields, checked by the tests
