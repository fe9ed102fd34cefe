"""Registration, step by step: nothing typed is lost, nothing is shown to whoever has not proved the phone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from chassis.transaction import Begin, Transaction, atomic
from contracts.identity import (
    ContactsChanged,
    PractitionerRegistered,
    RegistrationLapsed,
    RegistrationTermReached,
    VerificationRequested,
)
from contracts.roles import Role, Scope
from services.identity.domain import fields
from services.identity.domain.access_log import Action
from services.identity.domain.codes import CodeExpired, CodePolicy, OneTimeCode
from services.identity.domain.fields import Findings
from services.identity.domain.issue_dates import IssueRules
from services.identity.domain.passwords import PasswordPolicy
from services.identity.domain.people import Person, Status
from services.identity.domain.registration import (
    Consent,
    EmailNotGiven,
    NoSuchRegistration,
    Numbers,
    Passport,
    Profile,
    Registration,
    RegistrationTokenRefused,
    check_consents,
)
from services.identity.domain.verification import Registry, Verification
from services.identity.domain.versions import first_version
from services.identity.gateways.hashing import Passwords, Secrets
from services.identity.repository.people import PersonRepository, already_registered
from services.identity.repository.profiles import ProfileVersionRepository
from services.identity.repository.registrations import RegistrationRepository
from services.identity.usecases.access import AccessUseCases, Origin
from services.identity.usecases.codes import Codes
from services.identity.usecases.sessions import Signing


@dataclass(frozen=True, slots=True)
class RegistrationRules:
    """Limits and terms of registration."""

    issue: IssueRules
    password: PasswordPolicy
    consents: Mapping[str, str]
    keep: timedelta
    token_lifetime: timedelta
    upload_token_lifetime: timedelta
    verification_limit: timedelta
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class SentCode:
    """What is told about a code on its way."""

    registration_id: UUID
    resend_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class UploadToken:
    """A limited access token: lets its holder bring the scans of passport and SNILS to documents, and nothing else."""

    token: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True)
class Admission:
    """What proving the phone gives: the registration as it stands, the token of its steps and one for the scans."""

    registration: Registration
    token: str = field(repr=False)
    upload_token: UploadToken


def sent_code(registration_id: UUID, code: OneTimeCode, policy: CodePolicy) -> SentCode:
    """When the code may be sent again and when it ends."""
    return SentCode(registration_id, resend_at=code.issued_at + policy.resend_after, expires_at=code.expires_at)


@dataclass(frozen=True, slots=True)
class RegistrationUseCases:
    """Everything between a phone number and an account."""

    begin: Begin
    registrations: RegistrationRepository
    people: PersonRepository
    codes: Codes
    access: AccessUseCases
    passwords: Passwords
    secrets: Secrets
    signing: Signing
    versions: ProfileVersionRepository
    rules: RegistrationRules
    now: Callable[[], datetime]

    @atomic
    async def start(self, phone: str) -> SentCode:
        """Begin, or resume what this phone began: the same answer in both cases, and for a phone that is registered already.

        A code that has only just been sent and not been used stays valid, no second one is sent.
        """
        findings = Findings()
        phone = findings.check("/phone", fields.mobile, phone)
        findings.raise_any()
        at = self.now()
        async with self.begin() as tx:
            registration = await self.registrations.open_by_phone(tx, phone)
            if registration is not None and registration.has_lapsed(at):
                await self._end(tx, registration, at)
                registration = None
            if registration is None:
                registration = await self._begin(tx, phone, at)
            code = registration.phone_code
            if code is None or not code.is_fresh(at, self.codes.policy):
                code = await self.codes.issue(tx, registration.id, channel="sms", address=phone, purpose="registration")
                await self.registrations.save(tx, replace(registration, phone_code=code))
        return sent_code(registration.id, code, self.codes.policy)

    async def _begin(self, tx: Transaction, phone: str, at: datetime) -> Registration:
        fresh = Registration(id=uuid4(), owner_id=uuid4(), phone=phone, created_at=at, expires_at=at + self.rules.keep)
        term = RegistrationTermReached(occurred_at=at, registration_id=fresh.id, owner_id=fresh.owner_id)
        await tx.schedule(_term_key(fresh.id), fresh.expires_at, term)
        return await self.registrations.add(tx, fresh)

    async def _end(self, tx: Transaction, registration: Registration, at: datetime) -> None:
        await self.registrations.remove(tx, registration)
        await tx.cancel(_term_key(registration.id))
        await tx.publish(RegistrationLapsed(occurred_at=at, owner_id=registration.owner_id))

    @atomic
    async def lapse(self, event: RegistrationTermReached) -> None:
        """End a registration nobody completed, so that nobody keeps anything of it. Never one that became an account.

        The store may have removed the row by itself when the timer came very late: then only whether there is an account counts.
        """
        at = self.now()
        async with self.begin(handling=event) as tx:
            registration = await self.registrations.get(tx, event.registration_id)
            if registration is not None and registration.has_lapsed(at):
                await self._end(tx, registration, at)
            elif registration is None and not await self.people.has_account(tx, event.owner_id):
                await tx.publish(RegistrationLapsed(occurred_at=at, owner_id=event.owner_id))

    @atomic
    async def confirm_phone(self, registration_id: UUID, text: str) -> Admission:
        """The registration and fresh tokens for it. Raises `WrongCode`, `CodeExpired`, `CodeExhausted`, `AlreadyRegistered`."""
        at = self.now()
        token = self.secrets.token()
        async with self.begin() as tx:
            registration = await self.registrations.get(tx, registration_id)
            if registration is None or registration.expires_at <= at or registration.completed_at is not None:
                raise NoSuchRegistration("Регистрация не найдена. Начните с номера телефона.")
            if registration.phone_code is None:
                raise CodeExpired("Запросите новый код.")
            code, refused = registration.phone_code.tried(self.codes.digest("registration", registration.id, text), at)
            registration = replace(registration, phone_code=code)
            if refused is None:
                if await self.people.is_taken(tx, "phone", registration.phone):
                    raise already_registered("phone")
                registration = replace(
                    registration,
                    phone_confirmed_at=at,
                    token_digest=self.secrets.digest("registration-token", token),
                    token_expires_at=at + self.rules.token_lifetime,
                )
            registration = await self.registrations.save(tx, registration)
            if refused is None:
                return Admission(registration, token, await self._upload_token(tx, registration, at))
        raise refused

    @atomic
    async def renew_upload_token(self, registration_id: UUID, token: str | None) -> UploadToken:
        """Another limited token for the scans. Raises `RegistrationTokenRefused`, `RegistrationCompleted`."""
        async with self.begin() as tx:
            return await self._upload_token(tx, await self._open(tx, registration_id, token), self.now())

    async def _upload_token(self, tx: Transaction, registration: Registration, at: datetime) -> UploadToken:
        """Ends with the registration at the latest: what comes after its end would belong to nobody."""
        lifetime = min(self.rules.upload_token_lifetime, max(registration.expires_at - at, timedelta()))
        signer = await self.signing.signer(tx)
        token = signer.issue(
            registration.owner_id, roles=(), session_id=registration.id, factors={}, lifetime=lifetime, scope=Scope.REGISTRATION
        )
        return UploadToken(token, int(lifetime.total_seconds()))

    @atomic
    async def get(self, registration_id: UUID, token: str | None) -> Registration:
        """Raises `RegistrationTokenRefused`."""
        async with self.begin(is_last=False) as tx:
            return await self._admitted(tx, registration_id, token)

    async def set_passport(self, registration_id: UUID, token: str | None, passport: Passport) -> Registration:
        """The passport step. Raises `InvalidFields`."""
        return await self._change(
            registration_id, token, lambda found: found.with_passport(passport, rule=self.rules.issue.passport, today=self._today())
        )

    async def set_numbers(self, registration_id: UUID, token: str | None, numbers: Numbers) -> Registration:
        """The SNILS step. Raises `InvalidFields`. Whether somebody else has the number is told at completion, not to who tries numbers."""
        checked = numbers.checked()
        return await self._change(registration_id, token, lambda found: replace(found, numbers=checked))

    async def set_profile(self, registration_id: UUID, token: str | None, profile: Profile) -> Registration:
        """The profile step. Raises `InvalidFields`."""
        return await self._change(
            registration_id, token, lambda found: found.with_profile(profile, rules=self.rules.issue, today=self._today())
        )

    async def set_password(self, registration_id: UUID, token: str | None, password: str) -> Registration:
        """The password step. Raises `InvalidFields`."""
        registration = await self.get(registration_id, token)
        findings = Findings()
        findings.check("/password", lambda value: self.rules.password.check(value, registration.own_data()), password)
        findings.raise_any()
        password_hash = await self.passwords.hash(password)
        return await self._change(registration_id, token, lambda found: replace(found, password_hash=password_hash))

    async def set_consents(self, registration_id: UUID, token: str | None, given: Mapping[str, str], origin: Origin) -> Registration:
        """The consents step: document to version. Raises `InvalidFields`."""
        check_consents(given, self.rules.consents)
        at = self.now()
        consents = tuple(Consent(document, version, given_at=at, address=origin.address) for document, version in given.items())
        return await self._change(registration_id, token, lambda found: replace(found, consents=consents))

    @atomic
    async def set_email(self, registration_id: UUID, token: str | None, email: str) -> tuple[Registration, SentCode | None]:
        """The e-mail step, and the code on its way; None for an address confirmed already. Raises `InvalidFields`, `TooManyCodes`."""
        async with self.begin() as tx:
            before = await self._open(tx, registration_id, token)
            registration = before.with_email(email).changed_from(before)
            if registration.email_confirmed_at is not None:
                return registration, None
            code = registration.email_code
            if code is None or not code.is_fresh(self.now(), self.codes.policy):
                address = str(registration.email)
                code = await self.codes.issue(tx, registration.id, channel="email", address=address, purpose="email-confirmation")
            registration = await self.registrations.save(tx, replace(registration, email_code=code))
        return registration, sent_code(registration.id, code, self.codes.policy)

    @atomic
    async def confirm_email(self, registration_id: UUID, token: str | None, text: str) -> Registration:
        """Raises `WrongCode`, `CodeExpired`, `CodeExhausted`, `AlreadyRegistered`, `EmailNotGiven`."""
        async with self.begin() as tx:
            registration = await self._open(tx, registration_id, token)
            if registration.email is None or registration.email_code is None:
                raise EmailNotGiven("Сначала укажите адрес электронной почты.")
            if registration.email_confirmed_at is not None:
                return registration
            digest = self.codes.digest("email-confirmation", registration.id, text)
            code, refused = registration.email_code.tried(digest, self.now())
            if refused is None and await self.people.is_taken(tx, "email", registration.email):
                raise already_registered("email")
            confirmed_at = None if refused else self.now()
            registration = await self.registrations.save(tx, replace(registration, email_code=code, email_confirmed_at=confirmed_at))
        if refused is not None:
            raise refused
        return registration

    @atomic
    async def complete(self, registration_id: UUID, token: str | None, origin: Origin) -> UUID:
        """The practitioner's id; the same again when it was completed before. Raises `RegistrationIncomplete`, `AlreadyRegistered`."""
        at = self.now()
        async with self.begin() as tx:
            registration = await self._admitted(tx, registration_id, token)
            if registration.practitioner_id is not None:
                return registration.practitioner_id
            completed = registration.completed(at)
            person = _practitioner(registration, completed, at, give_up_at=at + self.rules.verification_limit)
            person = await self.people.add(tx, person)
            await self.versions.add(tx, first_version(person.id, person.stated, at))
            await self.registrations.save(tx, completed)
            await tx.cancel(_term_key(registration.id))
            await self._announce(tx, person, at)
            await self.access.note(tx, Action.REGISTERED, person.id, actor_id=person.id, actor_role=Role.PRACTITIONER, origin=origin)
        return person.id

    async def _announce(self, tx: Transaction, person: Person, at: datetime) -> None:
        await tx.publish(PractitionerRegistered(occurred_at=at, version=person.version, practitioner_id=person.id))
        await tx.publish(contacts_of(person, at))
        await tx.publish(
            VerificationRequested(occurred_at=at, practitioner_id=person.id, attempt=1, give_up_at=at + self.rules.verification_limit)
        )

    @atomic
    async def _change(self, registration_id: UUID, token: str | None, change: Callable[[Registration], Registration]) -> Registration:
        async with self.begin() as tx:
            registration = await self._open(tx, registration_id, token)
            return await self.registrations.save(tx, change(registration).changed_from(registration))

    async def _open(self, tx: Transaction, registration_id: UUID, token: str | None) -> Registration:
        registration = await self._admitted(tx, registration_id, token)
        registration.check_open()
        return registration

    async def _admitted(self, tx: Transaction, registration_id: UUID, token: str | None) -> Registration:
        """The registration of whoever holds its token; an unknown one is refused like a wrong token."""
        registration = await self.registrations.get(tx, registration_id)
        if registration is None:
            raise RegistrationTokenRefused
        registration.admit(self.secrets.digest("registration-token", token or ""), self.now())
        return registration

    def _today(self) -> date:
        return self.now().astimezone(self.rules.zone).date()


def _term_key(registration_id: UUID) -> str:
    """The timer of a registration's end."""
    return f"registration:{registration_id}"


def contacts_of(person: Person, at: datetime) -> ContactsChanged:
    """How to reach the person from now on."""
    return ContactsChanged(
        occurred_at=at,
        version=person.version,
        person_id=person.id,
        roles=tuple(sorted(person.active_roles)),
        email=person.email,
        phone=person.phone,
        salutation=person.salutation,
    )


def _practitioner(registration: Registration, completed: Registration, at: datetime, *, give_up_at: datetime) -> Person:
    profile, numbers = registration.profile, registration.numbers
    if profile is None or numbers is None or completed.practitioner_id is None:
        raise AssertionError("completed() lets only whole registrations pass")
    asked = tuple(name for name in Registry if name is not Registry.INN or numbers.inn is not None)
    return Person(
        id=completed.practitioner_id,
        roles=frozenset({Role.PRACTITIONER}),
        status=Status.AWAITING_VERIFICATION,
        phone=registration.phone,
        email=str(registration.email),
        given_name=profile.given_name,
        patronymic=profile.patronymic,
        surname=profile.surname,
        password_hash=str(registration.password_hash),
        created_at=at,
        passport=registration.passport,
        numbers=numbers,
        profile=profile,
        consents=registration.consents,
        verification=Verification(requested_at=at, give_up_at=give_up_at, registries=asked),
    )
