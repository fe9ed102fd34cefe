"""What support can do: tickets of requesters, the agents' desk, terms, what other services' events mean here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from chassis.exports import PORTION, ExportAnswer, every, pieces
from chassis.transaction import Begin, Transaction, atomic
from contracts.access import PersonalDataRead
from contracts.applications import AppealDecided, AppealFiled, ApplicationSubmitted, DeadlineMissed
from contracts.identity import DataExportRequested, PersonErased, StaffMemberAdded, StaffMemberDeactivated
from contracts.notifications import DeliveryFailed
from contracts.roles import Role
from contracts.support import SupportExported, TicketAnswered, TicketClosed, TicketOpened, TicketOverdue, TicketTermReached
from services.support.domain import (
    KnownApplication,
    Message,
    Side,
    Ticket,
    TicketKind,
    TicketNotFound,
    TicketState,
    Topic,
    UnknownAgent,
    UnknownApplication,
    Urgency,
    ticket_number,
    urgent_because,
)
from services.support.repository import AgentRepository, ApplicationRepository, DeskPosition, OwnPosition, TicketRepository

_PAGE = 200
_RISING_LIMIT = 50
"""Open tickets about one application that rise when it becomes overdue."""
_FREED_LIMIT = 500
"""Open tickets of one agent who leaves; far more than anybody works on."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The numbers of the settings, as the use-cases need them."""

    ticket: timedelta
    repeated_contact: timedelta
    message_limit: int
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class UseCases:
    """Dependencies are wired in `main.py`."""

    begin: Begin
    tickets: TicketRepository
    applications: ApplicationRepository
    agents: AgentRepository
    terms: Terms
    now: Callable[[], datetime]

    @atomic
    async def open_ticket(self, requester_id: UUID, *, topic: Topic, text: str, application_number: str | None) -> Ticket:
        """Register a request for help with its number and term. Raises `UnknownApplication`."""
        at = self.now()
        number = await self._next_number(at)
        async with self.begin() as tx:
            application = await self._own_application(tx, application_number, requester_id)
            is_repeated = await self.tickets.has_since(tx, requester_id, at - self.terms.repeated_contact)
            is_overdue = application is not None and application.is_overdue
            ticket = Ticket(
                id=uuid4(),
                number=number,
                kind=TicketKind.REQUEST,
                topic=topic,
                requester_id=requester_id,
                application_id=application.id if application else None,
                application_number=application.number if application else None,
                opened_at=at,
                due_at=at + self.terms.ticket,
                messages=(Message(uuid4(), Side.REQUESTER, requester_id, at, text),),
                urgency=urgent_because(text, is_application_overdue=is_overdue, is_repeated=is_repeated),
            )
            await self._register(tx, ticket)
            await tx.publish(
                TicketOpened(**_about(ticket, at), topic=topic.value, application_id=ticket.application_id, due_at=ticket.due_at)
            )
        return ticket

    async def list_own(self, requester_id: UUID, *, after: OwnPosition | None, limit: int) -> list[Ticket]:
        """The person's requests, newest first."""
        return await self.tickets.own(requester_id, after=after, limit=limit)

    async def get_own(self, ticket_id: UUID, *, requester_id: UUID) -> Ticket:
        """One request of the person, with all messages."""
        return await self.tickets.get(ticket_id, requester_id=requester_id)

    @atomic
    async def write(self, ticket_id: UUID, text: str, *, requester_id: UUID) -> Ticket:
        """The requester adds a message."""
        async with self.begin() as tx:
            ticket = await self.tickets.get(ticket_id, requester_id=requester_id, tx=tx)
            return await self._add(tx, ticket, Message(uuid4(), Side.REQUESTER, requester_id, self.now(), text))

    @atomic
    async def close_own(self, ticket_id: UUID, *, requester_id: UUID) -> Ticket:
        """The requester says it is settled."""
        async with self.begin() as tx:
            ticket = (await self.tickets.get(ticket_id, requester_id=requester_id, tx=tx)).close(at=self.now())
            await self._settle(tx, ticket)
        return ticket

    async def list_desk(self, *, state: TicketState | None, owner_id: UUID | None, after: DeskPosition | None, limit: int) -> list[Ticket]:
        """The agents' queue: urgent first, then by term."""
        return await self.tickets.desk(state=state, owner_id=owner_id, after=after, limit=limit)

    @atomic
    async def read_at_desk(self, ticket_id: UUID, *, agent_id: UUID, address: str | None) -> Ticket:
        """An agent reads a ticket; the requester can see that in the access log."""
        async with self.begin() as tx:
            ticket = await self.tickets.get(ticket_id, tx=tx)
            await self._log_reading(tx, ticket, agent_id, address)
        return ticket

    @atomic
    async def take(self, ticket_id: UUID, *, agent_id: UUID, new_owner_id: UUID | None, address: str | None) -> Ticket:
        """An agent takes a ticket, or hands it to `new_owner_id`. Raises `UnknownAgent`, `TicketTaken`."""
        async with self.begin() as tx:
            ticket = await self.tickets.get(ticket_id, tx=tx)
            if new_owner_id is None or new_owner_id == agent_id:
                taken = ticket.take(agent_id)
            else:
                if not await self.agents.is_agent(tx, new_owner_id):
                    raise UnknownAgent
                taken = ticket.hand_over(new_owner_id, by=agent_id)
            if taken is not ticket:
                await self.tickets.save(tx, taken)
            await self._log_reading(tx, taken, agent_id, address)
        return taken

    @atomic
    async def answer(self, ticket_id: UUID, text: str, *, agent_id: UUID) -> Ticket:
        """The ticket's owner writes to the requester."""
        async with self.begin() as tx:
            ticket = await self.tickets.get(ticket_id, tx=tx)
            message = Message(uuid4(), Side.AGENT, agent_id, self.now(), text)
            ticket = ticket.answer(message, limit=self.terms.message_limit)
            await self.tickets.save(tx, ticket)
            if ticket.kind is TicketKind.REQUEST:
                await tx.publish(TicketAnswered(**_about(ticket, self.now())))
        return ticket

    @atomic
    async def close_at_desk(self, ticket_id: UUID, *, agent_id: UUID) -> Ticket:
        """The ticket's owner settles it."""
        async with self.begin() as tx:
            ticket = (await self.tickets.get(ticket_id, tx=tx)).close_as_agent(agent_id, at=self.now())
            await self._settle(tx, ticket)
        return ticket

    @atomic
    async def reach_term(self, event: TicketTermReached) -> None:
        """Look whether the ticket was answered in time."""
        async with self.begin(handling=event) as tx:
            try:
                ticket = await self.tickets.get(event.ticket_id, tx=tx)
            except TicketNotFound:
                return
            if event.occurred_at < ticket.due_at:
                return  # it was answered and reopened meanwhile, and has a later term
            overdue = ticket.miss_term(at=self.now())
            if overdue is not None:
                await self.tickets.save(tx, overdue)
                await tx.publish(TicketOverdue(**_about(overdue, self.now()), owner_id=overdue.owner_id))

    @atomic
    async def learn_application(self, event: ApplicationSubmitted) -> None:
        """The applicant may name this number from now on."""
        async with self.begin(handling=event) as tx:
            await self.applications.remember(tx, KnownApplication(event.application_id, event.number, event.applicant_id))

    @atomic
    async def learn_appeal(self, event: AppealFiled | AppealDecided) -> None:
        """Open requests about the application say how its appeal stands, so that the case is one thread."""
        text = _appeal_words(event)
        async with self.begin(handling=event) as tx:
            for ticket in await self.tickets.open_about(tx, event.application_id, limit=_RISING_LIMIT):
                noted = ticket.note(Message(uuid4(), Side.SYSTEM, None, self.now(), text), limit=self.terms.message_limit)
                if noted is not ticket:
                    await self.tickets.save(tx, noted)

    @atomic
    async def learn_overdue(self, event: DeadlineMissed) -> None:
        """Requests about an overdue application go first, those already open too."""
        known = KnownApplication(event.application_id, event.number, event.applicant_id, is_overdue=True)
        async with self.begin(handling=event) as tx:
            await self.applications.remember(tx, known)
            for ticket in await self.tickets.open_about(tx, event.application_id, limit=_RISING_LIMIT):
                risen = ticket.rise(Urgency.OVERDUE_APPLICATION)
                if risen is not ticket:
                    await self.tickets.save(tx, risen)

    @atomic
    async def learn_staff(self, event: StaffMemberAdded) -> None:
        """Tickets can be handed to new agents."""
        async with self.begin(handling=event) as tx:
            await self.agents.remember(tx, event.staff_id, frozenset(event.roles), event.version)
            if not await self.agents.is_agent(tx, event.staff_id):
                await self._free(tx, event.staff_id)

    @atomic
    async def forget_staff(self, event: StaffMemberDeactivated) -> None:
        """Nobody hands tickets to somebody without access, and those held go back to the desk."""
        async with self.begin(handling=event) as tx:
            await self.agents.remember(tx, event.staff_id, frozenset(), event.version)
            if not await self.agents.is_agent(tx, event.staff_id):
                await self._free(tx, event.staff_id)

    async def _free(self, tx: Transaction, agent_id: UUID) -> None:
        for ticket in await self.tickets.held_by(tx, agent_id, limit=_FREED_LIMIT):
            await self.tickets.save(tx, ticket.release())

    async def forget(self, event: PersonErased) -> None:
        """Remove every word said in the person's tickets, ticket by ticket, and what is known of the applications. Bears repetition."""
        await self._forget_applications(event.person_id)
        after: UUID | None = None
        while ids := await self.tickets.ids_of(event.person_id, after=after, limit=_PAGE):
            for ticket_id in ids:
                await self._anonymise(ticket_id)
            after = ids[-1]
        await self._note(event)

    @atomic
    async def _anonymise(self, ticket_id: UUID) -> None:
        async with self.begin(is_last=False) as tx:
            ticket = await self.tickets.get(ticket_id, tx=tx)
            if not ticket.is_anonymised:
                await self.tickets.save(tx, ticket.anonymised(at=self.now()))
                await tx.cancel(_term_key(ticket.id))

    @atomic
    async def _forget_applications(self, person_id: UUID) -> None:
        async with self.begin(is_last=False) as tx:
            await tx.forget(person_id)
            await self.applications.forget(tx, person_id)

    @atomic
    async def _note(self, event: PersonErased) -> None:
        async with self.begin(handling=event):
            pass  # the work is done

    async def export_own(self, event: DataExportRequested) -> None:
        """The person's tickets with all that was said."""
        ids = every(lambda last: self.tickets.ids_of(event.person_id, after=last, limit=PORTION))
        parts = await pieces(_record(await self.tickets.get(ticket_id)) async for ticket_id in ids)
        made = SupportExported.all_of(parts, export_id=event.export_id, person_id=event.person_id, at=self.now())
        await ExportAnswer(self.begin).publish(event, tuple(made))

    @atomic
    async def follow_up_delivery(self, event: DeliveryFailed) -> None:
        """An important notice that did not reach a person becomes the agents' task; a person's newest open ticket collects them."""
        at = self.now()
        number = await self._next_number(at) if event.is_critical else ""
        async with self.begin(handling=event) as tx:
            if not event.is_critical:
                return
            text = f"Не доставлено важное уведомление «{event.kind}» (канал: {event.channel}). Свяжитесь с человеком другим способом."
            message = Message(uuid4(), Side.SYSTEM, None, at, text)
            known = await self.tickets.undelivered(tx, event.recipient_id)
            if known is not None and len(known.messages) < self.terms.message_limit:
                await self._add(tx, known, message)
            else:
                await self._register(tx, _undelivered(event, number, message, at + self.terms.ticket))

    async def _own_application(self, tx: Transaction, number: str | None, requester_id: UUID) -> KnownApplication | None:
        if number is None:
            return None
        application = await self.applications.find(tx, number, applicant_id=requester_id)
        if application is None:
            raise UnknownApplication
        return application

    async def _next_number(self, at: datetime) -> str:
        year = at.astimezone(self.terms.zone).year
        return ticket_number(year, await self.tickets.next_serial(year))

    async def _register(self, tx: Transaction, ticket: Ticket) -> None:
        await self.tickets.add(tx, ticket)
        await self._await_answer(tx, ticket)

    async def _add(self, tx: Transaction, ticket: Ticket, message: Message) -> Ticket:
        added = ticket.add(message, limit=self.terms.message_limit, due_at=message.at + self.terms.ticket)
        await self.tickets.save(tx, added)
        if added.due_at != ticket.due_at:
            await self._await_answer(tx, added)
        return added

    async def _await_answer(self, tx: Transaction, ticket: Ticket) -> None:
        await tx.schedule(_term_key(ticket.id), ticket.due_at, TicketTermReached(occurred_at=self.now(), ticket_id=ticket.id))

    async def _settle(self, tx: Transaction, ticket: Ticket) -> None:
        await self.tickets.save(tx, ticket)
        await tx.cancel(_term_key(ticket.id))
        if ticket.kind is TicketKind.REQUEST:
            await tx.publish(TicketClosed(**_about(ticket, self.now())))

    async def _log_reading(self, tx: Transaction, ticket: Ticket, agent_id: UUID, address: str | None) -> None:
        await tx.publish(
            PersonalDataRead(
                occurred_at=self.now(),
                reader_id=agent_id,
                reader_role=Role.SUPPORT_AGENT,
                subject_id=ticket.requester_id,
                service="support",
                record=f"ticket:{ticket.id}",
                purpose="support-ticket",
                address=address,
            )
        )


def _term_key(ticket_id: UUID) -> str:
    return f"ticket-term:{ticket_id}"


def _undelivered(event: DeliveryFailed, number: str, message: Message, due_at: datetime) -> Ticket:
    return Ticket(
        id=uuid4(),
        number=number,
        kind=TicketKind.UNDELIVERED_NOTICE,
        topic=Topic.UNDELIVERED_NOTICE,
        requester_id=event.recipient_id,
        application_id=None,
        application_number=None,
        opened_at=message.at,
        due_at=due_at,
        messages=(message,),
        urgency=frozenset({Urgency.UNDELIVERED_NOTICE}),
    )


def _record(ticket: Ticket) -> dict[str, object]:
    said = [{"side": message.side.value, "at": message.at.isoformat(), "text": message.text} for message in ticket.messages]
    facts = {"number": ticket.number, "topic": ticket.topic.value, "state": ticket.state.value, "opened_at": ticket.opened_at.isoformat()}
    return facts | {"ticket_id": str(ticket.id), "application_number": ticket.application_number, "messages": said}


def _about(ticket: Ticket, at: datetime) -> dict[str, object]:
    return {
        "occurred_at": at,
        "version": ticket.version,
        "ticket_id": ticket.id,
        "number": ticket.number,
        "requester_id": ticket.requester_id,
    }


_OUTCOMES = {
    "upheld": "Отказ оставлен в силе.",
    "overturned": "Отказ отменён, заявление рассматривают другие эксперты.",
    "withdrawn": "Заявитель отозвал жалобу.",
}


def _appeal_words(event: AppealFiled | AppealDecided) -> str:
    head = f"Жалоба {event.appeal_number} по заявлению {event.number}."
    return f"{head} Зарегистрирована." if isinstance(event, AppealFiled) else f"{head} {_OUTCOMES.get(event.outcome, 'Рассмотрена.')}"
