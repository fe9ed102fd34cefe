"""People with an account: practitioners with their verification, and staff."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.errors import Conflict, NotFound
from contracts.roles import Role
from services.identity.domain import fields
from services.identity.domain.registration import Consent, Numbers, Passport, Profile, own_strings
from services.identity.domain.stated import Stated
from services.identity.domain.verification import Answer, Verification


class NoSuchPerson(NotFound):
    """Nobody of this id for who is asking."""

    code = "no-such-person"


class AdministratorExists(Conflict):
    """The first administrator can be made once."""

    code = "administrator-exists"


class AccountNotClosed(Conflict):
    """Only an account that its owner closed for sign-in can be opened again."""

    code = "account-not-closed"


class NotEscalated(Conflict):
    """Only a verification in the administrators' queue can be asked for again."""

    code = "verification-not-escalated"


class Status(StrEnum):
    """Whether the profile is confirmed."""

    AWAITING_VERIFICATION = "awaiting-verification"
    VERIFIED = "verified"
    REFUSED = "refused"
    ESCALATED = "escalated"
    STAFF = "staff"


class LicenceSignIn(StrEnum):
    """Whether somebody signs in by the number of their licence. Anybody may write any number, so nobody else's is told of."""

    WORKS = "works"
    WITH_SERIES = "with-series"
    """Only together with the series: another licence has the same number."""
    SHARED = "shared"
    """The registry confirmed it for two accounts, as an organisation's may be; it is unclear whose it is, so it is nobody's."""
    UNCONFIRMED = "unconfirmed"
    """Not confirmed by the registry: it works as long as nobody else states it, which is not told to who merely states it."""


def licence_key(text: str) -> str:
    """How a licence number is compared: capitals, no separators."""
    return fields.digits_of(text).upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in. Practitioners have passport, numbers, profile and a verification; staff have none of them."""

    id: UUID
    roles: frozenset[Role]
    status: Status
    phone: str = field(repr=False)
    email: str = field(repr=False)
    given_name: str = field(repr=False)
    patronymic: str | None = field(repr=False)
    surname: str = field(repr=False)
    password_hash: str = field(repr=False)
    created_at: datetime
    version: int = 0
    passport: Passport | None = field(default=None, repr=False)
    numbers: Numbers | None = field(default=None, repr=False)
    profile: Profile | None = field(default=None, repr=False)
    consents: tuple[Consent, ...] = field(default=(), repr=False)
    verification: Verification | None = None
    specialty_codes: tuple[str, ...] = ()
    workplace_ogrn: str | None = None
    deactivated_at: datetime | None = None
    profile_version: int = 1
    """Number of the profile's version; other changes of the account leave it as it is."""
    closed_at: datetime | None = None
    """Since when nobody can sign in: the person wants that, although the account is to be kept."""

    @property
    def stated(self) -> Stated:
        """What the practitioner states now."""
        if self.passport is None or self.numbers is None or self.profile is None:
            raise AssertionError("only practitioners state a profile")
        return Stated(profile=self.profile, passport=self.passport, numbers=self.numbers, phone=self.phone, email=self.email)

    @property
    def active_roles(self) -> frozenset[Role]:
        """The roles held now; none without access."""
        return self.roles if self.deactivated_at is None else frozenset()

    @property
    def administers(self) -> bool:
        """Whether this is an administrator with access."""
        return Role.ADMINISTRATOR in self.active_roles

    @property
    def salutation(self) -> str:
        """Given name and patronymic, as letters address the person."""
        return f"{self.given_name} {self.patronymic}" if self.patronymic else self.given_name

    def own_data(self) -> list[str]:
        """Strings a password must not hold."""
        names = [self.surname, self.given_name, self.patronymic or ""]
        return [*names, *own_strings(self.phone, self.email, self.passport, self.numbers, self.profile)]

    def with_password(self, password_hash: str) -> "Person":
        """The password changed."""
        return replace(self, password_hash=password_hash)

    def restated(self, stated: Stated) -> "Person":
        """The next version of the profile."""
        return replace(
            self,
            profile_version=self.profile_version + 1,
            profile=stated.profile,
            passport=stated.passport,
            numbers=stated.numbers,
            phone=stated.phone,
            email=stated.email,
            surname=stated.profile.surname,
            given_name=stated.profile.given_name,
            patronymic=stated.profile.patronymic,
        )

    def deactivated(self, at: datetime) -> "Person":
        """Without access from now on; what the account holds stays."""
        return replace(self, deactivated_at=at)

    def activated(self) -> "Person":
        """With access again."""
        return replace(self, deactivated_at=None)

    def reopened(self) -> "Person":
        """Its owner may sign in again. Raises `AccountNotClosed`."""
        if self.closed_at is None:
            raise AccountNotClosed("Вход в эту учётную запись не закрыт.")
        return replace(self, closed_at=None)

    def verifying(self, verification: Verification) -> "Person":
        """The verification moved on; the status follows it."""
        status = {
            Answer.MATCH: Status.VERIFIED,
            Answer.MISMATCH: Status.REFUSED,
            Answer.UNAVAILABLE: Status.AWAITING_VERIFICATION if verification.escalated_at is None else Status.ESCALATED,
        }[verification.answer]
        return replace(self, verification=verification, status=status)
