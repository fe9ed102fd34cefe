"""What identity tells: who registered, who is verified, how to reach a person, who works here."""

from datetime import date
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.base import Count, Event, Moment
from contracts.roles import Role
from contracts.sealed import Sealed, SealedModel


class Licence(SealedModel):
    """A medical licence; `holder` says whether the person or the organisation holds it."""

    model_config = ConfigDict(frozen=True)
    series: str
    number: str
    holder: Literal["person", "organisation"]
    valid_from: date
    valid_until: date | None = None


class Workplace(SealedModel):
    """Where somebody works; OGRN is the organisation's state registration number."""

    model_config = ConfigDict(frozen=True)
    organisation: str
    ogrn: str
    address: str
    department: str


class Employment(SealedModel):
    """One entry of the work history; `ended_on` is None for the present workplace."""

    model_config = ConfigDict(frozen=True)
    organisation: str
    position: str
    started_on: date
    ended_on: date | None = None


class ProfileFacts(SealedModel):
    """A practitioner's profile as the registries confirmed it."""

    model_config = ConfigDict(frozen=True)
    surname: str
    given_name: str
    patronymic: str | None = None
    birth_date: date
    birth_place: str
    passport_series: str
    passport_number: str
    passport_issued_on: date
    passport_issued_by: str
    snils: str
    inn: str | None = None
    phone: str
    email: str
    diploma_number: str
    qualification: str
    specialty_code: str
    licence: Licence
    workplace: Workplace
    employments: tuple[Employment, ...] = ()
    training_hours: Count = 0


class OneTimeCodeIssued(Event):
    """A code that proves possession of a phone or mailbox was made and must reach it."""

    type: ClassVar[str] = "identity.one-time-code-issued.v1"
    about: ClassVar[str | None] = "person_id"
    person_id: UUID
    channel: Literal["sms", "email"]
    address: Sealed[str]
    code: Sealed[str]
    purpose: Literal["registration", "email-confirmation", "sign-in", "step-up", "password-reset", "profile-change"]
    expires_at: Moment


class OneTimeCodeWithheld(Event):
    """Where a code would have been sent, none was. Published in its place, so that nobody can time which it was; concerns nobody."""

    type: ClassVar[str] = "identity.one-time-code-withheld.v1"
    purpose: str


class PasswordResetRequested(Event):
    """Somebody says to have forgotten a password; whether there is such an account is looked up afterwards, so nobody can time it."""

    type: ClassVar[str] = "identity.password-reset-requested.v1"
    reset_id: UUID
    identifier: Sealed[str]
    """As it was typed; it may be anything."""
    address: Sealed[str | None] = None
    """Network address of who asked."""


class ContactsChanged(Event):
    """How to reach a person, practitioner or staff, from now on."""

    type: ClassVar[str] = "identity.contacts-changed.v1"
    aggregate: ClassVar[str] = "person_id"
    about: ClassVar[str | None] = "person_id"
    person_id: UUID
    roles: tuple[Role, ...]
    email: Sealed[str]
    phone: Sealed[str]
    salutation: Sealed[str]
    """Given name and patronymic, as letters address the person."""


class PractitionerRegistered(Event):
    """A practitioner finished registration; verification follows."""

    type: ClassVar[str] = "identity.practitioner-registered.v1"
    aggregate: ClassVar[str] = "practitioner_id"
    about: ClassVar[str | None] = "practitioner_id"
    practitioner_id: UUID


class RegistrationTermReached(Event):
    """A registration should be completed by now; the timer looks whether it is."""

    type: ClassVar[str] = "identity.registration-term-reached.v1"
    about: ClassVar[str | None] = "owner_id"
    registration_id: UUID
    owner_id: UUID
    """Whose account it was to become."""


class RegistrationLapsed(Event):
    """Nobody completed a registration in its time: there will be no account of this id, and nothing of its owner is to be kept."""

    type: ClassVar[str] = "identity.registration-lapsed.v1"
    owner_id: UUID


class ErasurePlanned(Event):
    """A person asked to be erased, or the moment changed; `due_at` is None while an open application holds everything."""

    type: ClassVar[str] = "identity.erasure-planned.v1"
    about: ClassVar[str | None] = "person_id"
    person_id: UUID
    request_id: UUID
    due_at: Moment | None
    is_held: bool
    """Whether the law makes us keep something until then."""


class ErasureCancelled(Event):
    """The person thought better of being erased."""

    type: ClassVar[str] = "identity.erasure-cancelled.v1"
    about: ClassVar[str | None] = "person_id"
    person_id: UUID
    request_id: UUID


class ErasureTermReached(Event):
    """The moment of an erasure came; the timer looks whether it is still wanted and nothing holds it."""

    type: ClassVar[str] = "identity.erasure-term-reached.v1"
    request_id: UUID


class PersonErased(Event):
    """There is no account of this id any more: nothing personal of it is to be kept, by anybody."""

    type: ClassVar[str] = "identity.person-erased.v1"
    person_id: UUID


class DataExportRequested(Event):
    """A person asked for everything that is known of them; every service answers with its part."""

    type: ClassVar[str] = "identity.data-export-requested.v1"
    about: ClassVar[str | None] = "person_id"
    person_id: UUID
    export_id: UUID


class DataExportTermReached(Event):
    """Every part should be there by now; the timer looks which are not."""

    type: ClassVar[str] = "identity.data-export-term-reached.v1"
    export_id: UUID


class DataExportReady(Event):
    """The person can download what was collected until the moment; `missing` names services that did not answer."""

    type: ClassVar[str] = "identity.data-export-ready.v1"
    about: ClassVar[str | None] = "person_id"
    person_id: UUID
    export_id: UUID
    expires_at: Moment
    missing: tuple[str, ...]


class VerificationRequested(Event):
    """The profile is to be compared with the state registries, now (again)."""

    type: ClassVar[str] = "identity.verification-requested.v1"
    about: ClassVar[str | None] = "practitioner_id"
    practitioner_id: UUID
    attempt: Count
    give_up_at: Moment
    """When unanswered registries hand the case to the administrators."""
    profile_version: Count = 1
    """The version of the profile to compare."""


class ProfileChanged(Event):
    """A practitioner's profile has a new version; unless it needs no verification, nobody may build on it until it is verified."""

    type: ClassVar[str] = "identity.profile-changed.v1"
    aggregate: ClassVar[str] = "practitioner_id"
    about: ClassVar[str | None] = "practitioner_id"
    practitioner_id: UUID
    profile_version: Count
    fields: tuple[str, ...]
    """JSON pointers of what changed, never the values."""
    confirmed_by: str
    """How the person confirmed it: "sms" or "signature"."""
    is_to_be_verified: bool


class ProfileTermReached(Event):
    """A moment planned for a profile came; identity decides whether it still matters."""

    type: ClassVar[str] = "identity.profile-term-reached.v1"
    about: ClassVar[str | None] = "practitioner_id"
    practitioner_id: UUID
    term: str
    """"correction-due-soon", "correction-due" or "licence-expired"."""
    due_at: Moment
    """The term it was planned for."""


class CorrectionDueSoon(Event):
    """A refused profile is not corrected yet, and the term is near."""

    type: ClassVar[str] = "identity.correction-due-soon.v1"
    about: ClassVar[str | None] = "practitioner_id"
    practitioner_id: UUID
    correct_by: Moment


class CorrectionOverdue(Event):
    """A refused profile was not corrected in time; nothing can be submitted until it is."""

    type: ClassVar[str] = "identity.correction-overdue.v1"
    aggregate: ClassVar[str] = "practitioner_id"
    about: ClassVar[str | None] = "practitioner_id"
    practitioner_id: UUID
    correct_by: Moment


class ProfileVerified(Event):
    """Every registry confirmed the profile; the person may apply."""

    type: ClassVar[str] = "identity.profile-verified.v1"
    aggregate: ClassVar[str] = "practitioner_id"
    about: ClassVar[str | None] = "practitioner_id"
    practitioner_id: UUID
    facts: Sealed[ProfileFacts]


class PortalConfirmed(Event):
    """The state portal named this practitioner by their SNILS, having verified who they are there."""

    type: ClassVar[str] = "identity.portal-confirmed.v1"
    about: ClassVar[str | None] = "practitioner_id"
    practitioner_id: UUID
    provider: str
    """The key of the provider in identity's settings."""
    confirmed_at: Moment


class Mismatch(BaseModel):
    """One field a registry disagrees with."""

    model_config = ConfigDict(frozen=True)
    field: str
    registry: str
    code: str


class ProfileRefused(Event):
    """Registries disagree with the profile; the person must correct it before applying."""

    type: ClassVar[str] = "identity.profile-refused.v1"
    aggregate: ClassVar[str] = "practitioner_id"
    about: ClassVar[str | None] = "practitioner_id"
    practitioner_id: UUID
    mismatches: tuple[Mismatch, ...]
    correct_by: Moment


class VerificationEscalated(Event):
    """A registry gave no answer within the limit; administrators decide."""

    type: ClassVar[str] = "identity.verification-escalated.v1"
    about: ClassVar[str | None] = "practitioner_id"
    practitioner_id: UUID
    registries: tuple[str, ...]


class StaffMemberAdded(Event):
    """Somebody works here from now on; specialties and workplace decide which reviews they may get."""

    type: ClassVar[str] = "identity.staff-member-added.v1"
    aggregate: ClassVar[str] = "staff_id"
    staff_id: UUID
    roles: tuple[Role, ...]
    specialty_codes: tuple[str, ...] = ()
    workplace_ogrn: str | None = None


class AccessLogAnchored(Event):
    """Where the chain of the access log stood. Whoever keeps it can tell later whether the log was set back or rewritten."""

    type: ClassVar[str] = "identity.access-log-anchored.v1"
    day: date
    """The day (UTC) of the chain."""
    number: Count
    """The last block, counted from the very first one."""
    rows: Count
    """Rows sealed from the very first one on."""
    digest: str
    """Hexadecimal: of the day's anchor when it is over, else of the block."""
    is_final: bool
    """Whether the day is over."""


class StaffMemberDeactivated(Event):
    """Somebody works here no more, until they are added again."""

    type: ClassVar[str] = "identity.staff-member-deactivated.v1"
    aggregate: ClassVar[str] = "staff_id"
    staff_id: UUID


class BulkReadingDetected(Event):
    """One member of staff read the records of very many people within a short time."""

    type: ClassVar[str] = "identity.bulk-reading-detected.v1"
    reader_id: UUID
    reader_role: str
    people: Count
    """How many different people at least."""
    window_seconds: Count


class SecurityAlertKind(StrEnum):
    """What made us warn a person about their account."""

    REFRESH_TOKEN_REUSED = "refresh-token-reused"  # noqa: S105  # a kind of alert, no password
    ACCOUNT_LOCKED = "account-locked"
    PASSKEY_CLONED = "passkey-cloned"
    RECOVERY_CODE_USED = "recovery-code-used"
    FACTOR_ADDED = "factor-added"
    FACTOR_REMOVED = "factor-removed"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105  # a kind of alert, no password
    PORTAL_LINKED = "portal-linked"
    PORTAL_UNLINKED = "portal-unlinked"
    ACCOUNT_UNLOCKED = "account-unlocked"
    ACCOUNT_REOPENED = "account-reopened"
    ACCOUNT_OPENED = "account-opened"
    ACCOUNT_DEACTIVATED = "account-deactivated"
    ACCOUNT_ACTIVATED = "account-activated"
    ROLES_CHANGED = "roles-changed"
    FACTORS_RESET = "factors-reset"
    NEW_DEVICE = "new-device"
    MANY_REFUSALS = "many-refusals"
    RECOVERY_CODES_RENEWED = "recovery-codes-renewed"
    DEVICE_TRUSTED = "device-trusted"
    SESSIONS_ENDED = "sessions-ended"


class SecurityAlertRaised(Event):
    """Something about the person's account looks wrong."""

    type: ClassVar[str] = "identity.security-alert-raised.v1"
    about: ClassVar[str | None] = "person_id"
    person_id: UUID
    kind: str
    """A `SecurityAlertKind` value; consumers treat an unknown one as a general warning."""
