"""Passwords after registration: a forgotten one is set anew with a code by e-mail, a known one is changed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from chassis.transaction import Begin, Transaction, atomic
from contracts.identity import PasswordResetRequested, SecurityAlertKind, SecurityAlertRaised
from services.identity.domain.access_log import Action
from services.identity.domain.codes import CodeExpired, CodeRefused, OneTimeCode, TooManyCodes
from services.identity.domain.fields import Findings
from services.identity.domain.password_resets import PasswordReset, ResetCode, WrongPassword
from services.identity.domain.passwords import PasswordPolicy
from services.identity.domain.people import Person
from services.identity.domain.sessions import Ending
from services.identity.domain.sign_ins import identifier_candidates, normalised_identifier
from services.identity.gateways.hashing import Passwords, Secrets, stand_in_id
from services.identity.repository.password_resets import PasswordResetRepository
from services.identity.repository.people import PersonRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.codes import Codes
from services.identity.usecases.devices import DeviceUseCases
from services.identity.usecases.guesses import PresentPassword
from services.identity.usecases.sessions import SessionUseCases, main_role

_NOBODYS = ()


@dataclass(frozen=True, slots=True)
class PasswordUseCases:
    """Forgetting and changing a password. The second factor is never touched: signing in still needs it."""

    begin: Begin
    people: PersonRepository
    resets: PasswordResetRepository
    codes: Codes
    sessions: SessionUseCases
    devices: DeviceUseCases
    access: AccessUseCases
    passwords: Passwords
    present: PresentPassword
    secrets: Secrets
    policy: PasswordPolicy
    now: Callable[[], datetime]

    @atomic
    async def start_reset(self, identifier: str, origin: Origin) -> PasswordReset:
        """A reset that waits for its code. No account is looked up here: the same work, and so the same time, for every identifier."""
        at = self.now()
        async with self.begin() as tx:
            reset = await self.resets.add(tx, PasswordReset(id=uuid4(), created_at=at, code=self.codes.decoy()))
            await tx.publish(PasswordResetRequested(occurred_at=at, reset_id=reset.id, identifier=identifier, address=origin.address))
            return reset

    @atomic
    async def send_code(self, event: PasswordResetRequested) -> None:
        """Look the account up and send the code by e-mail; nobody waits for it."""
        at = self.now()
        async with self.begin(handling=event) as tx:
            reset = await self.resets.get(tx, event.reset_id)
            if reset is None or at >= reset.code.expires_at:
                return
            credentials = await self.people.credentials(tx, identifier_candidates(event.identifier))
            person_id = credentials.person_id if credentials else None
            subject_id = person_id or self._stranger(event.identifier)
            known = await self.resets.code(tx, subject_id)
            if known is None or not known.code.is_fresh(at, self.codes.policy):
                code = await self._issued(tx, person_id)
                if code is None:
                    await tx.publish(self.codes.withheld("password-reset"))
                if code is not None or known is None:
                    fresh = ResetCode(id=subject_id, code=code or self.codes.decoy(), version=known.version if known else 0)
                    await self.resets.save_code(tx, fresh)
            await self.resets.save(tx, reset.about(subject_id, person_id))
            if person_id is not None:
                origin = Origin(address=event.address)
                await self.access.note(tx, Action.PASSWORD_RESET_REQUESTED, person_id, actor_id=None, origin=origin)

    async def _issued(self, tx: Transaction, person_id: UUID | None) -> OneTimeCode | None:
        """None for nobody, and for an account that had enough codes today: which is not told."""
        if person_id is None:
            return None
        person = await self.people.get(tx, person_id)
        try:
            return await self.codes.issue(tx, person_id, channel="email", address=person.email, purpose="password-reset")
        except TooManyCodes:
            return None

    def _stranger(self, identifier: str) -> UUID:
        return stand_in_id(self.secrets.digest("identifier", normalised_identifier(identifier)))

    async def finish_reset(self, reset_id: UUID, text: str, password: str, origin: Origin) -> None:
        """Set the password and end every session. Raises `InvalidFields`, `CodeRefused`; an unknown reset is a late one.

        What can be said about a password without knowing whose it is comes first and costs no try; what needs the person's own data
        comes after the right code, which then stays good for another password. The forgotten password may be set again: to refuse it
        would let whoever reads the mailbox try out what it is.
        """
        self._check(password, _NOBODYS)
        await self._check_code(reset_id, text, password)
        await self._set(reset_id, text, await self.passwords.hash(password), origin)

    @atomic
    async def _check_code(self, reset_id: UUID, text: str, password: str) -> None:
        async with self.begin(is_last=False) as tx:
            reset, code, refused = await self._tried(tx, reset_id, text)
            if refused is None and reset.person_id is not None:
                self._check(password, (await self.people.get(tx, reset.person_id)).own_data())
                return
            await self.resets.save(tx, reset)
            if code is not None:
                await self.resets.save_code(tx, code)
        raise refused or _over()

    @atomic
    async def _set(self, reset_id: UUID, text: str, password_hash: str, origin: Origin) -> None:
        async with self.begin() as tx:
            reset, code, refused = await self._tried(tx, reset_id, text)
            if refused is not None or reset.person_id is None or code is None:
                raise refused or _over()
            await self.resets.save(tx, reset)
            await self.resets.save_code(tx, code)
            await self._change(tx, await self.people.get(tx, reset.person_id), password_hash, origin)

    async def _tried(self, tx: Transaction, reset_id: UUID, text: str) -> tuple[PasswordReset, ResetCode | None, CodeRefused | None]:
        """Raises `CodeExpired` for an unknown reset."""
        reset = await self.resets.get(tx, reset_id)
        if reset is None:
            raise _over()
        subject_id = reset.subject_id or reset.id
        digest = self.codes.digest("password-reset", subject_id, text)
        return reset.tried(digest, await self.resets.code(tx, subject_id), self.now())

    async def change(self, person_id: UUID, *, session_id: UUID, current: str, password: str, origin: Origin) -> None:
        """Replace a known password; the other sessions end. Raises `InvalidFields`, `WrongPassword`, `TooManyGuesses`."""
        person = await self.present.proved(person_id, current, Action.PASSWORD_CHANGED, origin)
        if person is None:
            raise WrongPassword
        self._check(password, person.own_data(), present=current)
        await self._replace(person, await self.passwords.hash(password), session_id, origin)

    @atomic
    async def _replace(self, person: Person, password_hash: str, session_id: UUID, origin: Origin) -> None:
        async with self.begin() as tx:
            await self.present.accept(tx, person.id)
            now_stored = await self.people.get(tx, person.id)
            if now_stored.password_hash != person.password_hash:
                raise WrongPassword
            await self._change(tx, now_stored, password_hash, origin, session_id=session_id)

    async def _change(self, tx: Transaction, person: Person, password_hash: str, origin: Origin, *, session_id: UUID | None = None) -> None:
        await self.people.save(tx, person.with_password(password_hash))
        await self.sessions.end_all(tx, person.id, Ending.PASSWORD_CHANGED, origin, but=session_id)
        await self.devices.void_all(tx, person.id)
        changed = SecurityAlertKind.PASSWORD_CHANGED
        await tx.publish(SecurityAlertRaised(occurred_at=self.now(), person_id=person.id, kind=changed))
        role = main_role(person.roles)
        await self.access.note(tx, Action.PASSWORD_CHANGED, person.id, actor_id=person.id, actor_role=role, origin=origin)

    def _check(self, password: str, own_data: list[str] | tuple[()], *, present: str | None = None) -> None:
        findings = Findings()
        findings.check("/password", lambda value: self.policy.check(value, own_data, present=present), password)
        findings.raise_any()


def _over() -> CodeExpired:
    return CodeExpired("Код больше не действует. Запросите новый.")
