"""Handing messages to providers: claim under a lease, send outside any transaction, record the outcome, try again or give up."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from chassis.mongo import is_away
from chassis.transaction import Transaction, atomic
from contracts.notifications import DeliveryFailed, DeliveryRequested
from services.notifications.domain import ONE_TIME_CODE, Channel, Delivery, DeliveryState, Notice, Retry, StaleRecord
from services.notifications.gateways import Attachment, Message, MessageRefused, ProviderUnavailable
from services.notifications.usecases.base import Base

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0


class Delivering(Base):
    """Use-cases behind the ledger's own queue."""

    __slots__ = ()

    async def deliver(self, event: DeliveryRequested) -> None:
        """One attempt. A crash after the provider took the message is found by the lease's timer; the provider knows the delivery's id."""
        delivery = await self._claim(event)
        if delivery is None:
            return
        try:
            await self.providers[delivery.channel].send(await self._compose(delivery))
        except ProviderUnavailable as failure:
            reason = failure.reason
            await self._keep_trying(delivery, lambda: self._postpone(delivery, reason))
        except MessageRefused as refusal:
            reason = refusal.reason
            await self._keep_trying(delivery, lambda: self._give_up(delivery, reason))
        else:
            await self._keep_trying(delivery, lambda: self._delivered(delivery))

    async def _keep_trying(self, delivery: Delivery, record: Callable[[], Awaitable[None]]) -> None:
        """Write the outcome, again and again while the store is away: handling the event anew would send a second time.

        The lease bounds it: after that another process may have the delivery.
        """
        loop = asyncio.get_running_loop()
        left = timedelta() if delivery.lease_until is None else delivery.lease_until - self.now()
        give_up_at = loop.time() + left.total_seconds()
        pause, is_repeated = _FIRST_PAUSE_SECONDS, False
        while True:
            try:
                await record()
            except StaleRecord:
                if not is_repeated:
                    raise
                return  # the write before did reach the store, though its answer did not come
            except (PyMongoError, TimeoutError) as error:
                may_pass = isinstance(error, TimeoutError) or is_away(error)
                if not may_pass or loop.time() + pause > give_up_at:
                    raise
            else:
                return
            await asyncio.sleep(pause)
            pause, is_repeated = min(_LONGEST_PAUSE_SECONDS, pause * 2), True

    @atomic
    async def _claim(self, event: DeliveryRequested) -> Delivery | None:
        """The delivery with a new attempt begun, or None if there is nothing to do now."""
        at = self.now()
        async with self.begin(handling=event) as tx:
            found = await self.deliveries.find(event.delivery_id, tx=tx)
            if found is None or found.is_final:
                return None
            if at >= found.expires_at:
                await self._settle(tx, found.expire(at=at), at)
                return None
            busy_seconds = self.providers[found.channel].busy_seconds()
            if busy_seconds is not None and found.state is not DeliveryState.WAITING:
                await self._ask_again(tx, found, at=min(at + timedelta(seconds=busy_seconds), found.expires_at))
                return None
            claimed = found.begin(at=at, lease=self.terms.delivery_lease)
            if claimed is not None and len(found.attempts) >= self._retry(found).attempts:
                await self._settle(tx, found.fail(at=at, reason="interrupted"), at)
                return None
            if claimed is not None:
                await self.deliveries.save(tx, claimed)
                await self._ask_again(tx, claimed, at=at + self.terms.delivery_lease)
        return claimed

    @atomic
    async def _delivered(self, delivery: Delivery) -> None:
        async with self.begin() as tx:
            at = self.now()
            await self._settle(tx, delivery.deliver(at=at), at)

    @atomic
    async def _give_up(self, delivery: Delivery, reason: str) -> None:
        async with self.begin() as tx:
            at = self.now()
            await self._settle(tx, delivery.fail(at=at, reason=reason), at)

    @atomic
    async def _postpone(self, delivery: Delivery, reason: str) -> None:
        at = self.now()
        postponed, again = delivery.postpone(at=at, reason=reason, retry=self._retry(delivery))
        async with self.begin() as tx:
            if again is None:
                await self._settle(tx, postponed, at)
            else:
                await self.deliveries.save(tx, postponed)
                await self._ask_again(tx, postponed, at=again)

    async def _settle(self, tx: Transaction, delivery: Delivery, at: datetime) -> None:
        """Record how it ended; somebody hears of a notice that did not reach the person."""
        await self.deliveries.save(tx, delivery)
        await self._never_mind(tx, delivery)
        if delivery.state is not DeliveryState.DELIVERED and not (
            delivery.kind == ONE_TIME_CODE and delivery.state is DeliveryState.EXPIRED
        ):
            await tx.publish(
                DeliveryFailed(
                    occurred_at=at,
                    delivery_id=delivery.id,
                    recipient_id=delivery.recipient_id,
                    channel=delivery.channel.value,
                    kind=delivery.kind,
                    is_critical=delivery.is_critical,
                )
            )

    def _retry(self, delivery: Delivery) -> Retry:
        return self.terms.code_retry if delivery.kind == ONE_TIME_CODE else self.terms.notice_retry

    async def _compose(self, delivery: Delivery) -> Message:
        if delivery.notice_id is None:
            return self._compose_apart(delivery)
        notice = await self.notices.get(delivery.notice_id)
        contacts = await self.recipients.contacts(delivery.recipient_id)
        if contacts is None:
            raise MessageRefused("no-contacts")
        if delivery.channel is Channel.SMS:
            text = self.templates.sms(notice.template, notice.facts, path=notice.link)
            return Message(id=delivery.id, to=contacts.phone, subject=notice.title, text=text)
        title = f"Напоминание: {notice.title}" if notice.repetitions else notice.title
        link = self.templates.link(notice.link)
        content, attachments = await self._letter(delivery, notice)
        text, html = self.templates.mail(title=title, text=content, link=link, salutation=contacts.salutation)
        return Message(id=delivery.id, to=contacts.email, subject=title, text=text, html=html, sent_at=self.now(), attachments=attachments)

    def _compose_apart(self, delivery: Delivery) -> Message:
        """Of no notice, to an address of its own."""
        template = self.templates.newest(delivery.kind)
        facts = {**delivery.secrets, "expires_at": delivery.expires_at}
        title = self.templates.block(template, "title", facts)
        if delivery.channel is Channel.SMS:
            return Message(id=delivery.id, to=delivery.secrets["address"], subject=title, text=self.templates.block(template, "sms", facts))
        text, html = self.templates.mail(title=title, text=self.templates.block(template, "text", facts), link=None, salutation=None)
        return Message(id=delivery.id, to=delivery.secrets["address"], subject=title, text=text, html=html, sent_at=self.now())

    async def _letter(self, delivery: Delivery, notice: Notice) -> tuple[str, tuple[Attachment, ...]]:
        """The text of a letter and the files that go with it. Links live shortly: a late letter says where to find the file instead."""
        link = delivery.secrets.get("link")
        if link is None:
            return notice.text, ()
        body = await self.attachments.fetch(link, sha256=notice.facts["sha256"])
        where = self.templates.block(notice.template, "elsewhere" if body is None else "attached", notice.facts)
        files = () if body is None else (Attachment(f"{notice.facts['number']}.pdf", "application/pdf", body),)
        return f"{notice.text}\n\n{where}", files
