"""Telling people: events become notices and deliveries; acts end repetitions; contacts release what waited for them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from chassis.exports import PORTION, ExportAnswer, every, pieces
from chassis.transaction import Transaction, atomic
from contracts.base import Event
from contracts.identity import ContactsChanged, DataExportRequested, OneTimeCodeIssued, PersonErased, RegistrationLapsed
from contracts.notifications import DeliveryRequested, NotificationsExported, RepeatDue
from contracts.roles import Role
from services.notifications.domain import (
    ADDRESS_REPLACED,
    KINDS,
    ONE_TIME_CODE,
    PERSON_ERASED,
    Channel,
    Contacts,
    Notice,
    NoticeNotFound,
)
from services.notifications.usecases.base import Base, repeat_key
from services.notifications.usecases.rules import ACTS, Addressee, Rule, rules_of

_ROLE_LIMIT = 200
"""People of a role, or named by the event, told of it."""
_WAITING_LIMIT = 500
"""Deliveries released by one change of contacts; what waits beyond that expires in its time."""


class Announcing(Base):
    """Use-cases behind the consumers of other services' events."""

    __slots__ = ()

    async def announce(self, event: Event) -> None:
        """Tell everybody the table names, once; wakes their live streams as soon as it is committed."""
        for notice in await self._announce(event):
            self.bell.ring(notice)

    @atomic
    async def _announce(self, event: Event) -> list[Notice]:
        notices: list[Notice] = []
        async with self.begin(handling=event) as tx:
            if type(event) in ACTS:
                await self._end_repetitions(tx, event)
            for rule in rules_of(event):
                for recipient_id in await self._people(tx, rule.to(event)):
                    if recipient_id not in {notice.recipient_id for notice in notices}:
                        notices.append(await self._tell(tx, rule, event, recipient_id))
        return notices

    async def _people(self, tx: Transaction, addressee: Addressee) -> list[UUID]:
        if isinstance(addressee, Role):
            return await self.recipients.with_role(tx, addressee, limit=_ROLE_LIMIT)
        if isinstance(addressee, tuple):
            return list(addressee[:_ROLE_LIMIT])
        return [] if addressee is None else [addressee]

    async def _tell(self, tx: Transaction, rule: Rule, event: Event, recipient_id: UUID) -> Notice:
        recipient = await self.recipients.next_notice(tx, recipient_id)
        kind, at = KINDS[rule.kind], self.now()
        facts, template = rule.facts_of(event), self.templates.newest(rule.kind)
        notice = Notice(
            id=uuid4(),
            event_id=event.event_id,
            recipient_id=recipient_id,
            sequence=recipient.sequence,
            kind=kind.name,
            title=self.templates.block(template, "title", facts),
            text=self.templates.block(template, "text", facts),
            link=kind.link.format_map(facts),
            template=template,
            subject=rule.subject(event),
            facts=facts,
            created_at=at,
            occurred_at=event.occurred_at,
            notified_at=at,
        )
        if notice.awaits_act and notice.subject is not None:
            notice = await self._await_act(tx, notice, notice.subject)
        await self.notices.add(tx, notice)
        secrets = {name: getattr(event, name) for name in rule.secrets}
        await self._send_outside(tx, notice, recipient, recipient.channels(kind), event_id=event.event_id, secrets=secrets)
        return notice

    async def _await_act(self, tx: Transaction, notice: Notice, subject: str) -> Notice:
        """Plan the first repetition, unless the act overtook the notice: queues keep no order between each other."""
        acted_at = await self.notices.last_act(tx, subject)
        if acted_at is not None and acted_at > notice.occurred_at:
            return replace(notice, acted_at=acted_at)
        await self._plan_repetition(tx, notice, 1)
        return notice

    async def _plan_repetition(self, tx: Transaction, notice: Notice, repetition: int) -> None:
        if repetition <= self.terms.repeat_limit:
            at = self.now()
            due = RepeatDue(occurred_at=at, notice_id=notice.id, repetition=repetition)
            await tx.schedule(repeat_key(notice.id), at + self.terms.repeat_every, due)

    async def _end_repetitions(self, tx: Transaction, event: Event) -> None:
        person_field, subject_field = ACTS[type(event)]
        subject = f"{subject_field.removesuffix('_id')}:{getattr(event, subject_field)}"
        await self.notices.record_act(tx, subject, at=event.occurred_at)
        for notice in await self.notices.awaiting(tx, getattr(event, person_field), subject, before=event.occurred_at):
            await self.notices.save(tx, notice.act(at=self.now()))
            await self._stop_repeating(tx, notice)

    async def repeat(self, event: RepeatDue) -> None:
        """Remind once more of what the person has not done yet."""
        notice = await self._repeat(event)
        if notice is not None:
            self.bell.ring(notice)

    @atomic
    async def _repeat(self, event: RepeatDue) -> Notice | None:
        async with self.begin(handling=event) as tx:
            try:
                notice = await self.notices.get(event.notice_id, tx=tx)
            except NoticeNotFound:
                return None
            if not notice.awaits_act or not notice.repetitions < event.repetition <= self.terms.repeat_limit:
                return None
            if notice.is_outdated(at=self.now()):
                return None
            if await self._was_resubmitted(tx, notice):
                await self.notices.save(tx, notice.act(at=self.now()))
                return None
            recipient = await self.recipients.next_notice(tx, notice.recipient_id)
            notice = notice.repeat(event.repetition, sequence=recipient.sequence, at=self.now())
            await self.notices.save(tx, notice)
            channels = recipient.channels(KINDS[notice.kind])
            await self._send_outside(tx, notice, recipient, channels, event_id=event.event_id, secrets={})
            await self._plan_repetition(tx, notice, event.repetition + 1)
        return notice

    async def _was_resubmitted(self, tx: Transaction, notice: Notice) -> bool:
        """A refusal is answered by handing in again, which is another application: looked up only when a reminder is due."""
        is_refusal = notice.kind == "application-rejected"
        return is_refusal and await self.notices.has_later(tx, notice.recipient_id, "application-received", after=notice.created_at)

    @atomic
    async def change_contacts(self, event: ContactsChanged) -> None:
        """Keep how to reach the person, send what waited for it, and tell an address that is replaced."""
        contacts = Contacts(email=event.email, phone=event.phone, salutation=event.salutation)
        before = await self.recipients.contacts(event.person_id)
        async with self.begin(handling=event) as tx:
            if not await self.recipients.change_contacts(tx, event.person_id, contacts, frozenset(event.roles), event.version):
                return
            if before is not None:
                await self._take_leave(tx, event, before)
            for delivery in await self.deliveries.waiting(tx, event.person_id, limit=_WAITING_LIMIT):
                await self.deliveries.save(tx, delivery.contacts_arrived())
                await self._never_mind(tx, delivery)
                await tx.publish(DeliveryRequested(occurred_at=self.now(), delivery_id=delivery.id))

    async def _take_leave(self, tx: Transaction, event: ContactsChanged, before: Contacts) -> None:
        replaced = ((Channel.EMAIL, before.email, event.email), (Channel.SMS, before.phone, event.phone))
        addresses = {channel: old for channel, old, new in replaced if old != new}
        await self._send_last(tx, event, ADDRESS_REPLACED, addresses, recipient_id=event.person_id)

    async def _send_last(self, tx: Transaction, event: Event, kind: str, addresses: Mapping[Channel, str], *, recipient_id: UUID) -> None:
        """Messages of no notice, to addresses that are kept in them alone."""
        last = [
            self._fresh(event.event_id, recipient_id, channel, kind=kind, secrets={"address": address})
            for channel, address in addresses.items()
        ]
        await self.deliveries.add(tx, last)
        for delivery in last:
            await tx.publish(DeliveryRequested(occurred_at=self.now(), delivery_id=delivery.id))

    @atomic
    async def forget(self, event: PersonErased | RegistrationLapsed) -> None:
        """Keep neither contacts nor inbox nor ledger of who is no more; reminders and deliveries on their way find nothing.

        Who was erased is told once more. That message names nobody, and its address goes when it has left or its time is over.
        """
        person_id = event.person_id if isinstance(event, PersonErased) else event.owner_id
        contacts = await self.recipients.contacts(person_id) if isinstance(event, PersonErased) else None
        async with self.begin(handling=event) as tx:
            await tx.forget(person_id)
            for store in (self.recipients, self.notices, self.deliveries):
                await store.forget(tx, person_id)
            if contacts is not None:
                addresses = {Channel.EMAIL: contacts.email, Channel.SMS: contacts.phone}
                await self._send_last(tx, event, PERSON_ERASED, addresses, recipient_id=uuid4())

    async def export_own(self, event: DataExportRequested) -> None:
        """How the person is reached, what they prefer, and everything they were told."""
        parts = await pieces(self._own(event.person_id))
        made = NotificationsExported.all_of(parts, export_id=event.export_id, person_id=event.person_id, at=self.now())
        await ExportAnswer(self.begin).publish(event, tuple(made))

    async def _own(self, person_id: UUID) -> AsyncIterator[dict[str, Any]]:
        contacts, recipient = await self.recipients.contacts(person_id), await self.recipients.find(person_id)
        reached = {} if contacts is None else {"email": contacts.email, "phone": contacts.phone, "salutation": contacts.salutation}
        wished = {kind: [channel.value for channel in channels] for kind, channels in recipient.preferences.items()}
        yield {"contacts": reached, "preferences": wished}
        async for one in every(partial(self._notices_behind, person_id)):
            yield {"kind": one.kind, "title": one.title, "text": one.text, "at": one.created_at.isoformat()}

    async def _notices_behind(self, person_id: UUID, last: Notice | None) -> list[Notice]:
        before = None if last is None else last.sequence
        return await self.notices.newest(person_id, before=before, is_unread=None, limit=PORTION)

    @atomic
    async def send_code(self, event: OneTimeCodeIssued) -> None:
        """Enter a one-time code into the ledger, to leave at once; one that is over already is not sent."""
        at = self.now()
        secrets = {"address": event.address, "code": event.code, "purpose": event.purpose}
        channel, expires_at = Channel(event.channel), event.expires_at
        delivery = self._fresh(event.event_id, event.person_id, channel, kind=ONE_TIME_CODE, expires_at=expires_at, secrets=secrets)
        is_over = at >= event.expires_at
        async with self.begin(handling=event) as tx:
            await self.deliveries.add(tx, [replace(delivery.expire(at=at), version=1) if is_over else delivery])
            if not is_over:
                await tx.publish(DeliveryRequested(occurred_at=at, delivery_id=delivery.id))
