"""Passkeys: adding and removing one's own, signing in with one, and proving oneself anew with one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID, uuid4

from chassis.transaction import Begin, Transaction, atomic
from contracts.factors import Factor
from contracts.identity import SecurityAlertKind, SecurityAlertRaised
from contracts.roles import STAFF
from services.identity.domain.access_log import Action
from services.identity.domain.factors import FactorAlreadySetUp, Factors
from services.identity.domain.passkeys import (
    Ceremony,
    CeremonyKind,
    CeremonyOver,
    NewCredential,
    NoPasskey,
    NotAccepted,
    Passkey,
    PasskeyPolicy,
    PasskeyRefused,
)
from services.identity.domain.sign_ins import SignInRefused, SignInsLocked
from services.identity.gateways.hashing import Secrets, stand_in_id
from services.identity.gateways.webauthn import Assertion, RelyingParty
from services.identity.repository.factors import FactorRepository
from services.identity.repository.passkeys import CeremonyRepository, PasskeyRepository
from services.identity.repository.people import PersonRepository
from services.identity.repository.throttles import FailureRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.factors import Holder
from services.identity.usecases.sessions import Access, SessionUseCases, Tokens

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What the browser is to ask the authenticator; `options` are JSON as Web Authentication defines it."""

    ceremony: Ceremony
    options: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PasskeyUseCases:
    """One's own passkeys and what they prove."""

    begin: Begin
    people: PersonRepository
    passkeys: PasskeyRepository
    ceremonies: CeremonyRepository
    factors: FactorRepository
    failures: FailureRepository
    strangers: AccessUseCases
    sessions: SessionUseCases
    access: AccessUseCases
    secrets: Secrets
    relying_party: RelyingParty
    policy: PasskeyPolicy
    now: Callable[[], datetime]

    @atomic
    async def own(self, person_id: UUID) -> list[Passkey]:
        """The person's passkeys, the oldest first."""
        async with self.begin() as tx:
            return await self._own(tx, person_id)

    @atomic
    async def start_registration(self, holder: Holder) -> Question:
        """Ask for a new key. Raises `FactorAlreadySetUp`, `TooManyPasskeys`."""
        async with self.begin() as tx:
            await self._changeable(tx, holder)
            person = await self.people.get(tx, holder.person_id)
            own = await self._own(tx, holder.person_id)
            ceremony = await self._ask(tx, CeremonyKind.REGISTRATION, holder.person_id, holder.session_id)
            options = self.relying_party.creation_options(
                ceremony.challenge,
                handle=holder.person_id.bytes,
                login=person.email,
                title=person.salutation,
                own=own,
                timeout_ms=self._timeout_ms,
            )
            return Question(ceremony, options)

    @atomic
    async def finish_registration(self, holder: Holder, ceremony_id: UUID, credential: Json, name: str) -> Tokens:
        """The key counts from now on, in this session too.

        Raises `CeremonyOver`, `PasskeyRefused`, `PasskeyRegistered`, `TooManyPasskeys`, `FactorAlreadySetUp`, `SessionOver`.
        """
        async with self.begin() as tx:
            ceremony = await self._use_up(tx, ceremony_id, CeremonyKind.REGISTRATION, holder.person_id, holder.session_id)
            try:
                made = self.relying_party.registered(credential, ceremony.challenge)
            except PasskeyRefused as error:
                refused = error
            else:
                return await self._add(tx, holder, made, name)
        raise refused

    async def _add(self, tx: Transaction, holder: Holder, made: NewCredential, name: str) -> Tokens:
        at = self.now()
        factors = await self._changeable(tx, holder)
        passkey = Passkey.of(made, passkey_id=uuid4(), person_id=holder.person_id, name=name, at=at)
        await self.passkeys.add(tx, passkey)
        await self.factors.save(tx, factors.with_passkey())
        await self._tell(tx, holder.person_id, SecurityAlertKind.FACTOR_ADDED)
        await self._note_change(tx, holder, Action.FACTOR_ADDED, passkey)
        return await self.sessions.strengthen(tx, holder.session_id, person_id=holder.person_id, factors={Factor.PASSKEY: at})

    @atomic
    async def rename(self, person_id: UUID, passkey_id: UUID, name: str) -> Passkey:
        """Under another name. Raises `NoSuchPasskey`."""
        async with self.begin() as tx:
            passkey = await self.passkeys.get(tx, passkey_id, owner=person_id)
            return await self.passkeys.save(tx, passkey.renamed(name))

    @atomic
    async def remove(self, holder: Holder, passkey_id: UUID) -> None:
        """It does not count any more. Raises `NoSuchPasskey`, `LastFactor`."""
        async with self.begin() as tx:
            passkey = await self.passkeys.get(tx, passkey_id, owner=holder.person_id)
            factors = await self.factors.get(tx, holder.person_id)
            await self.factors.save(tx, factors.without_passkey(is_staff=bool(holder.roles & STAFF)))
            await self.passkeys.remove(tx, passkey)
            await self._tell(tx, holder.person_id, SecurityAlertKind.FACTOR_REMOVED)
            await self._note_change(tx, holder, Action.FACTOR_REMOVED, passkey)

    @atomic
    async def start_sign_in(self) -> Question:
        """Ask whoever it is for any passkey of ours."""
        async with self.begin() as tx:
            ceremony = await self._ask(tx, CeremonyKind.SIGN_IN, None, None)
            return Question(ceremony, self.relying_party.request_options(ceremony.challenge, timeout_ms=self._timeout_ms))

    @atomic
    async def finish_sign_in(self, ceremony_id: UUID, credential: Json, origin: Origin) -> Tokens:
        """The tokens of a new session: a passkey used by a verified person is both factors.

        Raises `CeremonyOver`, `PasskeyRefused`; to the owner alone, after the right signature, `SignInsLocked` and what `open` raises
        for an account without access.
        """
        async with self.begin() as tx:
            ceremony = await self._use_up(tx, ceremony_id, CeremonyKind.SIGN_IN, None, None)
            try:
                passkey = await self._proved(tx, ceremony, credential, origin)
                failures = await self.failures.get(tx, self.secrets.digest("account", str(passkey.person_id)))
                failures.check_lock(self.now(), SignInsLocked, "Вход временно закрыт: было слишком много неудачных попыток.")
                return await self.sessions.open(tx, passkey.person_id, factors={Factor.PASSKEY: self.now()}, origin=origin)
            except (PasskeyRefused, SignInsLocked, SignInRefused) as error:
                refused = error
        raise refused

    @atomic
    async def start_step_up(self, *, session_id: UUID, person_id: UUID) -> Question:
        """Ask for one of the caller's own passkeys. Raises `NoPasskey`, `SessionOver`."""
        async with self.begin() as tx:
            await self.sessions.opened(tx, session_id, person_id=person_id)
            own = await self._own(tx, person_id)
            if not own:
                raise NoPasskey
            ceremony = await self._ask(tx, CeremonyKind.STEP_UP, person_id, session_id)
            return Question(ceremony, self.relying_party.request_options(ceremony.challenge, allowed=own, timeout_ms=self._timeout_ms))

    @atomic
    async def finish_step_up(self, ceremony_id: UUID, credential: Json, *, session_id: UUID, person_id: UUID, origin: Origin) -> Access:
        """An access token that names the fresh factor. Raises `CeremonyOver`, `PasskeyRefused`, `SessionOver`."""
        async with self.begin() as tx:
            ceremony = await self._use_up(tx, ceremony_id, CeremonyKind.STEP_UP, person_id, session_id)
            try:
                await self._proved(tx, ceremony, credential, origin)
            except PasskeyRefused as error:
                refused = error
            else:
                return await self.sessions.step_up(tx, session_id, person_id=person_id, factor=Factor.PASSKEY, origin=origin)
        raise refused

    async def _proved(self, tx: Transaction, ceremony: Ceremony, credential: Json, origin: Origin) -> Passkey:
        """The passkey that answered, used once more. Raises `PasskeyRefused`; whose passkey was tried reads of it in the access log."""
        assertion = self.relying_party.read(credential, ceremony.challenge)
        passkey = await self.passkeys.by_credential(tx, assertion.credential_id)
        if passkey is None:
            await self._refuse_stranger(tx, ceremony, assertion, origin)
        try:
            return await self._signed(tx, ceremony, assertion, passkey)
        except NotAccepted:
            is_known = ceremony.person_id is not None
            action = Action.STEP_UP_REFUSED if is_known else Action.SIGN_IN_REFUSED
            subject_id, record = ceremony.person_id or passkey.person_id, f"passkey:{passkey.id}"
            await self.access.note(
                tx, action, subject_id, actor_id=ceremony.person_id, origin=origin, record=None if is_known else record, outcome="refused"
            )
            raise

    async def _refuse_stranger(self, tx: Transaction, ceremony: Ceremony, assertion: Assertion, origin: Origin) -> NoReturn:
        """As much work as for a wrong signature of a known key, so that the time does not tell which keys are known."""
        if ceremony.person_id is None:
            nobody = stand_in_id(self.secrets.digest("credential", assertion.credential_id.hex()))
            record = f"passkey:{nobody}"
            await self.strangers.note(tx, Action.SIGN_IN_REFUSED, nobody, actor_id=None, origin=origin, record=record, outcome="refused")
        self.relying_party.refuse(assertion)

    async def _signed(self, tx: Transaction, ceremony: Ceremony, assertion: Assertion, passkey: Passkey) -> Passkey:
        signature = self.relying_party.signature(assertion, passkey)
        if not passkey.belongs_to(signature, is_asked_of=ceremony.person_id):
            raise NotAccepted
        if passkey.is_cloned(signature):
            await self._tell(tx, passkey.person_id, SecurityAlertKind.PASSKEY_CLONED)
            raise NotAccepted
        return await self.passkeys.save(tx, passkey.used(signature, self.now()))

    async def _own(self, tx: Transaction, person_id: UUID) -> list[Passkey]:
        return await self.passkeys.of_person(tx, person_id, limit=self.policy.limit)

    async def _changeable(self, tx: Transaction, holder: Holder) -> Factors:
        """What the holder has set up, if one more passkey may be added. Two additions at once write the same row, so one runs again."""
        factors = await self.factors.get(tx, holder.person_id)
        if holder.is_limited and factors.strong:
            raise FactorAlreadySetUp
        self.policy.check(factors.passkeys)
        return factors

    async def _ask(self, tx: Transaction, kind: CeremonyKind, person_id: UUID | None, session_id: UUID | None) -> Ceremony:
        at = self.now()
        ceremony = Ceremony(
            id=uuid4(),
            kind=kind,
            challenge=self.secrets.challenge(),
            created_at=at,
            expires_at=at + self.policy.lifetime,
            person_id=person_id,
            session_id=session_id,
        )
        return await self.ceremonies.add(tx, ceremony)

    async def _use_up(
        self, tx: Transaction, ceremony_id: UUID, kind: CeremonyKind, person_id: UUID | None, session_id: UUID | None
    ) -> Ceremony:
        """The caller's ceremony, answered now whatever the answer is worth. Raises `CeremonyOver`."""
        ceremony = await self.ceremonies.get(tx, ceremony_id)
        if ceremony is None or (ceremony.kind, ceremony.person_id, ceremony.session_id) != (kind, person_id, session_id):
            raise CeremonyOver
        return await self.ceremonies.save(tx, ceremony.answered(self.now()))

    async def _tell(self, tx: Transaction, person_id: UUID, kind: SecurityAlertKind) -> None:
        await tx.publish(SecurityAlertRaised(occurred_at=self.now(), person_id=person_id, kind=kind))

    async def _note_change(self, tx: Transaction, holder: Holder, action: Action, passkey: Passkey) -> None:
        own, record = holder.person_id, f"passkey:{passkey.id}"
        await self.access.note(tx, action, own, actor_id=own, actor_role=holder.role, origin=holder.origin, record=record)

    @property
    def _timeout_ms(self) -> int:
        return int(self.policy.lifetime.total_seconds() * 1000)
