"""Sign-in and links through outside providers.

The browser is sent there and comes back with a code; the account is found by its link, or by the SNILS the provider verified.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from uuid import UUID, uuid4

from chassis.transaction import Begin, Transaction, atomic
from contracts.factors import Factor
from contracts.identity import PortalConfirmed, SecurityAlertKind, SecurityAlertRaised
from contracts.roles import Role
from services.identity.domain.access_log import Action
from services.identity.domain.people import NoSuchPerson, Person, Status
from services.identity.domain.portal import (
    AccountLinkedOtherwise,
    NoSuchPortalSignIn,
    NoSuchProvider,
    PortalAccessDenied,
    PortalAccountUnverified,
    PortalAway,
    PortalConflict,
    PortalIdentity,
    PortalLink,
    PortalLinkTaken,
    PortalNotRegistered,
    PortalProfileUnverified,
    PortalRefusal,
    PortalRequestRefused,
    PortalSignIn,
    PortalSnilsDiffers,
    Starter,
    check_person,
)
from services.identity.gateways.hashing import Secrets
from services.identity.gateways.oidc import Answer, Asked, Provider, Redirect
from services.identity.repository.people import PersonRepository
from services.identity.repository.portal import PortalLinkRepository, PortalSignInRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.sessions import SessionUseCases, Tokens, main_role

_LISTED = 50
_SILENT_SECONDS = 5
_AWAY = frozenset({"temporarily_unavailable", "server_error"})
"""Errors by which a provider says that it is out of order. Source: RFC 6749, 4.1.2.1."""


@dataclass(frozen=True, slots=True)
class Started:
    """Where the browser goes, and what it must bring again besides the provider's answer."""

    sign_in: PortalSignIn
    authorization_url: str = field(repr=False)
    browser_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Return:
    """What the browser came back with."""

    browser_token: str = field(repr=False)
    state: str = field(repr=False)
    code: str | None = field(repr=False)
    issuer: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class PortalUseCases:
    """One trip to a provider at a time; links that last."""

    begin: Begin
    people: PersonRepository
    sign_ins: PortalSignInRepository
    links: PortalLinkRepository
    sessions: SessionUseCases
    access: AccessUseCases
    providers: Mapping[str, Provider]
    secrets: Secrets
    lifetime: timedelta
    now: Callable[[], datetime]

    async def start(self, provider: str, *, starter: Starter | None) -> Started:
        """A trip for a sign-in, or for a link of who is signed in. Raises `NoSuchProvider`, `PortalAway`."""
        if provider not in self.providers:
            raise NoSuchProvider("Такого портала для входа нет.")
        sign_in_id, at = uuid4(), self.now()
        state, nonce, browser_token, verifier = (self.secrets.token() for _ in range(4))
        url = await self.providers[provider].authorization_url(Redirect(state, nonce, verifier))
        sign_in = PortalSignIn(
            id=sign_in_id,
            provider=provider,
            starter=starter,
            state_digest=self._digest("state", sign_in_id, state),
            nonce_digest=self._digest("nonce", sign_in_id, nonce),
            browser_digest=self._digest("browser", sign_in_id, browser_token),
            verifier=verifier,
            created_at=at,
            expires_at=at + self.lifetime,
        )
        return Started(await self._add(sign_in), url, browser_token)

    @atomic
    async def _add(self, sign_in: PortalSignIn) -> PortalSignIn:
        async with self.begin() as tx:
            return await self.sign_ins.add(tx, sign_in)

    async def sign_in(self, sign_in_id: UUID, returned: Return, origin: Origin) -> Tokens:
        """The tokens of a new session.

        Raises why the trip cannot be completed, the refusal of what the provider said, `PortalAway` (the trip may be completed again),
        `PortalNotRegistered`, `PortalPersonDiffers`, `AccountLinkedOtherwise`.
        """
        sign_in, who = await self._come_back(sign_in_id, returned, starter=None)
        return await self._open(sign_in.id, who, origin)

    async def link(self, sign_in_id: UUID, returned: Return, starter: Starter, origin: Origin) -> PortalLink:
        """The link of who is signed in, made now or before.

        Raises what `sign_in` raises, and `PortalSnilsDiffers`, `PortalLinkTaken`, `SessionOver`.
        """
        sign_in, who = await self._come_back(sign_in_id, returned, starter=starter)
        return await self._link(sign_in.id, who, starter, origin)

    @atomic
    async def links_of(self, person_id: UUID) -> list[PortalLink]:
        """The person's links."""
        async with self.begin() as tx:
            return await self.links.all_of(tx, person_id, limit=_LISTED)

    @atomic
    async def unlink(self, link_id: UUID, *, person_id: UUID, role: Role, origin: Origin) -> None:
        """The provider signs this person in no more, until it is linked again. Raises `NoSuchPortalLink`."""
        async with self.begin() as tx:
            await self.links.remove(tx, link_id, person_id=person_id)
            record = f"portal-link:{link_id}"
            await self.access.note(tx, Action.PORTAL_UNLINKED, person_id, actor_id=person_id, actor_role=role, origin=origin, record=record)
            await self._alert(tx, person_id, SecurityAlertKind.PORTAL_UNLINKED)

    async def _come_back(self, sign_in_id: UUID, returned: Return, *, starter: Starter | None) -> tuple[PortalSignIn, PortalIdentity]:
        sign_in = await self._checked(sign_in_id, returned, starter)
        try:
            return sign_in, await self._identify(sign_in, returned)
        except PortalRefusal:
            await self._finish(sign_in_id)
            raise

    @atomic
    async def _checked(self, sign_in_id: UUID, returned: Return, starter: Starter | None) -> PortalSignIn:
        async with self.begin(is_last=False) as tx:
            sign_in = await self.sign_ins.get(tx, sign_in_id)
        if sign_in is None or sign_in.starter != starter:
            raise NoSuchPortalSignIn("Вход через портал не найден. Начните его заново.")
        sign_in.check(
            browser_digest=self._digest("browser", sign_in_id, returned.browser_token),
            state_digest=self._digest("state", sign_in_id, returned.state),
            at=self.now(),
        )
        return sign_in

    async def _identify(self, sign_in: PortalSignIn, returned: Return) -> PortalIdentity:
        provider = self.providers.get(sign_in.provider)
        if provider is None:
            raise NoSuchProvider("Такого портала для входа больше нет.")
        await provider.check_issuer(returned.issuer)
        if returned.code is None:
            self._raise_error(returned.error)
        code_digest = self._digest("code", sign_in.id, returned.code or "")
        answer = _kept(sign_in, code_digest) or await provider.exchange(returned.code or "", sign_in.verifier)
        try:
            who = await provider.identify(answer, Asked(lambda nonce: self._is_nonce(sign_in, nonce)))
        except PortalAway:
            await self._keep(sign_in.id, answer, code_digest)
            raise
        if not who.is_verified:
            raise PortalAccountUnverified
        return who

    @staticmethod
    def _raise_error(error: str | None) -> None:
        if error in _AWAY:
            raise PortalAway(retry_after_seconds=_SILENT_SECONDS)
        raise PortalAccessDenied if error == "access_denied" else PortalRequestRefused

    def _is_nonce(self, sign_in: PortalSignIn, nonce: str) -> bool:
        return compare_digest(self._digest("nonce", sign_in.id, nonce), sign_in.nonce_digest)

    @atomic
    async def _keep(self, sign_in_id: UUID, answer: Answer, code_digest: bytes) -> None:
        """The code is spent; what it gave must outlast the provider's silence."""
        async with self.begin(is_last=False) as tx:
            sign_in = await self.sign_ins.get(tx, sign_in_id)
            if sign_in is not None and sign_in.finished_at is None:
                await self.sign_ins.save(tx, sign_in.answered(answer.model_dump_json(), code_digest))

    @atomic
    async def _finish(self, sign_in_id: UUID) -> None:
        async with self.begin(is_last=False) as tx:
            sign_in = await self.sign_ins.get(tx, sign_in_id)
            if sign_in is not None and sign_in.finished_at is None:
                await self.sign_ins.save(tx, sign_in.finished(self.now()))

    async def _take(self, tx: Transaction, sign_in_id: UUID) -> PortalSignIn:
        """Use the trip up; of two at once one loses here."""
        sign_in = await self.sign_ins.get(tx, sign_in_id)
        if sign_in is None:
            raise NoSuchPortalSignIn("Вход через портал не найден. Начните его заново.")
        sign_in.check_unused()
        return await self.sign_ins.save(tx, sign_in.finished(self.now()))

    @atomic
    async def _open(self, sign_in_id: UUID, who: PortalIdentity, origin: Origin) -> Tokens:
        async with self.begin() as tx:
            sign_in = await self._take(tx, sign_in_id)
            person, refused = await self._owner(tx, sign_in, who, origin)
            if person is not None and refused is None:
                await self._confirm(tx, person, sign_in.provider, who)
                factors = {Factor.PORTAL: self.now() - who.age}
                return await self.sessions.open(tx, person.id, factors=factors, origin=origin)
            if person is not None:
                await self.access.note(tx, Action.SIGN_IN_REFUSED, person.id, actor_id=None, origin=origin, outcome="refused")
        raise refused or PortalNotRegistered

    async def _owner(
        self, tx: Transaction, sign_in: PortalSignIn, who: PortalIdentity, origin: Origin
    ) -> tuple[Person | None, Exception | None]:
        """Whose the provider's account is: by its link, else by SNILS, which makes the link. A refusal is for raising after the commit."""
        subject_digest = self._subject(sign_in.provider, who)
        link = await self.links.of_subject(tx, sign_in.provider, subject_digest)
        if link is not None:
            person = await self._linked_person(tx, link)
            if person is not None:
                await self.links.save(tx, link.used(self.now()))
                return person, None
        try:
            snils = who.checked_snils()
        except PortalRefusal as refused:
            return None, refused
        person = await self.people.by_snils(tx, snils)
        if person is None:
            return None, PortalNotRegistered()
        try:
            if person.status is not Status.VERIFIED:
                raise PortalProfileUnverified  # whoever registered first may have stated somebody else's number
            check_person(person, who)
            if await self.links.of_person(tx, person.id, sign_in.provider) is not None:
                raise AccountLinkedOtherwise
        except PortalConflict as refused:
            return person, refused
        await self._add_link(tx, person, sign_in.provider, subject_digest, origin)
        return person, None

    async def _linked_person(self, tx: Transaction, link: PortalLink) -> Person | None:
        """None, and the link goes, when the account is no more."""
        try:
            return await self.people.get(tx, link.person_id)
        except NoSuchPerson:
            await self.links.remove(tx, link.id, person_id=link.person_id)
            return None

    async def _add_link(self, tx: Transaction, person: Person, provider: str, subject_digest: bytes, origin: Origin) -> PortalLink:
        at = self.now()
        link = PortalLink(id=uuid4(), person_id=person.id, provider=provider, subject_digest=subject_digest, linked_at=at, used_at=at)
        link = await self.links.add(tx, link)
        role, record = main_role(person.roles), f"portal-link:{link.id}"
        await self.access.note(tx, Action.PORTAL_LINKED, person.id, actor_id=person.id, actor_role=role, origin=origin, record=record)
        await self._alert(tx, person.id, SecurityAlertKind.PORTAL_LINKED)
        return link

    @atomic
    async def _link(self, sign_in_id: UUID, who: PortalIdentity, starter: Starter, origin: Origin) -> PortalLink:
        async with self.begin() as tx:
            await self.sessions.opened(tx, starter.session_id, person_id=starter.person_id)
            sign_in = await self._take(tx, sign_in_id)
            try:
                person = await self.people.get(tx, starter.person_id)
                link = await self._own_link(tx, person, sign_in.provider, who, origin)
                await self._confirm(tx, person, sign_in.provider, who)
            except (PortalRefusal, PortalConflict) as error:
                refused = error
            else:
                return link
        raise refused

    async def _own_link(self, tx: Transaction, person: Person, provider: str, who: PortalIdentity, origin: Origin) -> PortalLink:
        who.checked_snils()
        if person.numbers is None or not who.has_snils(person.numbers.snils):
            raise PortalSnilsDiffers
        check_person(person, who)
        subject_digest = self._subject(provider, who)
        owned = await self.links.of_person(tx, person.id, provider)
        if owned is not None and owned.subject_digest == subject_digest:
            return owned
        if owned is not None:
            raise AccountLinkedOtherwise
        if await self.links.of_subject(tx, provider, subject_digest) is not None:
            raise PortalLinkTaken
        return await self._add_link(tx, person, provider, subject_digest, origin)

    async def _confirm(self, tx: Transaction, person: Person, provider: str, who: PortalIdentity) -> None:
        """Tell that the portal knows this practitioner; not when it names another SNILS than the account's, or none."""
        if Role.PRACTITIONER in person.roles and person.numbers is not None and who.has_snils(person.numbers.snils):
            at = self.now()
            await tx.publish(PortalConfirmed(occurred_at=at, practitioner_id=person.id, provider=provider, confirmed_at=at))

    async def _alert(self, tx: Transaction, person_id: UUID, kind: SecurityAlertKind) -> None:
        await tx.publish(SecurityAlertRaised(occurred_at=self.now(), person_id=person_id, kind=kind))

    def _subject(self, provider: str, who: PortalIdentity) -> bytes:
        return self.secrets.digest("portal-subject", provider, who.subject)

    def _digest(self, purpose: str, sign_in_id: UUID, text: str) -> bytes:
        return self.secrets.digest(f"portal-{purpose}", str(sign_in_id), text)


def _kept(sign_in: PortalSignIn, code_digest: bytes) -> Answer | None:
    """What this very code gave before."""
    if sign_in.answer is None or sign_in.code_digest is None or not compare_digest(sign_in.code_digest, code_digest):
        return None
    return Answer.model_validate_json(sign_in.answer)
