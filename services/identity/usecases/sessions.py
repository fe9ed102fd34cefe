"""Sessions: opened by a sign-in, kept alive by refresh tokens that rotate, ended by hand, by time or by a reused token."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from chassis.auth import TokenSigner
from chassis.clock import Clock
from chassis.transaction import Begin, Transaction, atomic
from contracts.factors import Factor
from contracts.identity import SecurityAlertKind, SecurityAlertRaised
from contracts.roles import STAFF, Role, Scope
from services.identity.domain.access_log import Action
from services.identity.domain.sessions import Ending, NoSuchSession, Session, SessionOver, SessionPolicy
from services.identity.domain.sign_ins import SignInRefused
from services.identity.gateways.hashing import Secrets
from services.identity.repository.people import Credentials, PersonRepository
from services.identity.repository.sessions import SessionRepository, SigningKey, SigningKeyRepository
from services.identity.usecases.access import AccessUseCases, Origin

_LISTED = 100
_ENDED_LISTED = 100_000
"""Four megabytes; so many people do not sign out within the life of one token."""
_KEYS = 3
"""Keys that matter: the one that signs, the one before it (tokens still out), the next one (published, not yet used)."""


@dataclass(frozen=True, slots=True)
class Access:
    """An access token, how many seconds it lives, and what it is limited to."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: Scope | None


@dataclass(frozen=True, slots=True)
class Tokens(Access):
    """What a signed-in client holds."""

    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SigningPolicy:
    """How long a key signs, how long before that it is published, how long a token lives."""

    key_lifetime: timedelta
    lead: timedelta
    token_lifetime: timedelta
    cached_seconds: float = 0
    """For so long the keys are not read again. Short against the lead, in which every process gets to know the next one."""


@dataclass(slots=True)
class _KnownKeys:
    """The last keys as read, with what signs, until it is time to read them again."""

    keys: list[tuple[SigningKey, TokenSigner]] = field(default_factory=list)
    read_again_at: float = 0


@dataclass(frozen=True, slots=True)
class Signing:
    """The rotating set of keys that sign access tokens."""

    keys: SigningKeyRepository
    clock: Clock
    policy: SigningPolicy
    _known: _KnownKeys = field(default_factory=_KnownKeys, init=False)

    async def signer(self, tx: Transaction) -> TokenSigner:
        """The key to sign with now; makes its successor when it is old enough."""
        at = self.clock.now()
        known = self._known.keys if monotonic() < self._known.read_again_at else await self._read(tx)
        if not known or self._is_old(known[0][0], at):
            known = await self._read(tx)
            self._known.read_again_at = 0
        if not known:
            return await self._make(tx, ordinal=1, signs_from=at)
        if self._is_old(known[0][0], at):
            await self._make(tx, ordinal=known[0][0].ordinal + 1, signs_from=at + self.policy.lead)
        return next((signer for key, signer in known if key.signs_from <= at), known[-1][1])

    def _is_old(self, key: SigningKey, at: datetime) -> bool:
        return at >= key.signs_from + self.policy.key_lifetime

    async def _read(self, tx: Transaction) -> list[tuple[SigningKey, TokenSigner]]:
        found = await self.keys.latest(tx, limit=_KEYS)
        self._known.keys = [(key, TokenSigner.from_json(key.private_jwk, self.clock)) for key in found]
        self._known.read_again_at = monotonic() + self.policy.cached_seconds
        return self._known.keys

    async def jwks(self) -> dict[str, Any]:
        """The public halves: the next key, the present one and the one before."""
        return {"keys": [key["public_jwk"] for key in await self.keys.published(limit=_KEYS)]}

    async def _make(self, tx: Transaction, *, ordinal: int, signs_from: datetime) -> TokenSigner:
        made = TokenSigner.generate(self.clock)
        await self.keys.add(tx, SigningKey(ordinal, signs_from, made.public_jwk(), made.private_jwk()))
        return made


@dataclass(frozen=True, slots=True)
class SessionUseCases:
    """The life of sessions after sign-in."""

    begin: Begin
    sessions: SessionRepository
    people: PersonRepository
    signing: Signing
    access: AccessUseCases
    secrets: Secrets
    policy: SessionPolicy
    now: Callable[[], datetime]

    @atomic
    async def prepare_key(self) -> None:
        """Make the first signing key, so that verifiers find one before anybody signs in."""
        async with self.begin() as tx:
            await self.signing.signer(tx)

    async def open(
        self,
        tx: Transaction,
        person_id: UUID,
        *,
        factors: Mapping[Factor, datetime],
        origin: Origin,
        is_proved: Callable[[Credentials], bool] = lambda _: True,
    ) -> Tokens:
        """A new session, within the transaction of the sign-in.

        Raises `SignInRefused` for an account without access, or whose credentials, as they are by now, are not the ones `is_proved` knows.
        """
        at = self.now()
        held = await self.people.hold(tx, person_id)
        if held is None or not is_proved(held):
            raise SignInRefused
        roles = held.roles
        session_id = uuid4()
        refresh_token = self._new_token(session_id)
        session = Session(
            id=session_id,
            person_id=person_id,
            roles=roles,
            factors=factors,
            created_at=at,
            last_used_at=at,
            token_digest=self._digest(refresh_token),
            address=origin.address,
            device=origin.device,
        )
        await self._make_room(tx, person_id, roles, origin)
        await self.sessions.add(tx, session)
        record = f"session:{session_id}"
        role = main_role(roles)
        await self.access.note(tx, Action.SIGNED_IN, person_id, actor_id=person_id, actor_role=role, origin=origin, record=record)
        return await self._tokens(tx, session, refresh_token)

    async def _make_room(self, tx: Transaction, person_id: UUID, roles: frozenset[Role], origin: Origin) -> None:
        """End the oldest sessions beyond the number allowed, so that one more may open."""
        at = self.now()
        used = await self.sessions.not_ended(tx, person_id, limit=_LISTED, used_since=at - self.policy.idle(roles))
        still = [session for session in used if session.is_open(at, self.policy)]
        for session in still[self.policy.most - 1 :]:
            await self._end(tx, session, Ending.TOO_MANY, origin)

    async def opened(self, tx: Transaction, session_id: UUID, *, person_id: UUID) -> Session:
        """The caller's own session. Raises `SessionOver` once it ended, also while its last access token lives."""
        session = await self.sessions.get(tx, session_id)
        if session is None or session.person_id != person_id or not session.is_open(self.now(), self.policy):
            raise SessionOver
        return session

    async def step_up(self, tx: Transaction, session_id: UUID, *, person_id: UUID, factor: Factor, origin: Origin) -> Access:
        """The session remembers a factor proved just now, within the transaction that checked it. Raises `SessionOver`."""
        session = await self.opened(tx, session_id, person_id=person_id)
        session = await self.sessions.save(tx, session.stepped_up(factor, self.now()))
        role = main_role(session.roles)
        record = f"session:{session_id}"
        await self.access.note(tx, Action.STEPPED_UP, person_id, actor_id=person_id, actor_role=role, origin=origin, record=record)
        return await self._access(tx, session)

    async def strengthen(self, tx: Transaction, session_id: UUID, *, person_id: UUID, factors: Mapping[Factor, datetime]) -> Tokens:
        """Fresh tokens of a session in which more was proved, within the transaction of the proof. Raises `SessionOver`."""
        session = await self.opened(tx, session_id, person_id=person_id)
        refresh_token = self._new_token(session_id)
        session = await self.sessions.save(tx, session.strengthened(factors, self._digest(refresh_token), self.now()))
        return await self._tokens(tx, session, refresh_token)

    @atomic
    async def refresh(self, refresh_token: str, origin: Origin) -> Tokens:
        """Fresh tokens for a used one, which is of no use afterwards. Raises `SessionOver`.

        A token that was used before ends the session and warns its owner.
        """
        session_id = _session_of(refresh_token)
        at = self.now()
        async with self.begin() as tx:
            session = await self.sessions.get(tx, session_id)
            if session is None:
                raise SessionOver
            fresh_token = self._new_token(session_id)
            after = session.refreshed(self._digest(refresh_token), self._digest(fresh_token), at, self.policy)
            if after is session:
                raise SessionOver
            after = await self.sessions.save(tx, after)
            if after.ended_at is None:
                return await self._tokens(tx, after, fresh_token)
            await self._note_end(tx, after, origin, actor_id=None)
            if after.ending is Ending.TOKEN_REUSED:
                reused = SecurityAlertKind.REFRESH_TOKEN_REUSED
                await tx.publish(SecurityAlertRaised(occurred_at=at, person_id=after.person_id, kind=reused))
        raise SessionOver

    @atomic
    async def sign_out(self, session_id: UUID, *, person_id: UUID, origin: Origin) -> None:
        """End the caller's own session; ending it twice changes nothing."""
        async with self.begin() as tx:
            session = await self.sessions.get(tx, session_id)
            if session is not None and session.person_id == person_id and session.ended_at is None:
                await self._end(tx, session, Ending.SIGNED_OUT, origin)

    @atomic
    async def open_sessions(self, person_id: UUID) -> list[Session]:
        """The person's open sessions, newest first."""
        async with self.begin() as tx:
            found = await self.sessions.not_ended(tx, person_id, limit=_LISTED, used_since=self.now() - self.policy.longest_idle)
        return [session for session in found if session.is_open(self.now(), self.policy)]

    async def ended_lately(self) -> list[UUID]:
        """Sessions that ended while an access token of theirs may still be in somebody's hands."""
        return await self.sessions.ended_since(self.now() - self.signing.policy.token_lifetime, limit=_ENDED_LISTED)

    @atomic
    async def end(self, session_id: UUID, *, person_id: UUID, origin: Origin) -> None:
        """End one of the person's sessions. Raises `NoSuchSession`."""
        async with self.begin() as tx:
            session = await self.sessions.get(tx, session_id)
            if session is None or session.person_id != person_id:
                raise NoSuchSession("Сеанс не найден.")
            if session.ended_at is None:
                await self._end(tx, session, Ending.ENDED_ELSEWHERE, origin)

    @atomic
    async def end_others(self, session_id: UUID, *, person_id: UUID, origin: Origin) -> None:
        """End all of the person's sessions but this one."""
        async with self.begin() as tx:
            await self.end_all(tx, person_id, Ending.ENDED_ELSEWHERE, origin, but=session_id)

    async def end_all(self, tx: Transaction, person_id: UUID, ending: Ending, origin: Origin, *, but: UUID | None = None) -> None:
        """End the person's sessions, however many, within the transaction of the reason."""
        while True:
            found = [session for session in await self.sessions.not_ended(tx, person_id, limit=_LISTED) if session.id != but]
            if not found:
                return
            for session in found:
                await self._end(tx, session, ending, origin)

    async def cut_off(self, tx: Transaction, person_id: UUID, *, administrator_id: UUID, origin: Origin) -> None:
        """End every session of a person by an administrator's hand, within the transaction of the reason; one row of the log says so."""
        await self.people.hold(tx, person_id)  # so that no session opens meanwhile
        if await self.sessions.end_all(tx, person_id, Ending.ENDED_BY_ADMINISTRATOR, self.now()):
            role = Role.ADMINISTRATOR
            await self.access.note(tx, Action.SESSION_ENDED, person_id, actor_id=administrator_id, actor_role=role, origin=origin)

    @atomic
    async def end_of_person(self, person_id: UUID, *, administrator_id: UUID, origin: Origin) -> None:
        """End every session of anybody, who is told. Raises `NoSuchPerson`."""
        async with self.begin() as tx:
            await self.people.get(tx, person_id)
            await self.cut_off(tx, person_id, administrator_id=administrator_id, origin=origin)
            ended = SecurityAlertKind.SESSIONS_ENDED
            await tx.publish(SecurityAlertRaised(occurred_at=self.now(), person_id=person_id, kind=ended))

    async def _end(self, tx: Transaction, session: Session, ending: Ending, origin: Origin) -> None:
        ended = await self.sessions.save(tx, session.ended(ending, self.now()))
        await self._note_end(tx, ended, origin, actor_id=session.person_id)

    async def _note_end(self, tx: Transaction, session: Session, origin: Origin, *, actor_id: UUID | None) -> None:
        action = Action.SIGNED_OUT if session.ending is Ending.SIGNED_OUT else Action.SESSION_ENDED
        role = main_role(session.roles)
        record = f"session:{session.id}"
        await self.access.note(tx, action, session.person_id, actor_id=actor_id, actor_role=role, origin=origin, record=record)

    async def _tokens(self, tx: Transaction, session: Session, refresh_token: str) -> Tokens:
        access = await self._access(tx, session)
        return Tokens(access_token=access.access_token, refresh_token=refresh_token, expires_in=access.expires_in, scope=access.scope)

    async def _access(self, tx: Transaction, session: Session) -> Access:
        lifetime = min(self.signing.policy.token_lifetime, session.ends_at(self.policy) - self.now())
        signer = await self.signing.signer(tx)
        access_token = signer.issue(
            session.person_id,
            roles=session.roles,
            session_id=session.id,
            factors={str(factor): at for factor, at in session.factors.items()},
            lifetime=lifetime,
            scope=session.scope,
        )
        return Access(access_token=access_token, expires_in=int(lifetime.total_seconds()), scope=session.scope)

    def _new_token(self, session_id: UUID) -> str:
        return f"{session_id.hex}.{self.secrets.token()}"

    def _digest(self, refresh_token: str) -> bytes:
        return self.secrets.digest("refresh-token", refresh_token)


def _session_of(refresh_token: str) -> UUID:
    try:
        return UUID(hex=refresh_token.partition(".")[0])
    except ValueError:
        raise SessionOver from None


def main_role(roles: frozenset[Role]) -> Role:
    """The role under which the log shows somebody: a staff role if there is one."""
    return min(roles & STAFF or roles)
