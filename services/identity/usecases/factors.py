"""Setting up what proves a person besides the password, and reading what somebody typed as a code."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from chassis.transaction import Begin, Transaction, atomic
from contracts.factors import Factor
from contracts.identity import SecurityAlertKind, SecurityAlertRaised
from contracts.roles import STAFF, Role
from services.identity.domain.access_log import Action
from services.identity.domain.factors import FactorAlreadySetUp, FactorPolicy, Factors, TypedCode, recovery_key
from services.identity.gateways.hashing import Secrets
from services.identity.gateways.totp import TotpCodes
from services.identity.repository.factors import FactorRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.codes import Codes, Purpose
from services.identity.usecases.sessions import SessionUseCases, Tokens, main_role


@dataclass(frozen=True, slots=True)
class Holder:
    """Who changes their own factors. No roles: somebody with a limited token, who may set up the first strong factor only."""

    person_id: UUID
    session_id: UUID
    roles: frozenset[Role]
    origin: Origin

    @property
    def is_limited(self) -> bool:
        """Whether all this person may do is set up a factor."""
        return not self.roles

    @property
    def role(self) -> Role | None:
        """The role the access log shows."""
        return main_role(self.roles) if self.roles else None


@dataclass(frozen=True, slots=True)
class NewTotp:
    """A secret to be put into an authenticator app; `uri` is for a QR code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TypedCodes:
    """Reads what was typed into a code field, whichever kind of code it may be. The work is the same whatever is set up."""

    codes: Codes
    totp: TotpCodes
    secrets: Secrets

    def read(self, text: str, factors: Factors, *, purpose: Purpose, at: datetime) -> TypedCode:
        """The text in every form that a code of the owner of these factors is known by."""
        return TypedCode(
            sent=self.codes.digest(purpose, factors.id, text),
            step=self.totp.step(factors.totp.secret if factors.totp else None, text, at),
            recovery=self.recovery_digest(factors.id, text),
        )

    def recovery_digest(self, person_id: UUID, text: str) -> bytes:
        """What a recovery code is known by."""
        return self.secrets.digest("recovery-code", str(person_id), recovery_key(text))


@dataclass(frozen=True, slots=True)
class FactorUseCases:
    """One's own factors."""

    begin: Begin
    factors: FactorRepository
    sessions: SessionUseCases
    access: AccessUseCases
    typed: TypedCodes
    policy: FactorPolicy
    now: Callable[[], datetime]

    @atomic
    async def get(self, person_id: UUID) -> Factors:
        """What somebody has set up."""
        async with self.begin() as tx:
            return await self.factors.get(tx, person_id)

    @atomic
    async def begin_totp(self, holder: Holder) -> NewTotp:
        """A new secret, of no use until a code proves it. Raises `FactorAlreadySetUp`."""
        at = self.now()
        secret = self.typed.totp.new_secret()
        async with self.begin() as tx:
            factors = await self._changeable(tx, holder)
            await self.factors.save(tx, factors.beginning_totp(secret, at, self.policy))
        account = holder.person_id.hex[:8]
        return NewTotp(secret=secret, uri=self.typed.totp.uri(secret, account), expires_at=at + self.policy.setup)

    @atomic
    async def confirm_totp(self, holder: Holder, text: str) -> Tokens:
        """The app counts from now on, in this session too. Raises `CodeRefused`, `FactorAlreadySetUp`, `SessionOver`."""
        at = self.now()
        async with self.begin() as tx:
            factors = await self._changeable(tx, holder)
            step = self.typed.totp.step(factors.pending.secret if factors.pending else None, text, at)
            factors, refused = factors.confirming_totp(step, at)
            await self.factors.save(tx, factors)
            if refused is None:
                await self._tell(tx, holder, SecurityAlertKind.FACTOR_ADDED)
                await self._note(tx, holder, Action.FACTOR_ADDED, Factor.TOTP)
                return await self.sessions.strengthen(tx, holder.session_id, person_id=holder.person_id, factors={Factor.TOTP: at})
        raise refused

    @atomic
    async def remove_totp(self, holder: Holder) -> None:
        """The app does not count any more. Raises `NoSuchFactor`, `LastFactor`."""
        async with self.begin() as tx:
            factors = await self.factors.get(tx, holder.person_id)
            await self.factors.save(tx, factors.without_totp(is_staff=bool(holder.roles & STAFF)))
            await self._tell(tx, holder, SecurityAlertKind.FACTOR_REMOVED)
            await self._note(tx, holder, Action.FACTOR_REMOVED, Factor.TOTP)

    @atomic
    async def renew_recovery_codes(self, holder: Holder) -> list[str]:
        """A new set of recovery codes, shown this once; those left of the old set are void."""
        codes = [self.typed.secrets.recovery_code() for _ in range(self.policy.recovery_codes)]
        digests = tuple(self.typed.recovery_digest(holder.person_id, code) for code in codes)
        async with self.begin() as tx:
            factors = await self.factors.get(tx, holder.person_id)
            await self.factors.save(tx, factors.with_recovery(digests))
            await self._tell(tx, holder, SecurityAlertKind.RECOVERY_CODES_RENEWED)
            await self._note(tx, holder, Action.RECOVERY_CODES_RENEWED, Factor.RECOVERY_CODE)
        return codes

    async def _changeable(self, tx: Transaction, holder: Holder) -> Factors:
        factors = await self.factors.get(tx, holder.person_id)
        if holder.is_limited and factors.strong:
            raise FactorAlreadySetUp
        return factors

    async def _tell(self, tx: Transaction, holder: Holder, kind: SecurityAlertKind) -> None:
        await tx.publish(SecurityAlertRaised(occurred_at=self.now(), person_id=holder.person_id, kind=kind))

    async def _note(self, tx: Transaction, holder: Holder, action: Action, factor: Factor) -> None:
        own = holder.person_id
        record = f"factor:{factor}"
        await self.access.note(tx, action, own, actor_id=own, actor_role=holder.role, origin=holder.origin, record=record)
